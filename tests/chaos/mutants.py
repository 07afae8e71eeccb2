"""Deliberate breakages of the product, each put into a running process when it starts; the kit must catch every one.

A mutant is what a plausible mistake would look like. Only test settings load this: the product knows nothing of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mutant:
    """A breakage. apply: makes it, in a process that has loaded its apps; faults: under which it is looked for, in
    turn; kind: the database.
    """

    name: str
    apply: Callable[[], None]
    faults: tuple[str, ...]
    kind: str = "sqlite"


MUTANTS: dict[str, Mutant] = {}


def mutant(name: str, *faults: str, kind: str = "sqlite") -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Register a mutant."""

    def register(apply: Callable[[], None]) -> Callable[[], None]:
        MUTANTS[name] = Mutant(name, apply, faults or ("nothing",), kind)
        return apply

    return register


# -- writing ----------------------------------------------------------------------------------------------------------


@mutant("send before commit")
def send_before_commit() -> None:
    from streams.bus import committed
    from streams.groups import Groups

    def announce(self: Any, address: Any, changes: Any, foreign: bool) -> None:
        self._changed(changes)
        committed.send_robust(self.definition, address=address, changes=[change for change, _ in changes])

    Groups._announce = announce  # type: ignore[method-assign]


@mutant("trust memory in a foreign transaction")
def trust_memory() -> None:
    from streams.bus import committed
    from streams.groups import Groups

    def told(self: Any, address: Any, changes: Any, foreign: bool) -> None:
        committed.send_robust(self.definition, address=address, changes=changes)

    Groups._committed = told  # type: ignore[method-assign]


@mutant("no row lock", kind="postgres")
def no_row_lock() -> None:
    """The group is read without being locked."""
    from streams.stores.postgresql import PostgresqlStatements

    locked = PostgresqlStatements.lock

    def lock(self: Any, connection: Any, address: Any, ids: Any, make: bool) -> Any:
        return _unlocked(connection, address, ids) or locked(self, connection, address, ids, make)

    PostgresqlStatements.lock = lock  # type: ignore[method-assign]
    PostgresqlStatements.set = lambda *arguments: None  # type: ignore[method-assign, assignment]


@mutant("read before the lock", kind="postgres")
def read_before_lock() -> None:
    """Items as they were before the lock was waited for: the classical lost update."""
    from streams.stores.postgresql import PostgresqlStatements

    locked = PostgresqlStatements.lock

    def lock(self: Any, connection: Any, address: Any, ids: Any, make: bool) -> Any:
        early = _unlocked(connection, address, ids)
        time.sleep(0.002)
        held = locked(self, connection, address, ids, make)
        if early is not None and held.group is not None:
            held.items = early.items
        return held

    PostgresqlStatements.lock = lock  # type: ignore[method-assign]


def _unlocked(connection: Any, address: Any, ids: Any) -> Any:
    from streams.changes import Position
    from streams.stores.base import Current, Held

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT g.id, g.sequence, g.epoch, g.clock, i.key, i.value::text, i.created, i.sequence"
            " FROM streams_group g LEFT JOIN streams_item i ON i.group_id = g.id AND (%s OR i.key = ANY(%s))"
            " WHERE g.stream = %s AND g.key = %s ORDER BY i.created",
            [ids is None, list(ids or ()), address.stream, address.group],
        )
        found = cursor.fetchall()
    if not found:
        return None
    items = {row[4]: Current(*row[5:]) for row in found if row[4] is not None}
    return Held(address, found[0][0], Position(found[0][1], found[0][2]), found[0][3], items)


@mutant("reuse the epoch", "restore while everybody is away", "restore of a backup")
def reuse_the_epoch() -> None:
    """An epoch per group instead of one per change."""
    from streams.stores import base

    base.new_epoch = lambda: "epoch-01"


@mutant("wall clock as order", "clocks jump", "clocks 30 s apart")
def wall_clock() -> None:
    from streams.stores.base import Held

    written = Held.write

    def write(self: Any, id: str, value: Any) -> Any:
        self.clock = 0
        return written(self, id, value)

    Held.write = write  # type: ignore[method-assign]


# -- reading ----------------------------------------------------------------------------------------------------------


@mutant("snapshot before subscribe", "coming and going")
def snapshot_before_subscribe() -> None:
    """Read the state, then let the connection into the room: what came between is lost."""
    from streams.feeds import Feed
    from streams.joins import Joins

    taken = Feed.change

    def change(self: Any, hint: Any, packet: Any) -> None:
        if self._subscriptions:
            taken(self, hint, packet)

    Feed.change = change  # type: ignore[method-assign]
    Joins._passed = staticmethod(lambda answer, position: True)  # type: ignore[method-assign]


@mutant("hold nothing during a join", "coming and going")
def hold_nothing() -> None:
    from streams.feeds import Feed

    def change(self: Any, hint: Any, packet: Any) -> None:
        if self.wants(hint.id):
            self.outbox.push(packet)

    Feed.change = change  # type: ignore[method-assign]


