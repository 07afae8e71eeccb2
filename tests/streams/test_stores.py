"""What every store promises, on every store: SQLite, PostgreSQL and memory."""

import json
import random
import time
import unicodedata
from collections.abc import Collection
from functools import partial
from itertools import count

import pytest

from streams.changes import START, Address, Change, Position
from streams.stores import Store
from streams.stores.base import Held
from tests.support.histories import G, change, check_history, increment, number, put, remove, undone
from tests.support.stores import STORES
from tests.support.threads import Steps, aside, together

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


# -- one writer -------------------------------------------------------------------------------------------------------


def test_group_that_was_never_written_is_empty(store: Store) -> None:
    assert store.snapshot(G).position == START
    assert (store.snapshot(G).items, store.log(G, 0).changes) == ([], [])
    assert store.log(G, 0).position == START
    assert store.positions([G]) == {}
    assert (store.get(G, "a"), store.rows(G), store.groups("s"), store.changes(G, [START])) == (None, [], [], [])


def test_sequences_are_dense_and_histories_chained(store: Store) -> None:
    dice, there = random.Random(1), set[str]()
    for step in range(120):
        id = f"i{dice.randrange(12)}"
        if id in there and dice.random() < 0.4:
            remove(store, id)
            there.remove(id)
        else:
            put(store, id, json.dumps({"id": id, "n": step}))
            there.add(id)
    assert len(check_history(store)) == 120
    assert {row.id for row in store.rows(G)} == there


def test_set_tells_whether_it_creates_and_what_was_there(store: Store) -> None:
    with store.transaction():
        created, nothing = store.set(G, "a", '{"v":1}', log=True)
    with store.transaction():
        updated, old = store.set(G, "a", '{"v":2}', log=True)
    assert (created.kind, created.sequence, created.previous, created.value, nothing) == (
        *("create", 1, None, '{"v":1}'),
        None,
    )
    assert (updated.kind, updated.sequence, updated.previous, updated.value, old) == (
        *("update", 2, 1, '{"v":2}'),
        '{"v":1}',
    )
    assert store.log(G, 0).changes == [created, updated]


def test_delete_keeps_the_old_value_in_the_log(store: Store) -> None:
    put(store, "a", '{"v":1}')
    removed = remove(store, "a")
    assert (removed.kind, removed.previous, removed.value) == ("delete", 1, '{"v":1}')
    assert store.get(G, "a") is None
    assert put(store, "a").previous is None, "what is created again follows nothing"


def test_several_changes_of_one_transaction_have_one_range_of_sequences(store: Store) -> None:
    put(store, "a", "1")
    put(store, "b", "1")

    def work(held: Held) -> None:
        held.write("b", "2")
        held.write("a", None)
        held.write("a", "3")
        held.write("c", "4")
        held.write("c", None)
        held.write("b", "5")

    changes = change(store, work)
    assert [(one.sequence, one.kind, one.id, one.previous) for one in changes] == [
        (3, "update", "b", 2),
        (4, "delete", "a", 1),
        (5, "create", "a", None),
        (6, "create", "c", None),
        (7, "delete", "c", 6),
        (8, "update", "b", 3),
    ]
    assert check_history(store)[2:] == changes
    assert [(row.id, row.value, row.created) for row in store.rows(G)] == [("b", "5", 2), ("a", "3", 5)]


def test_clock_increases_when_time_stands_or_steps_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_795_164_336_229_000
    times = iter([now, now, now + 7, now - 3_600_000_000, now - 1, now + 8, now + 12])
    monkeypatch.setattr(time, "time_ns", lambda: next(times) * 1000 + 999)
    clocks = [put(store, "a").clock for _ in range(7)]
    assert clocks == [now, now + 1, now + 7, now + 8, now + 9, now + 10, now + 12]
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    increment(store, "n")
    assert remove(store, "n").clock == now + 14
    check_history(store)


def test_every_change_has_an_epoch_of_its_own(store: Store) -> None:
    epochs = {put(store, "a").epoch for _ in range(50)}
    assert len(epochs) == 50
    assert all(len(epoch) == 8 and epoch.isascii() for epoch in epochs)


def test_what_is_not_logged_moves_the_position_all_the_same(store: Store) -> None:
    put(store, "a", "1")
    with store.transaction():
        silent, _ = store.set(G, "a", "2", log=False)
    change(store, lambda held: held.write("b", "3"), log=False)
    assert store.snapshot(G).position.sequence == 3
    assert [one.sequence for one in store.log(G, 0).changes] == [1]
    assert store.changes(G, [silent.position]) == []
    assert [row.value for row in store.rows(G)] == ["2", "3"]


# -- transactions -----------------------------------------------------------------------------------------------------


def test_refused_write_leaves_no_hole_and_no_group(store: Store) -> None:
    def refuse(held: Held) -> None:
        held.write("a", "{}")
        raise LookupError

    for _ in range(3):
        with pytest.raises(LookupError):
            change(store, refuse)
    assert store.positions([G]) == {}
    assert store.snapshot(G).position == START
    put(store, "a")
    with pytest.raises(LookupError):
        change(store, refuse)
    assert put(store, "a").sequence == 2
    check_history(store)


def test_looking_without_making_makes_nothing(store: Store) -> None:
    with store.transaction():
        held = store.lock(G, ["a"], make=False)
        store.flush(held, log=True)
    assert (held.group, held.position, held.items) == (None, START, {})
    assert (store.positions([G]), store.groups("s")) == ({}, [])


