"""The open connections of one event loop, and the work they leave behind."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Protocol
from weakref import WeakKeyDictionary

log = logging.getLogger(__name__)


class Member(Protocol):
    """An open connection."""

    def shut(self, code: int) -> None:
        """End with the close code *code*; returns at once."""


class Roster:
    """Who is connected. closing: the process ends, nobody is taken any more."""

    def __init__(self) -> None:
        self.members: set[Member] = set()
        self.closing = False
        self._work: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do *work* even when its connection is gone and its server has forgotten it."""
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self, code: int, timeout_s: float) -> None:
        """End all connections and do what they leave behind, for at most *timeout_s*."""
        self.closing = True
        for member in list(self.members):
            member.shut(code)
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._work and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(self._work, timeout=left)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a farewell failed", exc_info=error, extra={"action": "farewell_failed"})


_rosters: "WeakKeyDictionary[asyncio.AbstractEventLoop, Roster]" = WeakKeyDictionary()


def current_roster() -> Roster:
    """Return the roster of the running event loop."""
    loop = asyncio.get_running_loop()
    roster = _rosters.get(loop)
    if roster is None:
        roster = _rosters[loop] = Roster()
    return roster
