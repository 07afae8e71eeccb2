"""Rooms of a real hub: who comes and goes, what is mixed on one connection, what never was, and what fails."""

import asyncio
import gc
import os
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import Settings

from project import environment
from streams.bus import bus
from streams.changes import Address, Change
from streams.hints import Hint, Message
from streams.listener import Listener
from streams.publisher import publisher
from streams.writer import Stream
from tests.support.peers import House, Peer, house
from tests.support.replicas import Own, Published
from tests.support.stores import DATABASES, POSTGRES, SQLITE

Declare = Callable[..., Stream]

ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_SQLITE = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("kept", [pytest.param({"database": "postgres"}, marks=POSTGRES)], indirect=True)
GROUPS = 10_000 if os.environ.get("MILLRACE_LONG") else 1000
LINGER_S = 0.05


@pytest.fixture
def layer(redis_url: str, settings: Any, kept: dict[str, Any]) -> None:
    """A real layer, whose subscriptions are given up soon."""
    settings.STREAMS = {**settings.STREAMS, "linger_s": LINGER_S}
    settings.CHANNEL_LAYERS = environment.channel_layers(redis_url, f"tests-{uuid4().hex}")


async def until(look: Callable[[], Any], what: str, within: float = 30.0) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not look():
        assert loop.time() < deadline, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.01)


# -- coming and going --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("layer")
@ON_SQLITE
async def test_groups_joined_and_left_leave_nothing_behind(declare: Declare, settings: Settings) -> None:
    more = dict.fromkeys(["max_joins_per_user_per_minute", "max_messages_per_user_per_minute"], 10 * GROUPS)
    settings.STREAMS = {**settings.STREAMS, **more}
    declare("s", public=True)
    async with house() as here:
        await churn(here, "warm", GROUPS)  # tables keep the size they once had
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await churn(here, "g", GROUPS)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert here.hub.rooms == {}
        assert here.hub.listener.subscriptions == 0
    assert after - before < 200 * 1024, f"{(after - before) / GROUPS:.0f} bytes stay of each group"


async def churn(here: House, prefix: str, number: int) -> None:
    """Join and leave so many groups, a hundred at a time, some by leaving and some by a lost line."""
    for start in range(0, number, 100):
        peer = here.peer()
        names = [f"{prefix} {n}" for n in range(start, start + 100)]
        await asyncio.gather(*(peer.join("s", name, subscription=name) for name in names))
        await peer.recv(len(names), within=30)
        for name in names[:50]:
            await peer.leave("s", name, subscription=name)
        await peer.cut()
        here._peers.remove(peer)
    await until(lambda: here.hub.listener.subscriptions == 0, "all subscriptions given up")


