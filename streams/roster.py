"""The open connections of one event loop, and the work they leave behind."""

import asyncio
import heapq
import logging
from collections import Counter
from collections.abc import Coroutine, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from .conf import conf
from .errors import RateLimited, TooManyConnections
from .identity import Identity
from .limits import Windows, network

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What a connection is like. groups: that it has joined; waiting: characters in its outbox; lag_s: for how long
    something has waited there; since: Unix seconds.
    """

    id: str
    identity: Identity
    groups: Sequence[str]
    waiting: int
    lag_s: float
    since: float


class Member(Protocol):
    """An open connection: a socket, or an SSE response."""

    @property
    def identity(self) -> Identity:
        """Whose it is."""

    def look(self) -> Look:
        """Return what it is like now; in any thread."""

    def shut(self, code: int) -> None:
        """End with the close code *code*; returns at once."""


class Roster:
    """Who is connected. closing: the process ends, nobody is taken any more."""

    def __init__(self) -> None:
        self.members: set[Member] = set()
        self.closing = False
        self.connects = Windows(conf().max_connects_per_minute)
        self.joins = Windows(conf().max_joins_per_user_per_minute)
        self.messages = Windows(conf().max_messages_per_user_per_minute)
        self._counts: Counter[str] = Counter()
        self._work: set[asyncio.Task[None]] = set()

    def greet(self, client: str) -> None:
        """Count an attempt to connect from an address. Raises: RateLimited."""
        if not self.connects.allows(network(client)):
            raise RateLimited

    def hear(self, identity: Identity) -> None:
        """Count a message of a user; of who is nobody in particular, of an address. Raises: RateLimited."""
        if not self.messages.allows(_parties(identity)[-1]):
            raise RateLimited

    def admit(self, identity: Identity) -> None:
        """Count, in the same way, what makes the server ask somebody. Raises: RateLimited."""
        if not self.joins.allows(_parties(identity)[-1]):
            raise RateLimited

    def enter(self, member: Member) -> None:
        """Take in a connection. Raises: TooManyConnections - of its user or address."""
        self._count(member.identity)
        self.members.add(member)

    def rename(self, member: Member, identity: Identity) -> None:
        """Note that *member* goes on as *identity*. Raises: TooManyConnections."""
        self._counts -= Counter(_parties(member.identity))
        try:
            self._count(identity)
        except TooManyConnections:
            self._counts += Counter(_parties(member.identity))
            raise

    def leave(self, member: Member) -> None:
        """Forget a connection."""
        if member in self.members:
            self.members.discard(member)
            self._counts -= Counter(_parties(member.identity))

    def _count(self, identity: Identity) -> None:
        parties = _parties(identity)
        limits = (conf().max_connections_per_address, conf().max_connections_per_user)
        if any(self._counts[party] >= limit for party, limit in zip(parties, limits, strict=False)):
            raise TooManyConnections
        self._counts.update(parties)

    def expel(self, keys: AbstractSet[str], code: int) -> int:
        """End the connections that have one of *keys*; return how many there were."""
        expelled = [member for member in self.members if not keys.isdisjoint(member.identity.keys)]
        for member in expelled:
            member.shut(code)
        return len(expelled)

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


def _parties(identity: Identity) -> list[str]:
    """Return what the connections of *identity* are counted by: its address, then its user if it has one."""
    return [network(identity.client), *([identity.user] if identity.user else [])]


_rosters: "WeakKeyDictionary[asyncio.AbstractEventLoop, Roster]" = WeakKeyDictionary()


def current_roster() -> Roster:
    """Return the roster of the running event loop."""
    loop = asyncio.get_running_loop()
    roster = _rosters.get(loop)
    if roster is None:
        roster = _rosters[loop] = Roster()
    return roster


def connected() -> int:
    """Return how many connections this process has; in any thread."""
    return sum(len(roster.members) for roster in list(_rosters.values()))


def looks(most: int) -> list[Look]:
    """Return what at most so many of this process's connections are like, those with the longest lag first."""
    found = [member.look() for roster in list(_rosters.values()) for member in list(roster.members)]
    return heapq.nlargest(most, found, key=lambda one: (one.lag_s, one.waiting))
