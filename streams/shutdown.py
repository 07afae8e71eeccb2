"""Says goodbye at SIGTERM: servers tell neither their applications nor their sockets that they are about to end.

With the first connection a handler takes the place of the server's own. It refuses new connections, closes the open
ones with "come back", runs their ``on_leave``, and then lets the server's handler do what it would have done.
"""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any
from weakref import WeakSet

from .errors import Restarting
from .roster import Roster

log = logging.getLogger(__name__)

PATIENCE_S = 5.0

_installed: "WeakSet[asyncio.AbstractEventLoop]" = WeakSet()


def install(roster: Roster) -> None:
    """Handle SIGTERM for the connections of the running loop; once per loop, and only where signals are handled."""
    loop = asyncio.get_running_loop()
    if loop not in _installed and threading.current_thread() is threading.main_thread():
        _installed.add(loop)
        _Goodbye(loop, roster, signal.getsignal(signal.SIGTERM)).install()


class _Goodbye:
    def __init__(self, loop: asyncio.AbstractEventLoop, roster: Roster, before: Any) -> None:
        self._loop, self._roster, self._before = loop, roster, before
        self._begun = False
        self._task: asyncio.Task[None] | None = None

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._begun or self._loop.is_closed():
            self._go_on()  # asked twice: at once
            return
        self._begun = True
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        log.info("closing connections", extra={"action": "shutdown", "connections": len(self._roster.members)})
        try:
            await self._roster.close(Restarting.close or 0, PATIENCE_S)
        finally:
            self._go_on()

    def _go_on(self) -> None:
        """Do what would have been done without us."""
        before: Callable[[int, FrameType | None], Any] | int | None = self._before
        if callable(before):
            before(signal.SIGTERM, None)
        elif before == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGTERM)
