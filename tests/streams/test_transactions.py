"""Streams inside the project's own transactions: what is rolled back was never said, what is committed always is."""

import json
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import TestCase, TransactionTestCase

from streams.bus import bus, changed, committed
from streams.changes import Address, Change
from streams.errors import InvalidItem, InvalidUpdate
from streams.locking import lock
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import Undo, check_history
from tests.support.stores import DATABASES, POSTGRES
from tests.support.threads import together

each_database = pytest.mark.parametrize("kept", DATABASES, indirect=True)
G = Address("s", "g")


@contextmanager
def undone(alias: str) -> Iterator[None]:
    """A transaction of the project's own, or a savepoint in the open one, that is rolled back."""
    with suppress(Undo), transaction.atomic(using=alias):
        yield
        raise Undo


@contextmanager
def listening(signal: Any, receiver: Callable[..., Any]) -> Iterator[None]:
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def values(heard: Heard) -> list[Any]:
    return [json.loads(frame)["event"]["data"].get("v") for frame in heard.frames()]


# -- commit and rollback ----------------------------------------------------------------------------------------------


@each_database
def test_nothing_is_said_before_the_commit_and_everything_after_it(stream: Stream, heard: Heard, alias: str) -> None:
    with transaction.atomic(using=alias):
        stream.set("g", "a", {"v": 1})
        stream.update("g", "a", [{"type": "set", "path": "v", "value": 2}])
        stream.set("h", "a", {"v": 3})
        stream.delete("g", "a")
        with stream.batch("h") as batch:
            batch.set("a", {"v": 4})
            batch.set("b", {"v": 5})
        assert heard.messages == []
    assert values(heard) == [1, 2, 3, 2, 4, 5]
    assert [message.address.group for message in heard.messages] == ["g", "g", "h", "g", "h"]
    assert heard.frames(G) == [change.frame() for change in check_history(stream.store)], "as they are in the log"


@each_database
def test_what_is_rolled_back_is_never_said(stream: Stream, heard: Heard, alias: str) -> None:
    with undone(alias):
        stream.set("g", "a", {"v": 1})
        stream.delete("g", "a")
    with transaction.atomic(using=alias):
        stream.set("g", "a", {"v": 2})
        transaction.set_rollback(True, using=alias)
    assert (heard.messages, stream.list("g")) == ([], [])
    assert stream.set("g", "a", {"v": 3}).sequence == 1
    assert values(heard) == [3]


@each_database
def test_savepoint_that_is_rolled_back_is_never_said(stream: Stream, heard: Heard, alias: str) -> None:
    with transaction.atomic(using=alias):
        stream.set("g", "a", {"v": 1})
        with undone(alias):
            stream.set("g", "a", {"v": 2})
            with transaction.atomic(using=alias):
                stream.set("g", "b", {"v": 3})
        with transaction.atomic(using=alias):
            assert stream.set("g", "a", {"v": 4}).sequence == 2
    assert values(heard) == [1, 4]
    check_history(stream.store)


@each_database
def test_savepoint_that_is_rolled_back_by_hand_is_never_said(stream: Stream, heard: Heard, alias: str) -> None:
    """Django does not know of it and calls the hooks all the same."""
    with transaction.atomic(using=alias):
        stream.set("g", "a", {"v": 1})
        point = transaction.savepoint(using=alias)
        assert stream.set("g", "a", {"v": 2}).sequence == 2
        stream.set("g", "b", {"v": 3})
        with stream.batch("g") as batch:
            batch.set("c", {"v": 4})
            batch.delete("a")
        transaction.savepoint_rollback(point, using=alias)
        assert stream.set("g", "c", {"v": 5}).sequence == 2, "its sequences are used again"
        kept = transaction.savepoint(using=alias)
        stream.set("g", "d", {"v": 6})
        transaction.savepoint_commit(kept, using=alias)
    assert values(heard) == [1, 5, 6]
    assert heard.sequences == [1, 2, 3]
    assert heard.frames() == [change.frame() for change in check_history(stream.store)]


