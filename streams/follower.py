"""Follows a group inside this process, for code that is no connection."""

import asyncio
from collections.abc import AsyncGenerator
from itertools import count

from .changes import Address
from .conf import conf
from .errors import Overloaded
from .hub import current_hub
from .outbox import Outbox
from .packets import Packet

AHEAD = 100  # frames that may wait for the code that follows; then the outbox fills and conflates

_numbers = count(1)


async def follow(address: Address, id: str | None) -> AsyncGenerator[str, None]:
    """Yield the frames of *address* (id: of one item), the snapshot first.

    Raises: Overloaded - frames were not taken fast enough.
    """
    frames: asyncio.Queue[str | None] = asyncio.Queue(AHEAD)

    async def send(packet: Packet) -> None:
        await frames.put(packet.text)

    def slow() -> None:
        while not frames.empty():
            frames.get_nowait()
        frames.put_nowait(None)

    hub = current_hub()
    outbox = Outbox(send, slow, conflate_above=conf().conflate_bytes, longest=conf().outbox_bytes)
    try:
        await hub.join(outbox, address, f"follower {next(_numbers)}", id, False, None, lambda: False)
        while (frame := await frames.get()) is not None:
            yield frame
        raise Overloaded("what follows the stream is too slow for it")
    finally:
        hub.leave(outbox, address)
        outbox.close()
