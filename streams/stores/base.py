"""The seam of storage: what every store must do, in terms of JSON texts and changes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

from ..changes import Address, Change, Kind, Position


@dataclass(frozen=True, slots=True)
class Held:
    """An item under the lock of its group. value: its JSON text, None when there is no such item."""

    address: Address
    id: str
    value: str | None
    previous: int | None
    group: int = 0  # the store's own name for the group


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
    def set(self, address: Address, id: str, value: str, log: bool) -> tuple[Change, str | None]:
        """Create or replace an item; return the change and the value before. log: keep the change."""

    @abstractmethod
    def lock(self, address: Address, id: str, make: bool) -> Held:
        """Take the lock of the group to the end of the transaction, then read the item.

        make: the group need not be there; without it an item of no group is held as one that is not there.
        """

    @abstractmethod
    def write(self, held: Held, kind: Kind, value: str, log: bool) -> Change:
        """Change the item that is held."""

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
    def snapshot(self, address: Address, ids: Collection[str] | None = None) -> Snapshot:
        """Return position and items of a group (ids: only those) as they were at one moment, committed."""

    @abstractmethod
    def log(self, address: Address, after: int, limit: int | None = None) -> Log:
        """Return position and kept changes above *after* as they were at one moment, committed."""

    @abstractmethod
    def changes(self, address: Address, positions: Collection[Position]) -> list[Change]:
        """Return the kept changes at *positions*, ascending; a position of another history has none."""

    @abstractmethod
    def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        """Return the positions of the groups that were ever written."""
