"""The write path on SQLite: four statements under BEGIN IMMEDIATE, whose one write lock orders all writers."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ..changes import START, Address, Change, Position
from ..values import dumps
from .base import Current, Held

MANY = 1000  # of the 32,766 parameters that one statement may have


class SqliteStatements:
    """See ``Statements``."""

    text: str = "{}"

    def among(self, column: str, ids: Collection[str]) -> tuple[str, list[Any]]:
        if len(ids) > MANY:
            return f"{column} IN (SELECT value FROM json_each(%s))", [dumps(list(ids))]
        return f"{column} IN ({', '.join(['%s'] * len(ids)) or 'NULL'})", list(ids)

    def lock(self, connection: BaseDatabaseWrapper, address: Address, ids: Collection[str] | None, make: bool) -> Held:
        with connection.cursor() as cursor:
            if getattr(connection, "transaction_mode", None) not in ("IMMEDIATE", "EXCLUSIVE"):
                # the transaction may have begun as a reader: a write takes the lock
                cursor.execute(
                    "UPDATE streams_group SET sequence = sequence WHERE stream = %s AND key = %s",
                    [address.stream, address.group],
                )
            held = self._read(cursor, address, ids)
            if held.group is None and make:
                cursor.execute(
                    "INSERT INTO streams_group (stream, key, sequence, epoch, previous_epoch, clock)"
                    " VALUES (%s, %s, 0, '', '', 0) RETURNING id",
                    [address.stream, address.group],
                )
                (held.group,) = cursor.fetchone()
            return held

    def set(
        self, connection: BaseDatabaseWrapper, address: Address, id: str, value: str, log: bool
    ) -> tuple[Change, str | None] | None:
        return None

    def keep(
        self, connection: BaseDatabaseWrapper, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool
    ) -> None:
        group, last = held.group, held.changes[-1][0]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE streams_group SET sequence = %s, epoch = %s, previous_epoch = %s, clock = %s WHERE id = %s",
                [last.sequence, last.epoch, last.previous_epoch, last.clock, group],
            )
            first = held.changes[0][0].sequence
            _each(
                cursor,  # `created` is left alone where it can be: naming it would rewrite its index with every update
                "UPDATE streams_item SET value = %s, sequence = %s WHERE group_id = %s AND key = %s",
                [[item.value, item.sequence, group, id] for id, item in kept.items() if item.created < first],
            )
            _each(
                cursor,
                "INSERT INTO streams_item (group_id, key, value, sequence, created) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (group_id, key) DO UPDATE"
                " SET value = excluded.value, sequence = excluded.sequence, created = excluded.created",
                [
                    [group, id, item.value, item.sequence, item.created]
                    for id, item in kept.items()
                    if item.created >= first
                ],
            )
            _each(
                cursor,
                "DELETE FROM streams_item WHERE group_id = %s AND key = %s",
                [[group, id] for id in gone],
            )
            _each(
                cursor,
                "INSERT INTO streams_change"
                " (group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    [group, c.sequence, c.epoch, c.previous_epoch, c.clock, c.kind, c.id, c.previous, c.value]
                    for c, _ in (held.changes if log else ())
                ],
            )

    def _read(self, cursor: Any, address: Address, ids: Collection[str] | None) -> Held:
        among, parameters = ("", []) if ids is None else self.among("i.key", ids)
        cursor.execute(
            "SELECT g.id, g.sequence, g.epoch, g.clock, i.key, i.value, i.created, i.sequence FROM streams_group g"
            f" LEFT JOIN streams_item i ON i.group_id = g.id{among and f' AND {among}'}"
            " WHERE g.stream = %s AND g.key = %s ORDER BY i.created",
            [*parameters, address.stream, address.group],
        )
        found = cursor.fetchall()
        if not found:
            return Held(address, None, START, 0, {})
        group, sequence, epoch, clock = found[0][:4]
        items = {row[4]: Current(*row[5:]) for row in found if row[4] is not None}
        return Held(address, group, Position(sequence, epoch), clock, items)


def _each(cursor: Any, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    if len(rows) == 1:
        cursor.execute(sql, rows[0])
    elif rows:
        cursor.executemany(sql, rows)
