"""Work on a group that is held: what stream and state do to it, in their own terms."""

from collections.abc import Callable, Sequence
from typing import Any

from .changes import Written
from .operations import Operation, apply_operations
from .stores.base import Held
from .values import loads


class Session:
    """Writes to *held*. encode: of the stream, makes an item's JSON text."""

    def __init__(self, held: Held, encode: Callable[[str, Any], str]) -> None:
        self._held, self._encode = held, encode

    def set(self, id: str, value: str) -> Written:
        """Create or replace an item; value: JSON text."""
        return self._write(id, value)

    def update(self, id: str, operations: Sequence[Operation], *, if_exists: bool) -> Written | None:
        """Apply *operations*; None when there is no such item and *if_exists*."""
        item = self._held.items.get(id)
        if item is None and if_exists:
            return None
        return self._write(id, self._encode(id, apply_operations(loads(item.value) if item else {}, operations)))

    def delete(self, id: str) -> Written | None:
        """Delete an item; None when there is none."""
        return self._write(id, None) if id in self._held.items else None

    def clear(self) -> int:
        """Delete all items; return how many there were."""
        ids = list(self._held.items)
        for id in ids:
            self._held.write(id, None)
        return len(ids)

    def _write(self, id: str, value: str | None) -> Written:
        change = self._held.write(id, value)
        return Written.of(change, self._held.changes[-1][1])
