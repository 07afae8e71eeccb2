"""Coming back with a position: what was missed, all of it and nothing else, or a fresh start and the reason for it."""

import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections, transaction

from streams.changes import Address, Position
from streams.conf import conf
from streams.reads import JoinRead, StoreReads
from streams.stores import Store
from streams.stores.base import Log
from streams.writer import Stream
from tests.support.peers import House, Peer, house
from tests.support.sockets import Frame
from tests.support.stores import DATABASES

pytestmark = pytest.mark.parametrize("kept", DATABASES, indirect=True)


class CountedReads(StoreReads):
    """Counts what is asked of the database."""

    def __init__(self) -> None:
        self.joins = self.logs = 0

    async def join(self, address: Address, ids: Collection[str] | None, since: Sequence[Position | None]) -> JoinRead:
        self.joins += 1
        return await super().join(address, ids, since)

    async def log(self, address: Address, after: int) -> Log:
        self.logs += 1
        return await super().log(address, after)


@pytest.fixture
def reads() -> CountedReads:
    return CountedReads()


@pytest.fixture
async def home(stream: Stream, reads: CountedReads) -> AsyncIterator[House]:
    async with house(reads) as opened:
        yield opened


@pytest.fixture
async def other(stream: Stream) -> AsyncIterator[House]:
    """Another process, to which those who left the first one come back."""
    async with house() as opened:
        yield opened


def held(frame: Frame) -> dict[str, Any]:
    return {"epoch": frame.data["epoch"], "sequence": frame.data["sequence"]}


async def back(peer: Peer, since: Any, item: str | None = None, group: str = "g") -> Frame:
    """The answer to a join that names a position."""
    name = await peer.join("s", group, item, since=since)
    return (await peer.recv_until(lambda frame: frame.data.get("subscriptionId") == name))[-1]


async def put(stream: Stream, *ids: str) -> None:
    for number, id in enumerate(ids):
        await stream.aset("g", id, {"n": number})


# -- provable ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("item", [None, "a"])
async def test_all_that_was_missed_and_then_live(home: House, other: House, stream: Stream, item: str | None) -> None:
    first = home.peer()
    position = held(await first.joined("s", "g", item))
    live: list[Frame] = []
    await put(stream, "a", "b")
    live += await first.recv(1 if item else 2)
    position = held(live[-1])
    await put(stream, "b", "a", "c", "a")
    missed = await first.recv(2 if item else 4)
    again = other.peer()
    answer = await back(again, position, item)
    assert answer.kind == "resumed"
    assert answer.value == [frame.data for frame in missed]
    assert (answer.sequence, len(again.frames)) == (6, 1)
    await put(stream, "a")
    [following] = await again.recv()
    assert following.sequence == 7


async def test_from_the_beginning_of_a_group_that_was_never_written(home: House, other: House, stream: Stream) -> None:
    position = held(await home.peer().joined("s", "g"))
    assert position == {"epoch": "", "sequence": 0}
    assert (await back(other.peer(), position)).value == []
    await put(stream, "a", "b")
    answer = await back(other.peer(), position)
    assert [frame["sequence"] for frame in answer.value] == [1, 2]


async def test_nothing_missed(home: House, other: House, stream: Stream) -> None:
    await put(stream, "a")
    position = held(await home.peer().joined("s", "g"))
    answer = await back(other.peer(), position)
    assert (answer.kind, answer.value, held(answer)) == ("resumed", [], position)


async def test_without_a_position_everything(home: House, stream: Stream) -> None:
    await put(stream, "a", "b")
    answer = await back(home.peer(), None)
    assert (answer.kind, len(answer.value), "resync" in answer.data) == ("sync", 2, False)


# -- not provable -----------------------------------------------------------------------------------------------------


def forget_the_log(store: Store) -> None:
    store.trim("s", 1, 0, "", 10)


REASONS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "of another history": ("epoch", lambda at: {**at, "epoch": "elsewher"}),
    "of another history, behind": ("epoch", lambda at: {"epoch": "elsewher", "sequence": at["sequence"] - 1}),
    "further than the group": ("ahead", lambda at: {**at, "sequence": at["sequence"] + 1}),
    "of the beginning of another history": ("epoch", lambda at: {"epoch": "elsewher", "sequence": 0}),
}


@pytest.mark.parametrize("item", [None, "a"])
@pytest.mark.parametrize("name", REASONS)
async def test_a_position_that_proves_nothing(
    home: House, other: House, stream: Stream, name: str, item: str | None
) -> None:
    reason, changed = REASONS[name]
    await put(stream, "a", "b", "a")
    position = held(await home.peer().joined("s", "g"))
    for peer in (home.peer(), other.peer()):  # a room that knows the group, and one that has to read
        answer = await back(peer, changed(position), item)
        assert (answer.kind, answer.data["resync"], held(answer)) == ("sync", reason, position)


@pytest.mark.parametrize("item", [None, "a"])
async def test_a_log_that_was_trimmed(
    home: House, other: House, stream: Stream, store: Store, item: str | None
) -> None:
    await put(stream, "a")
    position = held(await home.peer().joined("s", "g", item))
    await put(stream, "a", "b", "a")
    await sync_to_async(forget_the_log)(store)
    answer = await back(other.peer(), position, item)
    assert (answer.kind, answer.data["resync"], answer.sequence) == ("sync", "trimmed", 4)


async def test_more_than_may_be_resumed(home: House, other: House, stream: Stream, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "resume_changes": 5}
    await put(stream, "a")
    position = held(await home.peer().joined("s", "g"))
    await put(stream, *"abcdef")
    answer = await back(other.peer(), position)
    assert (answer.kind, answer.data["resync"]) == ("sync", "trimmed")


