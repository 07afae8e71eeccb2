"""How long a connection goes on: until what it came in with expires, unless it is renewed."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from .counters import counters
from .errors import StreamError, TokenExpired, Unauthenticated
from .identity import Identity
from .roster import Roster

DAY_S = 24 * 3600.0

Renewal = Callable[[str], Awaitable[Identity]]
"""Returns whose a token is. Raises: Unauthenticated."""


class Lifetime:
    """Of one connection. refuse: ends it with an error; renewed: tells it that it may go on."""

    def __init__(
        self,
        identity: Identity,
        renewal: Renewal | None,
        refuse: Callable[[StreamError], None],
        renewed: Callable[[Identity], None],
    ) -> None:
        self.identity = identity
        self._renewal, self._refuse, self._renewed = renewal, refuse, renewed
        self._timer: asyncio.TimerHandle | None = None
        self._last: asyncio.Task[None] | None = None
        self._over = False

    def start(self) -> None:
        """Begin to watch the clock; a day at most is waited for at once, because clocks are set."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._over or self.identity.expires_at is None:
            return
        left = self.identity.expires_at - time.time()
        if left > 0:
            self._timer = asyncio.get_running_loop().call_later(min(left, DAY_S), self.start)
        else:
            counters.add("connection_closed", "expired")
            self._refuse(TokenExpired())

    def end(self) -> None:
        """The connection is gone."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def renew(self, token: str, roster: Roster) -> None:
        """Go on with a new token, after those that came before it.

        It has to say the same of the same user: whoever is somebody else now comes with a new connection.
        """
        before = self._last
        self._last = roster.spawn(self._renew(token, before))

    async def _renew(self, token: str, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        if self._over:
            return
        try:
            if self._renewal is None:
                raise Unauthenticated
            identity = await self._renewal(token)
            if self.identity.claims is not None and identity.claims != self.identity.claims:
                raise Unauthenticated("The new token says something else.")
            if not self._ended():
                self._renewed(identity)
                self.identity = identity
                self.start()
        except StreamError as error:
            if not self._ended():
                counters.add("connection_closed", "not renewed")
                self._refuse(error if error.close else Unauthenticated())

    def _ended(self) -> bool:
        """Is it over? A call: it may have become so while one waited."""
        return self._over