@each_database
def test_without_a_log_everyone_is_told_to_look(declare: Callable[..., Stream], heard: Heard, alias: str) -> None:
    stream = declare("s", history=None)
    with transaction.atomic(using=alias):
        stream.set("g", "a", {"v": 1})
    assert [(message.address, message.hints) for message in heard.messages] == [(G, ())]
    stream.set("g", "a", {"v": 2})
    assert values(heard) == [2], "in a transaction of its own it is known what was committed"


@each_database
def test_refused_write_spoils_nothing_of_the_transaction_around_it(stream: Stream, heard: Heard, alias: str) -> None:
    with transaction.atomic(using=alias):
        stream.set("g", "a", {"v": 1})
        with pytest.raises(InvalidItem):
            stream.set("g", "a", {"v": float("nan")})
        with pytest.raises(InvalidUpdate):
            stream.update("g", "new", [{"type": "set", "path": "v", "value": 2}, {"type": "append", "value": 1}])
        stream.set("g", "b", {"v": 3})
    assert values(heard) == [1, 3]
    assert len(check_history(stream.store)) == 2


def random_writes(stream: Stream, alias: str, dice: random.Random, depth: int = 0) -> None:
    """Write to two groups, in savepoints of Django's and by hand, some of them rolled back."""
    for _ in range(dice.randrange(1, 4)):
        kind = dice.choices(["write", "undone", "kept", "by hand"], [6, 1, 1.5, 1.5])[0]
        if kind == "write" or depth > 3:
            stream.set(f"g{dice.randrange(2)}", dice.choice("abc"), {"v": dice.random()})
        elif kind == "by hand":
            point = transaction.savepoint(using=alias)
            random_writes(stream, alias, dice, depth + 1)
            transaction.savepoint_rollback(point, using=alias)
        else:
            with undone(alias) if kind == "undone" else transaction.atomic(using=alias):
                random_writes(stream, alias, dice, depth + 1)


