"""Follows a group inside this process, for code that is no connection."""

from collections.abc import AsyncGenerator
from itertools import count

from .changes import Address
from .errors import Overloaded
from .hub import current_hub
from .tap import Tap

_numbers = count(1)


async def follow(address: Address, id: str | None) -> AsyncGenerator[str, None]:
    """Yield the frames of *address* (id: of one item), the snapshot first.

    Raises: Overloaded - frames were not taken fast enough.
    """

    def slow() -> None:
        tap.end(Overloaded("what follows the stream is too slow for it"))

    hub, tap = current_hub(), Tap(slow)
    try:
        await hub.join(tap.outbox, address, f"follower {next(_numbers)}", id, False, None, lambda: False)
        while (packets := await tap.take()) is not None:
            for packet in packets:
                yield packet.text
    finally:
        hub.leave(tap.outbox, address)
        tap.end()
