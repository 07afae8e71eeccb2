"""on_leave runs once for every granted join: on leaving, on disconnecting, and late when a process was lost."""

import asyncio
import logging
import random
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, InterfaceError, OperationalError, transaction
from django.db.models.functions import Now

from streams.conf import conf
from streams.errors import WriteConflict
from streams.leases import Subscription
from streams.models import Lease, Reader
from streams.writer import Stream
from tests.support.peers import Peer, house
from tests.support.sockets import Frame
from tests.support.stores import DATABASES, POSTGRES, SQLITE
from tests.support.threads import connected

Declare = Callable[..., Stream]

ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_SQLITE = pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=SQLITE)], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("kept", [pytest.param({"database": "postgres"}, marks=POSTGRES)], indirect=True)
QUICK = {"lease_s": 0.5, "lease_renew_s": 0.1}


@dataclass
class Hall:
    """A stream that counts who is in each group, as the documents' samples do, and notes the calls of its hooks."""

    board: Stream
    calls: list[tuple[str, str]] = field(default_factory=list)

    async def on_join(self, subscription: Subscription, ctx: Any, auth: Any) -> dict[str, Any]:
        await ctx.streams.board.update("watching", subscription.group_id, [increment(1)])
        self.calls.append(("on_join", subscription.subscription_id))
        return {"unauthorized": False}

    async def on_leave(self, subscription: Subscription, ctx: Any, auth: Any) -> None:
        await ctx.streams.board.update("watching", subscription.group_id, [increment(-1)])
        self.calls.append(("on_leave", subscription.subscription_id))

    @property
    def joined(self) -> list[str]:
        """The subscriptions that on_join has run for, sorted."""
        return sorted(subscription for hook, subscription in self.calls if hook == "on_join")

    @property
    def left(self) -> list[str]:
        """The subscriptions that on_leave has run for, sorted."""
        return sorted(subscription for hook, subscription in self.calls if hook == "on_leave")

    async def watching(self, group: str = "g") -> int:
        item = await self.board.aget("watching", group)
        return 0 if item is None else int(item["n"])

    def counts(self, number: int, group: str = "g") -> Callable[[], Awaitable[bool]]:
        """Tell, when asked, whether so many are counted: a hook has run a moment before it commits."""

        async def look() -> bool:
            return await self.watching(group) == number

        return look


def increment(by: int) -> dict[str, Any]:
    return {"type": "increment", "path": "n", "by": by}


@pytest.fixture
def hall(declare: Declare) -> Hall:
    made = Hall(declare("board", public=True))
    declare("hall", on_join=made.on_join, on_leave=made.on_leave)
    return made


@pytest.fixture
def quick(settings: Any, kept: dict[str, Any]) -> None:
    """Processes are thought dead, and others look for them, after moments."""
    settings.STREAMS = {**settings.STREAMS, **QUICK}


async def enter(peer: Peer, name: str, group: str = "g", item: str | None = None, stream: str = "hall") -> Frame:
    """Join as the subscription *name* and return the frame that answers: a sync, or an error."""
    await peer.join(stream, group, item, subscription=name)
    return await answer(peer, name)


async def answer(peer: Peer, name: str) -> Frame:
    frames = await peer.recv_until(lambda frame: frame.data.get("subscriptionId") == name or frame.error is not None)
    return frames[-1]


async def count(model: Any) -> int:
    def look() -> int:
        return int(model.objects.using(conf().database).count())

    return await asyncio.to_thread(connected, look)