def test_what_is_rolled_back_was_never_there(store: Store) -> None:
    put(store, "a", "1")
    with undone(store):
        store.set(G, "a", "2", log=True)
        store.set(G, "b", "3", log=True)
        store.set(Address("s", "h"), "a", "4", log=True)
        assert store.get(G, "a") == "2", "a transaction sees what it wrote"
    assert [(row.id, row.value) for row in store.rows(G)] == [("a", "1")]
    assert store.positions([G, Address("s", "h")]) == {G: store.snapshot(G).position}
    assert put(store, "b").sequence == 2
    check_history(store)


def test_inner_transaction_that_raises_takes_back_its_own_part_only(store: Store) -> None:
    with store.transaction():
        store.set(G, "a", "1", log=True)
        with undone(store):
            store.set(G, "a", "2", log=True)
            with store.transaction():
                store.set(G, "b", "3", log=True)
        assert store.get(G, "a") == "1"
        with store.transaction():
            kept, _ = store.set(G, "c", "4", log=True)
    assert kept.sequence == 2, "the sequences that were given back are used again"
    assert [(row.id, row.value) for row in store.rows(G)] == [("a", "1"), ("c", "4")]
    check_history(store)


def test_transaction_reads_what_it_wrote(store: Store) -> None:
    put(store, "a", "1")
    put(store, "b", "1")
    with store.transaction():
        store.set(G, "c", "3", log=True)
        held = store.lock(G, None, make=False)
        assert list(held.items) == ["a", "b", "c"]
        held.write("a", None)
        store.flush(held, log=True)
        assert [row.id for row in store.rows(G)] == ["b", "c"]
        assert [row.id for row in store.rows(G, 1, 2)] == ["c"]
        assert store.snapshot(G).position == store.positions([G])[G] == held.position
        assert [one.sequence for one in store.log(G, 1).changes] == [2, 3, 4]
        assert [one.id for one in store.changes(G, [held.position])] == ["a"]
        remaining = store.lock(G, ["a", "b"], make=False)
        assert list(remaining.items) == ["b"]
    check_history(store)


def test_hooks_run_in_order_when_everyone_can_see_the_change(store: Store) -> None:
    seen: list[tuple[str, list[str | None]]] = []

    def look(name: str) -> None:
        seen.append((name, together(partial(store.get, G, "a"))))

    with store.transaction():
        store.set(G, "a", "1", log=True)
        store.on_commit(partial(look, "first"))
        with store.transaction():
            store.on_commit(partial(look, "second"))
        assert seen == []
    assert seen == [("first", ["1"]), ("second", ["1"])]


def test_hooks_of_what_is_rolled_back_never_run(store: Store) -> None:
    ran: list[str] = []
    with store.transaction():
        store.on_commit(lambda: ran.append("outer"))
        with undone(store):
            store.on_commit(lambda: ran.append("inner"))
    with undone(store):
        store.on_commit(lambda: ran.append("rolled back"))
    assert ran == ["outer"]


def test_hook_that_raises_hurts_nobody(store: Store) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise LookupError("a hook of the test")

    with store.transaction():
        store.set(G, "a", "1", log=True)
        store.on_commit(fail)
        store.on_commit(lambda: ran.append("second"))
    assert ran == ["second"]
    assert store.get(G, "a") == "1"


def test_hook_may_write(store: Store) -> None:
    with store.transaction():
        put(store, "a")
        store.on_commit(lambda: put(store, "b") and None)
    assert [row.id for row in store.rows(G)] == ["a", "b"]


def test_transaction_is_foreign_inside_only(store: Store) -> None:
    assert not store.is_foreign()
    with store.transaction():
        assert store.is_foreign()
        assert together(store.is_foreign) == [False], "another thread has transactions of its own"
        with undone(store):
            pass
        assert store.is_foreign()
    assert not store.is_foreign()
    with undone(store):
        pass
    assert not store.is_foreign()


def test_nobody_sees_what_is_not_committed(store: Store) -> None:
    put(store, "a", "1")
    position = store.snapshot(G).position

    def look() -> tuple[object, ...]:
        changes = store.changes(G, [Position(2, "x"), position])
        return (store.get(G, "a"), store.snapshot(G), store.log(G, 0), store.positions([G]), store.rows(G), changes)

    before = look()
    with store.transaction():
        store.set(G, "a", "2", log=True)
        store.set(G, "b", "2", log=True)
        store.set(Address("s", "new"), "b", "2", log=True)
        assert together(look) == [before]
        assert together(partial(store.groups, "s")) == [["g"]]
    assert together(look) != [before]
    assert store.groups("s") == ["g", "new"]


# -- many writers -----------------------------------------------------------------------------------------------------


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


# -- reading ----------------------------------------------------------------------------------------------------------


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


# -- what is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"b":1,"a":2,"B":3,"":4}',
        '{"n":1180591620717411303424,"m":-9223372036854775809}',
        '{"f":[1e-7,1.0,0.30000000000000004,-0.0,1e+22]}',
        '{"t":"\\u0000 \U0001f600 \u2028 \u00e9 e\u0301"}',
        '{"a":1,"a":2}',
        '{ "spaces" : [ ] }',
        "null",
        "[]",
        '"text"',
        json.dumps({"long": "x" * 100_000}),
    ],
)
def test_text_comes_back_as_it_was_written(store: Store, text: str) -> None:
    with store.transaction():
        store.set(G, "a", text, log=True)
    increment(store, "b")
    removed = change(store, lambda held: held.write("b", None))
    with store.transaction():
        _, old = store.set(G, "a", text, log=True)
        held = store.lock(G, ["a"], make=False)
    assert [old, held.items["a"].value, store.get(G, "a"), store.rows(G)[0].value] == [text] * 4
    assert [row.value for row in store.snapshot(G).items] == [text]
    assert [one.value for one in store.log(G, 0).changes if one.id == "a"] == [text] * 2
    assert removed[0].value == '{"n": 1}'


# -- retention --------------------------------------------------------------------------------------------------------


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
