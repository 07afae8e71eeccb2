"""Items, positions and logs in the memory of this process: gone with it, and seen by nobody else."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, takewhile
from typing import ClassVar

from ..changes import START, Address, Change, Position
from .base import Current, Held, Log, Row, Snapshot, Store
from .ledger import Draft, Ledger, mutex
from .transaction import Deadlock, Transaction

log = logging.getLogger(__name__)


class MemoryStore(Store):
    """Keeps everything in memory, as long as the process lives. Transactions are its own, not those of the database."""

    transactional: ClassVar[bool] = False
    shared: ClassVar[bool] = False

    def __init__(self) -> None:
        self._streams: dict[str, dict[str, Ledger]] = {}
        self._thread = threading.local()

    # -- writing ----------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if (outer := self._transaction) is not None:
            with outer.savepoint():
                yield
            return
        mine, committed = Transaction(), False
        self._thread.transaction = mine
        try:
            yield
            committed = True
        finally:
            self._thread.transaction = None
            self._end(mine, committed)
        for hook in mine.hooks:
            _call(hook)

    @property
    def _transaction(self) -> Transaction | None:
        found: Transaction | None = getattr(self._thread, "transaction", None)
        return found

    def _end(self, transaction: Transaction, committed: bool) -> None:
        with mutex:
            transaction.end(committed)
            for address, draft in transaction.drafts.items():
                if draft.ledger.abandoned:
                    del self._streams[address.stream][address.group]

    def is_foreign(self) -> bool:
        return self._transaction is not None

    def on_commit(self, hook: Callable[[], None]) -> None:
        if self._transaction is None:
            _call(hook)
        else:
            self._transaction.hooks.append(hook)

    def is_conflict(self, error: Exception) -> bool:
        return isinstance(error, Deadlock)

    def lock(self, address: Address, ids: Collection[str] | None, *, make: bool) -> Held:
        transaction = self._transaction
        assert transaction is not None, "writing belongs inside transaction()"
        with mutex:
            groups = self._streams.setdefault(address.stream, {})
            if make:
                groups.setdefault(address.group, Ledger(address))
            elif address.group not in groups:
                return Held(address, None, START, 0, {})
            draft = transaction.draft(groups[address.group])
            return Held(address, 0, draft.position, draft.clock, _items(draft, ids))

    def _keep(self, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool) -> None:
        transaction = self._transaction
        assert transaction is not None, "writing belongs inside transaction()"
        transaction.undo.append(transaction.drafts[held.address].keep(held, kept, gone, log))

    def trim(self, stream: str, keep: int, before: int, after: str, groups: int) -> tuple[int, str | None]:
        with mutex:
            ledgers = self._streams.get(stream, {})
            names = sorted(name for name in ledgers if name > after)[:groups]
            deleted = sum(ledgers[name].trim(ledgers[name].position.sequence - keep, before) for name in names)
        return deleted, names[-1] if len(names) == groups else None

    # -- reading ----------------------------------------------------------------------------------------------------

    def _view(self, address: Address) -> Ledger | Draft:
        """Return a group as this thread may see it: committed, or as its own open transaction left it."""
        transaction = self._transaction
        draft = transaction.drafts.get(address) if transaction else None
        return draft or self._streams.get(address.stream, {}).get(address.group) or Ledger(address)

    def get(self, address: Address, id: str) -> str | None:
        with mutex:
            item = self._view(address).item(id)
        return item.value if item else None

    def rows(self, address: Address, limit: int | None = None, after: int = 0) -> list[Row]:
        with mutex:
            items = self._view(address).items().items()
            return list(islice((_row(id, item) for id, item in items if item.created > after), limit))

    def groups(self, stream: str) -> list[str]:
        with mutex:
            return sorted(
                group for group in self._streams.get(stream, ()) if self._view(Address(stream, group)).items()
            )

    def known(self, stream: str) -> list[str]:
        with mutex:
            groups = self._streams.get(stream, ())
            return sorted(group for group in groups if self._view(Address(stream, group)).position != START)

    def snapshot(
        self, address: Address, ids: Collection[str] | None = None, *, limit: int | None = None, after: int = 0
    ) -> Snapshot:
        with mutex:
            view = self._view(address)
            rows = (_row(id, item) for id, item in _items(view, ids).items() if item.created > after)
            return Snapshot(view.position, list(islice(rows, limit)))

    def log(self, address: Address, after: int, limit: int | None = None) -> Log:
        with mutex:
            view = self._view(address)
            changes = takewhile(lambda change: change.sequence > after, view.newest())
            return Log(view.position, list(islice(changes, limit))[::-1])

    def changes(self, address: Address, positions: Collection[Position]) -> list[Change]:
        wanted = sorted({position.sequence for position in positions})
        with mutex:
            view = self._view(address)
            found = [change for sequence in wanted if (change := view.change(sequence)) is not None]
        return [change for change in found if change.position in set(positions)]

    def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        with mutex:
            found = {address: self._view(address).position for address in addresses}
        return {address: position for address, position in found.items() if position != START}


def _items(view: Ledger | Draft, ids: Collection[str] | None) -> dict[str, Current]:
    if ids is None:
        return dict(view.items())
    found = {id: item for id in ids if (item := view.item(id)) is not None}
    return dict(sorted(found.items(), key=lambda entry: entry[1].created))


def _row(id: str, item: Current) -> Row:
    return Row(id, item.value, item.created)


def _call(hook: Callable[[], None]) -> None:
    try:
        hook()
    except Exception:  # what is committed is committed; the next hook must be called too
        log.exception("a hook after the commit failed", extra={"action": "hook_failed"})
