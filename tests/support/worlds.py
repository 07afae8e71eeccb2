"""A hub among everything that can happen to it, one step after the other, and clients that are watched closely.

The hub, its rooms and connections are the product's own. The database, the hints and the clock are this module's: a
read sees the database at one step and answers at another, hints come in any order, twice or not at all, timers run
when the program says so.
"""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from streams.bus import bus
from streams.changes import START, Address, Change, Position
from streams.hints import Event, Hint, Message
from streams.reads import JoinRead, missed
from streams.room import Room
from streams.stores.base import Log, Row, Snapshot

from .peers import House, Peer
from .replicas import Own, Published, PublishedGroup, PublishedItem

ADDRESS = Address("s", "g")


class Database:
    """The histories of one group. past: the items after each change that was ever committed, by its epoch."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.trimmed = 0
        self.past: dict[str, list[Any]] = {"": []}
        self.texts: set[str] = set()
        self.clock = 1_795_164_366_850_000
        self._number = 0

    def commit(self, id: str, kind: str, size: int = 0) -> Change:
        """Commit the next change of an item; a kind that is not possible becomes the one that is."""
        self._number += 1
        last = {change.id: change for change in self.changes}.get(id)
        alive = last is not None and last.kind != "delete"
        kind = kind if alive else "create"
        value = json.dumps({"id": id, "v": self._number, **({"text": "x" * size} if size else {})})
        self.clock = max(self.clock + 1, self.changes[-1].clock + 1 if self.changes else 0)
        change = Change(
            stream="s",
            group="g",
            id=id,
            kind=kind,  # type: ignore[arg-type]
            sequence=len(self.changes) + 1,
            epoch=f"e{self._number:07}",
            previous_epoch=self.changes[-1].epoch if self.changes else "",
            clock=self.clock,
            previous=None if kind == "create" or last is None else last.sequence,
            value=last.value if kind == "delete" and last else value,
        )
        self.changes.append(change)
        self.past[change.epoch] = [json.loads(row.value) for row in self.snapshot().items]
        self.texts.add(change.frame())
        return change

    def restore(self, sequence: int, clock: int) -> None:
        """Go back to an older backup; what follows is another history. clock: microseconds it is set back by."""
        del self.changes[sequence:]
        self.clock -= clock

    def snapshot(self, ids: Collection[str] | None = None) -> Snapshot:
        rows: dict[str, Row] = {}
        for change in self.changes:
            if change.kind == "delete":
                rows.pop(change.id)
            else:
                created = rows[change.id].created if change.id in rows else change.sequence
                rows[change.id] = Row(change.id, change.value, created)
        return Snapshot(self.position, [row for row in rows.values() if ids is None or row.id in ids])

    def log(self, after: int) -> Log:
        kept = [change for change in self.changes if change.sequence > max(after, self.trimmed)]
        return Log(self.position, kept)

    @property
    def position(self) -> Position:
        return self.changes[-1].position if self.changes else START

    def join(self, ids: Collection[str] | None, since: Sequence[Position | None]) -> Callable[[], JoinRead]:
        """Return the second half of the read for joins: the log is read before the snapshot."""
        held = [position for position in since if position is not None]
        log = self.log(min(position.sequence for position in held)) if held else None
        if log is not None and len(held) == len(since) and all(isinstance(missed(log, at), list) for at in held):
            return lambda: JoinRead(log, None)
        return lambda: JoinRead(log, self.snapshot(ids))


@dataclass(eq=False)
class Read:
    """A read in flight. looks: what it still has to look at, one after the other; found: what it has seen."""

    looks: list[Callable[[Any], Any]]
    result: asyncio.Future[Any]
    found: Any = None

    def look(self) -> None:
        self.found = self.looks.pop(0)(self.found)

    def finish(self) -> None:
        while self.looks:
            self.look()
        if not self.result.done():
            self.result.set_result(self.found)

    def fail(self) -> None:
        if not self.result.done():
            self.result.set_exception(ConnectionError("the database is gone"))


class ScriptedReads:
    """Reads that look, answer and fail when they are told to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.pending: list[Read] = []

    async def _read(self, *looks: Callable[[Any], Any]) -> Any:
        read = Read(list(looks), asyncio.get_running_loop().create_future())
        self.pending.append(read)
        try:
            return await read.result
        finally:
            self.pending.remove(read)

    async def join(self, address: Address, ids: Collection[str] | None, since: Sequence[Position | None]) -> JoinRead:
        found: JoinRead = await self._read(lambda _: self.database.join(ids, since), lambda then: then())
        return found

    async def log(self, address: Address, after: int) -> Log:
        found: Log = await self._read(lambda _: self.database.log(after))
        return found

    async def snapshot(self, address: Address) -> Snapshot:
        found: Snapshot = await self._read(lambda _: self.database.snapshot())
        return found

    async def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        found: dict[Address, Position] = await self._read(lambda _: dict.fromkeys(addresses, self.database.position))
        return found


