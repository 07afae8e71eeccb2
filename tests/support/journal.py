"""Checks what stands in the database against itself; imports nothing of the product.

A *look* is a function that runs a query with ``?`` placeholders and returns its rows: ``Product.rows``.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Look = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]

GROUP = "SELECT id, sequence, epoch, clock FROM streams_group WHERE stream = ? AND key = ?"
ITEMS = "SELECT key, value, sequence, created FROM streams_item WHERE group_id = ? ORDER BY created"
CHANGES = (
    "SELECT sequence, epoch, previous_epoch, clock, kind, key, previous, value"
    " FROM streams_change WHERE group_id = ? ORDER BY sequence"
)


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the log."""

    sequence: int
    epoch: str
    previous_epoch: str
    clock: int
    kind: str
    key: str
    previous: int | None
    value: Any


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it is kept, or as a replay of the log says. created: None where the log does not reach back to it."""

    value: Any
    sequence: int
    created: int | None


def check(look: Look, stream: str, group: str) -> list[Any]:
    """Return the items of a group in creation order, after every check of its log.

    The kept log is dense up to the group's sequence, each change names the epoch before, clocks increase, each item's
    changes are chained, and replaying it gives the items. A log that was trimmed is checked for what it still holds.
    """
    ((number, sequence, epoch, clock),) = look(GROUP, [stream, group])
    items = {key: Item(_json(value), at, created) for key, value, at, created in look(ITEMS, [number])}
    log = [Change(*row) for row in look(CHANGES, [number])]
    if log:
        assert [change.sequence for change in log] == list(range(log[0].sequence, sequence + 1)), "the log has a hole"
        assert (log[-1].epoch, log[-1].clock) == (epoch, clock), "the group is not at its last change"
        for before, after in pairwise(log):
            assert after.previous_epoch == before.epoch, f"change {after.sequence} is of another history"
            assert after.clock > before.clock, f"the clock of change {after.sequence} stands"
        _compare(log, items)
    return [item.value for item in items.values()]


def _compare(log: list[Change], items: dict[str, Item]) -> None:
    """Replay the log and compare every item it speaks of; all of them if it is whole."""
    whole = log[0].sequence == 1
    replayed: dict[str, Item | None] = {}
    seen: dict[str, int] = {}
    for change in log:
        before = replayed.get(change.key)
        if whole or change.key in seen:
            assert (change.kind == "create") == (before is None), f"change {change.sequence}: {change.kind}"
            expected = None if before is None else seen[change.key]
            assert change.previous == expected, f"change {change.sequence} follows {change.previous}, not {expected}"
        seen[change.key] = change.sequence
        created = change.sequence if change.kind == "create" else (before.created if before else None)
        replayed[change.key] = None if change.kind == "delete" else Item(_json(change.value), change.sequence, created)
    assert not whole or items.keys() <= seen.keys(), "items that the log does not know"
    for key, said in replayed.items():
        kept = items.get(key)
        if kept is not None and said is not None and said.created is None:
            kept = Item(kept.value, kept.sequence, None)
        assert kept == said, f"item {key}: kept {kept}, logged {said}"


def _json(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text


def integrity(look: Look, database: str) -> None:
    """Let SQLite look at its whole file."""
    if database == "sqlite":
        assert look("PRAGMA integrity_check", []) == [("ok",)]
        assert look("PRAGMA foreign_key_check", []) == []