@each_database
def test_random_transactions_say_exactly_what_they_commit(stream: Stream, heard: Heard, alias: str, long: int) -> None:
    addresses = [Address("s", "g0"), Address("s", "g1")]

    def program(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(12 * long):
            with undone(alias) if dice.random() < 0.2 else transaction.atomic(using=alias):
                lock(*((stream, address.group) for address in addresses))
                random_writes(stream, alias, dice)

    together(*(partial(program, seed) for seed in range(3)))
    for address in addresses:
        told = sorted(heard.frames(address), key=lambda frame: json.loads(frame)["sequence"])
        assert told == [change.frame() for change in check_history(stream.store, address)]


# -- the signals ------------------------------------------------------------------------------------------------------


@each_database
def test_changed_is_sent_inside_the_transaction_and_committed_after_it(stream: Stream, alias: str) -> None:
    said: list[tuple[Any, ...]] = []

    def on_changed(sender: Any, change: Change, old: str | None, **_: Any) -> None:
        said.append(("changed", sender, change.sequence, old, connections[alias].in_atomic_block))

    def on_committed(sender: Any, address: Address, changes: Any, **_: Any) -> None:
        inside = connections[alias].in_atomic_block
        said.append(("committed", sender, [change.sequence for change in changes], address, inside))

    with listening(changed, on_changed), listening(committed, on_committed):
        stream.set("g", "a", {})
        with transaction.atomic(using=alias), stream.batch("g") as batch:
            batch.set("a", {"v": 1})
            batch.delete("a")
    here = stream.definition
    assert said == [
        ("changed", here, 1, None, True),
        ("committed", here, [1], G, False),
        ("changed", here, 2, '{"id":"a"}', True),
        ("changed", here, 3, '{"v":1,"id":"a"}', True),
        ("committed", here, [2, 3], G, False),
    ]


@each_database
def test_receiver_of_changed_that_raises_undoes_the_write(stream: Stream, heard: Heard, alias: str) -> None:
    def refuse(change: Change, **_: Any) -> None:
        if '"bad"' in change.value:
            raise LookupError("a receiver of the test")

    with listening(changed, refuse):
        with pytest.raises(LookupError):
            stream.set("g", "a", {"v": "bad"})
        assert stream.store.positions([G]) == {}
        with transaction.atomic(using=alias):
            stream.set("g", "a", {"v": 1})
            with pytest.raises(LookupError):
                stream.update("g", "a", [{"type": "set", "path": "v", "value": "bad"}])
            batch = stream.batch("g")
            batch.set("b", {"v": 2})
            batch.set("c", {"v": "bad"})
            with pytest.raises(LookupError), batch:
                pass
            stream.set("g", "d", {"v": 3})
    assert values(heard) == [1, 3]
    assert [item["id"] for item in stream.list("g")] == ["a", "d"]
    check_history(stream.store)


@each_database
def test_receiver_of_committed_that_raises_hurts_nobody(
    stream: Stream, heard: Heard, alias: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: Any) -> None:
        raise LookupError("a receiver of the test")

    later: list[Address] = []

    def listen(address: Address, **_: Any) -> None:
        later.append(address)

    with listening(committed, fail), listening(committed, listen), caplog.at_level(logging.ERROR):
        stream.set("g", "a", {"v": 1})
        with transaction.atomic(using=alias):
            stream.set("g", "a", {"v": 2})
    assert values(heard) == [1, 2]
    assert later == [G, G]
    assert "LookupError" in caplog.text


def test_reader_that_fails_keeps_nobody_else_from_hearing(stream: Stream, heard: Heard) -> None:
    class Broken:
        def receive(self, message: Any) -> None:
            raise LookupError("a reader of the test")

    broken, second = Broken(), Heard()
    bus.attach(broken)
    bus.attach(second)
    try:
        stream.set("g", "a", {"v": 1})
        stream.send("g", {"type": "t"})
    finally:
        bus.detach(broken)
        bus.detach(second)
    assert len(heard.messages) == len(second.messages) == 2


@each_database
def test_receiver_may_write_other_streams_in_the_same_transaction(
    declare: Callable[..., Stream], heard: Heard, alias: str
) -> None:
    stream, totals = declare("s"), declare("totals")

    def count(sender: Any, change: Change, **_: Any) -> None:
        if sender is stream.definition:
            totals.update("all", change.group, [{"type": "increment", "path": "v"}])
            if '"bad"' in change.value:
                raise LookupError("a receiver of the test")

    with listening(changed, count):
        stream.set("g", "a", {"v": "x"})
        with pytest.raises(LookupError):
            stream.set("g", "a", {"v": "bad"})
        with transaction.atomic(using=alias):
            stream.set("g", "b", {"v": "y"})
    assert totals.get("all", "g") == {"v": 2, "id": "g"}
    assert sorted(map(str, values(heard))) == ["1", "2", "x", "y"]
    check_history(totals.store, Address("totals", "all"))


# -- the project's own hooks ------------------------------------------------------------------------------------------


@each_database
def test_project_hook_that_raises_loses_the_hint_and_not_the_change(stream: Stream, heard: Heard, alias: str) -> None:
    """Django calls no further hook after one that raises, unless it is robust: the verifiers find what was not said."""

    def fail() -> None:
        raise LookupError("a hook of the test")

    def write(value: int, *, first: bool, robust: bool) -> None:
        with transaction.atomic(using=alias):
            if first:
                transaction.on_commit(fail, using=alias, robust=robust)
            stream.set("g", "a", {"v": value})
            if not first:
                transaction.on_commit(fail, using=alias, robust=robust)

    with pytest.raises(LookupError):
        write(1, first=True, robust=False)
    assert heard.messages == []
    assert stream.get("g", "a") == {"v": 1, "id": "a"}
    write(2, first=True, robust=True)
    with pytest.raises(LookupError):
        write(3, first=False, robust=False)
    assert values(heard) == [2, 3]


@each_database
def test_hooks_may_write(stream: Stream, heard: Heard, alias: str) -> None:
    with transaction.atomic(using=alias):
        transaction.on_commit(lambda: stream.set("g", "b", {"v": 1}) and None, using=alias)
        stream.set("g", "a", {"v": 2})
    assert sorted(values(heard)) == [1, 2]


@each_database
def test_project_without_autocommit_is_told_when_it_is_back(stream: Stream, heard: Heard, alias: str) -> None:
    transaction.set_autocommit(False, using=alias)
    try:
        stream.set("g", "a", {"v": 1})
        assert heard.messages == []
        transaction.commit(using=alias)
    finally:
        transaction.set_autocommit(True, using=alias)
    assert values(heard) == [1]
    check_history(stream.store)


# -- several databases ------------------------------------------------------------------------------------------------


@POSTGRES
def test_stream_of_another_database_belongs_to_the_transactions_of_that(
    declare: Callable[..., Stream], heard: Heard, settings: Any
) -> None:
    settings.STREAMS = {"database": "default"}
    here, there = declare("s"), declare("t", storage="tests.support.stores.PostgresStore")
    with undone("default"):
        here.set("g", "a", {"v": 1})
        there.set("g", "a", {"v": 2})
        assert values(heard) == [2], "the other database has committed already"
    with undone("postgres"):
        here.set("g", "a", {"v": 3})
        there.set("g", "a", {"v": 4})
    with transaction.atomic(using="postgres"):
        there.set("g", "b", {"v": 5})
        assert values(heard) == [2, 3]
    assert values(heard) == [2, 3, 5]
    assert (here.list("g"), there.list("g")) == ([{"v": 3, "id": "a"}], [{"v": 2, "id": "a"}, {"v": 5, "id": "b"}])


# -- tests of a project -----------------------------------------------------------------------------------------------


class TestInsideATestCase(TestCase):
    """A project's test case: one transaction around each test, rolled back at its end."""

    def setUp(self) -> None:
        self.stream, self.heard = Stream("s", storage="database"), Heard()
        bus.attach(self.heard)
        self.addCleanup(bus.detach, self.heard)

    def test_writes_work_and_are_said_when_the_case_says_so(self) -> None:
        with self.captureOnCommitCallbacks(execute=True) as callbacks:
            self.stream.set("g", "a", {"v": 1})
            self.stream.update("g", "a", [{"type": "increment", "path": "v"}])
            assert self.heard.messages == []
        assert len(callbacks) == 2
        assert values(self.heard) == [1, 2]
        assert self.stream.list("g") == [{"v": 2, "id": "a"}]

    def test_each_starts_with_nothing(self) -> None:
        assert self.stream.list("g") == []
        with self.captureOnCommitCallbacks(execute=True):
            with suppress(Undo), transaction.atomic():
                self.stream.set("g", "a", {"v": 1})
                raise Undo
            self.stream.set("g", "b", {"v": 2})
        assert values(self.heard) == [2]
        assert self.stream.delete("g", "b") == {"v": 2, "id": "b"}


class TestInsideATransactionTestCase(TransactionTestCase):
    available_apps = ["streams"]

    def test_writes_are_said_at_once(self) -> None:
        heard, stream = Heard(), Stream("s", storage="database")
        bus.attach(heard)
        self.addCleanup(bus.detach, heard)
        assert stream.set("g", "a", {"v": 1}).sequence == 1
        assert values(heard) == [1]


# -- async code -------------------------------------------------------------------------------------------------------


@each_database
@pytest.mark.usefixtures("async_thread")
async def test_async_twins_join_the_transaction_of_their_thread(stream: Stream, heard: Heard, alias: str) -> None:
    from asgiref.sync import async_to_sync, sync_to_async

    async def write() -> None:
        await stream.aset("g", "a", {"v": 1})
        await stream.aupdate("g", "a", [{"type": "increment", "path": "v"}])
        async with stream.abatch("g") as batch:
            batch.set("b", {"v": 3})

    def around() -> None:
        with undone(alias):
            async_to_sync(write)()
        assert heard.messages == []
        with transaction.atomic(using=alias):
            async_to_sync(write)()
            assert heard.messages == []

    await sync_to_async(around)()
    assert values(heard) == [1, 2, 3]
    await write()
    assert values(heard) == [1, 2, 3, 1, 2, 3]
    assert len(await sync_to_async(check_history)(stream.store)) == 6
