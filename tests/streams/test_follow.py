"""subscribe(): code of the project follows a group, in whatever loop and process it runs."""

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from streams import hub as hubs
from streams.bus import bus
from streams.errors import InvalidId, Overloaded
from streams.hub import current_hub
from streams.reads import _threads as reading
from streams.writer import Stream
from tests.support import journal
from tests.support.peers import each_thread
from tests.support.product import Product, Products
from tests.support.stores import DATABASES, SQLITE
from tests.support.values import todo
from tests.support.waiting import eventually

Declare = Callable[..., Stream]
Frames = AsyncIterator[dict[str, Any]]

ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_SQLITE = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)


@pytest.fixture(autouse=True)
async def _hub_ends() -> AsyncIterator[None]:
    """The hub of a process ends with it; that of a test with the test."""
    yield
    found = hubs._hubs.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.stop()
        await sync_to_async(connections.close_all)()
        await each_thread(reading, connections.close_all)


async def take(frames: Frames, number: int = 1, within: float = 10.0) -> list[dict[str, Any]]:
    async with asyncio.timeout(within):
        return [await anext(frames) for _ in range(number)]


def kinds(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["event"]["type"] for frame in frames]


@ON_BOTH
async def test_first_the_group_as_it_is_then_every_change_and_event(declare: Declare) -> None:
    stream = declare("s")  # closed to clients; code of the project is not asked
    await stream.aset("g", "a", {"n": 1})
    async with aclosing(stream.subscribe("g")) as frames:  # type: ignore[type-var]
        [sync] = await take(frames)
        assert (sync["event"], sync["sequence"]) == ({"type": "sync", "data": [{"id": "a", "n": 1}]}, 1)
        await stream.aset("g", "b", {"n": 2**70})
        await stream.aupdate("g", "a", [{"type": "set", "path": "n", "value": None}])
        await stream.adelete("g", "b")
        await stream.asend("g", {"type": "typing", "data": [1]})
        await stream.asend(("g", "a"), {"type": "seen", "data": None})
        await stream.aset("other", "a", {"n": 0})
        await stream.aset("g", "c", {"n": 3})
        got = await take(frames, 6)
    assert kinds(got) == ["create", "update", "delete", "event", "event", "create"]
    assert [frame.get("sequence") for frame in got] == [2, 3, 4, None, None, 5]
    assert got[0]["event"]["data"] == {"id": "b", "n": 2**70}
    assert [frame["event"].get("event") for frame in got[3:5]] == [
        {"type": "typing", "data": [1]},
        {"type": "seen", "data": None},
    ]


@ON_SQLITE
async def test_one_item_is_followed_alone(declare: Declare) -> None:
    stream = declare("s")
    async with aclosing(stream.subscribe("g", "a")) as frames:  # type: ignore[type-var]
        [sync] = await take(frames)
        assert (sync["event"]["data"], sync["id"]) == (None, "a")
        await stream.aset("g", "b", {})
        await stream.asend("g", {"type": "typing"})
        await stream.aset("g", "a", {})
        [create] = await take(frames)
        assert (create["event"]["type"], create["id"]) == ("create", "a")


@ON_SQLITE
async def test_wrong_id_is_refused(declare: Declare) -> None:
    stream = declare("s")
    for arguments in (("",), ("g", ".."), ("x" * 256,)):
        with pytest.raises(InvalidId):
            await anext(stream.subscribe(*arguments))


@ON_SQLITE
async def test_who_stops_following_is_forgotten(declare: Declare) -> None:
    stream = declare("s")
    async for frame in stream.subscribe("g"):
        assert frame["event"]["type"] == "sync"
        break
    gc.collect()
    async with asyncio.timeout(10):
        while current_hub().rooms:  # noqa: ASYNC110 - the hub tells nobody
            await asyncio.sleep(0)


@ON_SQLITE
async def test_follower_that_takes_nothing_is_told_and_slows_no_other(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "conflate_bytes": 20_000, "outbox_bytes": 30_000}
    stream = declare("s")
    async with (
        aclosing(stream.subscribe("g")) as slow,  # type: ignore[type-var]
        aclosing(stream.subscribe("g")) as quick,  # type: ignore[type-var]
    ):
        await take(slow)
        await take(quick)
        for number in range(300):
            await stream.aset("g", f"t{number}", {"text": "x" * 200})
            [frame] = await take(quick)
            assert frame["sequence"] == number + 1
        with pytest.raises(Overloaded):
            await take(slow, 300)


