"""Serialisation failures and deadlocks: retried where the transaction is ours, else one error that says "try again"."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pytest
from django.db import OperationalError, connections, transaction

from streams.bus import changed
from streams.changes import Change
from streams.errors import WriteConflict
from streams.locking import lock
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import check_history
from tests.support.stores import POSTGRES
from tests.support.threads import Steps, aside, together
from tests.support.waiting import eventually

pytestmark = [POSTGRES, pytest.mark.parametrize("kept", [{"database": "postgres"}], indirect=True)]

INCREMENT = [{"type": "increment", "path": "n"}]
Value = TypeVar("Value")
atomic = partial(transaction.atomic, using="postgres")


def somebody_waits() -> bool:
    with connections["postgres"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchone()[0])


def repeatable_read() -> None:
    """Make this thread's connection one that a project has set up so."""
    with connections["postgres"].cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")


def overtaken(stream: Stream, work: Callable[[], Value]) -> Value:
    """Let *work* wait for a write that commits after its snapshot was taken; return what it returns."""
    steps = Steps("held")

    def behind() -> Value:
        steps.wait("held")
        repeatable_read()
        return work()

    with aside(behind) as future, atomic():
        stream.update("g", "a", INCREMENT)
        steps.reach("held")
        eventually(somebody_waits, what="the second writer waits for the first")
    return future.result()


@pytest.mark.parametrize(
    "write",
    [
        lambda stream: stream.set("g", "a", {"n": 10}),
        lambda stream: stream.update("g", "a", INCREMENT),
        lambda stream: stream.delete("g", "a"),
        lambda stream: stream.clear("g"),
    ],
    ids=["set", "update", "delete", "clear"],
)
def test_own_transaction_is_repeated(stream: Stream, heard: Heard, write: Callable[[Stream], Any]) -> None:
    stream.set("g", "a", {"n": 0})
    overtaken(stream, partial(write, stream))
    assert sorted(heard.sequences) == [1, 2, 3]
    assert [change.sequence for change in check_history(stream.store)] == [1, 2, 3]


def test_batch_is_repeated_as_a_whole(stream: Stream, heard: Heard) -> None:
    stream.set("g", "a", {"n": 0})

    def work() -> list[Any]:
        with stream.batch("g") as batch:
            batch.update("a", INCREMENT)
            batch.set("b", {})
            batch.update("a", INCREMENT)
        return [result and result.new_value for result in batch.results]

    assert overtaken(stream, work) == [{"n": 2, "id": "a"}, {"id": "b"}, {"n": 3, "id": "a"}]
    assert len(heard.messages) == 3
    check_history(stream.store)


def test_in_the_projects_transaction_it_surfaces_as_one_error(stream: Stream, heard: Heard) -> None:
    stream.set("g", "a", {"n": 0})

    def work() -> bool:
        with pytest.raises(WriteConflict) as caught, atomic():
            stream.update("g", "a", INCREMENT)
        assert isinstance(caught.value.__cause__, OperationalError)
        return caught.value.retry

    assert overtaken(stream, work)
    assert stream.get("g", "a") == {"n": 1, "id": "a"}
    assert heard.sequences == [1, 2]


def test_own_transaction_gives_up_after_its_attempts(stream: Stream, heard: Heard, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, "write_attempts": 1}
    stream.set("g", "a", {"n": 0})

    def work() -> None:
        with pytest.raises(WriteConflict):
            stream.update("g", "a", INCREMENT)

    overtaken(stream, work)
    assert stream.get("g", "a") == {"n": 1, "id": "a"}
    assert heard.sequences == [1, 2]


def crossing(first: Callable[[Callable[[], None]], Any], second: Callable[[Callable[[], None]], Any]) -> list[Any]:
    """Run two works in threads; each calls what it is given when it holds its first lock, and goes on when both do."""
    steps = Steps("first holds", "second holds")

    def met(mine: str, other: str) -> None:
        steps.reach(mine)
        steps.wait(other)

    return together(
        partial(first, partial(met, "first holds", "second holds")),
        partial(second, partial(met, "second holds", "first holds")),
    )


def test_of_two_transactions_that_wait_for_each_other_one_gets_the_error(stream: Stream, heard: Heard) -> None:
    def write(mine: str, other: str, met: Callable[[], None]) -> str:
        try:
            with atomic():
                stream.set(mine, "a", {"by": mine})
                met()
                stream.set(other, "a", {"by": mine})
        except WriteConflict as error:
            return f"{error.code} {error.status} {error.retry}"
        return "written"

    result = crossing(partial(write, "one", "two"), partial(write, "two", "one"))
    assert sorted(result) == ["WRITE_CONFLICT 409 True", "written"]
    winner = ["one", "two"][result.index("written")]
    assert [stream.get(group, "a") for group in ("one", "two")] == [{"by": winner, "id": "a"}] * 2
    assert [message.address.group for message in heard.messages] == ([winner, "two" if winner == "one" else "one"])


def test_project_may_try_again_what_got_the_error(stream: Stream) -> None:
    def write(mine: str, other: str, met: Callable[[], None]) -> int:
        for attempt in range(5):
            try:
                with atomic():
                    stream.update(mine, "a", INCREMENT)
                    if attempt == 0:
                        met()
                    stream.update(other, "a", INCREMENT)
            except WriteConflict:
                continue
            return attempt
        raise AssertionError("five conflicts")

    assert any(crossing(partial(write, "one", "two"), partial(write, "two", "one"))), "one had to try again"
    assert [stream.get(group, "a") for group in ("one", "two")] == [{"n": 2, "id": "a"}] * 2


def test_write_whose_receivers_write_elsewhere_is_repeated_with_them(stream: Stream, heard: Heard) -> None:
    """A receiver's own write meets the deadlock, in a transaction that belongs to the outer write."""
    steps: dict[str, Callable[[], None]] = {}
    others = {"one": "two", "two": "one"}

    def follow(change: Change, **_: Any) -> None:
        if change.id == "first":
            met = steps.pop(change.group, None)
            if met is not None:
                met()
            stream.update(others[change.group], "second", INCREMENT)

    def write(group: str, met: Callable[[], None]) -> None:
        steps[group] = met
        stream.set(group, "first", {})

    changed.connect(follow)
    try:
        crossing(partial(write, "one"), partial(write, "two"))
    finally:
        changed.disconnect(follow)
    assert [stream.get(group, "second") for group in others] == [{"n": 1, "id": "second"}] * 2
    assert sorted((message.address.group, message.hints[0].id) for message in heard.messages) == [
        *(("one", "first"), ("one", "second"), ("two", "first"), ("two", "second"))
    ]


def test_groups_that_are_locked_first_never_conflict(stream: Stream) -> None:
    def write(groups: list[str]) -> None:
        for _ in range(15):
            with atomic():
                lock(*((stream, group) for group in groups))
                for group in groups:
                    stream.update(group, "a", INCREMENT)

    together(partial(write, ["one", "two", "three"]), partial(write, ["three", "two", "one"]))
    assert [stream.get(group, "a") for group in ("one", "two", "three")] == [{"n": 30, "id": "a"}] * 3
