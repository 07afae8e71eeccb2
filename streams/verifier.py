"""Compares the rooms' positions with the database: finds what no message will ever tell."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from .changes import START, Address, Position
from .conf import conf
from .room import Room

log = logging.getLogger(__name__)

Positions = Callable[[Collection[Address]], Awaitable[dict[Address, Position]]]


class Verifier:
    """Looks at all rooms once per ``verify_interval_ms``, and at those that no layer serves once per
    ``poll_interval_ms``.

    It finds a lost last hint, a wedged subscription and a restored backup. polled: tells the rooms to look at often.
    """

    def __init__(self, rooms: Mapping[Address, Room], positions: Positions, polled: Callable[[Address], bool]) -> None:
        self._rooms, self._positions, self._polled = rooms, positions, polled

    async def run(self) -> None:
        """Verify for ever."""
        loop = asyncio.get_running_loop()
        next_full = loop.time()
        while True:
            await asyncio.sleep(min(conf().poll_interval_ms, conf().verify_interval_ms) / 1000)
            full = loop.time() >= next_full
            if full:
                next_full = loop.time() + conf().verify_interval_ms / 1000
            try:
                await self.verify([address for address in self._rooms if full or self._polled(address)])
            except Exception as error:  # noqa: BLE001 - a store may raise anything; the next round tries again
                log.warning("verifying fails", extra={"action": "verify_failed", "error": repr(error)})

    async def verify(self, addresses: Collection[Address]) -> None:
        """Look at *addresses* once, with one query."""
        noted = {
            address: (room, room.position, room.jumps)
            for address in addresses
            if (room := self._rooms.get(address)) is not None and room.position is not None
        }
        if not noted:
            return
        stored = await self._positions(list(noted))
        for address, (room, position, jumps) in noted.items():
            if self._rooms.get(address) is room and position is not None:
                room.verified(position, jumps, stored.get(address, START))
