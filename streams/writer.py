"""``Stream``: what the project declares, reads and writes."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from pydantic import BaseModel

from .bus import changed, committed
from .changes import Address, Change, GroupState, Kind, Written
from .conf import conf
from .definition import Definition, define
from .errors import InvalidCursor, InvalidItem, WriteConflict
from .identifiers import check_id
from .operations import apply_operations, parse_operations
from .stores import Store, store_for
from .values import Json, dumps, loads, normalise

T = TypeVar("T")
Names = list[str]
Operations = Sequence[Mapping[str, Any]]

Announce = Callable[[Change, str | None], None]

# of a frame, beside its value: names of 255 characters that JSON escapes to six each, and numbers
_FRAME_OVERHEAD = 6 * 3 * 255 + 400


class Items(list[Any]):
    """A page of items. cursor: give it as ``after`` for the next page; None when this is the last."""

    def __init__(self, items: Iterable[Any], cursor: str | None) -> None:
        super().__init__(items)
        self.cursor = cursor


class Stream:
    """A stream of items in groups: what is written here is seen by every subscriber, in the order of the commits.

    schema: pydantic model class, DRF serializer class or JSON Schema dict; options: see ``Definition``. Every method
    has an async twin with an ``a`` before its name.
    Raises: DefinitionError - an unknown option or a value that makes no sense; the file of the call is named.
    """

    definition: Definition

    def __init__(self, name: str, **options: Any) -> None:
        self.definition = define(name, options)

    def __repr__(self) -> str:
        return f"<Stream {self.definition.name!r}>"

    @property
    def name(self) -> str:
        return self.definition.name

    @cached_property
    def store(self) -> Store:
        return store_for(self.definition.storage)

    # -- reading ----------------------------------------------------------------------------------------------------

    def get(self, group_id: str, id: str) -> dict[str, Any] | None:
        """Return an item, or None."""
        text = self.store.get(self._address(group_id), check_id(id, "item"))
        return None if text is None else loads(text)

    def list(self, group_id: str, *, limit: int | None = None, after: str | None = None) -> Items:
        """Return the items of a group in the order of their creation; ``.cursor`` of the result continues the list.

        Raises: InvalidCursor.
        """
        address, created = self._address(group_id), _created(after)
        rows = self.store.rows(address, None if limit is None else limit + 1, created)
        more = limit is not None and len(rows) > limit
        rows = rows[:limit]
        return Items((loads(row.value) for row in rows), str(rows[-1].created) if more and rows else None)

    def snapshot(self, group_id: str) -> GroupState:
        """Return the items of a group with their position, for a page that goes on from there."""
        found = self.store.snapshot(self._address(group_id))
        return GroupState([loads(row.value) for row in found.items], found.position.sequence, found.position.epoch)

    def list_groups(self) -> Names:
        """Return the ids of the groups that hold items, sorted."""
        return self.store.groups(self.name)

    # -- writing ----------------------------------------------------------------------------------------------------

    def set(self, group_id: str, id: str, data: Mapping[str, Any] | BaseModel) -> Written:
        """Create or replace an item.

        Raises: InvalidId, InvalidItem - nothing was written; WriteConflict - try again.
        """
        address, id = self._address(group_id), check_id(id, "item")
        value = self._text(id, data)

        def write(store: Store, announce: Announce) -> Written:
            change, old = store.set(address, id, value, self._logged)
            announce(change, old)
            return Written.of(change, old)

        return self._write(write)

    def update(self, group_id: str, id: str, operations: Operations, *, if_exists: bool = False) -> Written | None:
        """Apply update operations to an item, all or none, under the lock of its group.

        A missing item starts as ``{}`` and is created; with *if_exists* nothing is written and None returned.
        Raises: InvalidId, InvalidUpdate, InvalidItem - nothing was written; WriteConflict - try again.
        """
        address, id = self._address(group_id), check_id(id, "item")
        parsed = parse_operations(operations)

        def write(store: Store, announce: Announce) -> Written | None:
            held = store.lock(address, id, make=not if_exists)
            if held.value is None and if_exists:
                return None
            old = {} if held.value is None else loads(held.value)
            kind: Kind = "create" if held.value is None else "update"
            change = store.write(held, kind, self._text(id, apply_operations(old, parsed)), self._logged)
            announce(change, held.value)
            return Written.of(change, held.value)

        return self._write(write)

    def delete(self, group_id: str, id: str) -> dict[str, Any] | None:
        """Delete an item; return what it was, or None when there was none (and nothing is announced).

        Raises: InvalidId; WriteConflict - try again.
        """
        address, id = self._address(group_id), check_id(id, "item")

        def write(store: Store, announce: Announce) -> dict[str, Any] | None:
            held = store.lock(address, id, make=False)
            if held.value is None:
                return None
            change = store.write(held, "delete", held.value, self._logged)
            announce(change, held.value)
            old: dict[str, Any] = loads(held.value)
            return old

        return self._write(write)

    # -- async twins ------------------------------------------------------------------------------------------------

    async def aget(self, group_id: str, id: str) -> dict[str, Any] | None:
        return await sync_to_async(self.get)(group_id, id)

    async def alist(self, group_id: str, *, limit: int | None = None, after: str | None = None) -> Items:
        return await sync_to_async(self.list)(group_id, limit=limit, after=after)

    async def asnapshot(self, group_id: str) -> GroupState:
        return await sync_to_async(self.snapshot)(group_id)

    async def alist_groups(self) -> Names:
        return await sync_to_async(self.list_groups)()

    async def aset(self, group_id: str, id: str, data: Mapping[str, Any] | BaseModel) -> Written:
        return await sync_to_async(self.set)(group_id, id, data)

    async def aupdate(
        self, group_id: str, id: str, operations: Operations, *, if_exists: bool = False
    ) -> Written | None:
        return await sync_to_async(self.update)(group_id, id, operations, if_exists=if_exists)

    async def adelete(self, group_id: str, id: str) -> dict[str, Any] | None:
        return await sync_to_async(self.delete)(group_id, id)

    # -- inside -----------------------------------------------------------------------------------------------------

    @property
    def _logged(self) -> bool:
        return self.definition.history is not None

    def _address(self, group_id: str) -> Address:
        return Address(self.definition.name, check_id(group_id, "group"))

    def _text(self, id: str, data: Any) -> str:
        """Return *data* as an item's JSON text: with its id, valid by the schema, and short enough for one frame."""
        if isinstance(data, BaseModel):
            data = data.model_dump(mode="json", exclude_unset=True)
        if not isinstance(data, Mapping):
            raise InvalidItem(f"an item is a JSON object, not {type(data).__name__}")
        value: dict[str, Json] = normalise(dict(data))
        value.pop("__stream", None)  # was added on the way out, by Written.as_response
        if value.setdefault("id", id) != id:
            raise InvalidItem(fields={"id": [f"must be {id!r:.80}, the id it is stored under, or missing"]})
        self.definition.schema.check(value)
        text = dumps(value)
        size = len(text) if text.isascii() else len(text.encode())
        if size + _FRAME_OVERHEAD > conf().sync_bytes:
            raise InvalidItem(f"the item is too large: {size} bytes do not fit into one frame ({conf().sync_bytes})")
        return text

    def _write(self, write: Callable[[Store, Announce], T]) -> T:
        """Run *write* in a transaction, or a savepoint of the open one; repeat it where the transaction is our own."""
        store, attempts = self.store, conf().write_attempts
        foreign, give_up = store.is_foreign(), time.monotonic() + conf().write_retry_s
        while True:
            attempts -= 1
            try:
                with store.transaction():
                    return write(store, partial(self._announce, foreign))
            except Exception as error:
                if not store.is_conflict(error):
                    raise
                if foreign or attempts <= 0 or time.monotonic() > give_up:
                    raise WriteConflict from error

    def _announce(self, foreign: bool, change: Change, old: str | None) -> None:
        """Tell who listens inside the transaction, and promise to tell the rest after it."""
        changed.send(self.definition, change=change, old=old)
        self.store.on_commit(partial(self._committed, foreign, change))

    def _committed(self, foreign: bool, change: Change) -> None:
        changes = [change]
        if foreign:
            # Django does not know of savepoints that were rolled back by hand: in somebody else's transaction only the
            # log tells what was committed. Where no log is kept, everyone is told to look.
            changes = self.store.changes(change.address, [change.position]) if self._logged else []
            if self._logged and not changes:
                return
        committed.send_robust(self.definition, address=change.address, changes=changes)


def _created(after: str | None) -> int:
    if after is None:
        return 0
    if not isinstance(after, str) or not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InvalidCursor
    return int(after)


StreamConfig = Stream
"""The documents' name for a stream's declaration."""


def stream(config: Mapping[str, Any]) -> Stream:
    """Declare a stream from a dict of ``Stream``'s arguments, in snake_case or the documents' camelCase.

    Raises: DefinitionError.
    """
    return Stream(**config)
