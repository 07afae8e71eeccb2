"""Items, positions and logs in the project's own database (SQLite or PostgreSQL)."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, ClassVar, Protocol

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..changes import START, Address, Change, Position
from ..conf import conf
from ..errors import DefinitionError
from .base import Current, Held, Log, Row, Snapshot, Store

# parameters of one statement; SQLite takes 32,766 of them
_CHUNK = 1000


class Statements(Protocol):
    """The write path in the words of one kind of database; each call is inside a transaction."""

    text: str  # of a JSON column, in a SELECT

    def among(self, column: str, ids: Collection[str]) -> tuple[str, list[Any]]:
        """Return the condition that *column* is one of *ids*, which may be very many, and its parameters."""

    def lock(self, connection: BaseDatabaseWrapper, address: Address, ids: Collection[str] | None, make: bool) -> Held:
        """See ``Store.lock``."""

    def set(
        self, connection: BaseDatabaseWrapper, address: Address, id: str, value: str, log: bool
    ) -> tuple[Change, str | None] | None:
        """See ``Store.set``; None where that has no shorter way."""

    def keep(
        self, connection: BaseDatabaseWrapper, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool
    ) -> None:
        """See ``Store._keep``."""


class DatabaseStore(Store):
    """Keeps everything in the database *alias* (default: the setting ``database``)."""

    transactional: ClassVar[bool] = True
    shared: ClassVar[bool] = True

    def __init__(self, alias: str | None = None) -> None:
        self.alias = alias or conf().database

    @property
    def connection(self) -> BaseDatabaseWrapper:
        return connections[self.alias]

    @cached_property
    def statements(self) -> Statements:
        vendor = self.connection.vendor
        if vendor == "sqlite":
            from .sqlite import SqliteStatements

            return SqliteStatements()
        if vendor == "postgresql":
            from .postgresql import PostgresqlStatements

            return PostgresqlStatements()
        raise DefinitionError(f"streams are kept in SQLite or PostgreSQL; database {self.alias!r} is {vendor}")

    # -- writing ----------------------------------------------------------------------------------------------------

    def transaction(self) -> AbstractContextManager[None]:
        return transaction.atomic(using=self.alias)

    def is_foreign(self) -> bool:
        connection = self.connection
        return connection.in_atomic_block or not connection.get_autocommit()

    def on_commit(self, hook: Callable[[], None]) -> None:
        transaction.on_commit(hook, using=self.alias, robust=True)

    def is_conflict(self, error: Exception) -> bool:
        cause = error.__cause__
        if getattr(cause, "sqlstate", None) in ("40001", "40P01"):  # serialisation failure, deadlock
            return True
        return str(getattr(cause, "sqlite_errorname", "")).startswith("SQLITE_BUSY")

    def lock(self, address: Address, ids: Collection[str] | None, *, make: bool) -> Held:
        return self.statements.lock(self.connection, address, ids, make)

    def set(self, address: Address, id: str, value: str, *, log: bool) -> tuple[Change, str | None]:
        return self.statements.set(self.connection, address, id, value, log) or super().set(address, id, value, log=log)

    def _keep(self, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool) -> None:
        self.statements.keep(self.connection, held, kept, gone, log)

    def trim(self, stream: str, keep: int, before: int, after: str, groups: int) -> tuple[int, str | None]:
        found = self._query(
            "SELECT g.id, g.key, g.sequence, c.sequence, c.clock FROM streams_group g"
            " LEFT JOIN streams_change c ON c.group_id = g.id"
            " AND c.sequence = (SELECT min(o.sequence) FROM streams_change o WHERE o.group_id = g.id)"
            " WHERE g.stream = %s AND g.key > %s ORDER BY g.key LIMIT %s",
            [stream, after, groups],
        )
        deleted = 0
        for group, _, sequence, oldest, clock in found:
            if oldest is not None and (oldest <= sequence - keep or clock < before):
                deleted += self._trim_group(group, sequence - keep, before, oldest)
        return deleted, found[-1][1] if len(found) == groups else None

    def _trim_group(self, group: int, until: int, before: int, oldest: int) -> int:
        # in slices: on SQLite a long DELETE would keep all writers waiting
        deleted = 0
        with self.connection.cursor() as cursor:
            while True:
                cursor.execute(
                    "DELETE FROM streams_change"
                    " WHERE group_id = %s AND sequence < %s AND (sequence <= %s OR clock < %s)",
                    [group, oldest + _CHUNK, until, before],
                )
                gone: int = cursor.rowcount
                deleted += gone
                if gone < _CHUNK:
                    return deleted
                oldest += _CHUNK

    # -- reading ----------------------------------------------------------------------------------------------------

    def get(self, address: Address, id: str) -> str | None:
        found = self._query(
            f"SELECT {self._text('i')} FROM streams_group g JOIN streams_item i ON i.group_id = g.id"
            " WHERE g.stream = %s AND g.key = %s AND i.key = %s",
            [address.stream, address.group, id],
        )
        return found[0][0] if found else None

    def rows(self, address: Address, limit: int | None = None, after: int = 0) -> list[Row]:
        found = self._query(
            f"SELECT i.key, {self._text('i')}, i.created FROM streams_group g JOIN streams_item i ON i.group_id = g.id"
            " WHERE g.stream = %s AND g.key = %s AND i.created > %s ORDER BY i.created"
            + ("" if limit is None else " LIMIT %s"),
            [address.stream, address.group, after, *([] if limit is None else [limit])],
        )
        return [Row(*row) for row in found]

    def groups(self, stream: str) -> list[str]:
        found = self._query(
            "SELECT key FROM streams_group g WHERE stream = %s"
            " AND EXISTS (SELECT 1 FROM streams_item i WHERE i.group_id = g.id) ORDER BY key",
            [stream],
        )
        return [key for (key,) in found]

    def known(self, stream: str) -> list[str]:
        found = self._query("SELECT key FROM streams_group WHERE stream = %s AND sequence > 0 ORDER BY key", [stream])
        return [key for (key,) in found]

    def snapshot(
        self, address: Address, ids: Collection[str] | None = None, *, limit: int | None = None, after: int = 0
    ) -> Snapshot:
        # one SELECT: items and position read by two were of different moments in 1-13 % of reads
        among, parameters = ("", []) if ids is None else self.statements.among("i.key", ids)
        found = self._query(
            f"SELECT g.sequence, g.epoch, i.key, {self._text('i')}, i.created FROM streams_group g"
            f" LEFT JOIN streams_item i ON i.group_id = g.id AND i.created > %s{among and f' AND {among}'}"
            " WHERE g.stream = %s AND g.key = %s ORDER BY i.created" + ("" if limit is None else " LIMIT %s"),
            [after, *parameters, address.stream, address.group, *([] if limit is None else [limit])],
        )
        if not found:
            return Snapshot(START, [])
        return Snapshot(Position(*found[0][:2]), [Row(*row[2:]) for row in found if row[2] is not None])

    def log(self, address: Address, after: int, limit: int | None = None) -> Log:
        found = self._query(
            f"SELECT g.sequence, g.epoch, {self._columns} FROM streams_group g"
            " LEFT JOIN streams_change c ON c.group_id = g.id AND c.sequence > %s"
            " WHERE g.stream = %s AND g.key = %s ORDER BY c.sequence DESC" + ("" if limit is None else " LIMIT %s"),
            # at least one row: without it there would be no position
            [after, address.stream, address.group, *([] if limit is None else [max(limit, 1)])],
        )
        if not found:
            return Log(START, [])
        changes = [_change(address, row[2:]) for row in found[:limit] if row[2] is not None]
        return Log(Position(*found[0][:2]), changes[::-1])

    def changes(self, address: Address, positions: Collection[Position]) -> list[Change]:
        wanted, found = set(positions), list[Change]()
        for chunk in _chunks(sorted({position.sequence for position in positions}), _CHUNK):
            rows = self._query(
                f"SELECT {self._columns} FROM streams_group g JOIN streams_change c ON c.group_id = g.id"
                f" WHERE g.stream = %s AND g.key = %s AND c.sequence IN ({', '.join(['%s'] * len(chunk))})"
                " ORDER BY c.sequence",
                [address.stream, address.group, *chunk],
            )
            found += [change for change in (_change(address, row) for row in rows) if change.position in wanted]
        return found

    def positions(self, addresses: Collection[Address]) -> dict[Address, Position]:
        found: dict[Address, Position] = {}
        for chunk in _chunks(list(addresses), _CHUNK):
            rows = self._query(
                "SELECT stream, key, sequence, epoch FROM streams_group WHERE sequence > 0"
                f" AND (stream, key) IN (VALUES {', '.join(['(%s, %s)'] * len(chunk))})",
                [part for address in chunk for part in (address.stream, address.group)],
            )
            found |= {Address(stream, key): Position(sequence, epoch) for stream, key, sequence, epoch in rows}
        return found

    def _query(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[Any] = cursor.fetchall()
            return rows

    def _text(self, table: str) -> str:
        return self.statements.text.format(f"{table}.value")

    @cached_property
    def _columns(self) -> str:
        return f"c.sequence, c.epoch, c.previous_epoch, c.clock, c.kind, c.key, c.previous, {self._text('c')}"


def _change(address: Address, row: Sequence[Any]) -> Change:
    sequence, epoch, previous_epoch, clock, kind, key, previous, value = row
    return Change(address.stream, address.group, key, kind, sequence, epoch, previous_epoch, clock, previous, value)


def _chunks(values: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
