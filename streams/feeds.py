"""One connection's part in one room: its subscriptions, and what is held for it while a join is answered."""

from collections import Counter, deque
from dataclasses import dataclass, field

from .changes import Address, Position
from .hints import Event, Hint
from .outbox import Outbox
from .packets import Packet
from .pictures import Picture


@dataclass(slots=True, eq=False)
class Joining:
    """A join that is not answered yet. since: the position our own client named."""

    feed: "Feed"
    subscription: str
    id: str | None
    own: bool
    since: Position | None = None
    cancelled: bool = False


@dataclass(slots=True, eq=False)
class Feed:
    """What one connection gets of a room.

    joining: the joins that are not answered yet, one after another; as long as there are any, changes are held.
    own: every subscription here is of our own client, which understands skips.
    """

    address: Address
    outbox: Outbox
    joining: deque[Joining] = field(default_factory=deque)
    held: list[Hint] = field(default_factory=list)
    own: bool = False
    _subscriptions: dict[str, Joining] = field(default_factory=dict)
    _items: Counter[str | None] = field(default_factory=Counter)  # subscriptions by item; None: the group

    def wants(self, id: str | None) -> bool:
        """Does a subscription match the item *id* (None: news of the group itself)?"""
        return None in self._items or (id is not None and id in self._items)

    def change(self, hint: Hint, packet: Packet) -> None:
        """Send a change, or hold it while a join is being answered."""
        if self.joining:
            self.held.append(hint)
        elif self.wants(hint.id):
            self.outbox.push(packet)

    def event(self, event: Event, packet: Packet) -> None:
        """Send an ephemeral event; events wait for no answer."""
        if self.wants(event.id):
            self.outbox.push(packet)

    def answer(self, join: Joining, at: int, packets: list[Packet]) -> None:
        """Answer the first join at the sequence *at*: what was held up to there, the answer, and what was held
        above.
        """
        self._release(at)
        self.outbox.answer(packets)
        self.leave(join.subscription)  # joined again, perhaps elsewhere
        self._subscriptions[join.subscription] = join
        self._items[join.id] += 1
        self.own = all(other.own for other in self._subscriptions.values())
        self.joining.popleft()
        if not self.joining:
            self._release()

    def leave(self, subscription: str) -> None:
        """End a subscription that was answered."""
        join = self._subscriptions.pop(subscription, None)
        if join is not None:
            self._items[join.id] -= 1
            self._items += Counter()  # drops what counts nothing
            self.own = all(other.own for other in self._subscriptions.values())

    def cancel(self, subscription: str) -> Joining | None:
        """Drop the joins of *subscription* that are not answered yet; return the one whose turn it is because of
        that.
        """
        first = self.joining[0] if self.joining else None
        for join in [join for join in self.joining if join.subscription == subscription]:
            join.cancelled = True
            self.joining.remove(join)
        if not self.joining:
            self._release()
        return self.joining[0] if self.joining and self.joining[0] is not first else None

    def close(self) -> None:
        """End everything."""
        for join in self.joining:
            join.cancelled = True

    def resync(self, picture: Picture, reason: str) -> None:
        """Start a new history: drop what waits and is held, and send each subscription's state."""
        self.outbox.drop(self.address)
        self.held.clear()
        packets: list[Packet] = []
        for id in self._items:
            if id is None:
                packets = [*picture.group(None, reason, self.own), *packets]
            else:
                packets += picture.item(id, None, reason, self.own)
        self.outbox.answer(packets)

    @property
    def empty(self) -> bool:
        return not self._subscriptions and not self.joining

    def _release(self, until: int | None = None) -> None:
        """Send what was held, or the part of it up to the sequence *until*, to the subscriptions there are."""
        ready = [hint for hint in self.held if until is None or hint.sequence <= until]
        self.held = self.held[len(ready) :]
        for hint in ready:
            if self.wants(hint.id):
                self.outbox.push(Packet.change(self.address, hint, self.own))
