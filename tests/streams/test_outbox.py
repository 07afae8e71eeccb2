"""Sending to one connection: in order, bounded, conflated when the peer is slow, and right in the end at any pace."""

import asyncio
import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.changes import Address, Change, Position
from streams.conflation import conflate
from streams.hints import Hint
from streams.outbox import Outbox
from streams.packets import Packet, Role
from streams.protocol import event_frame, group_sync_frame, item_sync_frame
from tests.support.replicas import Own, Published
from tests.support.strategies import examples

CLOCK = 1_795_164_366_850_000
FOREVER = 2**40


class Line:
    """A connection that takes as many messages as it is allowed; ``texts`` is what was sent."""

    def __init__(self, *, conflate_above: int = FOREVER, longest: int = FOREVER, batch: bool = False) -> None:
        self.texts: list[str] = []
        self.allowed = asyncio.Semaphore(0)
        self.slow = 0
        self.outbox = Outbox(self._send, self._too_slow, conflate_above=conflate_above, longest=longest)
        self.outbox.batch = batch

    async def _send(self, packet: Packet) -> None:
        await self.allowed.acquire()
        self.texts.append(packet.text)

    def _too_slow(self) -> None:
        self.slow += 1

    async def read(self, messages: int) -> None:
        """Let the peer take so many of the messages that wait, and no later ones."""
        for _ in range(messages):
            if self.outbox._task is not None:
                self.allowed.release()
                await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def drain(self) -> None:
        while self.outbox._task is not None:
            await self.read(1)

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames of all messages, arrays taken apart."""
        parsed = [json.loads(text) for text in self.texts]
        return [frame for message in parsed for frame in (message if isinstance(message, list) else [message])]


def packet(text: str) -> Packet:
    return Packet(text)


async def test_lag_lasts_as_long_as_something_waits() -> None:
    line = Line()
    assert line.outbox.lag_s == 0
    line.outbox.push(packet("a"))
    line.outbox.push(packet("b"))
    before = line.outbox.lag_s
    await line.read(1)
    assert 0 < before < line.outbox.lag_s  # it is since the first, not since the newest
    await line.drain()
    assert line.outbox.lag_s == 0


# -- one after the other ----------------------------------------------------------------------------------------------


async def test_send_that_does_not_block_needs_no_task() -> None:
    line = Line()
    for _ in range(3):
        line.allowed.release()
    for text in ("1", "2", "3"):
        line.outbox.push(packet(text))
        assert line.texts[-1] == text, "sent before push returns"
    assert (line.outbox._task, line.outbox.size) == (None, 0)


async def test_what_comes_while_a_send_blocks_waits_in_order() -> None:
    line = Line()
    for number in range(5):
        line.outbox.push(packet(str(number)))
    assert (line.texts, line.outbox.size) == ([], 4)
    await line.read(2)
    assert (line.texts, line.outbox.size) == (["0", "1"], 2)
    line.outbox.push(packet("5"))
    await line.drain()
    assert line.texts == ["0", "1", "2", "3", "4", "5"]
    line.allowed.release()
    line.outbox.push(packet("6"))
    assert line.texts[-1] == "6"


async def test_send_may_block_on_anything_any_number_of_times() -> None:
    done: list[str] = []

    async def send(packet: Packet) -> None:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.to_thread(lambda: None)
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.set_result, None)
        await future
        done.append(packet.text)

    outbox = Outbox(send, lambda: None, conflate_above=FOREVER, longest=FOREVER)
    for number in range(3):
        outbox.push(packet(str(number)))
    await asyncio.wait_for(outbox.drained(), 5)
    assert done == ["0", "1", "2"]


@pytest.mark.parametrize("when", ["at once", "later", "behind another"])
async def test_send_that_raises_ends_the_sending_and_nothing_else(when: str) -> None:
    sent: list[str] = []

    async def send(packet: Packet) -> None:
        if when != "at once":
            await asyncio.sleep(0)
        if packet.text == "bad":
            raise ConnectionResetError
        sent.append(packet.text)

    outbox = Outbox(send, lambda: None, conflate_above=FOREVER, longest=FOREVER)
    for text in ("1", "bad", "3") if when == "behind another" else ("bad", "2", "3"):
        outbox.push(packet(text))
    await asyncio.wait_for(outbox.drained(), 5)
    outbox.push(packet("4"))
    assert sent == (["1"] if when == "behind another" else [])
    assert outbox.size == 0


async def test_sealed_outbox_sends_what_waits_and_takes_no_more() -> None:
    line = Line()
    for number in range(3):
        line.outbox.push(packet(str(number)))
    line.outbox.seal()
    line.outbox.push(packet("late"))
    await line.drain()
    assert line.texts == ["0", "1", "2"]


@pytest.mark.parametrize("begun", [True, False])
async def test_closed_outbox_sends_nothing_more(begun: bool) -> None:
    line = Line()
    line.outbox.push(packet("0"))
    line.outbox.push(packet("1"))
    if begun:
        await asyncio.sleep(0)
    line.outbox.close()
    await asyncio.wait_for(line.outbox.drained(), 5)
    line.allowed.release()
    await line.settle()
    line.outbox.push(packet("2"))
    assert (line.texts, line.outbox.size) == ([], 0)


# -- too slow ---------------------------------------------------------------------------------------------------------


def update(sequence: int, id: str = "a", padding: str = "") -> Packet:
    change = Change(
        "s", "g", id, "update", sequence, f"e{sequence}", "", CLOCK + sequence, 1, json.dumps({"id": id, "p": padding})
    )
    return Packet.change(Address("s", "g"), Hint.of(change), own=False)


async def test_connection_over_its_limit_is_given_up_once() -> None:
    line = Line(conflate_above=2_000, longest=3_000)
    for number in range(1, 40):
        line.outbox.push(update(number, f"i{number}"))
    assert line.outbox.size == 0
    await asyncio.sleep(0)
    assert line.slow == 1
    await asyncio.wait_for(line.outbox.drained(), 5)
    line.allowed.release()
    await line.settle()
    line.outbox.push(update(99))
    assert line.texts == []


async def test_one_items_updates_never_fill_it() -> None:
    line = Line(conflate_above=2_000, longest=3_000)
    for number in range(1, 500):
        line.outbox.push(update(number))
    assert line.slow == 0
    await line.drain()
    assert len(line.texts) < 30
    assert line.frames[-1]["sequence"] == 499


def answer(parts: int) -> list[Packet]:
    return [Packet(f'"{"x" * 900_000}"', address=Address("s", "g"), own=True) for _ in range(parts)]


async def test_answer_of_any_size_reaches_a_client_that_reads() -> None:
    """A group of many parts is pushed in one go, and the first part blocks: that is no slowness of the client."""
    line, parts = Line(conflate_above=256 * 1024, longest=1024 * 1024), answer(40)
    line.outbox.answer(parts)
    for number in range(1, 40):
        line.outbox.push(update(number, f"i{number}"))
    await asyncio.sleep(0)
    assert line.slow == 0
    await line.drain()
    assert line.texts[:40] == [part.text for part in parts]
    assert len(line.texts) == 79
    assert line.outbox.size == 0


async def test_who_asks_for_ever_more_without_reading_is_given_up() -> None:
    line = Line(conflate_above=256 * 1024, longest=1024 * 1024)
    asked = 0
    while line.slow == 0 and asked < 100:
        line.outbox.answer(answer(1))
        asked += 1
        await asyncio.sleep(0)
    assert 10 < asked < 30
    assert line.outbox.size == 0


def test_events_go_first() -> None:
    event = Packet("event", Role.EVENT, Address("s", "g"))
    other = Packet("event", Role.EVENT, Address("s", "other"))
    assert conflate([event, update(1), other, Packet("error"), event]) == [*conflate([update(1)]), Packet("error")]


def test_conflation_of_what_is_conflated_changes_nothing() -> None:
    packets = [update(number, "abc"[number % 3]) for number in range(1, 12)]
    once = conflate(packets)
    assert [one.hint and one.hint.sequence for one in once] == [9, 10, 11]
    assert conflate(once) == once


# -- right at the end, whatever the pace ------------------------------------------------------------------------------

ITEMS = ["a", "b", "c"]


@dataclass
class History:
    """A group's changes and what it was after each of them."""

    name: str
    changes: list[Change] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    last: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> Address:
        return Address("s", self.name)

    @property
    def position(self) -> Position:
        return self.changes[-1].position if self.changes else Position(0, "")

    def change(self, id: str, delete: bool) -> Change:
        state, sequence = dict(self.states[-1]), len(self.changes) + 1
        kind = "create" if id not in state else "delete" if delete else "update"
        value = json.dumps(state[id] if kind == "delete" else {"id": id, "v": sequence})
        previous = None if kind == "create" else self.last[id]
        made = Change(
            *(
                "s",
                self.name,
                id,
                kind,
                sequence,
                f"e{sequence}",
                self.position.epoch,
                CLOCK + sequence,
                previous,
                value,
            )
        )
        if kind == "delete":
            del state[id]
        else:
            state[id] = json.loads(value)
        self.changes.append(made)
        self.states.append(state)
        self.last[id] = sequence
        return made

    def state(self, id: str | None, at: int = -1) -> Any:
        """What a subscriber of the item (None: the group) should have."""
        return list(self.states[at].values()) if id is None else self.states[at].get(id)


