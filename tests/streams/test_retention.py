"""History says how much of the log is kept; what goes, goes in slices, and nobody misses it."""

import asyncio
import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import Settings

from streams import trimmer
from streams.bus import bus
from streams.changes import Address, Change
from streams.conf import conf
from streams.counters import counters
from streams.definition import History
from streams.models import Change as ChangeRow
from streams.models import Duty, Group
from streams.stores import Store
from streams.trimmer import Trimmer, trim, trim_slice
from streams.writer import Stream
from tests.support.peers import house
from tests.support.stores import DATABASES, STORES
from tests.support.threads import connected, together

Declare = Callable[..., Stream]
Log = Callable[..., list[Change]]

ON_ALL = pytest.mark.parametrize("kept", STORES, indirect=True)
ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
HOUR_US = 3_600_000_000


def write(stream: Stream, number: int, group: str = "g") -> None:
    for n in range(number):
        stream.set(group, f"t{n % 3}", {"n": n})


def age(group: str, until: int, hours: float) -> None:
    """Let the changes of a group up to a sequence have happened earlier."""
    rows = ChangeRow.objects.using(conf().database).filter(group__key=group, sequence__lte=until)
    rows.update(clock=F("clock") - int(hours * HOUR_US))


def sequences(changes: list[Change]) -> list[int]:
    return [change.sequence for change in changes]


# -- what is kept ------------------------------------------------------------------------------------------------------


@ON_ALL
def test_newest_changes_of_each_group_stay_and_nothing_else_is_touched(
    declare: Declare, store: Store, log: Log
) -> None:
    stream = declare("s", history=History(changes=3))
    for group, number in [("a", 8), ("b", 3), ("c", 2)]:
        write(stream, number, group)
    before = [store.snapshot(Address("s", group)) for group in "abc"]
    assert trim(stream.definition) == 5
    assert [sequences(log(group)) for group in "abc"] == [[6, 7, 8], [1, 2, 3], [1, 2]]
    assert [store.snapshot(Address("s", group)) for group in "abc"] == before
    assert trim(stream.definition) == 0
    assert stream.set("a", "t0", {}).sequence == 9


@ON_BOTH
def test_changes_that_are_too_old_go_even_if_they_are_the_newest(declare: Declare, log: Log) -> None:
    stream = declare("s", history=History(changes=None, age=timedelta(hours=1)))
    write(stream, 5, "a")
    write(stream, 2, "b")
    age("a", 2, hours=1.01)
    age("a", 3, hours=0.99)
    age("b", 2, hours=100)
    assert trim(stream.definition) == 4
    assert (sequences(log("a")), sequences(log("b"))) == ([3, 4, 5], [])
    written = stream.set("b", "t0", {})
    assert (written.sequence, written.created) == (3, False)


@ON_BOTH
def test_change_goes_when_it_is_beyond_either_bound(declare: Declare, log: Log) -> None:
    stream = declare("s", history=History(changes=3, age=timedelta(hours=1)))
    write(stream, 6, "many")
    write(stream, 6, "old")
    age("old", 5, hours=2)
    trim(stream.definition)
    assert (sequences(log("many")), sequences(log("old"))) == ([4, 5, 6], [6])


@ON_ALL
def test_unbounded_history_keeps_everything(declare: Declare, log: Log) -> None:
    stream = declare("s", history=History(changes=None, age=None))
    write(stream, 20)
    assert trim(stream.definition) == 0
    assert sequences(log()) == list(range(1, 21))


@ON_ALL
def test_stream_without_history_keeps_no_log_and_drops_what_it_once_kept(
    declare: Declare, log: Log, store: Store
) -> None:
    stream = declare("s")
    write(stream, 4)
    stream.definition = declare("t", history=None).definition
    object.__setattr__(stream.definition, "name", "s")  # the same stream, declared anew
    write(stream, 2)
    assert sequences(log()) == [1, 2, 3, 4]
    assert trim(stream.definition) == 4
    assert log() == []
    assert store.snapshot(Address("s", "g")).position.sequence == 6


# -- the command -------------------------------------------------------------------------------------------------------


