"""One open connection: what it subscribed to, and what it says. Nothing it says can disturb another."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from .access import Access, Grant
from .changes import Address
from .conf import conf
from .counters import counters
from .definition import Definition
from .errors import (
    AccessDenied,
    BadMessage,
    FrameTooLarge,
    LimitExceeded,
    RateLimited,
    Restarting,
    StreamError,
    TooManySubscriptions,
)
from .hub import Hub
from .identity import Identity
from .leases import Subscription
from .lifetime import Lifetime, Renewal
from .limits import Window
from .outbox import Outbox
from .packets import Packet
from .protocol import PONG, REFRESHED, Join, Leave, Ping, Refresh, error_frame, parse_message, said_address
from .registry import registry
from .roster import Look, Roster

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Subscribed:
    """A subscription of this connection. grant: it was allowed, and on_leave may be due; refused: why it was not; gone:
    it was left.
    """

    join: Join
    definition: Definition
    subscription: Subscription
    grant: Grant | None = None
    refused: StreamError | None = None
    gone: bool = False

    def left(self) -> bool:
        """Was it left? A call: other tasks change it while one waits."""
        return self.gone


class Connection:
    """One client. close: ends it with a close code; everything else goes through the outbox.

    identity: whose it is. refused: is told what is refused, instead of the client, which no error frame is for.
    renewal: returns whose a new token is; None: the connection takes none.
    Raises: TooManyConnections.
    """

    def __init__(
        self,
        hub: Hub,
        access: Access,
        roster: Roster,
        outbox: Outbox,
        identity: Identity,
        close: Callable[[int], None],
        refused: Callable[[StreamError], None] | None = None,
        renewal: Renewal | None = None,
    ) -> None:
        self.id = secrets.token_hex(8)
        self._hub, self._access, self._roster = hub, access, roster
        self._outbox, self._close, self._refused = outbox, close, refused
        self._lifetime = Lifetime(identity, renewal, lambda error: self._refuse(error, None, None), self._renewed)
        self._subscribed: dict[str, _Subscribed] = {}
        self._turns: dict[Address, asyncio.Task[None]] = {}
        self._messages = Window(conf().max_messages_per_minute)
        self._joins = Window(conf().max_joins_per_minute)
        self._bad = Window(conf().max_bad_messages_per_minute - 1)
        self._closed = False
        self._since = time.time()
        roster.enter(self)
        self._lifetime.start()

    @property
    def identity(self) -> Identity:
        """Whose it is."""
        return self._lifetime.identity

    def look(self) -> Look:
        """Return what it is like now; in any thread."""
        joined = [subscribed.join for subscribed in list(self._subscribed.values()) if subscribed.grant is not None]
        groups = [f"{join.address.stream}/{join.address.group}" for join in joined]
        return Look(self.id, self.identity, groups, self._outbox.size, self._outbox.lag_s, self._since)

    def take(self, text: str | bytes) -> None:
        """Take a message of the client; returns at once and never raises."""
        if self._closed:
            return
        try:
            self._take(text)
        except StreamError as error:
            stream, group = (None, None) if isinstance(error, FrameTooLarge) else said_address(text)
            self._refuse(error, stream, group)
        except Exception:
            log.exception("a message failed", extra={"action": "message_failed", "connection": self.id})
            self._refuse(StreamError(), None, None)

    def join(self, join: Join) -> None:
        """Subscribe, for a client that does not send messages.

        Raises: StreamNotFound. Everything else comes later, as to sockets.
        """
        if not self._closed:
            self._join(join)

    def shut(self, code: int) -> None:
        """Close with *code* after what waits is sent, and leave everything."""
        self._close(code)
        self.end()

    def end(self) -> None:
        """The connection is gone: leave everything."""
        if self._closed:
            return
        self._closed = True
        self._roster.leave(self)
        self._lifetime.end()
        self._outbox.seal()
        for subscribed in list(self._subscribed.values()):
            self._leave(subscribed)

    # -- messages ---------------------------------------------------------------------------------------------------

    def _take(self, text: str | bytes) -> None:
        if len(text) > conf().frame_bytes or (isinstance(text, str) and _size(text) > conf().frame_bytes):
            raise FrameTooLarge
        if not self._messages.allows():
            raise RateLimited
        self._roster.hear(self.identity)
        match parse_message(text):
            case Ping():
                self._outbox.push(Packet(PONG))
            case Join() as join:
                self._join(join)
            case Leave() as leave:
                if (subscribed := self._subscribed.get(leave.subscription_id)) is not None:
                    self._leave(subscribed)
            case Refresh() as refresh:
                self._count_join()
                self._lifetime.renew(refresh.token, self._roster)

    def _count_join(self) -> None:
        """Count what makes the server ask somebody. Raises: RateLimited."""
        if not self._joins.allows():
            raise RateLimited
        self._roster.admit(self.identity)

    def _join(self, join: Join) -> None:
        self._count_join()
        self._outbox.batch = self._outbox.batch or join.batch
        known = self._subscribed.get(join.subscription_id)
        if known is not None and (known.join.address, known.join.id) == (join.address, join.id):
            self._queue(known, self._enter(known, join))  # answered again; the hooks do not run again
            return
        definition = registry.get(join.address.stream).definition
        if known is not None:
            self._leave(known)
        if len(self._subscribed) >= conf().max_subscriptions:
            raise TooManySubscriptions
        subscription = Subscription(join.address.stream, join.address.group, join.id, join.subscription_id, self.id)
        subscribed = self._subscribed[join.subscription_id] = _Subscribed(join, definition, subscription)
        self._queue(subscribed, self._admit(subscribed))

    def _leave(self, subscribed: _Subscribed) -> None:
        """End a subscription; one whose join is still in progress is cancelled."""
        subscribed.gone = True
        if self._subscribed.get(subscribed.join.subscription_id) is subscribed:
            del self._subscribed[subscribed.join.subscription_id]
        self._hub.leave(self._outbox, subscribed.join.address, subscribed.join.subscription_id)
        if subscribed.grant is not None:
            self._dismiss(subscribed.grant)

    # -- joining ----------------------------------------------------------------------------------------------------

    def _queue(self, subscribed: _Subscribed, join: Coroutine[Any, Any, None]) -> None:
        """Run *join* after the joins of this connection and group that are in progress."""
        address = subscribed.join.address
        before = self._turns.get(address)

        async def turn() -> None:
            if before is not None:
                await asyncio.wait([before])
            await join

        task = self._turns[address] = asyncio.get_running_loop().create_task(turn())
        task.add_done_callback(lambda done: self._turned(address, done))

    def _turned(self, address: Address, task: asyncio.Task[None]) -> None:
        if self._turns.get(address) is task:
            del self._turns[address]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a join failed", exc_info=error, extra={"action": "join_failed", "connection": self.id})
            self._refuse(StreamError(), address.stream, address.group)

    async def _admit(self, subscribed: _Subscribed) -> None:
        if subscribed.left():
            return
        try:
            grant = await self._access.admit(subscribed.definition, subscribed.subscription, self.identity.auth)
        except StreamError as error:
            if not subscribed.left():
                self._subscribed.pop(subscribed.join.subscription_id, None)
                subscribed.refused = error
                self._refuse(error, subscribed.join.address.stream, subscribed.join.address.group)
            return
        if subscribed.left():  # left while the hook ran: it granted, so on_leave is due
            self._dismiss(grant)
            return
        subscribed.grant = grant
        if grant.lease is not None:
            self._access.leases.hold(grant.lease, self._lost)
        await self._enter(subscribed, subscribed.join)

    async def _enter(self, subscribed: _Subscribed, join: Join) -> None:
        if subscribed.refused is not None:
            self._refuse(subscribed.refused, join.address.stream, join.address.group)
        if subscribed.left() or subscribed.grant is None:
            return
        await self._hub.join(
            self._outbox, join.address, join.subscription_id, join.id, join.own, join.since, subscribed.left
        )

    def _lost(self) -> None:
        """Others have run on_leave for this connection: it has to join anew."""
        self.shut(Restarting.close or 0)

    def _dismiss(self, grant: Grant) -> None:
        self._roster.spawn(self._access.dismiss(grant))

    def _renewed(self, identity: Identity) -> None:
        """Go on as *identity*. Raises: TooManyConnections."""
        self._roster.rename(self, identity)
        self._outbox.push(Packet(REFRESHED))

    # -- refusing ---------------------------------------------------------------------------------------------------

    def _refuse(self, error: StreamError, stream: str | None, group: str | None) -> None:
        """Answer with an error frame; close where the error says so, or when there were too many bad messages."""
        counters.add("refused", error.code)
        if not isinstance(error, AccessDenied):  # that was said when it was decided
            log.info("refused", extra={"action": "refused", "reason": error.code, "connection": self.id})
        if self._refused is not None:
            self._refused(error)
            return
        self._outbox.push(Packet(error_frame(error, stream, group, time.time_ns() // 1_000_000)))
        close = error.close
        if isinstance(error, BadMessage) and not self._bad.allows():
            close = LimitExceeded.close
        if close is not None:
            self.shut(close)


def _size(text: str) -> int:
    """Return how many bytes *text* was; a server may pass on what is no Unicode."""
    return len(text.encode("utf-8", "surrogatepass"))