async def test_new_epoch_lets_everybody_start_afresh(home: House, other: House, stream: Stream) -> None:
    await put(stream, "a", "b")
    peer = home.peer()
    position = held(await peer.joined("s", "g"))
    await peer.joined("s", "g", "a")
    await sync_to_async(call_command)("streams", "new-epoch", "s", "g", stdout=open_null())
    group, item = await peer.recv(2)
    assert [frame.data["resync"] for frame in (group, item)] == ["trimmed"] * 2
    assert ([value["id"] for value in group.value], item.value["id"], group.sequence) == (["a", "b"], "a", 3)
    assert (await back(other.peer(), position)).data["resync"] == "trimmed"
    assert (await back(other.peer(), held(group))).kind == "resumed"
    await put(stream, "c")
    for behind in ({"epoch": "", "sequence": 0}, position):  # no hole in what is said to be all
        for peer in (home.peer(), other.peer()):
            assert (await back(peer, behind)).data["resync"] == "trimmed"


def open_null() -> Any:
    from io import StringIO

    return StringIO()


# -- a database that went back ----------------------------------------------------------------------------------------


async def test_restored_to_an_older_backup_under_live_clients(
    home: House, other: House, stream: Stream, alias: str
) -> None:
    """Nobody keeps what the backup does not have, though the same sequences come again."""
    await put(stream, "a", "b")
    saved = await sync_to_async(save)(alias)
    peer, watcher = home.peer(), home.peer()
    await peer.joined("s", "g")
    await watcher.joined("s", "g", "phantom")
    await put(stream, "phantom", "b")
    position = held((await peer.recv(2))[-1])
    assert (await watcher.recv())[0].value["id"] == "phantom"
    await sync_to_async(restore)(alias, saved)
    await put(stream, "c", "d")  # sequences 3 and 4 again, and in another history
    state = await stream.alist("g")
    frames = await peer.recv_until(lambda frame: frame.sequence == 4 and frame.data["epoch"] != position["epoch"])
    resync = next(frame for frame in frames if frame.kind == "sync")
    assert resync.data["resync"] in ("epoch", "ahead")
    assert "phantom" not in [value["id"] for value in resync.value]
    [gone] = await watcher.recv()
    assert (gone.kind, gone.value) == ("sync", None)
    for returning in (home.peer(), other.peer()):
        answer = await back(returning, position)
        assert (answer.kind, answer.value, answer.data["resync"]) == ("sync", state, "epoch")


TABLES = ("streams_group", "streams_item", "streams_change")


def save(alias: str) -> dict[str, list[tuple[Any, ...]]]:
    with connections[alias].cursor() as cursor:
        saved = {}
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            saved[table] = cursor.fetchall()
        return saved


def restore(alias: str, saved: dict[str, list[tuple[Any, ...]]]) -> None:
    """Put back what was saved, in one transaction, past the product."""
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        for table in reversed(TABLES):
            cursor.execute(f"DELETE FROM {table}")
        for table in TABLES:
            for row in saved[table]:
                values = [json.dumps(value) if isinstance(value, dict) else value for value in row]
                cursor.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", values)


# -- a storm ----------------------------------------------------------------------------------------------------------


async def test_a_thousand_that_come_back_cost_two_reads(
    home: House, other: House, stream: Stream, reads: CountedReads
) -> None:
    """Two, not one: those who come while the first read runs share the next one."""
    await put(stream, "a")
    position = held(await other.peer().joined("s", "g"))
    await put(stream, "b", "a", "c")
    crowd = [home.peer() for _ in range(1000)]
    names = [await peer.join("s", "g", since=position) for peer in crowd]
    for peer, name in zip(crowd, names, strict=True):
        [answer] = await peer.recv()
        assert (answer.kind, answer.data["subscriptionId"]) == ("resumed", name)
        assert [frame["sequence"] for frame in answer.value] == [2, 3, 4]
    assert (reads.joins, reads.logs) == (2, 0)


async def test_those_who_come_one_by_one_cost_nothing_more(
    home: House, other: House, stream: Stream, reads: CountedReads
) -> None:
    await put(stream, "a")
    position = held(await other.peer().joined("s", "g"))
    await put(stream, "b")
    assert (await back(home.peer(), position)).kind == "resumed"
    for _ in range(20):
        await put(stream, "a")
        answer = await back(home.peer(), position)
        assert answer.kind == "resumed"
        assert [frame["sequence"] for frame in answer.value] == list(range(2, (answer.sequence or 0) + 1))
    assert (reads.joins, reads.logs) == (1, 0)


async def test_what_is_not_remembered_is_read(home: House, other: House, stream: Stream, reads: CountedReads) -> None:
    position = held(await other.peer().joined("s", "g"))
    big = {"padding": "x" * conf().recent_bytes}
    await stream.aset("g", "a", big)
    await home.peer().joined("s", "g")
    await stream.aset("g", "a", big)
    answer = await back(home.peer(), position)
    assert [frame["sequence"] for frame in answer.value] == [1, 2]
    assert reads.joins == 2


async def test_what_is_remembered_ends_with_a_resync(home: House, stream: Stream, reads: CountedReads) -> None:
    await put(stream, "a")
    peer = home.peer()
    position = held(await peer.joined("s", "g"))
    await put(stream, "b")
    await peer.recv()
    await sync_to_async(call_command)("streams", "new-epoch", "s", "g", stdout=open_null())
    await peer.recv_until(lambda frame: "resync" in frame.data)
    assert (await back(home.peer(), position)).data["resync"] == "trimmed"
    assert (await back(home.peer(), {"epoch": "elsewher", "sequence": 1})).data["resync"] == "trimmed"