@ON_ALL
def test_command_trims_the_streams_it_is_given_or_all(declare: Declare, log: Log) -> None:
    for name in ("s", "t", "u"):
        write(declare(name, history=History(changes=2)), 5)
    assert command("t") == "t: 3 changes dropped\n"
    assert [len(log("g", name)) for name in ("s", "t", "u")] == [5, 2, 5]
    assert command() == "s: 3 changes dropped\nt: 0 changes dropped\nu: 3 changes dropped\n"
    with pytest.raises(CommandError, match=r"no stream named 'nope'; there are: s, t, u"):
        command("nope")


def command(*streams: str) -> str:
    out = io.StringIO()
    call_command("streams", "trim", *streams, stdout=out)
    return out.getvalue()


# -- the trimmer of every process --------------------------------------------------------------------------------------


@ON_BOTH
def test_one_process_trims_for_all_once_per_interval(declare: Declare, log: Log) -> None:
    stream = declare("s", history=History(changes=2))
    write(stream, 5)
    before = counters.get("trimmed", "s")
    together(*(Trimmer().round for _ in range(4)))
    assert counters.get("trimmed", "s") - before == 3
    write(stream, 5)
    together(*(Trimmer().round for _ in range(4)))
    assert len(log()) == 7, "the next round is not due"
    assert Duty.objects.using(conf().database).update(next_at=Now()) == 1
    Trimmer().round()
    assert len(log()) == 2


def rounds_until_trimmed(log: Log, groups: list[tuple[str, str]], keep: int) -> int:
    """Let one round after the other be due until all is trimmed; return how many it took."""
    for number in range(1, 20):
        Trimmer().round()
        Duty.objects.using(conf().database).update(next_at=Now())
        if all(len(log(group, stream)) == keep for stream, group in groups):
            return number
    raise AssertionError("not trimmed after 19 rounds")


@ON_BOTH
def test_long_streams_are_trimmed_a_slice_per_round_and_others_get_their_turn(
    declare: Declare, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimmer, "GROUPS", 3)
    groups = [("long", f"g {number} ü/:") for number in range(8)] + [("later", "g"), ("z", "g")]
    streams = {name: declare(name, history=History(changes=1)) for name in ("long", "later", "z")}
    for name, group in groups:
        write(streams[name], 2, group)
    assert rounds_until_trimmed(log, groups, 1) == 3
    Trimmer().round()  # from the beginning again
    write(streams["later"], 1)
    Duty.objects.using(conf().database).update(next_at=Now(), cursor="")
    Trimmer().round()
    assert len(log("g", "later")) == 1


@ON_BOTH
def test_stream_that_is_gone_while_it_was_its_turn_stops_nothing(declare: Declare, log: Log) -> None:
    write(declare("a", history=History(changes=1)), 3)
    write(declare("z", history=History(changes=1)), 3)
    Duty.objects.using(conf().database).create(name=trimmer.DUTY, next_at=Now(), cursor="m g")
    Trimmer().round()
    assert (len(log("g", "a")), len(log("g", "z"))) == (3, 1)
    Duty.objects.using(conf().database).update(next_at=Now())
    Trimmer().round()
    assert (len(log("g", "a")), len(log("g", "z"))) == (1, 1)


@ON_BOTH
def test_thousands_of_changes_go_in_slices(declare: Declare, log: Log) -> None:
    stream = declare("s", history=History(changes=10))
    write(stream, 1)
    using = conf().database
    group = Group.objects.using(using).get()
    clock = time.time_ns() // 1000
    ChangeRow.objects.using(using).bulk_create(
        ChangeRow(
            group=group, sequence=n, epoch="e", previous_epoch="e", clock=clock + n, kind="update", key="t0",
            previous=n - 1, value="{}",
        )
        for n in range(2, 3501)
    )  # fmt: skip
    Group.objects.using(using).update(sequence=3500)
    assert trim_slice(stream.definition) == (3490, None)
    assert sequences(log()) == list(range(3491, 3501))