@ON_BOTH
async def test_slow_follower_ends_with_what_is_true(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "conflate_bytes": 20_000}
    stream = declare("s")
    async with aclosing(stream.subscribe("g")) as frames:  # type: ignore[type-var]
        await take(frames)
        for number in range(400):
            await stream.aset("g", f"t{number % 3}", {"n": number, "text": "x" * 200})
        await stream.adelete("g", "t0")
        await stream.aset("g", "last", {})
        items: dict[str, Any] = {}
        sequences = []
        while "last" not in items:
            [frame] = await take(frames)
            sequences.append(frame["sequence"])
            apply(items, frame)
        assert list(items.values()) == await stream.alist("g")
        assert sequences == sorted(set(sequences))
        assert len(sequences) < 402, "some were left out"


# -- other loops -------------------------------------------------------------------------------------------------------


@ON_SQLITE
def test_each_loop_of_a_process_follows_for_itself(declare: Declare) -> None:
    stream = declare("s")
    stream.set("g", "a", {"n": 0})
    ready, seen = threading.Barrier(4), list[list[int]]()

    async def follow() -> list[int]:
        async with aclosing(stream.subscribe("g")) as frames:  # type: ignore[type-var]
            await take(frames)
            await asyncio.to_thread(ready.wait, 10)
            return [frame["event"]["data"]["n"] for frame in await take(frames, 50)]

    threads = [threading.Thread(target=lambda: seen.append(asyncio.run(follow()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    ready.wait(10)
    for _ in range(50):
        stream.update("g", "a", [{"type": "increment", "path": "n", "by": 1}])
    for thread in threads:
        thread.join(20)
    assert seen == [list(range(1, 51))] * 3


@ON_SQLITE
def test_loops_that_are_over_leave_nothing_behind(declare: Declare) -> None:
    stream = declare("s")
    seen: list[weakref.ref[Any]] = []

    async def look() -> None:
        async with aclosing(stream.subscribe("g")) as frames:  # type: ignore[type-var]
            await take(frames)
            seen.append(weakref.ref(current_hub()))

    for number in range(5):
        asyncio.run(look())
        stream.set("g", "a", {"n": number})  # whoever writes finds that nobody listens any more
    gc.collect()
    assert [ref() for ref in seen[:-1]] == [None] * 4
    assert not any(reader in bus._readers for reader in (ref() for ref in seen))


# -- another process ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_another_process_follows_what_two_others_write(products: Products, database: str) -> None:
    product, group = products.get(database), f"g-{uuid4().hex[:12]}"
    follower, writers = product.console(), [product.console(), product.console()]
    for seed, writer in enumerate(writers):
        writer.begin("churn", stream="todo", group=group, seed=seed)
    follower.begin("tests.support.following:follow", stream="todo", group=group, begin="begin", end="end")
    eventually(lambda: product.writer.stream("todo", "get", group, "begin"), what="the follower follows")
    seen = changes(product, group)
    eventually(lambda: changes(product, group) > seen + 300, what="three hundred changes")
    for writer in writers:
        writer.stop()
    product.writer.stream("todo", "set", group, "end", todo("the last"))
    [sync, *frames] = follower.result()
    assert sync["event"]["type"] == "sync"
    assert len(frames) > 300
    first = sync["sequence"] + 1
    assert [frame["sequence"] for frame in frames] == list(range(first, first + len(frames)))
    items = {item["id"]: item for item in sync["event"]["data"]}
    for frame in frames:
        apply(items, frame)
    assert list(items.values()) == journal.check(product.rows, "todo", group)
    for console in (follower, *writers):
        console.close()


def apply(items: dict[str, Any], frame: dict[str, Any]) -> None:
    """Do to *items* what a frame of a stored change says."""
    kind, data = frame["event"]["type"], frame["event"]["data"]
    assert (kind == "create") == (data["id"] not in items)
    if kind == "delete":
        del items[data["id"]]
    else:
        items[data["id"]] = data


def changes(product: Product, group: str) -> int:
    """The sequence that a group has reached."""
    rows = product.rows("SELECT sequence FROM streams_group WHERE stream = 'todo' AND key = ?", [group])
    return rows[0][0] if rows else 0
