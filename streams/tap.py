"""Where code of this process takes frames out of an outbox, as a socket would: bounded, and in order."""

import asyncio
from collections import deque
from collections.abc import Callable

from .conf import conf
from .errors import StreamError
from .outbox import Outbox
from .packets import Packet

LONGEST = 16 * 1024  # characters that lie here before the outbox fills and conflates

_END = Packet("")


class Tap:
    """Gives what is pushed into its outbox to whoever takes it. slow: see ``Outbox``."""

    def __init__(self, slow: Callable[[], None]) -> None:
        self.outbox = Outbox(self._put, slow, conflate_above=conf().conflate_bytes, longest=conf().outbox_bytes)
        self._packets: deque[Packet] = deque()
        self._size = 0
        self._news, self._space = asyncio.Event(), asyncio.Event()
        self._ended = False
        self._error: StreamError | None = None

    async def take(self) -> list[Packet] | None:
        """Return what is here, waiting for the first packet; None when nothing more will come.

        Raises: StreamError - with which it was ended, once everything before it was taken.
        """
        while not self._packets and not self._ended:
            self._news.clear()
            await self._news.wait()
        packets = list(self._packets)
        self._packets.clear()
        self._size = 0
        self._space.set()
        if packets:
            return packets
        if self._error is not None:
            raise self._error
        return None

    def end(self, error: StreamError | None = None) -> None:
        """Let nothing follow what is here; whoever takes is told so, by *error* if there is one."""
        if not self._ended:
            self._ended, self._error = True, error
            self.outbox.close()
            self._news.set()

    def finish(self) -> None:
        """Let nothing follow what is here and what waits in the outbox."""
        self.outbox.push(_END)

    async def _put(self, packet: Packet) -> None:
        while self._size >= LONGEST:
            self._space.clear()
            await self._space.wait()
        if packet is _END:
            self.end()
            return
        self._packets.append(packet)
        self._size += len(packet)
        self._news.set()
