"""Shows connections the door when what they came in with is revoked: one watch per event loop with connections.

It looks when the hint comes, and once per ``revocation_poll_s`` because hints get lost. It looks before it vouches for
anybody new, too: what is revoked while somebody comes in is noticed when they are in.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from contextvars import Context
from datetime import timedelta

from django.db.models.functions import Now

from .conf import conf
from .counters import counters
from .errors import Unauthenticated
from .hub import Hub, current_hub
from .identity import Identity
from .models import Revocation, UsedTicket
from .revocations import LOOKBACK_S, NEWS
from .roster import Roster, current_roster
from .threads import DatabaseThreads

log = logging.getLogger(__name__)

PURGE_S = 300.0
_SLICE = 1000


class Bouncer:
    """Watches over the connections of *roster*; *hub* brings the hints."""

    def __init__(self, roster: Roster, hub: Hub) -> None:
        self._roster, self._hub = roster, hub
        self._loop = asyncio.get_running_loop()
        self._threads = DatabaseThreads(1, "streams-revocations")
        self._bell = asyncio.Event()
        self._looking = asyncio.Lock()
        self._looked_at = float("-inf")  # when the last look that succeeded began
        self._known: frozenset[int] = frozenset()  # ids of the rows of the last look
        self._number = 0  # of what was revoked so far
        self._recent: deque[tuple[int, float, str]] = deque()  # number, when it was seen, key
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to watch."""
        self._hub.bells[NEWS] = self._bell.set
        self._tasks = [self._loop.create_task(work) for work in (self._run(), self._purge(), self._listen())]

    def stop(self) -> None:
        """Watch no more."""
        self._hub.bells.pop(NEWS, None)
        for task in self._tasks:
            task.cancel()

    async def ready(self) -> int:
        """Return a mark for ``vouch``, to be taken before somebody is authenticated.

        Raises: Error of the database - nobody can be vouched for.
        """
        if self._loop.time() - self._looked_at > conf().revocation_poll_s:
            await self._look()
        return self._number

    def vouch(self, identity: Identity, mark: int) -> None:
        """Make sure that nothing of *identity*, who was authenticated after *mark*, was revoked since.

        Raises: Unauthenticated.
        """
        if any(number > mark and key in identity.keys for number, _, key in self._recent):
            counters.add("authentication_refused", "revoked meanwhile")
            raise Unauthenticated

    async def _listen(self) -> None:
        await self._hub.listener.subscribe(NEWS)

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(conf().revocation_poll_s):
                    await self._bell.wait()
            rung = self._bell.is_set()
            self._bell.clear()
            if not rung and not self._roster.members:
                continue
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - the database may fail; the next round looks further back
                log.warning("looking for revocations fails", extra={"action": "look_failed", "error": repr(error)})

    async def _look(self) -> None:
        """Look once; who waits for a look that began before they came gets one of their own."""
        async with self._looking:
            began = self._loop.time()
            back = LOOKBACK_S if self._looked_at < 0 else max(LOOKBACK_S, began - self._looked_at + LOOKBACK_S)
            rows = await self._threads.run(_read, back)
            first, self._looked_at = self._looked_at < 0, began
            new = frozenset() if first else frozenset(key for id, key in rows if id not in self._known)
            self._known = frozenset(id for id, _ in rows)
        self._expel(new)

    def _expel(self, keys: frozenset[str]) -> None:
        now = self._loop.time()
        while self._recent and self._recent[0][1] < now - LOOKBACK_S:
            self._recent.popleft()
        for key in keys:
            self._number += 1
            self._recent.append((self._number, now, key))
        if keys and (count := self._roster.expel(keys, Unauthenticated.close or 0)):
            counters.add("connection_closed", "revoked", count)
            log.info("revoked connections closed", extra={"action": "expelled", "connections": count})

    async def _purge(self) -> None:
        while True:
            await asyncio.sleep(PURGE_S)
            try:
                while await self._threads.run(_purge):
                    pass
            except Exception as error:  # noqa: BLE001 - the database may fail; the next round tries again
                log.warning("forgetting revocations fails", extra={"action": "purge_failed", "error": repr(error)})


def _read(back_s: float) -> list[tuple[int, str]]:
    rows = Revocation.objects.using(conf().database).filter(at__gte=Now() - timedelta(seconds=back_s))
    return list(rows.values_list("id", "key"))


def _purge() -> bool:
    """Forget a slice of what is over; tell whether there may be more."""
    keep = timedelta(seconds=max(conf().revocation_keep_s, 10 * LOOKBACK_S))
    revoked = Revocation.objects.using(conf().database)
    used = UsedTicket.objects.using(conf().database)
    old = list(revoked.filter(at__lt=Now() - keep).values_list("id", flat=True)[:_SLICE])
    over = list(used.filter(expires_at__lt=Now()).values_list("digest", flat=True)[:_SLICE])
    revoked.filter(id__in=old).delete()
    used.filter(digest__in=over).delete()
    return len(old) == _SLICE or len(over) == _SLICE


_bouncers: dict[asyncio.AbstractEventLoop, Bouncer] = {}


def current_bouncer() -> Bouncer:
    """Return the bouncer of the running event loop; the first call starts it."""
    loop = asyncio.get_running_loop()
    bouncer = _bouncers.get(loop)
    if bouncer is None:
        for over in list(_bouncers):
            if over.is_closed():
                _bouncers.pop(over, None)
        bouncer = _bouncers[loop] = Bouncer(current_roster(), current_hub())
        Context().run(bouncer.start)  # it outlives whoever came first
    return bouncer