async def until(look: Callable[[], Awaitable[Any]], what: str, within: float = 10.0) -> None:
    """Wait until *look* says something true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not await look():
        assert loop.time() < deadline, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.01)


# -- once per granted join ---------------------------------------------------------------------------------------------


@pytest.mark.feature("D2", "D8")
@ON_BOTH
async def test_leaving_and_disconnecting_run_on_leave_once_each(hall: Hall) -> None:
    async with house() as here:
        one, other = here.peer(), here.peer()
        for peer, name, item in [(one, "a", None), (other, "b", None), (other, "c", "t1")]:
            assert (await enter(peer, name, item=item)).kind == "sync"
        assert (await hall.watching(), await count(Lease)) == (3, 3)

        for name in ("a", "a", "never joined", "b"):  # b is another connection's
            await one.leave("hall", "g", subscription=name)
        await until(hall.counts(2), "on_leave of a")
        assert hall.left == ["a"]

        await here.gone()
        assert (hall.left, await hall.watching(), await count(Lease)) == (["a", "b", "c"], 0, 0)
        assert hall.joined == ["a", "b", "c"]


@ON_SQLITE
async def test_denied_join_leaves_nothing_to_leave(declare: Declare) -> None:
    left: list[str] = []
    declare("hall", on_join=lambda *_: False, on_leave=lambda subscription, *_: left.append(subscription.group_id))
    async with house() as here:
        peer = here.peer()
        assert (await enter(peer, "a")).error == "STREAM_ACCESS_DENIED"
        assert await count(Lease) == 0
        await peer.leave("hall", "g", subscription="a")
        await here.gone()
    assert left == []


@ON_SQLITE
async def test_stream_with_on_leave_alone_needs_a_rule_and_runs_it(declare: Declare) -> None:
    left: list[Any] = []
    declare("hall", public=True, on_leave=lambda subscription, ctx, auth: left.append((subscription.group_id, auth)))
    async with house() as here:
        assert (await enter(here.peer({"userId": "1"}), "a")).kind == "sync"
        await here.gone()
    assert left == [("g", {"userId": "1"})]


@ON_SQLITE
async def test_same_subscription_twice_is_answered_again_and_counted_once(hall: Hall) -> None:
    async with house() as here:
        peer = here.peer()
        await peer.join("hall", "g", subscription="a")
        await peer.join("hall", "g", subscription="a")  # while the first is in progress
        frames = await peer.recv(2)
        frames.append(await enter(peer, "a"))
        assert [(frame.kind, frame.data["subscriptionId"]) for frame in frames] == [("sync", "a")] * 3
        assert (hall.joined, await hall.watching()) == (["a"], 1)
        await peer.leave("hall", "g", subscription="a")
        await here.gone()
        assert (hall.left, await hall.watching()) == (["a"], 0)


@ON_SQLITE
async def test_same_subscription_elsewhere_leaves_where_it_was(hall: Hall) -> None:
    async with house() as here:
        peer = here.peer()
        await enter(peer, "a", "one")
        await enter(peer, "a", "two")
        await until(hall.counts(0, "one"), "on_leave of the first group")
        assert [await hall.watching(group) for group in ("one", "two")] == [0, 1]
        await enter(peer, "a", "two", "t1")
        await here.gone()
        assert [await hall.watching(group) for group in ("one", "two")] == [0, 0]
    assert (hall.joined, hall.left) == (["a"] * 3, ["a"] * 3)


@ON_SQLITE
async def test_same_subscription_asked_twice_and_denied_is_refused_twice(declare: Declare) -> None:
    declare("hall", can_access=lambda *_: False)
    async with house() as here:
        peer = here.peer()
        await peer.join("hall", "g", subscription="a")
        await peer.join("hall", "g", subscription="a")
        assert [frame.error for frame in await peer.recv(2)] == ["STREAM_ACCESS_DENIED"] * 2


# -- leaving while the join is in progress -----------------------------------------------------------------------------


@pytest.fixture
def gated(declare: Declare) -> "Gated":
    made = Gated()
    declare("hall", can_access=made.can_access, on_join=made.on_join, on_leave=made.on_leave)
    return made


class Gated:
    """Hooks that are asked something and wait until they may answer: in ``can_access``, outside of any transaction."""

    def __init__(self) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.answer = True
        self.calls: list[str] = []

    def can_access(self, subscription: Subscription, auth: Any) -> bool:
        self.asked.set()
        return self.go_on.wait(10)

    def on_join(self, subscription: Subscription, ctx: Any, auth: Any) -> bool:
        self.calls.append("on_join")
        return self.answer

    def on_leave(self, subscription: Subscription, ctx: Any, auth: Any) -> None:
        self.calls.append("on_leave")


@pytest.mark.parametrize("granted", [True, False])
@pytest.mark.parametrize("end", ["leave", "disconnect"])
@ON_SQLITE
async def test_leaving_while_the_hook_decides_cancels_the_join(gated: Gated, end: str, granted: bool) -> None:
    gated.answer = granted
    async with house() as here:
        peer = here.peer()
        await peer.join("hall", "g", subscription="a")
        assert await asyncio.to_thread(gated.asked.wait, 10)
        if end == "leave":
            await peer.leave("hall", "g", subscription="a")
        else:
            await peer.cut()
        gated.go_on.set()
        await until(lambda: asyncio.sleep(0, gated.calls == ["on_join"] + ["on_leave"] * granted), "the hooks")
        await here.gone()
        assert await count(Lease) == 0
        assert here.hub.rooms == {}
    assert peer.frames == []
    assert gated.calls == ["on_join"] + ["on_leave"] * granted


@ON_SQLITE
async def test_join_again_after_leaving_in_progress_is_a_join_of_its_own(gated: Gated) -> None:
    async with house() as here:
        peer = here.peer()
        await peer.join("hall", "g", subscription="a")
        assert await asyncio.to_thread(gated.asked.wait, 10)
        await peer.leave("hall", "g", subscription="a")
        await peer.join("hall", "g", subscription="a")
        gated.go_on.set()
        assert [frame.kind for frame in await peer.recv()] == ["sync"]
        await here.gone()
    assert len(peer.frames) == 1
    assert sorted(gated.calls) == ["on_join", "on_join", "on_leave", "on_leave"]


# -- one transaction ---------------------------------------------------------------------------------------------------


@ON_BOTH
async def test_on_leave_that_raises_leaves_nothing_and_does_not_run_again(
    declare: Declare, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []
    board = declare("board")

    def on_leave(subscription: Subscription, ctx: Any, auth: Any) -> None:
        ctx.streams.board.set("g", "t", {"half": "done"})
        calls.append(subscription.group_id)
        raise KeyError("of the hook's own")

    declare("hall", public=True, on_leave=on_leave)
    async with house() as here:
        await enter(here.peer(), "a")
        await here.gone()
        assert (calls, await board.aget("g", "t"), await count(Lease)) == (["g"], None, 0)
    [record] = [record for record in caplog.records if getattr(record, "action", "") == "hook_failed"]
    assert (record.levelno, record.stream) == (logging.ERROR, "hall")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "error", [OperationalError("the database is starting up"), InterfaceError("connection closed"), WriteConflict()]
)
@pytest.mark.usefixtures("quick")
@ON_SQLITE
async def test_on_leave_that_the_database_fails_runs_again(hall: Hall, declare: Declare, error: Exception) -> None:
    failures = [error] * 3

    async def on_leave(subscription: Subscription, ctx: Any, auth: Any) -> None:
        await hall.on_leave(subscription, ctx, auth)
        if failures:
            raise failures.pop()

    declare("other", on_join=hall.on_join, on_leave=on_leave)
    async with house() as here:
        await enter(here.peer(), "a", stream="other")
        assert await hall.watching() == 1
        await here.gone()
        assert (failures, await hall.watching(), await count(Lease)) == ([], 0, 0)
    assert hall.left == ["a"] * 4  # three of them were undone


@pytest.mark.usefixtures("quick")
@ON_SQLITE
async def test_on_leave_whose_own_statement_is_wrong_does_not_run_for_ever(declare: Declare) -> None:
    calls: list[str] = []

    def on_leave(subscription: Subscription, ctx: Any, auth: Any) -> None:
        calls.append(subscription.group_id)
        raise DataError("value too long")

    declare("hall", public=True, on_leave=on_leave)
    async with house() as here:
        await enter(here.peer(), "a")
        await here.gone()
        assert (calls, await count(Lease)) == (["g"], 0)


@ON_POSTGRES
async def test_hooks_that_deadlock_with_each_other_all_take_effect(declare: Declare) -> None:
    board = declare("board")
    meet = {"on_join": threading.Barrier(2), "on_leave": threading.Barrier(2)}
    tries: list[tuple[str, str]] = []

    def hook(name: str, by: int) -> Callable[..., None]:
        def run(subscription: Subscription, ctx: Any, auth: Any) -> None:
            first, second = ("x", "y") if subscription.group_id == "a" else ("y", "x")
            with transaction.get_connection("postgres").cursor() as cursor:
                cursor.execute("SET LOCAL deadlock_timeout = 50")
            ctx.streams.board.update(first, "t", [increment(by)])
            me = (name, subscription.group_id)
            tries.append(me)
            if tries.count(me) == 1:
                meet[name].wait(10)  # both have their first lock
            ctx.streams.board.update(second, "t", [increment(by)])

        return run

    declare("hall", on_join=hook("on_join", 1), on_leave=hook("on_leave", -1))
    async with house() as here:
        peers = [here.peer(), here.peer()]
        for peer, group in zip(peers, "ab", strict=True):
            await peer.join("hall", group, subscription=group)
        assert [(await answer(peer, name)).kind for peer, name in zip(peers, "ab", strict=True)] == ["sync", "sync"]
        assert [(await board.aget(group, "t"))["n"] for group in "xy"] == [2, 2]
        await here.gone()
        assert [(await board.aget(group, "t"))["n"] for group in "xy"] == [0, 0]
        assert await count(Lease) == 0
    assert len(tries) >= 6  # one of two gave way each time, and came again


@ON_BOTH
async def test_many_joins_and_leaves_at_once_are_counted_right(hall: Hall) -> None:
    dice = random.Random(11)
    async with house() as here, house() as there:
        peers = [dice.choice([here, there]).peer() for _ in range(20)]
        for peer in peers:
            for number in range(3):
                await peer.join("hall", "g", dice.choice([None, "t1"]), subscription=f"{id(peer)} {number}")
        for peer in dice.sample(peers, 10):  # some before, some after they are answered
            await peer.leave("hall", "g", subscription=f"{id(peer)} {dice.randrange(3)}")
        for peer in dice.sample(peers, 8):
            await peer.cut()
        await here.gone()
        await there.gone()
        await until(lambda: done(hall), "every granted join left")
        assert (await hall.watching(), await count(Lease)) == (0, 0)
    assert hall.joined == hall.left


async def done(hall: Hall) -> bool:
    return await count(Lease) == 0 and len(hall.joined) == len(hall.left)


# -- processes that are lost -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("quick")
@ON_BOTH
async def test_leases_of_a_lost_process_are_ended_by_another_once(hall: Hall) -> None:
    async with house() as lost:
        for name in "abc":
            assert (await enter(lost.peer(), name)).kind == "sync"
        lost.access.leases.stop()
        async with house() as one, house() as other:
            await enter(one.peer(), "d")
            await until(hall.counts(1), "on_leave of three")
            assert hall.left == ["a", "b", "c"]
            await until(lambda: readers_are(1), "the lost process is forgotten")
            await other.gone()
            # it comes back, as one that was stopped, and is told by its next look
            peers = lost._peers
            lost.access.leases.start()
            assert [await peer.wait_closed() for peer in peers] == [4012] * 3
            await lost.roster.close(4012, 5)
            lost.roster.closing = False
            assert (hall.left, await hall.watching()) == (["a", "b", "c"], 1)
            # and serves again
            assert (await enter(lost.peer(), "e")).kind == "sync"
            assert await hall.watching() == 2
    assert hall.left == ["a", "b", "c", "d", "e"]


async def readers_are(number: int) -> bool:
    return await count(Reader) == number


@pytest.mark.usefixtures("quick")
@ON_BOTH
async def test_process_that_does_not_know_yet_that_it_was_lost_still_lets_in(hall: Hall) -> None:
    async with house() as lost:
        await enter(lost.peer(), "a")
        lost.access.leases.stop()
        async with house() as other:
            await enter(other.peer(), "b")
            await until(lambda: readers_are(1), "the lost process is forgotten")
            peer = lost.peer()
            assert (await enter(peer, "c")).kind == "sync"
            assert await lost._peers[0].wait_closed() == 4012  # it was found out by the way
            assert await hall.watching() == 2
            assert not peer.closed
    assert hall.left == ["a", "b", "c"]


@pytest.mark.usefixtures("quick")
@ON_SQLITE
async def test_leave_of_a_lease_that_others_have_ended_runs_nothing(hall: Hall) -> None:
    async with house() as lost:
        peer = lost.peer()
        await enter(peer, "a")
        lost.access.leases.stop()
        async with house():
            await until(hall.counts(0), "on_leave")
            await peer.leave("hall", "g", subscription="a")
            await lost.gone()
        assert (hall.left, await hall.watching()) == (["a"], 0)


@pytest.mark.usefixtures("quick")
@ON_BOTH
async def test_hundreds_of_leases_of_a_lost_process_are_ended_without_a_pause(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "lease_renew_s": 60.0}
    left: list[str] = []
    declare("hall", public=True, on_leave=lambda subscription, ctx, auth: left.append(subscription.subscription_id))
    await asyncio.to_thread(connected, leave_behind, 250)
    async with house():
        await until(lambda: leases_are(0), "no leases, long before the next round")
    assert len(left) == len(set(left)) == 250


async def leases_are(number: int) -> bool:
    return await count(Lease) == number


def leave_behind(number: int, stream: str = "hall", reader: str = "dead" * 4) -> None:
    """Write what a killed process leaves behind."""
    using = conf().database
    with transaction.atomic(using=using):
        Reader.objects.using(using).get_or_create(name=reader, defaults={"seen_at": Now() - timedelta(hours=1)})
        for n in range(number):
            Lease.objects.using(using).create(
                name=f"{reader}{stream[:4]}{n:012}",
                reader_id=reader,
                stream=stream,
                group_key="g",
                item_key="",
                subscription=f"s{n}",
                connection="c",
                auth="null",
            )


@pytest.mark.usefixtures("quick")
@ON_POSTGRES
async def test_slow_on_leave_of_the_lost_does_not_make_the_living_look_dead(declare: Declare) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def on_leave(subscription: Subscription, ctx: Any, auth: Any) -> None:
        begun.set()
        go_on.wait(10)

    declare("hall", public=True, on_leave=on_leave)
    async with house() as here:
        await enter(here.peer(), "a")
        await asyncio.to_thread(connected, leave_behind, 1)
        assert await asyncio.to_thread(begun.wait, 10)
        await until(await renewals(3), "renewals while a hook runs")
        go_on.set()


@pytest.mark.usefixtures("quick")
@ON_SQLITE
async def test_lease_that_cannot_be_ended_holds_up_no_other(declare: Declare) -> None:
    left: list[str] = []
    broken = True

    def on_leave(subscription: Subscription, ctx: Any, auth: Any) -> None:
        if broken:
            raise OperationalError("not now")
        left.append("broken")

    declare("bad", public=True, on_leave=on_leave)
    declare("good", public=True, on_leave=lambda subscription, *_: left.append(subscription.subscription_id))
    await asyncio.to_thread(connected, leave_behind, 120, "bad", "a" * 16)
    await asyncio.to_thread(connected, leave_behind, 2, "good", "b" * 16)
    async with house():
        await until(lambda: asyncio.sleep(0, len(left) == 2), "on_leave of the others")
        assert sorted(left) == ["s0", "s1"]
        broken = False
        await until(lambda: leases_are(0), "no leases")
    assert left.count("broken") == 120


@pytest.mark.usefixtures("quick")
@ON_SQLITE
async def test_lease_of_a_stream_that_is_gone_is_dropped(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    await asyncio.to_thread(connected, leave_behind, 1, "gone")
    async with house():
        await until(lambda: leases_are(0), "no leases")
        await until(lambda: readers_are(0), "no readers")
    assert [record.stream for record in caplog.records if getattr(record, "action", "") == "lease_ended"] == ["gone"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("quick")
@ON_BOTH
async def test_living_process_keeps_its_leases_however_long_it_is_quiet(hall: Hall) -> None:
    async with house() as here, house() as other:
        peer = here.peer()
        await enter(peer, "a")
        await enter(other.peer(), "b")
        lifetimes = QUICK["lease_s"] * 3 / QUICK["lease_renew_s"]
        await until(await renewals(lifetimes), "three times the time after which one is thought dead")
        assert (hall.left, await hall.watching(), peer.closed) == ([], 2, False)


async def renewals(number: float) -> Callable[[], Awaitable[bool]]:
    """Return what tells whether every process has shown *number* times from now on that it is alive."""

    def seen() -> dict[str, Any]:
        living = Reader.objects.using(conf().database).filter(lost=False, seen_at__gt=Now() - timedelta(minutes=1))
        return dict(living.values_list("name", "seen_at"))

    since = await asyncio.to_thread(connected, seen)
    assert since

    async def look() -> bool:
        now = await asyncio.to_thread(connected, seen)
        return all((now[name] - since[name]).total_seconds() > number * conf().lease_renew_s for name in since)

    return look
