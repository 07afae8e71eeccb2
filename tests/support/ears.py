"""An ear at the channel layer: what any other process is told of a group."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.layers import get_channel_layer

from streams.changes import Address
from streams.hints import Event, Hint, Message
from streams.layers import channel_group


class Ear:
    """One subscription; ``take`` returns what came, in its order."""

    def __init__(self, layer: Any, channel: str) -> None:
        self._layer, self._channel = layer, channel

    async def take(self, within: float = 30.0) -> Message:
        """Return the next message; TimeoutError when there is none."""
        async with asyncio.timeout(within):
            return Message.unpack(await self._layer.receive(self._channel))

    async def hints(self, count: int) -> list[Hint]:
        """Return the next *count* hints."""
        found: list[Hint] = []
        while len(found) < count:
            found += (await self.take()).hints
        return found

    async def events(self, count: int) -> list[Event]:
        """Return the next *count* events."""
        found: list[Event] = []
        while len(found) < count:
            found += (await self.take()).events
        return found


@asynccontextmanager
async def listening(address: Address) -> AsyncIterator[Ear]:
    """Listen to *address* until the end of the block, begun when a first message of one's own was heard."""
    layer: Any = get_channel_layer()
    channel, group = await layer.new_channel(), channel_group(address)
    await layer.group_add(group, channel)
    async with asyncio.timeout(10):
        await layer.group_send(group, {"type": "begin"})
        await layer.receive(channel)
    yield Ear(layer, channel)
    await layer.group_discard(group, channel)
    await layer.flush()
