"""Channels' Redis layer as a bad network would make it: hints are lost, doubled and reordered as a file says."""

import asyncio
import random
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.chaos.control import Control


class UnreliableLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """Reads ``hints``: {"lose": share, "double": share, "late_s": longest, "mute": nothing of streams at all arrives}.

    But for "mute" the echoes of subscriptions are spared: without them rooms are polled, which would hide what losing
    hints does.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._control = Control("hints", {})
        self._dice = random.Random()
        self._late: set[asyncio.Task[None]] = set()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send, or not, or twice, or later."""
        say = self._control.value()
        if say.get("mute") and str(message.get("type")).startswith("streams."):
            return
        if not say or message.get("type") != "streams.message":
            await self._get_layer().group_send(group, message)
            return
        if self._dice.random() < say.get("lose", 0):
            return
        for _ in range(2 if self._dice.random() < say.get("double", 0) else 1):
            if say.get("late_s"):
                task = asyncio.get_running_loop().create_task(
                    self._send_late(group, message, self._dice.uniform(0, say["late_s"]))
                )
                self._late.add(task)
                task.add_done_callback(self._late.discard)
            else:
                await self._get_layer().group_send(group, message)

    async def _send_late(self, group: str, message: dict[str, Any], seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._get_layer().group_send(group, message)
