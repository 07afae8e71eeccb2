"""A group in memory: the ledger as it is committed, and the draft that an open transaction makes of it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, takewhile
from threading import Condition, Lock
from typing import TYPE_CHECKING

from ..changes import START, Address, Change
from .base import Current, Held

if TYPE_CHECKING:
    from .transaction import Transaction

# One for everything that is kept in memory, held for moments only; waiting for a group gives it free. A fork waits for
# it too, so that the child finds nothing half done.
mutex = Lock()
os.register_at_fork(before=mutex.acquire, after_in_parent=mutex.release, after_in_child=mutex.release)


class Ledger:
    """A group as everybody sees it; read and changed under the mutex.

    clock: microseconds since 1970. waiting: how many transactions want its lock; free: tells them when they may look.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self.position, self.clock = START, 0
        self.free, self.waiting = Condition(mutex), 0
        self._owner: Transaction | None = None
        self._items: dict[str, Current] = {}
        self._changes: dict[int, Change] = {}

    @property
    def owner(self) -> "Transaction | None":
        """The transaction that holds its lock; in a fork those of the parent's threads are gone."""
        return self._owner if self._owner is not None and self._owner.process == os.getpid() else None

    @owner.setter
    def owner(self, transaction: "Transaction | None") -> None:
        self._owner = transaction
        if transaction is None:
            self.free.notify_all()

    @property
    def abandoned(self) -> bool:
        """Was it made for a write that came to nothing?"""
        return self.position == START and self.owner is None and not self.waiting

    def item(self, id: str) -> Current | None:
        """Return an item."""
        return self._items.get(id)

    def items(self) -> Mapping[str, Current]:
        """Return all items in the order of their creation."""
        return self._items

    def change(self, sequence: int) -> Change | None:
        """Return a kept change."""
        return self._changes.get(sequence)

    def newest(self) -> Iterator[Change]:
        """Return the kept changes, the newest first."""
        return reversed(self._changes.values())

    def commit(self, draft: "Draft") -> None:
        """Become what *draft* is."""
        self.position, self.clock = draft.position, draft.clock
        for id, item in sorted(draft.touched.items(), key=_creation):
            if item is None or (id in self._items and self._items[id].created != item.created):
                self._items.pop(id, None)  # what is created again goes to the end
            if item is not None:
                self._items[id] = item
        self._changes.update(draft.added)

    def trim(self, until: int, before: int) -> int:
        """Drop the changes up to the sequence *until*, and those older than the clock *before*; return their number."""
        # sequence and clock increase together: after the first that stays, all stay
        old = list(takewhile(lambda change: change.sequence <= until or change.clock < before, self._changes.values()))
        for change in old:
            del self._changes[change.sequence]
        return len(old)


class Draft:
    """A group as the transaction sees it that holds its lock. touched: its items (None: deleted); added: its
    changes.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.position, self.clock = ledger.position, ledger.clock
        self.touched: dict[str, Current | None] = {}
        self.added: dict[int, Change] = {}

    def item(self, id: str) -> Current | None:
        return self.touched[id] if id in self.touched else self.ledger.item(id)

    def items(self) -> Mapping[str, Current]:
        merged: dict[str, Current | None] = {**self.ledger.items(), **self.touched}
        kept = [(id, item) for id, item in merged.items() if item is not None]
        return dict(sorted(kept, key=_creation))

    def change(self, sequence: int) -> Change | None:
        return self.added.get(sequence) or self.ledger.change(sequence)

    def newest(self) -> Iterator[Change]:
        return chain(reversed(self.added.values()), self.ledger.newest())

    def keep(self, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool) -> Callable[[], None]:
        """Write what was written to *held*; return what undoes it."""
        position, clock = self.position, self.clock
        touched = {id: self.touched[id] for id in (*kept, *gone) if id in self.touched}
        added = [change.sequence for change, _ in held.changes] if log else []

        def undo() -> None:
            self.position, self.clock = position, clock
            for id in (*kept, *gone):
                del self.touched[id]
            self.touched |= touched
            for sequence in added:
                del self.added[sequence]

        self.position, self.clock = held.position, held.clock
        self.touched |= {**kept, **dict.fromkeys(gone)}
        self.added |= {change.sequence: change for change, _ in held.changes} if log else {}
        return undo


def _creation(entry: tuple[str, Current | None]) -> int:
    return entry[1].created if entry[1] is not None else 0
