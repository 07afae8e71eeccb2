"""The vectors of the hub: scripts of commits, hints, joins and reads, and the frames each connection gets."""

import asyncio
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from streams.bus import bus
from streams.changes import START, Address, Change, Position
from streams.hints import Event, Hint, Message
from streams.hub import Hub
from streams.outbox import Outbox
from streams.packets import Packet
from streams.reads import JoinRead
from streams.stores.base import Log, Row, Snapshot

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "hub.json").read_text())
ADDRESS = Address("s", "g")


def history(base: Sequence[Change], texts: Sequence[str], epoch: str, value: int) -> list[Change]:
    """Return *base* and the changes that *texts* ("create x") tell."""
    changes = list(base)
    for text in texts:
        kind, id = text.split()
        sequence = len(changes) + 1
        previous = next((change.sequence for change in reversed(changes) if change.id == id), None)
        changes.append(
            Change(
                "s",
                "g",
                id,
                kind,
                sequence,
                f"{epoch}{sequence}",
                changes[-1].epoch if changes else "",
                1_795_164_366_850_000 + sequence,
                None if kind == "create" else previous,
                json.dumps({"id": id, "v": value + sequence}),
            )
        )
    return changes


@dataclass
class Database:
    changes: list[Change] = field(default_factory=list)
    trimmed: int = 0

    @property
    def position(self) -> Position:
        return self.changes[-1].position if self.changes else START

    def snapshot(self, ids: Collection[str] | None = None) -> Snapshot:
        items: dict[str, Row] = {}
        for change in self.changes:
            if change.kind == "delete":
                items.pop(change.id)
            else:
                created = items[change.id].created if change.id in items else change.sequence
                items[change.id] = Row(change.id, change.value, created)
        return Snapshot(self.position, [row for row in items.values() if ids is None or row.id in ids])

    def log(self, after: int) -> Log:
        rows = [change for change in self.changes if change.sequence > max(after, self.trimmed)]
        return Log(self.position, rows)


@dataclass
class Pending:
    kind: str
    look: Callable[[], Any]
    result: asyncio.Future[Any]
    captured: Any = None