@mutant("skip the gap check", "hints doubled and reordered", "hints lost")
def skip_the_gap_check() -> None:
    from streams.room import Room

    def hint(self: Any, hint: Any) -> None:
        if self.position is None or self.resyncing:
            self.stash.keep(hint)
        elif hint.sequence > self.position.sequence and hint.frame is not None:
            self._advance(hint)

    Room.hint = hint  # type: ignore[method-assign]


@mutant("deliver old hints again", "hints doubled and reordered")
def deliver_again() -> None:
    from streams.packets import Packet
    from streams.room import Room

    taken = Room.hint

    def hint(self: Any, hint: Any) -> None:
        if self.position is not None and hint.sequence <= self.position.sequence and hint.frame is not None:
            for feed in self.feeds.values():
                feed.change(hint, Packet.change(self.address, hint, feed.own))
        else:
            taken(self, hint)

    Room.hint = hint  # type: ignore[method-assign]


@mutant("ignore the predecessor", "restore while everybody is away", "restore of a backup")
def ignore_the_predecessor() -> None:
    """Sequences alone decide, as where there are no epochs."""
    from streams import joins, reads, room

    def missed(log: Any, since: Any) -> Any:
        if since.sequence > log.position.sequence:
            return "ahead"
        changes = [change for change in log.changes if change.sequence > since.sequence]
        return changes if len(changes) == log.position.sequence - since.sequence else "trimmed"

    def other_history(noted: Any, stored: Any) -> Any:
        return "ahead" if stored.sequence < noted.sequence else None

    for module in (joins, reads, room):
        if hasattr(module, "missed"):
            module.missed = missed  # type: ignore[attr-defined]
        module.other_history = other_history


@mutant("resume without proof", "away while the log is trimmed", "new epoch by hand")
def resume_without_proof() -> None:
    """Whatever the log still has above the position is the answer."""
    from streams import joins, reads

    def missed(log: Any, since: Any) -> Any:
        return [change for change in log.changes if change.sequence > since.sequence]

    joins.missed = reads.missed = missed


@mutant("resync keeps the old queue", "restore of a backup", "new epoch by hand")
def resync_keeps_the_queue() -> None:
    """A resync forgets to drop what was held and waited; made visible by a send that takes its time."""
    from streams.consumers import StreamConsumer
    from streams.outbox import Outbox

    sent = StreamConsumer._send

    async def send(self: Any, packet: Any) -> None:
        import asyncio

        if packet.hint is not None:
            await asyncio.sleep(0.05)
        await sent(self, packet)

    StreamConsumer._send = send  # type: ignore[method-assign]
    Outbox.drop = lambda self, address: None  # type: ignore[method-assign]


@mutant("no verifier", "all hints lost")
def no_verifier() -> None:
    from streams.verifier import Verifier

    async def verify(self: Any, addresses: Any) -> None:
        return None

    Verifier.verify = verify  # type: ignore[method-assign]


@mutant("own echo is delivered")
def own_echo() -> None:
    from streams.hub import Hub
    from streams.packets import Packet, Role
    from streams.room import Room

    def event(self: Any, event: Any) -> None:
        packet = Packet(event.frame, Role.EVENT, self.address)
        for feed in self.feeds.values():
            feed.event(event, packet)

    Room.event = event  # type: ignore[method-assign]
    Hub.heard = Hub._deliver  # type: ignore[method-assign]


@mutant("snapshot by two queries", "coming and going")
def two_queries() -> None:
    from streams.stores.base import Snapshot
    from streams.stores.database import DatabaseStore

    read = DatabaseStore.snapshot

    def snapshot(self: Any, address: Any, ids: Any = None) -> Any:
        position = read(self, address, []).position
        time.sleep(0.01)
        return Snapshot(position, read(self, address, ids).items)

    DatabaseStore.snapshot = snapshot  # type: ignore[method-assign]


# -- sending ----------------------------------------------------------------------------------------------------------


@mutant("newest wins", "slow clients", "clients that never read")
def newest_wins() -> None:
    """Conflation that keeps only the newest frame of each item, and tells nobody."""
    from streams import outbox

    def conflate(packets: Any) -> list[Any]:
        newest = {(packet.address, packet.hint.id): packet for packet in packets if packet.hint is not None}
        return [p for p in packets if p.hint is None or newest[p.address, p.hint.id] is p]

    outbox.conflate = conflate


@mutant("unbounded outbox", "clients that never read")
def unbounded() -> None:
    from streams.outbox import Outbox

    Outbox._shrink = lambda self: None  # type: ignore[method-assign]


# -- who may ----------------------------------------------------------------------------------------------------------


@mutant("a rule that fails lets in")
def open_door() -> None:
    from streams import access

    asked = access.call

    def call(function: Any, *arguments: Any) -> Any:
        return asked(function, *arguments) or True

    access.call = call
