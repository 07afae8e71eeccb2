"""What every store promises many writers at once, and those who read meanwhile."""

import json
import random
from functools import partial
from itertools import count

import pytest

from streams.changes import Address, Change
from streams.stores import Store
from tests.support.histories import G, change, check_history, increment, number, put
from tests.support.stores import STORES
from tests.support.threads import Steps, aside, together

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)


@pytest.mark.feature("B12")
def test_concurrent_increments_are_all_counted(store: Store) -> None:
    def work() -> None:
        for _ in range(25):
            increment(store, "n")

    together(*[work] * 8)
    assert json.loads(store.get(G, "n") or "")["n"] == 200
    assert len(check_history(store)) == 200


def test_old_value_is_the_one_that_was_replaced(store: Store) -> None:
    told: list[tuple[int, str | None]] = []

    def work(writer: int) -> None:
        for step in range(30):
            with store.transaction():
                change, old = store.set(G, "a", f'"{writer}-{step}"', log=True)
            told.append((change.sequence, old))

    together(*(partial(work, writer) for writer in range(6)))
    changes = check_history(store)
    assert min(told) == (1, None)
    assert [old for _, old in sorted(told)[1:]] == [change.value for change in changes[:-1]]


def test_of_writers_that_create_at_one_moment_one_creates(store: Store) -> None:
    for step in range(12):
        address = Address("s", f"g{step}")
        changes = together(*(partial(put, store, "a", f"{writer}", address) for writer in range(4)))
        assert sorted(change.sequence for change in changes) == [1, 2, 3, 4]
        assert [change.kind for change in sorted(changes, key=lambda change: change.sequence)] == [
            "create",
            *["update"] * 3,
        ]
        check_history(store, address)


def test_second_writer_of_a_group_waits_for_the_first(store: Store) -> None:
    steps = Steps("held", "asks")

    def second() -> tuple[Change, str | None]:
        steps.wait("held")
        steps.reach("asks")
        with store.transaction():
            return store.set(G, "a", '"second"', log=True)

    with aside(second) as future:
        with store.transaction():
            store.lock(G, [], make=True)
            steps.reach("held")
            steps.wait("asks")
            store.set(G, "a", '"first"', log=True)
            assert not future.done()
        change, old = future.result()
    assert (change.sequence, old) == (2, '"first"')


def test_an_ordinary_error_is_no_conflict(store: Store) -> None:
    assert not store.is_conflict(LookupError())
    assert not store.is_conflict(ValueError("database is locked"))


def test_snapshot_is_of_one_moment(store: Store) -> None:
    """Transfers between accounts of one group: a reader that saw two moments would find money lost or made."""
    accounts = [f"a{number}" for number in range(8)]
    change(store, lambda held: [held.write(id, json.dumps({"n": 100, "at": 0})) for id in accounts])
    transfers, writers, busy = 25, 3, count()

    def transfer(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(transfers):
            with store.transaction():
                held = store.lock(G, None, make=False)
                for id, by in zip(dice.sample(accounts, 2), (-1, 1), strict=True):
                    value = {"n": number(held, id) + by, "at": held.position.sequence + 1}
                    held.write(id, json.dumps(value))
                store.flush(held, log=True)
        next(busy)

    def read() -> int:
        looks = 0
        while looks == 0 or store.snapshot(G).position.sequence < len(accounts) + 2 * transfers * writers:
            page = store.snapshot(G, limit=3, after=2)
            snapshot, logged = store.snapshot(G), store.log(G, len(accounts))
            values = [json.loads(row.value) for row in snapshot.items]
            assert sum(value["n"] for value in values) == 800
            assert max(value["at"] for value in values) in (0, snapshot.position.sequence)
            assert logged.position.sequence == len(accounts) + len(logged.changes)
            assert [logged.position] == [one.position for one in logged.changes[-1:]] or not logged.changes
            for row in page.items:
                until = [one for one in store.log(G, 0).changes if one.sequence <= page.position.sequence]
                assert row.value == next(one.value for one in reversed(until) if one.id == row.id)
            looks += 1
        return looks

    looked = together(*(partial(transfer, seed) for seed in range(writers)), read, read)
    assert next(busy) == writers
    assert sum(looked[-2:]) > 2
    check_history(store)
