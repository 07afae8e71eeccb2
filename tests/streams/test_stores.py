"""What every store promises a single writer, on every store: SQLite, PostgreSQL and memory."""

import json
import random
import time

import pytest

from streams.changes import START
from streams.stores import Store
from streams.stores.base import Held
from tests.support.histories import G, change, check_history, increment, put, remove
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)


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


def test_renewed_group_has_its_items_and_another_history(store: Store) -> None:
    with store.transaction():
        assert store.renew(G) is None, "what was never written has no history"
    assert store.positions([G]) == {}
    before = [put(store, "a", "1"), put(store, "b", "2")]
    with store.transaction():
        renewed = store.renew(G)
    assert renewed is not None
    assert (renewed.sequence, store.snapshot(G).position, store.positions([G])) == (3, renewed, {G: renewed})
    assert store.log(G, 0).changes == before
    assert store.log(G, 0).position == renewed
    after = put(store, "a", "3")
    assert (after.sequence, after.previous, after.previous_epoch) == (4, 1, renewed.epoch)
    assert renewed.epoch not in {change.epoch for change in before}
    assert after.clock > before[-1].clock + 1, "its moment was one of its own"
    assert [(row.id, row.value, row.created) for row in store.rows(G)] == [("a", "3", 1), ("b", "2", 2)]
