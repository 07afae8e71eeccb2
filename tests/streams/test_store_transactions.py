"""What every store promises of its transactions."""

from functools import partial

import pytest

from streams.changes import START, Address, Position
from streams.stores import Store
from streams.stores.base import Held
from tests.support.histories import G, change, check_history, put, undone
from tests.support.stores import STORES
from tests.support.threads import together

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)


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
