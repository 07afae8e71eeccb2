"""A group or an item that is kept in sync."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal, Protocol

from ..changes import Position
from ..errors import StreamError
from ..reducer import State, is_change, reduce
from ..values import Json
from .listeners import Listener, Listeners
from .refusal import ConnectionRefused

Status = Literal["joining", "live", "stale", "denied", "closed"]

_RESERVED = frozenset({"*", "create", "update", "delete", "sync", "event", "error", "status"})


class Link(Protocol):
    """What a subscription needs of its client."""

    def join(self, subscription: "Subscription") -> None: ...
    def leave(self, subscription: "Subscription") -> None: ...
    def tell(self, type: str, *values: Any) -> int: ...


class Subscription:
    """Made by ``client.group()`` and ``client.item()``.

    Listeners: ``create``, ``update``, ``delete`` get the item; ``sync`` and ``*`` the whole state (``*`` after every
    change); ``event`` a custom event, and its type the data alone; ``error`` why the join was refused; ``status``.
    """

    def __init__(self, link: Link, stream: str, group: str, state: State) -> None:
        self.stream_name, self.group_id, self.id = stream, group, state.id
        self._link, self._state = link, state
        self._status: Status = "joining"
        self._listeners = Listeners()
        self._followers: set[asyncio.Queue[tuple[str, Any] | None]] = set()
        self._answered = asyncio.Event()
        self._was_live = False
        self._refusal: StreamError | None = None

    @property
    def status(self) -> Status:
        """joining: not answered yet; live: in sync; stale: the connection is lost; denied; closed."""
        return self._status

    @property
    def position(self) -> Position | None:
        """The last change that the state contains."""
        return self._state.position

    def get_state(self) -> Json:
        """Return the items of the group in creation order, or the item or None: a new value after every change."""
        return self._state.value

    def on(self, type: str, listener: Listener) -> Callable[[], None]:
        """Call *listener* (plain or async) for events of *type*; return what takes it off again."""
        return self._listeners.on(type, listener)

    def off(self, type: str, listener: Listener) -> None:
        """Take *listener* off."""
        self._listeners.off(type, listener)

    async def ready(self) -> Json:
        """Wait for the first answer and return the state.

        Raises: StreamError - the server refused (AccessDenied, StreamNotFound ...), or the connection is for good.
        """
        await self._answered.wait()
        if self._refusal is not None:
            raise self._refusal
        return self.get_state()

    async def __aiter__(self) -> AsyncIterator[tuple[str, Any]]:
        """Yield ``(type, data)`` as listeners get them: ``sync`` with the whole state first, then what happens."""
        queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
        if self._status in ("live", "stale"):
            queue.put_nowait(("sync", self.get_state()))
        elif self._status in ("denied", "closed"):
            queue.put_nowait(None)
        self._followers.add(queue)
        try:
            while (news := await queue.get()) is not None:
                yield news
            if self._refusal is not None:
                raise self._refusal
        finally:
            self._followers.discard(queue)

    def close(self) -> None:
        """Leave: nothing is called after this."""
        if self._status == "closed":
            return
        self._link.leave(self)
        self._become("closed")
        self._listeners.clear()
        self._end(ConnectionRefused("closed"))

    # -- for the client ---------------------------------------------------------------------------------------------

    @property
    def address(self) -> dict[str, Json]:
        """How joins and leaves name it."""
        item = {} if self.id is None else {"id": self.id}
        ids = {"streamName": self.stream_name, "groupId": self.group_id, **item}
        return {**ids, "subscriptionId": self._state.subscription_id}

    def join(self) -> None:
        """Ask for what was missed, or for everything."""
        self._state = self._state.asked()
        if self._refusal is not None:  # a new attempt, by hand
            self._refusal = None
            self._answered.clear()
        self._become("joining")
        self._link.join(self)

    @property
    def request(self) -> dict[str, Json]:
        """What a join says."""
        since = self._state.since
        named = None if since is None else {"epoch": since.epoch, "sequence": since.sequence}
        return {**self.address, "since": named, "batch": True}

    def lost(self, refusal: StreamError | None = None) -> None:
        """The connection is gone; with a *refusal* it does not come back by itself."""
        self._become("stale")
        if refusal is not None:
            self._end(refusal)

    def refused(self, error: StreamError) -> int:
        """The server refused the join; return how many listeners were told."""
        self._become("denied")
        told = self._listeners.emit("error", error) + self._link.tell("denied", self, error)
        told += len(self._followers)
        self._end(error)
        return told

    def receive(self, frame: Any) -> None:
        """Take a frame of this group."""
        if self._status in ("denied", "closed"):
            return
        self._state, result = reduce(self._state, frame)
        match result:
            case "need_resync":
                self.join()
            case "event":
                self._custom(frame["event"].get("event"))
            case "applied":
                self._changed([frame])
            case "synced":
                self._live(frame, [])
            case "resumed":
                self._live(frame, [one for one in frame["event"]["data"] if is_change(one)])

    def _live(self, frame: Any, missed: list[Any]) -> None:
        self._become("live")
        if frame["event"]["type"] == "sync":
            self._tell("sync", self.get_state())
            self._listeners.emit("*", self.get_state())
        else:
            self._changed(missed)
        self._answered.set()
        if self._was_live:
            self._link.tell("resynced", self, frame.get("resync") or frame["event"]["type"])
        self._was_live = True

    def _changed(self, frames: list[Any]) -> None:
        for frame in frames:
            self._tell(frame["event"]["type"], frame["event"]["data"])
        if frames:
            self._listeners.emit("*", self.get_state())

    def _custom(self, event: Any) -> None:
        if not isinstance(event, dict) or not isinstance(event.get("type"), str):
            return
        self._tell("event", event)
        if event["type"] not in _RESERVED:
            self._listeners.emit(event["type"], event.get("data"))

    def _tell(self, type: str, data: Any) -> None:
        self._listeners.emit(type, data)
        for queue in self._followers:
            queue.put_nowait((type, data))

    def _end(self, error: StreamError) -> None:
        if self._status == "denied" or not self._answered.is_set():
            self._refusal = error
        self._answered.set()
        for queue in self._followers:
            queue.put_nowait(None)

    def _become(self, status: Status) -> None:
        if status != self._status:
            self._status = status
            self._listeners.emit("status", status)