@ON_BOTH
async def test_hub_of_a_web_process_trims_by_itself_and_goes_on_after_an_error(
    declare: Declare, log: Log, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STREAMS = {**settings.STREAMS, "trim_interval_s": 0.05}
    failures = [ValueError("of a store"), ConnectionError("of a network")]
    trim_one = trimmer.trim_slice

    def failing(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return trim_one(*arguments)

    monkeypatch.setattr(trimmer, "trim_slice", failing)
    stream = declare("s", history=History(changes=2))
    await asyncio.to_thread(connected, write, stream, 6)
    async with house():
        deadline = time.monotonic() + 10
        while len(await asyncio.to_thread(connected, log)) > 2:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
    assert failures == []


# -- who was away while the log was trimmed ----------------------------------------------------------------------------


@ON_ALL
async def test_client_that_was_away_too_long_gets_everything_and_the_reason(declare: Declare, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "recent_bytes": 0}  # what a room remembers needs no log
    stream = declare("s", public=True, history=History(changes=2))
    await stream.aset("g", "t0", {"n": 0})
    async with house() as here:
        first = await here.peer().joined("s", "g")
        held = {"epoch": first.data["epoch"], "sequence": first.sequence}
        await asyncio.to_thread(connected, write, stream, 3)
        peer = here.peer()
        await peer.join("s", "g", subscription="in time", since=held)
        assert [frame.kind for frame in await peer.recv()] == ["resumed"]
        await asyncio.to_thread(connected, trim, stream.definition)
        await peer.join("s", "g", subscription="too late", since=held)
        [frame] = await peer.recv()
    assert (frame.kind, frame.data["resync"], frame.sequence) == ("sync", "trimmed", 4)
    assert frame.value == [{"id": f"t{n}", "n": n} for n in range(3)]


@ON_BOTH
async def test_hub_that_missed_what_was_trimmed_resynchronises_everyone_there(
    declare: Declare, settings: Settings
) -> None:
    settings.STREAMS = {**settings.STREAMS, "verify_interval_ms": 3_600_000.0}  # not before it is trimmed
    stream = declare("s", public=True, history=History(changes=1))
    await stream.aset("g", "t0", {"n": 0})
    async with house() as here:
        both, item = here.peer(), here.peer()
        await both.joined("s", "g")
        await both.joined("s", "g", "t1")
        await item.joined("s", "g", "t0")
        bus.detach(here.hub)  # what follows reaches nobody
        await asyncio.to_thread(connected, write, stream, 5)
        await asyncio.to_thread(connected, trim, stream.definition)
        bus.attach(here.hub)
        await here.hub.verifier.verify(list(here.hub.rooms))
        syncs = [*await both.recv(2), *await item.recv()]
        assert [(frame.kind, frame.data["resync"], frame.sequence) for frame in syncs] == [("sync", "trimmed", 6)] * 3
        assert all("subscriptionId" not in frame.data for frame in syncs)
        assert [frame.address[2] for frame in syncs] == [None, "t1", "t0"]
        assert syncs[0].value == [{"id": "t0", "n": 3}, {"id": "t1", "n": 4}, {"id": "t2", "n": 2}]
        assert (syncs[1].value, syncs[2].value) == ({"id": "t1", "n": 4}, {"id": "t0", "n": 3})
        await stream.aset("g", "t1", {"n": 9})
        assert [frame.sequence for frame in await both.recv()] == [7]


@ON_ALL
async def test_stream_without_history_stays_live_and_heals_by_snapshot(declare: Declare) -> None:
    stream = declare("s", public=True, history=None)
    async with house() as here:
        peer = here.peer()
        await peer.joined("s", "g")
        await stream.aset("g", "a", {"n": 1})
        await stream.aset("g", "a", {"n": 2})
        assert [frame.kind for frame in await peer.recv(2)] == ["create", "update"]
        bus.detach(here.hub)
        await stream.aset("g", "b", {"n": 3})
        bus.attach(here.hub)
        await stream.aset("g", "c", {"n": 4})  # it is early; what is before it is nowhere
        [sync] = await peer.recv()
        assert (sync.kind, sync.data["resync"], sync.sequence) == ("sync", "trimmed", 4)
        assert [item["n"] for item in sync.value] == [2, 3, 4]