@dataclass
class Subscriber:
    """Subscriptions of one connection, of our own clients or of published ones."""

    line: Line
    histories: dict[str, History]
    own: bool
    clients: dict[str, tuple[str, str | None, Any]] = field(default_factory=dict)
    published: Published = field(default_factory=Published)

    def join(self, group: str, id: str | None) -> None:
        name = f"s{len(self.clients)}"
        kept: Any = Own(name, id) if self.own else self.published.subscribe("s", group, id)
        self.clients[name] = (group, id, kept)
        self.sync(group, id, name, None)

    def sync(self, group: str, id: str | None, name: str | None, resync: str | None) -> None:
        history = self.histories[group]
        state = history.state(id)
        if id is None:
            text = group_sync_frame(history.address, history.position, ",".join(map(json.dumps, state)), name, resync)
        else:
            value = None if state is None else json.dumps(state)
            text = item_sync_frame(history.address, id, history.position, value, name, resync)
        self.line.outbox.answer([Packet(text, address=history.address, own=self.own)])

    def resync(self, group: str) -> None:
        """Do as a room does that had to jump."""
        self.line.outbox.drop(self.histories[group].address)
        for id in sorted({id or "" for of, id, _ in self.clients.values() if of == group}):
            self.sync(group, id or None, None, "trimmed")

    def change(self, group: str, id: str, delete: bool) -> None:
        made = self.histories[group].change(id, delete)
        if self.wants(group, id):
            self.line.outbox.push(Packet.change(made.address, Hint.of(made), self.own))

    def event(self, group: str, id: str | None) -> None:
        if self.wants(group, id):
            text = event_frame(Address("s", group), id, {"type": "t", "data": None}, 10**15)
            self.line.outbox.push(Packet(text, Role.EVENT, Address("s", group)))

    def wants(self, group: str, id: str | None) -> bool:
        return any(of == group and wanted in (None, id) for of, wanted, _ in self.clients.values())

    def tidy(self) -> None:
        """Look at what waits: holes that touch are one."""
        for name in self.histories:
            roles = [packet.role for packet in self.line.outbox._waiting if packet.address == Address("s", name)]
            assert (Role.SKIP, Role.SKIP) not in pairwise(roles)

    def take(self) -> None:
        """Take all frames, and look after each whether what our own client believes to know is true."""
        at = dict.fromkeys(self.histories, 0)
        for frame in self.line.frames:
            group, kind, sequence = frame["groupId"], frame["event"]["type"], frame.get("sequence")
            if kind in ("create", "update", "delete"):
                assert sequence > at[group], "never twice, never backwards"
            at[group] = max(at[group], sequence or 0)
            assert self.own or kind != "skip"
            if not self.own:
                self.published.take(frame)
                continue
            for of, id, client in self.clients.values():
                if of == group:
                    assert client.take(frame) != "need_resync", "a hole that nobody declared"
                    if client.since:
                        self.believed(self.histories[group], id, client)

    @staticmethod
    def believed(history: History, id: str | None, client: Own) -> None:
        assert client.position is not None
        sequence, epoch = client.position
        assert epoch == (history.changes[sequence - 1].epoch if sequence else "")
        assert client.state == history.state(id, sequence), "a position that is not its state"


