"""What every store promises its readers."""

import random
import unicodedata

import pytest

from streams.changes import Address, Position
from streams.stores import Store
from tests.support.histories import G, change, check_history, increment, put, remove
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

ODD = [
    *("a:b", "a/b", "a b", " a", "a ", "A", "a", "%", "_", "*", "a\\b", "'", '"', "\n", "\x7f", "a\u2028b", "\ufeff"),
    *(
        "\ufffd",
        "\uffff",
        "\U0001f600",
        "\U0010ffff",
        "ß",
        "SS",
        "\u0131",
        "I",
        "i",
        "null",
        "0",
        "00",
        "-",
        "...",
        ".a",
    ),
    *(unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é"), "x" * 255, "\U0001f600" * 255),
]


def test_items_are_listed_in_the_order_of_their_creation(store: Store) -> None:
    for id in "dbca":
        put(store, id)
    put(store, "d", "1")
    increment(store, "b")
    assert [row.id for row in store.rows(G)] == ["d", "b", "c", "a"]
    remove(store, "d")
    put(store, "d")
    assert [row.id for row in store.rows(G)] == ["b", "c", "a", "d"], "what is created again goes to the end"
    assert [row.id for row in store.snapshot(G).items] == ["b", "c", "a", "d"]
    assert [row.id for row in store.snapshot(G, ["d", "a", "b", "b", "none"]).items] == ["b", "a", "d"]


def test_list_goes_on_after_what_was_seen(store: Store) -> None:
    for step in range(10):
        put(store, f"i{step}")
    first = store.rows(G, 4)
    assert [row.id for row in first] == ["i0", "i1", "i2", "i3"]
    remove(store, "i3")
    remove(store, "i5")
    put(store, "i0", "1")
    second = store.rows(G, 4, first[-1].created)
    assert [row.id for row in second] == ["i4", "i6", "i7", "i8"]
    put(store, "i3")
    assert [row.id for row in store.rows(G, None, second[-1].created)] == ["i9", "i3"]
    assert store.rows(G, 4, 10**15) == []


def test_pages_of_a_snapshot_go_on_after_what_was_seen(store: Store) -> None:
    for step in range(7):
        put(store, f"i{step}")
    remove(store, "i3")
    first = store.snapshot(G, limit=3)
    assert ([row.id for row in first.items], first.position.sequence) == (["i0", "i1", "i2"], 8)
    put(store, "i0", "1")
    second = store.snapshot(G, limit=3, after=first.items[-1].created)
    assert ([row.id for row in second.items], second.position.sequence) == (["i4", "i5", "i6"], 9)
    rest = store.snapshot(G, after=second.items[-1].created)
    assert (list(rest.items), rest.position) == ([], second.position), "the position of a group is known without items"
    assert [row.id for row in store.snapshot(G, ["i6", "i1", "i5"], limit=1, after=first.items[0].created).items] == [
        "i1"
    ]


def test_groups_are_sorted_code_point_by_code_point_and_go_with_their_last_item(store: Store) -> None:
    for group in random.Random(2).sample(ODD, len(ODD)):
        put(store, "a", "1", Address("s", group))
    put(store, "a", "1", Address("other", "elsewhere"))
    assert store.groups("s") == sorted(ODD)
    remove(store, "a", Address("s", "a/b"))
    assert store.groups("s") == sorted(set(ODD) - {"a/b"})
    assert store.positions([Address("s", "a/b")])[Address("s", "a/b")].sequence == 2, "its position stays"
    assert store.groups("none") == []


@pytest.mark.feature("A12")
def test_streams_groups_and_items_of_any_id_are_kept_apart(store: Store) -> None:
    addresses = [Address(stream, group) for stream in ("s", "S", "s:g", "\U0001f600" * 255) for group in ODD]
    for n, address in enumerate(addresses):
        change(store, lambda held, n=n: [held.write(id, f"[{n},{i}]") for i, id in enumerate(ODD)], address)
    for n, address in enumerate(addresses):
        assert [(row.id, row.value) for row in store.rows(address)] == [(id, f"[{n},{i}]") for i, id in enumerate(ODD)]
        assert store.snapshot(address).position.sequence == len(ODD)
    remove(store, "a", addresses[0])
    for address in addresses[1:]:
        assert store.get(address, "a") is not None
    assert len(store.positions(addresses)) == len(addresses)


def test_log_is_read_from_a_sequence_on_the_newest_when_limited(store: Store) -> None:
    for step in range(10):
        put(store, f"i{step % 3}")
    whole = check_history(store)
    position = whole[-1].position
    assert (store.log(G, 6).changes, store.log(G, 6).position) == (whole[6:], position)
    assert (store.log(G, 10).changes, store.log(G, 99).changes) == ([], [])
    assert store.log(G, 2, 3).changes == whole[-3:]
    assert store.log(G, 8, 3).changes == whole[8:]
    assert (store.log(G, 0, 0).position, store.log(G, 0, 0).changes) == (position, [])
    assert store.log(G, 99).position == position


def test_changes_are_found_by_position(store: Store) -> None:
    changes = [put(store, f"i{step % 7}") for step in range(1200)]
    wanted = [change.position for change in random.Random(3).sample(changes, 1100)]
    foreign = [Position(change.sequence, "________") for change in changes[:50]]
    found = store.changes(G, [*wanted, *foreign, Position(5000, "x")])
    assert found == [change for change in changes if change.position in set(wanted)], "ascending, of this history only"
    assert store.changes(G, []) == []


def test_positions_of_many_groups_are_told_at_once(store: Store) -> None:
    with store.transaction():
        for number in range(2500):
            store.set(Address(f"s{number % 3}", f"g{number}"), "a", "1", log=False)
    put(store, "a", "1", Address("s0", "g0"))
    addresses = [Address(f"s{number % 3}", f"g{number}") for number in range(2500)]
    found = store.positions([*addresses, Address("s1", "g0"), Address("none", "none")])
    assert set(found) == set(addresses)
    assert found[addresses[0]].sequence == 2
    assert all(found[address].sequence == 1 and len(found[address].epoch) == 8 for address in addresses[1:])


def test_snapshot_of_very_many_items_of_a_group(store: Store) -> None:
    put(store, "i7", "7")
    put(store, "i5", "5")
    assert [row.id for row in store.snapshot(G, [f"i{number}" for number in range(40_000)]).items] == ["i7", "i5"]
    assert store.snapshot(G, []).items == []
    assert store.snapshot(G, []).position.sequence == 2


def test_batch_of_very_many_items(store: Store) -> None:
    ids = [f"i{number}" for number in range(33_000)]
    with store.transaction():
        held = store.lock(G, ids, make=True)
        for id in ids:
            held.write(id, "1")
        store.flush(held, log=False)
    assert store.snapshot(G).position.sequence == len(ids)
    assert len(store.rows(G)) == len(ids)


def test_groups_are_known_also_when_they_hold_nothing_any_more(store: Store) -> None:
    for group in ("b", "B", "é", "a"):
        put(store, "i", "1", Address("s", group))
    put(store, "i", "1", Address("other", "c"))
    remove(store, "i", Address("s", "b"))
    with store.transaction():
        store.lock(Address("s", "only locked"), [], make=True)
    assert store.groups("s") == ["B", "a", "é"]
    assert store.known("s") == ["B", "a", "b", "é"]
    assert store.known("none") == []