@dataclass(eq=False)
class Timer:
    """A timer of a room, run when it is told to."""

    callback: Callable[[], None]
    world: "World"

    def cancel(self) -> None:
        if self in self.world.timers:
            self.world.timers.remove(self)

    def run(self) -> None:
        self.cancel()
        self.callback()


@dataclass(eq=False)
class Subscription:
    """A client's subscription. asked: joins sent on this socket that are not answered."""

    name: str
    item: str | None
    kept: Own | PublishedGroup | PublishedItem
    asked: int = 0


@dataclass(eq=False)
class Actor:
    """A client with one socket at a time. own: ours, else the published one. exact: nothing was left out for it yet."""

    world: "World"
    own: bool
    published: Published = field(default_factory=Published)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    peer: Peer = field(init=False)
    read: int = 0
    floor: int = 0
    exact: bool = True
    heard: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.peer, self.read, self.floor, self.exact = self.world.house.peer(), 0, 0, True
        self.heard.clear()

    # -- what it does ---------------------------------------------------------------------------------------------

    async def join(self, item: str | None) -> None:
        """Subscribe; as clients do, under a name that was never used before."""
        name = f"s{next(self.world.numbers)}"
        kept = Own(name, item) if self.own else self.published.subscribe("s", "g", item)
        self.subscriptions[name] = Subscription(name, item, kept)
        await self.ask(name)

    async def ask(self, name: str) -> None:
        """Join what is subscribed, perhaps once more."""
        subscription = self.subscriptions[name]
        more: dict[str, Any] = {}
        if isinstance(subscription.kept, Own):
            more["since"] = subscription.kept.since
            subscription.kept.ask()
        subscription.asked += 1
        await self.peer.join("s", "g", subscription.item, subscription=name, **more)

    async def leave(self, name: str) -> None:
        subscription = self.subscriptions.pop(name)
        await self.peer.leave("s", "g", subscription.item, subscription=name)
        if not isinstance(subscription.kept, Own):
            self.published.close(subscription.kept)

    async def reconnect(self) -> None:
        """Lose the line, what was sent but not read with it, and join everything again."""
        await self.peer.cut()
        self.watch()
        self._open()
        for subscription in self.subscriptions.values():
            subscription.asked = 0
            await self.ask(subscription.name)

    # -- what it gets ---------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Take the frames that came, and check each."""
        while self.read < len(self.peer.frames):
            frame = self.peer.frames[self.read]
            self.read += 1
            self._check(frame.text, frame.data)
            if self.own:
                for subscription in self.subscriptions.values():
                    assert isinstance(subscription.kept, Own)
                    result = subscription.kept.take(frame.data)
                    assert result != "need_resync", f"{subscription} misses something before {frame.text}"
            else:
                self.published.take(frame.data)
            self._compare(frame.data)

    def _check(self, text: str, frame: dict[str, Any]) -> None:
        kind, sequence = frame["event"]["type"], frame.get("sequence")
        name = frame.get("subscriptionId")
        if name is not None and not any(other.asked == 0 for other in self.subscriptions.values()):
            self.floor = 0  # there was nothing that this could be older than
        if name in self.subscriptions and not frame.get("more"):
            assert self.subscriptions[name].asked > 0, f"answered more often than asked: {text}"
            self.subscriptions[name].asked -= 1
        if kind == "event":
            event = frame["event"]["event"]
            assert event["type"] == "e", text
            assert event["data"] not in self.heard, f"an event came twice: {text}"
            self.heard.add(event["data"])
        elif sequence is None:
            assert (kind, self.own) == ("create", False), text  # of what did not fit into the sync
        elif kind in ("sync", "resumed"):
            assert name is not None or "resync" in frame, f"nobody asked for {text}"
            assert sequence >= self.floor or (name is None and "resync" in frame), f"{text} is older than {self.floor}"
            self.floor = sequence
        elif kind == "skip":
            assert self.own, text
            assert sequence > self.floor, f"{text} is not above {self.floor}"
            self.floor, self.exact = sequence, False
        else:
            assert text in self.world.database.texts, f"never committed: {text}"
            assert sequence > self.floor, f"{text} is not above {self.floor}"
            self.floor = sequence

    def _compare(self, frame: dict[str, Any]) -> None:
        """After any frame a client that nothing was left out for shows what once was true."""
        epoch, kind = frame.get("epoch"), frame["event"]["type"]
        if epoch is None or not self.exact or not self.world.exact:
            return
        items = self.world.database.past[epoch]
        for subscription in self.subscriptions.values():
            meant = kind not in ("sync", "resumed") or subscription.item == frame.get("id")
            named = not self.own or frame.get("subscriptionId") in (None, subscription.name)
            if meant and named and subscription.asked == 0:
                assert subscription.kept.state == shown(items, subscription.item), f"{subscription} after {frame}"


