"""The seam of storage: what every store must do, in terms of JSON texts and changes."""

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import ClassVar

from ..changes import START, Address, Change, Position


@dataclass(frozen=True, slots=True)
class Current:
    """An item under the lock of its group. created, sequence: of its creation and of its last change."""

    value: str
    created: int
    sequence: int


@dataclass(slots=True)
class Held:
    """A group under its lock, with the items that were asked for; it follows what is written.

    group: the store's own name of the row; None when there is no such group. clock: microseconds since 1970. changes:
    what was written, each with the item's value before; nothing of it is stored before ``Store.flush``.
    """

    address: Address
    group: int | None
    position: Position
    clock: int
    items: dict[str, Current]
    changes: list[tuple[Change, str | None]] = field(default_factory=list)

    def write(self, id: str, value: str | None) -> Change:
        """Change an item as the next change of the group. value: JSON text; None deletes the item, which must be
        there.
        """
        old = self.items.get(id)
        self.clock = max(time.time_ns() // 1000, self.clock + 1)
        change = Change(
            stream=self.address.stream,
            group=self.address.group,
            id=id,
            kind="delete" if value is None else "update" if old else "create",
            sequence=self.position.sequence + 1,
            epoch=new_epoch(),
            previous_epoch=self.position.epoch,
            clock=self.clock,
            previous=old.sequence if old else None,
            value=old.value if value is None and old else value or "",
        )
        if value is None:
            del self.items[id]
        else:
            self.items[id] = Current(value, old.created if old else change.sequence, change.sequence)
        self.position = change.position
        self.changes.append((change, old.value if old else None))
        return change

    def jump(self) -> Change:
        """Leave the history so far: the next sequence, reached from nowhere by a change of no item."""
        self.clock = max(time.time_ns() // 1000, self.clock + 1)
        sequence, epoch, nowhere = self.position.sequence + 1, BY_HAND + new_epoch()[1:], new_epoch()
        change = Change(
            self.address.stream, self.address.group, "", "update", sequence, epoch, nowhere, self.clock, None, ""
        )
        self.position = change.position
        self.changes.append((change, None))
        return change


BY_HAND = "~"
"""The first character of an epoch that no change has: that of a history begun by hand."""


def new_epoch() -> str:
    """Return a name for the history up to a change: 8 random characters, which no backup brings back."""
    return secrets.token_urlsafe(6)


@dataclass(frozen=True, slots=True)
class Row:
    """An item as it is kept. created: the sequence of its creation, which is the order of items."""

    id: str
    value: str
    created: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A group, or some items of it, at one position. items: in creation order."""

    position: Position
    items: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Log:
    """What followed a sequence. position: of the group; changes: ascending, the newest ones when there was a limit."""

    position: Position
    changes: Sequence[Change]


class Store(ABC):
    """Keeps the groups of streams.

    Writers of one group come one after another, writers of different groups do not wait for each other. Within a
    group every change takes the next sequence, and what a method reads belongs to one moment.
    """

    transactional: ClassVar[bool]
    """Do the project's own rows commit together with a change?"""
    shared: ClassVar[bool]
    """Do other processes read what this one writes?"""

    # -- writing: only inside transaction() ------------------------------------------------------------------------

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction, or a savepoint in the one that is open: what raises leaves nothing behind."""

    @abstractmethod
    def is_foreign(self) -> bool:
        """Is a transaction open that somebody else will commit or roll back?"""

    @abstractmethod
    def on_commit(self, hook: Callable[[], None]) -> None:
        """Call *hook* when the changes of this transaction can be seen by all; never when they are rolled back."""

    @abstractmethod
    def is_conflict(self, error: Exception) -> bool:
        """Did the database undo the transaction for the sake of another one, so that the same may succeed later?"""

    @abstractmethod
    def lock(self, address: Address, ids: Collection[str] | None, *, make: bool) -> Held:
        """Take the lock of a group to the end of the transaction, then read items (None: all).

        make: make the group where it is not there.
        """

    def set(self, address: Address, id: str, value: str, *, log: bool) -> tuple[Change, str | None]:
        """Create or replace an item; return the change and the value before. log: keep the change."""
        held = self.lock(address, [id], make=True)
        held.write(id, value)
        self.flush(held, log=log)
        return held.changes[0]

    def flush(self, held: Held, *, log: bool) -> None:
        """Store what was written to *held*. log: keep the changes."""
        if held.changes:
            touched = dict.fromkeys(change.id for change, _ in held.changes)
            kept = {id: held.items[id] for id in touched if id in held.items}
            self._keep(held, kept, [id for id in touched if id not in kept], log)

    def renew(self, address: Address) -> Position | None:
        """Begin a new history of a group, with the items as they are: who held a position of it starts afresh.

        Return the new position; None when the group was never written. Nothing is logged.
        """
        held = self.lock(address, [], make=False)
        if held.group is None or held.position == START:
            return None
        held.jump()
        self._keep(held, {}, [], log=False)
        return held.position

    @abstractmethod
    def _keep(self, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool) -> None:
        """Store the group's position, items that are (*kept*) and that are no more (*gone*), and the changes if
        *log*.
        """

    # -- reading ----------------------------------------------------------------------------------------------------

    @abstractmethod
    def get(self, address: Address, id: str) -> str | None:
        """Return an item's JSON text."""

    @abstractmethod
    def rows(self, address: Address, limit: int | None = None, after: int = 0) -> list[Row]:
        """Return items in creation order. after: only those whose ``created`` is above."""

    @abstractmethod
    def groups(self, stream: str) -> list[str]:
        """Return the ids of the groups that hold items, sorted code point by code point."""

    @abstractmethod
    def known(self, stream: str) -> list[str]:
        """Return the ids of the groups that were ever written, those without items too, sorted as ``groups`` is."""

    @abstractmethod
    def snapshot(
        self, address: Address, ids: Collection[str] | None = None, *, limit: int | None = None, after: int = 0
    ) -> Snapshot:
        """Return position and items of a group as they were at one moment, committed.

        ids: only those. limit, after: as in ``rows``.
        """

    @abstractmethod
    def log(self, address: Address, after: int, limit: int | None = None) -> Log:
        """Return position and kept changes above *after* as they were at one moment, committed."""

    @abstractmethod
    def changes(self, address: Address, positions: Collection[Position]) -> list[Change]:
        """Return the kept changes at *positions*, ascending; a position of another history has none."""

    @abstractmethod
    def trim(self, stream: str, keep: int, before: int, after: str, groups: int) -> tuple[int, str | None]:
        """Drop kept changes that are older than the newest *keep* of their group, or than the clock *before*.

        One slice of work: at most *groups* groups, those whose id follows *after*. Returns the id to go on after,
        None when this was the last slice. Never touches positions and items.
        """

    @abstractmethod
    def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        """Return the positions of the groups that were ever written."""
