"""The write path on PostgreSQL: one function call for a set, two for everything else.

The functions are made by the first migration. Round trips are the cost there (300 us each way through the ORM's
cursor): four statements were 2.4 times slower. One statement of common table expressions would be wrong: its snapshot
is older than the group's lock, and 1,085 of 1,200 old values were stale.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ..changes import START, Address, Change, Position
from .base import Current, Held, new_epoch


class PostgresqlStatements:
    """See ``Statements``."""

    text: str = "{}::text"

    def among(self, column: str, ids: Collection[str]) -> tuple[str, list[Any]]:
        return f"{column} = ANY(%s::text[])", [list(ids)]

    def lock(self, connection: BaseDatabaseWrapper, address: Address, ids: Collection[str] | None, make: bool) -> Held:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM streams_lock(%s, %s, %s::text[], %s)",
                [address.stream, address.group, None if ids is None else list(ids), make],
            )
            found = cursor.fetchall()
        if not found:
            return Held(address, None, START, 0, {})
        group, sequence, epoch, clock = found[0][:4]
        items = {row[4]: Current(*row[5:]) for row in found if row[4] is not None}
        return Held(address, group, Position(sequence, epoch), clock, items)

    def set(
        self, connection: BaseDatabaseWrapper, address: Address, id: str, value: str, log: bool
    ) -> tuple[Change, str | None] | None:
        epoch = new_epoch()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM streams_set(%s, %s, %s, %s, %s, %s, %s)",
                [address.stream, address.group, id, value, time.time_ns() // 1000, epoch, log],
            )
            sequence, clock, previous_epoch, previous, old = cursor.fetchone()
        change = Change(
            stream=address.stream,
            group=address.group,
            id=id,
            kind="create" if old is None else "update",
            sequence=sequence,
            epoch=epoch,
            previous_epoch=previous_epoch,
            clock=clock,
            previous=previous,
            value=value,
        )
        return change, old

    def keep(
        self, connection: BaseDatabaseWrapper, held: Held, kept: Mapping[str, Current], gone: Sequence[str], log: bool
    ) -> None:
        last, logged = held.changes[-1][0], [change for change, _ in held.changes] if log else []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT streams_keep(%s, %s, %s, %s, %s,"
                " %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[],"
                " %s::bigint[], %s::text[], %s::text[], %s::bigint[],"
                " %s::text[], %s::text[], %s::bigint[], %s::text[])",
                [
                    *(held.group, last.sequence, last.epoch, last.previous_epoch, last.clock),
                    *(list(kept), [item.value for item in kept.values()]),
                    *([item.sequence for item in kept.values()], [item.created for item in kept.values()]),
                    list(gone),
                    *([c.sequence for c in logged], [c.epoch for c in logged], [c.previous_epoch for c in logged]),
                    *([c.clock for c in logged], [c.kind for c in logged], [c.id for c in logged]),
                    *([c.previous for c in logged], [c.value for c in logged]),
                ],
            )
