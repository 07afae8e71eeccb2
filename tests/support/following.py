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


def chatter(stream: str, group: str, item: str, count: int) -> dict[str, Any]:
    """Update an item *count* times, with events to it and to its group before, between and after the changes.

    Returns the last value, and every event that was sent as [type, data, item or None].
    """
    target: Any = registry.get(stream)
    kinds = ["custom", "notification", "typing", "reaction"]
    events: list[list[Any]] = []
    for number in range(1, count + 1):
        for id in (item, None, item):
            kind, data = kinds[len(events) % 4], {"number": len(events)}
            target.send({"groupId": group} if id is None else (group, id), {"type": kind, "data": data})
            events.append([kind, data, id])
        last = target.update(group, item, [{"type": "set", "path": "tick", "value": number}])
    return {"last": last.new_value, "events": events}
