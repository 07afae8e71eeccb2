"""Ephemeral events: to whoever is there now, never stored, and never in the way of a stored change."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from streams.conf import conf
from streams.errors import InvalidEvent, InvalidId
from streams.models import Change, Group, Item
from streams.stores import Store
from streams.writer import Stream
from tests.support.follower import Follower
from tests.support.histories import undone
from tests.support.peers import house
from tests.support.product import Products
from tests.support.stores import DATABASES, SQLITE, STORES
from tests.support.threads import connected
from tests.support.values import todo

Declare = Callable[..., Stream]

ON_ALL = pytest.mark.parametrize("kept", STORES, indirect=True)
ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_SQLITE = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)


def rows() -> list[int]:
    return [model._default_manager.using(conf().database).count() for model in (Group, Item, Change)]


@pytest.mark.feature("B18", "B19")
@ON_BOTH
async def test_event_reaches_who_is_there_once_and_is_stored_nowhere(declare: Declare) -> None:
    stream = declare("s", public=True)
    await stream.aset("g", "a", {})
    before = await asyncio.to_thread(connected, rows)
    async with house() as here:
        of_group, of_item, of_both, elsewhere = (here.peer() for _ in range(4))
        for peer, group, items in [
            (of_group, "g", [None, None]),
            (of_item, "g", ["a"]),
            (of_both, "g", [None, "a"]),
            (elsewhere, "h", [None]),
        ]:
            for item in items:
                await peer.joined("s", group, item)
        for channel in ({"groupId": "g"}, "g", {"groupId": "g", "id": "a"}, ("g", "a")):
            await stream.asend(channel, {"type": "typing", "data": {"channel": str(channel)}})
        assert await asyncio.to_thread(connected, rows) == before
        later = here.peer()
        await later.joined("s", "g")
        await stream.aset("g", "a", {"n": 1})
        for peer, number in ((of_group, 4), (of_both, 4), (of_item, 2), (later, 0)):
            frames = await peer.recv(number + 1)
            assert [frame.kind for frame in frames] == ["event"] * number + ["update"]
            assert len({frame.text for frame in frames}) == number + 1
        assert [frame.kind for frame in elsewhere.frames] == ["sync"]
        await elsewhere.settled()
        assert [frame.kind for frame in elsewhere.frames] == ["sync", "pong"]


@ON_SQLITE
async def test_event_to_an_item_has_no_timestamp_and_one_to_a_group_has(declare: Declare) -> None:
    stream = declare("s", public=True)
    async with house() as here:
        peer = here.peer()
        await peer.joined("s", "g")
        await stream.asend(("g", "a"), {"type": "reaction", "data": {"userId": "u1"}})
        await stream.asend("g", {"type": "typing", "data": [2**70, "ü"]})
        await stream.asend("g", {"type": "bare"})
        to_item, to_group, bare = await peer.recv(3)
    assert to_item.data == {
        "streamName": "s",
        "groupId": "g",
        "id": "a",
        "event": {"type": "event", "event": {"type": "reaction", "data": {"userId": "u1"}}},
    }
    assert list(to_group.data) == ["timestamp", "streamName", "groupId", "event"]
    assert type(to_group.data["timestamp"]) is int
    assert to_group.value == {"type": "typing", "data": [2**70, "ü"]}
    assert bare.value == {"type": "bare", "data": None}


@ON_ALL
async def test_event_waits_for_the_commit_and_goes_with_a_rollback(declare: Declare, store: Store) -> None:
    stream = declare("s", public=True)

    def work(when: Callable[[], Any]) -> None:
        with undone(store):
            stream.send("g", {"type": "never"})
        with store.transaction():
            stream.send("g", {"type": "first"})
            with undone(store):
                stream.send("g", {"type": "never"})
            stream.set("g", "a", {})
            when()

    async with house() as here:
        peer = here.peer()
        await peer.joined("s", "g")
        seen: list[int] = []
        await sync_to_async(work)(lambda: seen.append(len(peer.frames)))
        frames = await peer.recv(2)
        assert seen == [1], "nothing was sent before the commit"
        assert sorted(frame.kind for frame in frames) == ["create", "event"]
        await stream.asend("g", {"type": "last"})
        [last] = await peer.recv()
        assert last.value["type"] == "last"
    assert "never" not in "".join(frame.text for frame in peer.frames)


@ON_SQLITE
def test_event_that_is_none_is_refused(declare: Declare) -> None:
    stream = declare("s", public=True)
    reserved = ["create", "update", "delete", "sync", "event", "error", "*"]
    names: list[Any] = [*reserved, "", "x" * 65, "a\nb", "\x7f", 7, None]
    wrong: list[Any] = [*({"type": name} for name in names), {}, "typing", None, {"type": "a", "more": 1}]
    for event in [*wrong, {"type": "a", "data": object()}, {"type": "a", "data": float("nan")}]:
        with pytest.raises(InvalidEvent):
            stream.send("g", event)
    for channel in (7, {}, {"groupId": "g", "item": "a"}, ("g", "a", "b")):
        with pytest.raises(InvalidEvent):
            stream.send(channel, {"type": "a"})
    for channel in ("", "..", ("g", ""), {"groupId": "x" * 256}):
        with pytest.raises(InvalidId):
            stream.send(channel, {"type": "a"})


# -- the published client ----------------------------------------------------------------------------------------------


@pytest.fixture
def follower(products: Products, tmp_path: Path) -> Iterator[Follower]:
    client = Follower(products.get("sqlite").web.ws, tmp_path / "follower.log")
    yield client
    client.close()


@pytest.mark.feature("B19", "B21")
def test_published_client_hears_events_by_type_and_drops_no_change_for_them(
    products: Products, follower: Follower
) -> None:
    product, group = products.get("sqlite"), f"g-{uuid4().hex[:12]}"
    types = ["custom", "notification", "typing", "reaction"]
    follower.subscribe("G", "todo", group, None, *types)
    follower.subscribe("I", "todo", group, "t1", *types)
    follower.until(lambda: follower.states("G") and follower.states("I"), "both syncs")
    product.writer.stream("todo", "set", group, "t1", todo("first"))
    sent = product.writer.call("tests.support.following:chatter", stream="todo", group=group, item="t1", count=60)
    follower.until(lambda: follower.state("I") == sent["last"] and follower.state("G") == [sent["last"]], "the last")

    ticks = [state["tick"] for state in follower.states("I") if state and "tick" in state]
    assert ticks == list(range(1, 61)), "every change was shown, whatever events lay between"
    to_item = [(kind, data) for kind, data, id in sent["events"] if id]
    to_all = [(kind, data) for kind, data, _ in sent["events"]]
    assert {kind for kind, _ in to_all} == set(types)
    assert follower.events("G") == to_all
    assert follower.events("I") == to_item
