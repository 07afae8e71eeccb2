"""A group or an item as a subscriber of a test sees it."""

from collections.abc import Callable
from typing import Any, cast
from uuid import uuid4

from ..changes import Address, Position
from ..client.listeners import Listener
from ..client.subscription import Subscription as Followed
from ..reducer import State
from ..registry import registry
from ..values import Json, loads
from ..writer import Stream


class Subscription:
    """A group or an item, kept in sync by the same reducer as clients use. ``events`` is what listeners were told."""

    def __init__(self, address: Address, id: str | None, look: Callable[[], None], leave: Callable[[], None]) -> None:
        self.events: list[tuple[str, Any]] = []
        self.address, self.id = address, id
        self._look, self._leave = look, leave
        state = State.initial(uuid4().hex, id)
        self._followed = Followed(_Link(self), address.stream, address.group, state)
        for type in ("sync", "create", "update", "delete", "event"):
            self._followed.on(type, lambda data, type=type: self.events.append((type, data)))

    def get_state(self) -> Json:
        """Return the items of the group in creation order, or the item or None."""
        self._look()
        return self._followed.get_state()

    @property
    def position(self) -> Position | None:
        """The last change that the state contains."""
        self._look()
        return self._followed.position

    def on(self, type: str, listener: Listener) -> Callable[[], None]:
        """Call *listener* for events of *type*; it is called when the subscriber is looked at."""
        return self._followed.on(type, listener)

    def close(self) -> None:
        """Leave: ``on_leave`` runs, nothing is told after this."""
        if self._followed.status != "closed":
            self._look()
            self._followed.close()
            self._leave()

    def answer(self) -> None:
        """Take the whole state, as the answer to a join."""
        stream = cast("Stream", registry.get(self.address.stream))
        found = stream.store.snapshot(self.address)
        values = {row.id: loads(row.value) for row in found.items}
        data = list(values.values()) if self.id is None else values.get(self.id)
        at = {"sequence": found.position.sequence, "epoch": found.position.epoch}
        self._followed.receive({**self._followed.address, **at, "event": {"type": "sync", "data": data}})

    def take(self, frame: Json) -> None:
        """Take a frame of the group."""
        self._followed.receive(frame)


class _Link:
    """What a subscription needs of a client: here joins are answered at once."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    def join(self, _: Followed) -> None:
        self._subscription.answer()

    def leave(self, _: Followed) -> None:
        """Nobody need be told."""

    def tell(self, *_: Any) -> int:
        return 0