IDS = st.sampled_from([None, *ITEMS])
# changes are what most happens, and most of them are updates of one item
VERBS = ["change"] * 20 + ["read"] * 5 + ["event", "join", "resync"]
STEP = st.tuples(
    st.sampled_from(VERBS),
    st.sampled_from("gggh"),
    st.sampled_from(["a", "a", "b", "c"]),
    st.sampled_from([False, False, False, True]),
)


@pytest.mark.parametrize("own", [True, False], ids=["own", "published"])
@examples(120)
@given(
    steps=st.lists(STEP, min_size=15, max_size=50),
    joined=st.lists(IDS, min_size=1, max_size=3),
    limit=st.sampled_from([0, 300, 900]),
    batch=st.booleans(),
)
def test_every_client_ends_with_what_is_true(
    own: bool, steps: list[tuple[str, str, str, bool]], joined: list[str | None], limit: int, batch: bool
) -> None:
    asyncio.run(play(own, steps, joined, limit, batch and own))


async def play(
    own: bool, steps: list[tuple[str, str, str, bool]], joined: list[str | None], limit: int, batch: bool
) -> None:
    line, histories = Line(conflate_above=limit, batch=batch), {name: History(name) for name in "gh"}
    subscriber = Subscriber(line, histories, own)
    for id in joined:
        subscriber.join("g", id)
    for verb, group, id, odd in steps:
        match verb:
            case "change":
                subscriber.change(group, id, delete=odd)
            case "read":
                await line.read(1)
            case "event":
                subscriber.event(group, None if odd else id)
            case "join":
                subscriber.join(group, None if odd else id)
            case "resync":
                subscriber.resync(group)
        subscriber.tidy()
    await line.drain()
    subscriber.take()
    for group, id, client in subscriber.clients.values():
        assert client.state == histories[group].state(id)
