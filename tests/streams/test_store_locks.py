"""What stores promise that have a lock for each group."""

from functools import partial

import pytest

from streams.changes import Address
from streams.stores import Store
from tests.support.histories import G, check_history, put
from tests.support.stores import LOCKS_PER_GROUP
from tests.support.threads import Steps, together

pytestmark = pytest.mark.parametrize("kept", LOCKS_PER_GROUP, indirect=True)


def test_writers_of_two_groups_do_not_wait(store: Store) -> None:
    with store.transaction():
        store.set(G, "a", "1", log=True)
        other = Address("s", "other")
        assert together(partial(put, store, "a", "2", other))[0].sequence == 1
        assert store.get(other, "a") == "2"


def test_one_of_two_writers_that_wait_for_each_other_gives_way(store: Store) -> None:
    one, two = Address("s", "one"), Address("s", "two")
    put(store, "a", "0", one)
    put(store, "a", "0", two)
    steps = Steps("first has one", "second has two")

    def write(mine: Address, other: Address, reached: str, awaited: str) -> bool:
        try:
            with store.transaction():
                store.set(mine, "a", "1", log=True)
                steps.reach(reached)
                steps.wait(awaited)
                store.set(other, "a", "1", log=True)
        except Exception as error:
            if not store.is_conflict(error):
                raise
            return False
        return True

    first = partial(write, one, two, "first has one", "second has two")
    second = partial(write, two, one, "second has two", "first has one")
    assert sorted(together(first, second)) == [False, True]
    for address in (one, two):
        assert len(check_history(store, address)) == 2
