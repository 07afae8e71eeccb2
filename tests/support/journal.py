"""Checks what stands in the database against itself; imports nothing of the product."""

import json
from typing import Any

from .product import Product

GROUP = "SELECT id, sequence, epoch, clock FROM streams_group WHERE stream = ? AND key = ?"
ITEMS = "SELECT key, value, sequence, created FROM streams_item WHERE group_id = ? ORDER BY created"
CHANGES = (
    "SELECT sequence, epoch, previous_epoch, clock, kind, key, previous, value"
    " FROM streams_change WHERE group_id = ? ORDER BY sequence"
)


def check(product: Product, stream: str, group: str) -> list[Any]:
    """Return the items of a group in creation order, after every check of its log.

    The kept log is dense up to the group's sequence, each change names the epoch before, clocks increase, each item's
    changes are chained, and replaying it gives the items. A log that was trimmed is checked for what it still holds.
    """
    ((number, sequence, epoch, clock),) = product.rows(GROUP, [stream, group])
    items = {key: (_value(value), at, created) for key, value, at, created in product.rows(ITEMS, [number])}
    log = product.rows(CHANGES, [number])
    if not log:
        return [value for value, _, _ in items.values()]
    assert [row[0] for row in log] == list(range(log[0][0], sequence + 1)), "the log has a hole"
    assert (log[-1][1], log[-1][3]) == (epoch, clock), "the group is not at its last change"
    whole = log[0][0] == 1
    last: dict[str, tuple[Any, int, int]] = {}
    seen: dict[str, int] = {}
    for before, row in zip([None, *log], log, strict=False):
        _follows(before, row)
        at, _, _, _, kind, key, previous, value = row
        if whole or key in seen:
            assert previous == (seen.get(key) if kind != "create" else None), f"change {at} names {previous} before it"
            assert (kind == "create") == (key not in last), f"change {at}: {kind} of {key}"
        seen[key] = at
        if kind == "delete":
            last.pop(key, None)
        else:
            last[key] = (_value(value), at, at if kind == "create" else last.get(key, (None, 0, 0))[2])
    for key in seen:
        assert (key in items) == (key in last), f"log and items disagree about {key}"
        if key in last:
            assert items[key][:2] == last[key][:2], f"log and items disagree about {key}"
            assert last[key][2] in (0, items[key][2]), f"{key} was created at {items[key][2]}"
    if whole:
        assert items.keys() == last.keys()
    return [value for value, _, _ in items.values()]


def _follows(before: tuple[Any, ...] | None, row: tuple[Any, ...]) -> None:
    if before is None:
        return
    assert row[2] == before[1], f"change {row[0]} does not follow the epoch before it"
    assert row[3] > before[3], f"the clock of change {row[0]} stands"


def _value(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text


def integrity(product: Product) -> None:
    """Let SQLite look at its whole file."""
    if product.database == "sqlite":
        assert product.rows("PRAGMA integrity_check") == [("ok",)]
        assert product.rows("PRAGMA foreign_key_check") == []
