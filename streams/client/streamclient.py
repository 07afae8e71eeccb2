"""``StreamClient``: a connection to a server and the subscriptions that it carries."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Self
from uuid import uuid4

from ..changes import Position
from ..errors import StreamError, TokenExpired
from ..reducer import State
from ..values import Json
from .connection import EXPIRED, Connection, Status, TokenSource
from .listeners import Listener, Listeners
from .refusal import ConnectionRefused, error_of
from .subscription import Subscription

log = logging.getLogger(__name__)

Initial = Mapping[str, Any]


class StreamClient:
    """Groups and items of a server, kept in sync.

    url: ``ws://host:port``, with ``http`` for ``ws`` as well. token: who this is; a function (plain or async) is asked
    for every connection and may return a ``Token``. heartbeat_s: see ``Connection``. To be used in one event loop; it
    connects with the first subscription or ``connect()`` and comes back by itself until ``disconnect()``.
    Events: ``connected``, ``disconnected``, ``status``, ``resynced`` (subscription, reason), ``denied`` (subscription,
    error), ``error``.
    """

    def __init__(self, url: str, *, token: TokenSource = None, heartbeat_s: float = 20.0) -> None:
        self._connection = Connection(url, token, heartbeat_s, self)
        self._listeners = Listeners()
        self._rooms: dict[tuple[str, str], dict[str, Subscription]] = {}
        self._waiting: list[asyncio.Future[None]] = []
        self._disconnected = self._live = False

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.disconnect()

    @property
    def status(self) -> Status:
        """idle: not asked to connect; connecting; live; offline: lost, will be tried again; closed: refused."""
        return self._connection.status

    async def connect(self) -> None:
        """Connect, and wait until the server is there, however long it takes.

        Raises: ConnectionRefused - it asks to stay away, or somebody disconnected meanwhile.
        """
        self._disconnected = False
        self._connection.open()
        if not self._live:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    async def disconnect(self) -> None:
        """Disconnect. Subscriptions keep their state and go on from there after the next ``connect()``."""
        self._disconnected = True
        await self._connection.close()
        self._answer(ConnectionRefused("disconnected"))

    def group(self, stream: str, group: str, *, initial: Initial | None = None) -> Subscription:
        """Keep a whole group in sync; *initial*: ``items``, ``sequence``, ``epoch`` that are known already."""
        return self._subscribe(stream, group, None, initial, (initial or {}).get("items"))

    def item(self, stream: str, group: str, id: str, *, initial: Initial | None = None) -> Subscription:
        """Keep one item in sync; *initial*: ``item``, ``sequence``, ``epoch`` that are known already."""
        return self._subscribe(stream, group, id, initial, (initial or {}).get("item"))

    def on(self, type: str, listener: Listener) -> Callable[[], None]:
        """Call *listener* (plain or async) for events of *type*; return what takes it off again."""
        return self._listeners.on(type, listener)

    def off(self, type: str, listener: Listener) -> None:
        """Take *listener* off."""
        self._listeners.off(type, listener)

    def _subscribe(self, stream: str, group: str, id: str | None, initial: Initial | None, value: Json) -> Subscription:
        known = initial or {}
        at = Position(known["sequence"], known["epoch"]) if {"sequence", "epoch"} <= known.keys() else None
        subscription = Subscription(self, stream, group, State.initial(uuid4().hex, id, value, at))
        subscription.join()
        if not self._disconnected:
            self._connection.open()
        return subscription

    # -- for subscriptions ------------------------------------------------------------------------------------------

    def join(self, subscription: Subscription) -> None:
        """Send its join, now or when there is a connection."""
        room = self._rooms.setdefault((subscription.stream_name, subscription.group_id), {})
        id = subscription.address["subscriptionId"]
        room.pop(id, None)  # to the end: those who asked first are answered first
        room[id] = subscription
        self._connection.send({"type": "join", "data": subscription.request})

    def leave(self, subscription: Subscription) -> None:
        """Forget it and say so."""
        key = (subscription.stream_name, subscription.group_id)
        room = self._rooms.get(key, {})
        if room.pop(subscription.address["subscriptionId"], None) is not None:
            self._connection.send({"type": "leave", "data": subscription.address})
        if not room:
            self._rooms.pop(key, None)

    def tell(self, type: str, *values: Any) -> int:
        """Call the client's listeners; return how many there were."""
        return self._listeners.emit(type, *values)

    # -- for the connection -----------------------------------------------------------------------------------------

    def changed(self, status: Status) -> None:
        """Take a new status of the connection."""
        was, self._live = self._live, status == "live"
        refusal = self._connection.refusal
        for subscription in self._subscriptions():
            if refusal is not None and refusal.close_code == EXPIRED:
                subscription.refused(TokenExpired(refusal.message))
            elif self._live:
                subscription.join()
            elif was or refusal is not None:
                subscription.lost(refusal)
        if self._live:
            self._answer(None)
        elif refusal is not None:
            log.error("refused for good", extra={"action": "connection_refused", "error": refusal.message})
            self._answer(refusal)
        self._listeners.emit("status", status)
        if was != self._live:
            self._listeners.emit("connected" if self._live else "disconnected")

    def received(self, frames: list[Any]) -> None:
        """Take what the server said."""
        for frame in frames:
            if isinstance(frame, dict):
                self._route(frame)

    def _route(self, frame: dict[str, Any]) -> None:
        stream, group = frame.get("streamName"), frame.get("groupId")
        room: list[Subscription] = []
        if isinstance(stream, str) and isinstance(group, str):
            room = list(self._rooms.get((stream, group), {}).values())
        event = frame.get("event")
        custom = event.get("event") if isinstance(event, dict) and event.get("type") == "event" else None
        if isinstance(custom, dict) and custom.get("type") == "error" and self._refused(room, custom.get("data")):
            return
        for subscription in room:
            subscription.receive(frame)

    def _refused(self, room: list[Subscription], data: Any) -> bool:
        """Tell who was refused: the joins of a group are answered in the order in which they were sent."""
        said = data if isinstance(data, dict) else {}
        error = error_of(str(said.get("code", "INTERNAL")), str(said.get("message", "")))
        pending = next((subscription for subscription in room if subscription.status == "joining"), None)
        if pending is None and room:
            return False
        told = pending.refused(error) if pending else self._listeners.emit("error", error)
        if told == 0 and not isinstance(error, TokenExpired):
            log.warning("refused", extra={"action": "refused", "code": error.code, "error": error.message})
        return True

    def _answer(self, error: StreamError | None) -> None:
        """Tell those who wait for ``connect()``."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                if error is None:
                    waiter.set_result(None)
                else:
                    waiter.set_exception(error)

    def _subscriptions(self) -> list[Subscription]:
        return [subscription for room in self._rooms.values() for subscription in room.values()]