class ScriptedReads:
    """Reads that see the database when the script says so, and answer when it says so."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.pending: list[Pending] = []

    async def _read(self, kind: str, look: Callable[[], Any]) -> Any:
        pending = Pending(kind, look, asyncio.get_running_loop().create_future())
        self.pending.append(pending)
        return await pending.result

    def first(self, kind: str) -> Pending:
        return next(pending for pending in self.pending if pending.kind == kind)

    async def join(self, address: Address, ids: Collection[str] | None, since: Sequence[Position | None]) -> JoinRead:
        held = [position.sequence for position in since if position]
        return await self._read(
            "snapshot",
            lambda: JoinRead(self.database.log(min(held)) if held else None, self.database.snapshot(ids)),
        )

    async def log(self, address: Address, after: int) -> Log:
        return await self._read("log", lambda: self.database.log(after))

    async def snapshot(self, address: Address) -> Snapshot:
        return await self._read("resync", self.database.snapshot)

    async def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        return await self._read("verify", lambda: dict.fromkeys(addresses, self.database.position))


class Client:
    """A connection that notes its frames in the words of the vectors; a slow one takes none until it reads."""

    def __init__(self, name: str, limit: int | None, slow: bool) -> None:
        self.frames: list[str] = []
        self.reading = asyncio.Event()
        if not slow:
            self.reading.set()
        limit = limit if limit is not None else 1_000_000
        self.outbox = Outbox(
            self._send, self._too_slow, conflate_above=limit, longest=1_000_000, measure=lambda packet: 1, slack=1.0
        )

    async def _send(self, packet: Packet) -> None:
        await self.reading.wait()
        self.frames.append(words(json.loads(packet.text)))

    def _too_slow(self) -> None:
        raise AssertionError("no vector closes a connection")

    def take(self) -> list[str]:
        frames, self.frames = self.frames, []
        return frames


def words(frame: dict[str, Any]) -> str:
    event, at = frame["event"], f"@{frame.get('sequence')}"
    match event["type"]:
        case "sync":
            data = event["data"]
            if isinstance(data, list):
                text = f"sync {at} [{' '.join(item['id'] + str(item['v']) for item in data)}]"
            else:
                text = f"sync {frame['id']} {at} {'null' if data is None else data['v']}"
            return f"{text} {frame['resync']}" if "resync" in frame else text
        case "resumed":
            return f"resumed {at} [{' '.join(str(missed['sequence']) for missed in event['data'])}]"
        case "event":
            return f"event {event['event']['data']}"
        case "skip":
            return f"skip {at}"
    return f"{event['type']} {frame['id']} {at}"


class Script:
    """Runs one vector."""

    def __init__(self, vector: dict[str, Any]) -> None:
        self.vector = vector
        self.changes = history([], vector.get("changes", []), "k", 0)
        self.others = history(self.changes[: vector.get("fork", 0)], vector.get("other", []), "z", 100)
        self.database = Database()
        self.reads = ScriptedReads(self.database)
        self.timers: list[Callable[[], None]] = []
        self.hub = Hub(self.reads, self._call_later)
        self.clients: dict[str, Client] = {}

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> Any:
        self.timers.append(callback)
        return self

    def cancel(self) -> None:
        """A timer's handle: nobody cancels in the vectors but by closing a room."""

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    def client(self, name: str) -> Client:
        if name not in self.clients:
            slow = name in self.vector.get("slow", {})
            self.clients[name] = Client(name, self.vector.get("limit"), slow)
        return self.clients[name]

    async def step(self, text: str) -> None:
        verb, *rest = text.split(" ")
        await getattr(self, f"do_{verb}")(*rest)
        await self.settle()

    async def do_commit(self, until: str) -> None:
        self.database.changes = self.changes[: int(until)]

    async def do_other(self, until: str) -> None:
        self.database.changes = self.others[: int(until)]

    async def do_lose(self) -> None:
        self.database.changes, self.database.trimmed = [], 0

    async def do_trim(self, until: str) -> None:
        self.database.trimmed = int(until)

    async def do_hint(self, sequence: str, other: str = "") -> None:
        change = (self.others if other else self.changes)[int(sequence) - 1]
        self.hub.heard(Message(ADDRESS, (Hint.of(change),)))

    async def do_event(self, number: str, id: str, origin: str, way: str) -> None:
        item = None if id == "-" else id
        data = {"streamName": "s", "groupId": "g", "event": {"type": "event", "event": {"type": "e", "data": number}}}
        event = Event(item, json.dumps(data), bus.origin if origin == "own" else origin, int(number))
        message = Message(ADDRESS, events=(event,))
        if way == "local":
            self.hub.receive(message)
        else:
            self.hub.heard(message)

    async def do_join(self, name: str, item: str, since: str | None = None) -> None:
        position = None
        if since is not None:
            sequence, epoch = since.split(":")
            position = Position(int(sequence), epoch)
        await self.hub.join(
            self.client(name).outbox,
            ADDRESS,
            f"{name} {item}",
            None if item == "*" else item,
            name == "o",
            position,
            lambda: False,
        )

    async def do_leave(self, name: str, item: str) -> None:
        self.hub.leave(self.client(name).outbox, ADDRESS, f"{name} {item}")

    async def do_capture(self, kind: str) -> None:
        pending = self.reads.first(kind)
        pending.captured = pending.look()

    async def do_finish(self, kind: str) -> None:
        pending = self.reads.first(kind)
        self.reads.pending.remove(pending)
        if not pending.result.cancelled():
            pending.result.set_result(pending.captured if pending.captured is not None else pending.look())

    async def do_no(self, kind: str) -> None:
        assert kind not in {pending.kind for pending in self.reads.pending if not pending.result.cancelled()}

    async def do_timer(self) -> None:
        timers, self.timers = self.timers, []
        assert timers
        for timer in timers:
            timer()

    async def do_verify(self) -> None:
        self.verifying = asyncio.create_task(self.hub.verifier.verify([ADDRESS]))

    async def do_read(self, name: str) -> None:
        self.client(name).reading.set()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
async def test_the_hub_sends_the_frames_of(vector: dict[str, Any]) -> None:
    script = Script(vector)
    for number, step in enumerate(vector["steps"]):
        if isinstance(step, str):
            await script.step(step)
        else:
            got = {name: script.client(name).take() for name in step}
            assert got == step, f"step {number}"
    await script.hub.stop()