def shown(items: list[Any], id: str | None) -> Any:
    """Return what a subscription of a group with *items* shows."""
    return items if id is None else next((item for item in items if item["id"] == id), None)


class World:
    """Everything; made and used inside a running loop. exact: no socket is slow, and what is sent fits into a frame."""

    def __init__(self, kinds: str, *, exact: bool) -> None:
        self.database = Database()
        self.reads = ScriptedReads(self.database)
        self.house = House(self.reads)
        self.timers: list[Timer] = []
        self.house.hub._call_later = self._call_later  # type: ignore[assignment]
        self.hints: list[Hint] = []
        self.events: list[Event] = []
        self.heard: dict[Event, Room | None] = {}
        self.exact = exact
        self.numbers = count(1)
        self.actors = [Actor(self, kind == "o") for kind in kinds]
        self._tasks: list[asyncio.Task[None]] = []
        self._event = 0

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(callback, self))
        return self.timers[-1]

    # -- what happens -----------------------------------------------------------------------------------------------

    def commit(self, id: str, kind: str, size: int, *, told: bool) -> None:
        change = self.database.commit(id, kind, size)
        if told:
            self.hints.append(Hint.of(change))

    def hint(self, number: int, *, keep: bool, short: bool) -> None:
        """Let a hint come. keep: it will come again; short: its frame was too long to be sent along."""
        hint = self.hints[number] if keep else self.hints.pop(number)
        if short:
            hint = Hint(hint.id, hint.kind, hint.sequence, hint.epoch, hint.previous_epoch, None)
        self.house.hub.heard(Message(ADDRESS, (hint,)))

    def all_hints(self) -> None:
        """Let all hints come as one message."""
        hints, self.hints = self.hints, []
        self.house.hub.heard(Message(ADDRESS, hints))

    def look(self) -> None:
        """Say that something happened, and not what."""
        self.house.hub.heard(Message(ADDRESS))

    def event(self, id: str | None, *, own: bool) -> None:
        """Send an event; own: from this very process, so that its echo comes back through the layer."""
        self._event += 1
        origin = bus.origin if own else "other"
        where = {"streamName": "s", "groupId": "g", **({"id": id} if id else {})}
        frame = {**where, "event": {"type": "event", "event": {"type": "e", "data": str(self._event)}}}
        event = Event(id, json.dumps(frame), origin, self._event)
        self.events.append(event)
        if own:
            self.heard[event] = self.house.hub.rooms.get(ADDRESS)
            self.house.hub.receive(Message(ADDRESS, events=(event,)))

    def hear_event(self, number: int) -> None:
        """Let an event come, perhaps once more; a room that everybody left in between remembers none."""
        room, event = self.house.hub.rooms.get(ADDRESS), self.events[number]
        if self.heard.setdefault(event, room) is room:
            self.house.hub.heard(Message(ADDRESS, events=(event,)))

    def verify(self) -> None:
        self._tasks.append(asyncio.create_task(self.house.hub.verifier.verify([ADDRESS])))

    async def turn(self, number: int = 1, seconds: float = 0.0) -> None:
        """Let the loop run *number* rounds, or *seconds* pass until the last of them."""
        for _ in range(number):
            await asyncio.sleep(seconds / number)
        for actor in self.actors:
            actor.watch()

    # -- the end ----------------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """Let everything that is under way come to its end, and the verifier look."""
        for actor in self.actors:
            actor.peer.reading.set()
        for _ in range(40):
            await self._drain()
            self.verify()
            await self._drain()
            gone = [actor for actor in self.actors if actor.peer.closed]
            for actor in gone:
                await actor.reconnect()
            if not gone and self._at_rest():
                return
        raise AssertionError("it does not come to rest")

    def _at_rest(self) -> bool:
        room = self.house.hub.rooms.get(ADDRESS)
        return room is None or (room.position == self.database.position and not room.stash and not room.joins.waiting)

    async def _drain(self) -> None:
        quiet = 0
        while quiet < 3:
            quiet = 0 if self.reads.pending or self.timers else quiet + 1
            for read in list(self.reads.pending):
                read.finish()
            for timer in list(self.timers):
                timer.run()
            await self.turn(8)
            await self.turn(1, seconds=5.0)  # reads that failed are repeated

    def check(self) -> None:
        """Everybody shows what the database holds."""
        items = [json.loads(row.value) for row in self.database.snapshot().items]
        for actor in self.actors:
            for subscription in actor.subscriptions.values():
                assert subscription.asked == 0, f"{subscription} was not answered"
                assert subscription.kept.state == shown(items, subscription.item), f"{subscription}"

    async def end(self) -> None:
        """Everybody goes; nothing is left behind."""
        for actor in self.actors:
            await actor.peer.cut()
        await self.turn(8)
        assert self.house.hub.rooms == {}
        for task in self._tasks:
            task.cancel()
