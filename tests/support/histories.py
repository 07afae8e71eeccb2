"""Writes to a store as a stream makes them, and a look at whether what it keeps is a history."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise

from streams.changes import START, Address, Change
from streams.stores import Store
from streams.stores.base import Held

G = Address("s", "g")


def change(store: Store, work: Callable[[Held], object], address: Address = G, *, log: bool = True) -> list[Change]:
    """Do *work* to a held group in a transaction of its own; return its changes."""
    with store.transaction():
        held = store.lock(address, None, make=True)
        work(held)
        store.flush(held, log=log)
        return [change for change, _ in held.changes]


def put(store: Store, id: str, value: str = "{}", address: Address = G) -> Change:
    with store.transaction():
        return store.set(address, id, value, log=True)[0]


def remove(store: Store, id: str, address: Address = G) -> Change:
    (removed,) = change(store, lambda held: held.write(id, None), address)
    return removed


def number(held: Held, id: str) -> int:
    return int(json.loads(held.items[id].value).get("n", 0)) if id in held.items else 0


def increment(store: Store, id: str, by: int = 1, address: Address = G) -> None:
    with store.transaction():
        held = store.lock(address, [id], make=True)
        held.write(id, json.dumps({"n": number(held, id) + by}))
        store.flush(held, log=True)


def check_history(store: Store, address: Address = G) -> Sequence[Change]:
    """Return the whole log, after a look at whether it is one: dense, chained, in time, and what makes the items."""
    found = store.log(address, 0)
    changes = found.changes
    assert [change.sequence for change in changes] == list(range(1, len(changes) + 1))
    assert [change.previous_epoch for change in changes] == ["", *(change.epoch for change in changes)][:-1]
    assert len({change.epoch for change in changes}) == len(changes)
    assert all(before.clock < after.clock for before, after in pairwise(changes))
    assert found.position == (changes[-1].position if changes else START)
    items: dict[str, tuple[str, int]] = {}
    last: dict[str, int] = {}
    for one in changes:
        assert (one.kind == "create") == (one.id not in items), one
        assert one.previous == (None if one.kind == "create" else last[one.id]), one
        last[one.id] = one.sequence
        if one.kind == "delete":
            assert items.pop(one.id)[0] == one.value
        else:
            items[one.id] = (one.value, items.get(one.id, ("", one.sequence))[1])
    snapshot = store.snapshot(address)
    assert snapshot.position == found.position
    assert [(row.id, row.value, row.created) for row in snapshot.items] == sorted(
        ((id, value, created) for id, (value, created) in items.items()), key=lambda row: row[2]
    )
    return changes


class Undo(Exception):
    """What the body of a transaction ends with that is to be rolled back."""


@contextmanager
def undone(store: Store) -> Iterator[None]:
    """A transaction, or a savepoint in the open one, that is rolled back at the end of the body."""
    with suppress(Undo), store.transaction():
        yield
        raise Undo
