"""What every store forgets when it is told to, and what it never does."""

from collections.abc import Collection

import pytest

from streams.changes import Address
from streams.stores import Store
from streams.stores.base import Held
from tests.support.histories import G, change, put
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)


def kept_sequences(store: Store, groups: Collection[str]) -> dict[str, list[int]]:
    return {group: [one.sequence for one in store.log(Address("s", group), 0).changes] for group in groups}


def test_trim_keeps_the_newest_of_each_group_and_never_touches_items(store: Store) -> None:
    sizes = {"a": 3, "b": 10, "c": 4, "d": 0, "é": 7}
    for group, size in sizes.items():
        for step in range(size):
            put(store, f"i{step}", "1", Address("s", group))
    put(store, "i", "1", Address("t", "b"))
    assert store.trim("s", 4, 0, "", 100) == (9, None)
    assert kept_sequences(store, sizes) == {
        "a": [1, 2, 3],
        "b": [7, 8, 9, 10],
        "c": [1, 2, 3, 4],
        "d": [],
        "é": [4, 5, 6, 7],
    }
    assert store.trim("s", 4, 0, "", 100) == (0, None)
    assert [len(store.rows(Address("s", group))) for group in sizes] == list(sizes.values())
    assert store.trim("s", 0, 0, "", 100) == (15, None)
    assert put(store, "i", "1", Address("s", "b")).sequence == 11
    assert store.log(Address("t", "b"), 0).changes


def test_trim_drops_what_is_older_than_a_moment(store: Store) -> None:
    changes = [put(store, "a") for _ in range(6)]
    assert store.trim("s", 2**62, changes[2].clock, "", 100) == (2, None)
    assert store.trim("s", 3, changes[2].clock, "", 100) == (1, None), "beyond either bound is gone"
    assert store.log(G, 0).changes == changes[3:]


def test_trim_goes_on_slice_by_slice(store: Store) -> None:
    groups = sorted(["a", "b", "B", "ä", "\U0001f600", "z"])
    for group in groups:
        for _ in range(3):
            put(store, "i", "1", Address("s", group))
    seen, after = [], ""
    for _ in range(4):
        deleted, last = store.trim("s", 1, 0, after, 2)
        seen.append((deleted, last))
        if last is None:
            break
        after = last
    assert seen == [(4, groups[1]), (4, groups[3]), (4, groups[5]), (0, None)]
    assert kept_sequences(store, groups) == {group: [3] for group in groups}


def test_trim_of_a_long_log_with_holes_ends(store: Store) -> None:
    def many(held: Held) -> None:
        for _ in range(1500):
            held.write("a", "1")

    change(store, many)
    change(store, many, log=False)
    change(store, many)
    while store.trim("s", 10, 0, "", 100)[0]:
        pass
    assert [one.sequence for one in store.log(G, 0).changes] == list(range(4491, 4501))
