"""What test processes do that read streams; run through a Console, arguments and results are JSON."""

import asyncio
from contextlib import aclosing
from typing import Any

from streams.registry import registry

from .values import todo


def follow(stream: str, group: str, begin: str, end: str) -> list[dict[str, Any]]:
    """Follow a group, create the item *begin*; return all frames, from the snapshot to the creation of *end*."""
    target: Any = registry.get(stream)

    async def run() -> list[dict[str, Any]]:
        frames: list[dict[str, Any]] = []
        async with aclosing(target.subscribe(group)) as following:
            async for frame in following:
                frames.append(frame)
                if len(frames) == 1:
                    await target.aset(group, begin, todo("follows"))
                if frame.get("id") == end and frame["event"]["type"] == "create":
                    break
        return frames

    return asyncio.run(asyncio.wait_for(run(), 60))
