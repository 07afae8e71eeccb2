"""Event streams inside one process: how they begin, how they end, and what they leave behind."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, cast

import pytest

from streams import eventstream
from streams.changes import Address
from streams.errors import AccessDenied, Restarting, StreamNotFound, TokenExpired, Unavailable
from streams.eventstream import EventStream
from streams.identity import Identity
from streams.models import Lease
from streams.protocol import Join
from streams.writer import Stream
from tests.support.events import Source, Told
from tests.support.peers import House, aeventually, house
from tests.support.stores import SQLITE

Declare = Callable[..., Stream]

pytestmark = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)


@pytest.fixture
async def place(kept: Any) -> AsyncIterator[House]:
    async with house() as opened:
        yield opened


def join(stream: str = "s", id: str | None = None) -> Join:
    return Join(Address(stream, "g"), id, "me", own=True)


def event_stream(place: House, auth: dict[str, Any] | None = None) -> EventStream:
    return EventStream(place.hub, place.access, place.roster, Identity(auth))


class Reader:
    """Iterates over an event stream as a server does."""

    def __init__(self, stream: EventStream) -> None:
        self.source = Source()
        self._pieces = cast("AsyncGenerator[str, None]", aiter(stream))

    async def next(self) -> list[Told]:
        async with asyncio.timeout(10):
            return self.source.read(await anext(self._pieces))

    async def end(self) -> None:
        async with asyncio.timeout(10):
            async for piece in self._pieces:
                self.source.read(piece)

    async def close(self) -> None:
        await self._pieces.aclose()


@pytest.fixture
def counted(declare: Declare) -> list[str]:
    """What the hooks of the stream "s" were called for."""
    calls: list[str] = []
    declare("s", on_join=lambda *_: calls.append("join"), on_leave=lambda *_: calls.append("leave"))
    return calls


async def left(calls: list[str], *wanted: str) -> None:
    await aeventually(lambda: calls == list(wanted) and not Lease.objects.exists(), what=f"{wanted} and no lease")


async def test_the_first_frames_are_there_when_it_has_begun(declare: Declare, place: House) -> None:
    stream = declare("s", public=True)
    await stream.aset("g", "a", {"n": 1})
    events = event_stream(place)
    await events.begin(join())
    reader = Reader(events)
    [sync] = await reader.next()
    assert (sync.kind, sync.data["event"]["data"], sync.data["subscriptionId"]) == ("sync", [{"n": 1, "id": "a"}], "me")
    await stream.aset("g", "b", {})
    [create] = await reader.next()
    assert create.kind == "create"
    await reader.close()
    assert (place.hub.rooms, place.roster.members) == ({}, set())


async def test_who_is_refused_leaves_nothing(declare: Declare, place: House) -> None:
    declare("s", on_join=lambda *_: {"unauthorized": True, "reason": "Members only"})
    with pytest.raises(AccessDenied, match="Members only"):
        await event_stream(place).begin(join())
    with pytest.raises(StreamNotFound):
        await event_stream(place).begin(join("x"))
    assert (place.hub.rooms, place.roster.members) == ({}, set())


async def test_hooks_are_told_who_it_is_and_run_once(declare: Declare, place: House) -> None:
    calls: list[Any] = []
    declare(
        "s",
        on_join=lambda subscription, ctx, auth: calls.append((subscription.id, subscription.subscription_id, auth)),
        on_leave=lambda subscription, ctx, auth: calls.append(auth),
    )
    events = event_stream(place, {"userId": "7"})
    await events.begin(join(id="a"))
    reader = Reader(events)
    await reader.next()
    await reader.close()
    events.end()
    events.close()
    await left(calls, ("a", "me", {"userId": "7"}), {"userId": "7"})  # type: ignore[arg-type]


async def test_one_that_nobody_reads_is_given_up(
    counted: list[str], place: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response was lost on its way from the view: its request was cancelled."""
    monkeypatch.setattr(eventstream, "START_S", 0.05)
    events = event_stream(place)
    await events.begin(join())
    await left(counted, "join", "leave")
    assert (place.hub.rooms, place.roster.members) == ({}, set())
    await Reader(events).end()  # should it be read after all, it is over


async def test_one_that_is_read_is_not_given_up(
    counted: list[str], place: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventstream, "START_S", 0.05)
    events = event_stream(place)
    await events.begin(join())
    reader = Reader(events)
    await reader.next()
    given_up = asyncio.Event()
    place.hub._loop.call_later(0.1, given_up.set)
    await given_up.wait()
    assert counted == ["join"]
    await reader.close()
    await left(counted, "join", "leave")


async def test_who_is_cancelled_while_the_hook_runs_is_not_kept(declare: Declare, place: House) -> None:
    calls: list[str] = []
    entered, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def on_join(*_: Any) -> None:
        calls.append("join")
        loop.call_soon_threadsafe(entered.set)
        assert go_on.wait(10)

    declare("s", on_join=on_join, on_leave=lambda *_: calls.append("leave"))
    work = asyncio.create_task(event_stream(place).begin(join()))
    await entered.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    go_on.set()
    await left(calls, "join", "leave")


async def test_a_server_that_ends_ends_them_after_what_waits(declare: Declare, place: House) -> None:
    stream = declare("s", public=True)
    events = event_stream(place)
    await events.begin(join())
    reader = Reader(events)
    await reader.next()
    await stream.aset("g", "a", {})
    room = place.hub.rooms[Address("s", "g")]
    await aeventually(lambda: room.position is not None and room.position.sequence == 1, what="the change is delivered")
    await place.roster.close(Restarting.close or 0, 5)
    [create] = await reader.next()
    assert create.kind == "create"
    await reader.end()
    assert place.roster.members == set()


async def test_who_waits_too_long_for_an_answer_is_told_to_come_back(
    declare: Declare, place: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare("s", public=True)
    settings.STREAMS = {**settings.STREAMS, "hook_timeout_s": 0.02, "join_timeout_s": 0.02}

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(place.hub, "join", never)
    with pytest.raises(Unavailable):
        await event_stream(place).begin(join())
    assert place.roster.members == set()


async def test_who_is_too_slow_is_ended(declare: Declare, place: House, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "conflate_bytes": 20_000, "outbox_bytes": 30_000}
    stream = declare("s", public=True)
    events = event_stream(place)
    await events.begin(join())
    reader = Reader(events)
    await reader.next()
    for number in range(200):
        await stream.aset("g", f"i{number}", {"text": "x" * 1000})
    await aeventually(lambda: not place.roster.members, what="it is given up")
    await reader.end()
    assert 0 < int(reader.source.last_id.rpartition(":")[2]) < 200, "what it got is what it may go on from"


async def test_who_is_revoked_or_expires_is_ended(declare: Declare, place: House) -> None:
    declare("s", public=True)
    revoked = EventStream(place.hub, place.access, place.roster, Identity({"userId": "7"}, frozenset(["user:7"])))
    brief = EventStream(place.hub, place.access, place.roster, Identity(expires_at=time.time() + 0.1))
    for events in (revoked, brief):
        await events.begin(join())
    readers = [Reader(events) for events in (revoked, brief)]
    assert place.roster.expel(frozenset(["user:7"]), 4401) == 1
    for reader in readers:
        await reader.end()
        assert reader.source.last_id == ":0", "what was there has been told"
    assert place.roster.members == set()


async def test_who_came_too_late_is_told_so(declare: Declare, place: House) -> None:
    declare("s", public=True)
    with pytest.raises(TokenExpired):
        await EventStream(place.hub, place.access, place.roster, Identity(expires_at=time.time() - 1)).begin(join())