@pytest.mark.usefixtures("layer")
@ON_SQLITE
async def test_one_that_leaves_while_another_waits_does_not_take_the_subscription_along(
    declare: Declare, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare("s", public=True)
    proving, go_on = asyncio.Event(), asyncio.Event()
    prove = Listener._prove

    async def slowly(self: Listener, subscription: Any) -> bool:
        proving.set()
        await go_on.wait()
        return await prove(self, subscription)

    monkeypatch.setattr(Listener, "_prove", slowly)
    address = Address("s", "g")
    async with house() as here:
        goes, stays = here.peer(), here.peer()
        await goes.join("s", "g", subscription="goes")
        await proving.wait()
        await stays.join("s", "g", subscription="stays")
        await asyncio.sleep(0)
        await goes.leave("s", "g", subscription="goes")
        go_on.set()
        assert [frame.data["subscriptionId"] for frame in await stays.recv()] == ["stays"]
        await lingered(here)
        assert not here.hub.listener.polled(address), "somebody is in the room"
        await stays.cut()
        await until(lambda: here.hub.listener.subscriptions == 0, "given up when nobody is left")


async def lingered(here: House) -> None:
    """Wait until what was given up before now is gone: a group that is given up now goes after it."""
    other = here.peer()
    await other.joined("s", "other")
    await other.cut()
    await until(lambda: here.hub.listener.polled(Address("s", "other")), "the other group is given up")


@pytest.mark.usefixtures("layer")
@ON_SQLITE
async def test_first_join_meets_the_last_leave_and_is_live(declare: Declare) -> None:
    stream = declare("s", public=True)
    async with house() as here:
        for number in range(20):
            last, first = here.peer(), here.peer()
            await last.joined("s", "g")
            await first.join("s", "g", subscription="first")
            await last.cut()
            await first.recv()
            await stream.aset("g", "t", {"n": number})
            [frame] = await first.recv()
            assert frame.value == {"id": "t", "n": number}
            await first.cut()
    assert publisher.flush(10)


# -- one connection ----------------------------------------------------------------------------------------------------


@ON_BOTH
async def test_any_mix_of_subscriptions_on_one_connection_gets_each_frame_once(declare: Declare) -> None:
    stream = declare("s", public=True)
    await stream.aset("g", "a", {"n": 0})
    async with house() as here:
        peer = here.peer()
        for item in (None, "a", None, "b", "a"):
            await peer.joined("s", "g", item)
        seen = len(peer.frames)
        await stream.aset("g", "a", {"n": 1})
        await stream.aset("g", "b", {"n": 1})
        await stream.aset("g", "c", {"n": 1})
        await stream.asend("g", {"type": "typing", "data": 1})
        await stream.asend(("g", "a"), {"type": "seen", "data": 1})
        await stream.adelete("g", "a")
        frames = await peer.recv(6)
        assert [frame.kind for frame in frames] == ["update", "create", "create", "event", "event", "delete"]
        assert [frame.sequence for frame in frames if frame.sequence] == [2, 3, 4, 5]
        await peer.settled()
        assert len(peer.frames) == seen + 7


@ON_SQLITE
async def test_join_of_a_live_connection_gets_its_answer_between_the_frames(declare: Declare) -> None:
    stream = declare("s", public=True)
    async with house() as here:
        peer = here.peer()
        await peer.joined("s", "g")
        for number in range(30):
            write = asyncio.create_task(stream.aset("g", f"t{number % 4}", {"n": number}))
            name = await peer.join("s", "g", f"t{number % 4}")
            await write
            await peer.recv_until(lambda frame, name=name: frame.data.get("subscriptionId") == name)  # type: ignore[misc]
        await stream.aset("g", "end", {})
        await peer.recv_until(lambda frame: frame.data.get("id") == "end")
    assert [frame.sequence for frame in peer.frames if "previous" in frame.data or frame.kind == "create"] == list(
        range(1, 32)
    )
    floor = 0
    for frame in peer.frames:
        assert (frame.sequence or 0) >= floor
        floor = frame.sequence or floor


# -- what never was ----------------------------------------------------------------------------------------------------


@ON_BOTH
async def test_hint_of_what_was_never_committed_is_never_delivered(declare: Declare) -> None:
    stream = declare("s", public=True)
    first = await stream.aset("g", "a", {"n": 1})
    async with house() as here:
        peer = here.peer()
        sync = await peer.joined("s", "g")
        for sequence, before in [(2, "otherwis"), (5, sync.data["epoch"]), (1, "otherwis")]:
            phantom = Change("s", "g", "x", "create", sequence, "phantom!", before, 1, None, '{"id":"x"}')
            here.hub.receive(Message(Address("s", "g"), (Hint.of(phantom),)))
        await stream.aset("g", "a", {"n": 2})
        [frame] = await peer.recv()
        assert (frame.kind, frame.sequence) == ("update", first.sequence + 1)
        await until(lambda: not here.hub.rooms[Address("s", "g")].stash, "phantoms forgotten")
        await stream.aset("g", "a", {"n": 3})
        assert [frame.sequence for frame in await peer.recv()] == [3]
    assert "phantom" not in "".join(frame.text for frame in peer.frames)


@ON_BOTH
async def test_lost_repeated_and_late_hints_change_nothing(declare: Declare) -> None:
    stream = declare("s", public=True)
    async with house() as here:
        peer = here.peer()
        await peer.joined("s", "g")
        bus.detach(here.hub)
        for number in range(6):
            await stream.aset("g", "t", {"n": number})
        changes = await asyncio.to_thread(_changes, stream)
        hints = [Hint.of(change) for change in changes]
        for hint in (hints[2], hints[2], hints[1], hints[5], hints[0], hints[0]):  # the 4th and 5th are lost
            here.hub.receive(Message(Address("s", "g"), (hint,)))
        frames = await peer.recv(6)
        bus.attach(here.hub)
        assert [frame.sequence for frame in frames] == [1, 2, 3, 4, 5, 6]
        assert [frame.text for frame in frames] == [hint.frame for hint in hints]


def _changes(stream: Stream) -> list[Change]:
    try:
        return list(stream.store.log(Address("s", "g"), 0).changes)
    finally:
        connections.close_all()


# -- large groups ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("own", [False, True], ids=["published", "ours"])
@ON_SQLITE
async def test_group_that_is_too_long_for_a_frame_arrives_whole(declare: Declare, settings: Any, own: bool) -> None:
    settings.STREAMS = {**settings.STREAMS, "sync_bytes": 20_000}
    stream = declare("s", public=True)
    async with stream.abatch("g") as batch:
        for number in range(200):
            batch.set(f"t{number}", {"n": number, "text": "ü" * 150})
    async with house() as here:
        peer = here.peer()
        name = await peer.join("s", "g", **({"since": None} if own else {}))
        await peer.recv_until(lambda frame: frame.kind == "sync" and "more" not in frame.data)
        await stream.aset("g", "t7", {"n": "changed"})
        await stream.aset("g", "end", {})
        await peer.recv_until(lambda frame: frame.data.get("id") == "end" and "sequence" in frame.data)
        expected = await stream.alist("g")
    assert max(len(frame.text.encode()) for frame in peer.frames) <= 20_000
    if own:
        ours = Own(name)
        results = [ours.take(frame.data) for frame in peer.frames]
        assert results.count("part") > 2
        assert "need_resync" not in results
        assert ours.state == expected
    else:
        client = Published()
        kept = client.subscribe("s", "g")
        for frame in peer.frames:
            client.take(frame.data)
        late = [frame for frame in peer.frames if frame.kind == "create" and frame.sequence is None]
        assert len(late) > 100
        assert all(frame.data.keys().isdisjoint({"timestamp", "epoch"}) for frame in late)
        assert kept.state == expected


# -- a database that fails ---------------------------------------------------------------------------------------------


@pytest.fixture
def sessions_end() -> Iterator[None]:
    """This thread's own session is ended, too."""
    yield
    connections["postgres"].close()


@pytest.mark.usefixtures("layer", "sessions_end")
@ON_POSTGRES
async def test_joins_are_answered_when_the_database_is_back(declare: Declare) -> None:
    stream = declare("s", public=True)
    await stream.aset("g", "t", {"n": 1})
    entry = connections["postgres"].settings_dict
    async with house() as here:
        live = here.peer()
        await live.joined("s", "g")
        refuse(entry, True)
        try:
            waiting = [here.peer() for _ in range(3)]
            for peer, group in zip(waiting, ("g", "g", "other"), strict=True):
                await peer.join("s", group, subscription="w")
            await until(lambda: all(room.joins._reading for room in here.hub.rooms.values()), "reads that fail")
            await live.settled()  # whoever is there is served
        finally:
            refuse(entry, False)
            await sync_to_async(connections.close_all)()
        answers = [(await peer.recv())[0] for peer in waiting]
        assert [frame.value for frame in answers] == [[{"id": "t", "n": 1}]] * 2 + [[]]
        await stream.aset("g", "t", {"n": 2})
        for peer in (live, waiting[0], waiting[1]):
            assert [frame.value["n"] for frame in await next_update(peer)] == [2]


async def next_update(peer: Peer) -> list[Any]:
    return (await peer.recv_until(lambda frame: frame.kind == "update"))[-1:]


def refuse(entry: dict[str, Any], refused: bool) -> None:
    """End all sessions of the database and let nobody in, or let them in again."""
    where = {"host": entry["HOST"], "port": entry["PORT"], "user": entry["USER"], "password": entry["PASSWORD"]}
    name = entry["NAME"]
    with psycopg.connect(**where, dbname="postgres", autocommit=True) as server:
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {"false" if refused else "true"}')
        if refused:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
