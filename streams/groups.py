"""Items in groups, in a store: reading, and writing in one ordered, announced transaction."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from .batch import Batch
from .bus import changed, committed
from .changes import Address, Change, Written
from .conf import conf
from .definition import Definition
from .errors import InvalidCursor, InvalidItem, WriteConflict
from .identifiers import check_id
from .operations import parse_operations
from .session import Session
from .stores import Store, store_for
from .values import Json, dumps, loads, normalise

T = TypeVar("T")
Names = list[str]
Operations = Sequence[Mapping[str, Any]]

# of a frame, beside its value: names of 255 characters that JSON escapes to six each, and numbers
_FRAME_OVERHEAD = 6 * 3 * 255 + 400


class Items(list[Any]):
    """A page of items. cursor: give it as ``after`` for the next page; None when this is the last."""

    def __init__(self, items: Iterable[Any], cursor: str | None) -> None:
        super().__init__(items)
        self.cursor = cursor


class Groups:
    """The items of one definition. Subclasses say what an item is and who is told of changes."""

    definition: Definition

    @property
    def name(self) -> str:
        """The name it is declared under."""
        return self.definition.name

    @property
    def store(self) -> Store:
        """Where it is kept."""
        return store_for(self.definition.storage)

    # -- reading ----------------------------------------------------------------------------------------------------

    def get(self, group_id: str, id: str) -> Any:
        """Return an item, or None."""
        text = self.store.get(self.address(group_id), check_id(id, "item"))
        return None if text is None else loads(text)

    def list(self, group_id: str, *, limit: int | None = None, after: str | None = None) -> Items:
        """Return the items of a group in the order of their creation; ``.cursor`` of the result continues the list.

        Raises: InvalidCursor.
        """
        if limit is not None and (type(limit) is not int or limit < 1):
            raise InvalidCursor("limit must be a positive number")
        rows = self.store.rows(self.address(group_id), None if limit is None else limit + 1, _created(after))
        more = limit is not None and len(rows) > limit
        rows = rows[:limit]
        return Items((loads(row.value) for row in rows), str(rows[-1].created) if more else None)

    def list_groups(self) -> Names:
        """Return the ids of the groups that hold items, sorted."""
        return self.store.groups(self.name)

    # -- writing ----------------------------------------------------------------------------------------------------

    def set(self, group_id: str, id: str, data: Any) -> Written:
        """Create or replace an item.

        Raises: InvalidId, InvalidItem - nothing was written; WriteConflict - try again.
        """
        address, id = self.address(group_id), check_id(id, "item")
        value = self.encode(id, data)

        def write(store: Store) -> tuple[Written, Sequence[tuple[Change, str | None]]]:
            change, old = store.set(address, id, value, log=self.logged)
            return Written.of(change, old), [(change, old)]

        return self._write(address, write)

    def update(self, group_id: str, id: str, operations: Operations, *, if_exists: bool = False) -> Written | None:
        """Apply update operations to an item, all or none, under the lock of its group.

        A missing item starts as ``{}`` and is created; with *if_exists* nothing is written and None returned.
        Raises: InvalidId, InvalidUpdate, InvalidItem - nothing was written; WriteConflict - try again.
        """
        id, parsed = check_id(id, "item"), parse_operations(operations)
        return self._change(group_id, [id], lambda s: s.update(id, parsed, if_exists=if_exists), make=not if_exists)

    def delete(self, group_id: str, id: str) -> Any:
        """Delete an item; return what it was, or None when there was none (and nothing is announced).

        Raises: InvalidId; WriteConflict - try again.
        """
        id = check_id(id, "item")
        written = self._change(group_id, [id], lambda session: session.delete(id), make=False)
        return None if written is None else written.old_value

    def clear(self, group_id: str) -> int:
        """Delete all items of a group, each announced; return how many there were."""
        return self._change(group_id, None, lambda session: session.clear(), make=False)

    def batch(self, group_id: str) -> Batch:
        """Collect writes to one group and apply them in one transaction, with one range of sequences::

            with todo.batch("inbox") as batch:
                batch.set("1", {...})
                batch.update("2", [...])
                batch.delete("3")
            batch.results    # Written of each; None where nothing was written

        An exception in the body applies nothing. With ``async with`` the end is awaited.
        """
        self.address(group_id)
        return Batch(self.encode, partial(self._apply, group_id))

    # -- for subclasses ---------------------------------------------------------------------------------------------

    def encode(self, id: str, data: Any) -> str:
        """Return *data* as the JSON text of the item *id*.

        Raises: InvalidItem.
        """
        raise NotImplementedError

    @property
    def logged(self) -> bool:
        """Are changes kept?"""
        return self.definition.history is not None

    def address(self, group_id: str) -> Address:
        """Return the address of a group. Raises: InvalidId."""
        return Address(self.definition.name, check_id(group_id, "group"))

    # -- inside -----------------------------------------------------------------------------------------------------

    def _apply(self, group_id: str, ids: Names, work: Callable[[Session], None]) -> None:
        self._change(group_id, ids, work, make=True)

    def _change(self, group_id: str, ids: Names | None, work: Callable[[Session], T], *, make: bool) -> T:
        address = self.address(group_id)

        def write(store: Store) -> tuple[T, Sequence[tuple[Change, str | None]]]:
            held = store.lock(address, ids, make=make)
            result = work(Session(held, self.encode))
            store.flush(held, log=self.logged)
            return result, held.changes

        return self._write(address, write)

    def _write(self, address: Address, write: Callable[[Store], tuple[T, Sequence[tuple[Change, str | None]]]]) -> T:
        """Run *write* in a transaction, or a savepoint of the open one, and announce what it changed.

        It is repeated after a conflict where the transaction is our own.
        """
        store, attempts = self.store, conf().write_attempts
        foreign, give_up = store.is_foreign(), time.monotonic() + conf().write_retry_s
        while True:
            attempts -= 1
            try:
                with store.transaction():
                    result, changes = write(store)
                    if changes:
                        self._announce(address, changes, foreign)
                    return result
            except Exception as error:
                # what met the conflict may be a write of a receiver's own, which has named it already
                if not (isinstance(error, WriteConflict) or store.is_conflict(error)):
                    raise
                if foreign or attempts <= 0 or time.monotonic() > give_up:
                    raise WriteConflict from error

    def _announce(self, address: Address, changes: Sequence[tuple[Change, str | None]], foreign: bool) -> None:
        """Tell who listens inside the transaction, and promise to tell the rest after it."""
        self._changed(changes)
        self.store.on_commit(partial(self._committed, address, [change for change, _ in changes], foreign))

    def _changed(self, changes: Sequence[tuple[Change, str | None]]) -> None:
        for change, old in changes:
            changed.send(self.definition, change=change, old=old)

    def _committed(self, address: Address, changes: Sequence[Change], foreign: bool) -> None:
        if foreign:
            # Django does not know of savepoints that were rolled back by hand: in somebody else's transaction only the
            # log tells what was committed. Where no log is kept, everyone is told to look.
            changes = self.store.changes(address, [change.position for change in changes]) if self.logged else []
            if self.logged and not changes:
                return
        committed.send_robust(self.definition, address=address, changes=changes)


def encode_item(definition: Definition, id: str, data: Any) -> str:
    """Return *data* as the JSON text of an item: an object with its id, valid by the schema, short enough for a frame.

    Raises: InvalidItem.
    """
    if not isinstance(data, Mapping):
        raise InvalidItem(f"an item is a JSON object, not {type(data).__name__}")
    value: dict[str, Json] = normalise(dict(data))
    value.pop("__stream", None)  # was added on the way out, by Written.as_response
    if value.setdefault("id", id) != id:
        raise InvalidItem(fields={"id": [f"must be {id!r:.80}, the id it is stored under, or missing"]})
    definition.schema.check(value)
    return fitting(dumps(value))


def fitting(text: str) -> str:
    """Return *text* if its frame fits into one message. Raises: InvalidItem."""
    size = len(text) if text.isascii() else len(text.encode())
    if size + _FRAME_OVERHEAD > conf().sync_bytes:
        raise InvalidItem(f"the item is too large: {size} bytes do not fit into one frame ({conf().sync_bytes})")
    return text


def _created(after: str | None) -> int:
    if after is None:
        return 0
    if not isinstance(after, str) or not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InvalidCursor
    return int(after)
