"""The write path on SQLite: four statements under BEGIN IMMEDIATE, whose one write lock orders all writers."""

from typing import TYPE_CHECKING, Any

from ..changes import Address, Change, Kind
from .base import Held

if TYPE_CHECKING:
    from .database import Stamp


class SqliteStatements:
    """See ``Statements``."""

    text: str = "{}"

    def set(self, cursor: Any, address: Address, id: str, value: str, stamp: "Stamp") -> tuple[Change, str | None]:
        bumped = self._bump(cursor, address, stamp)
        held = self._read(cursor, address, id, bumped[0])
        kind: Kind = "create" if held.value is None else "update"
        return self._write(cursor, held, kind, value, stamp, bumped), held.value

    def lock(self, cursor: Any, address: Address, id: str, make: bool) -> Held:
        # A write takes the lock of the database also where the transaction is somebody else's and began as a reader.
        cursor.execute(
            "UPDATE streams_group SET sequence = sequence WHERE stream = %s AND key = %s RETURNING id",
            [address.stream, address.group],
        )
        found = cursor.fetchone()
        # nobody else can make the group before this transaction ends: write() will
        return self._read(cursor, address, id, found[0]) if found else Held(address, id, None, None)

    def write(self, cursor: Any, held: Held, kind: Kind, value: str, stamp: "Stamp") -> Change:
        return self._write(cursor, held, kind, value, stamp, self._bump(cursor, held.address, stamp))

    def _bump(self, cursor: Any, address: Address, stamp: "Stamp") -> tuple[int, int, int, str]:
        """Move the group to its next position; return its row id, sequence, clock and previous epoch."""
        cursor.execute(
            "UPDATE streams_group SET sequence = sequence + 1, clock = max(%s, clock + 1), previous_epoch = epoch,"
            " epoch = %s WHERE stream = %s AND key = %s RETURNING id, sequence, clock, previous_epoch",
            [stamp.now, stamp.epoch, address.stream, address.group],
        )
        found: tuple[int, int, int, str] | None = cursor.fetchone()
        if found is None:
            cursor.execute(
                "INSERT INTO streams_group (stream, key, sequence, epoch, previous_epoch, clock)"
                " VALUES (%s, %s, 1, %s, '', %s) RETURNING id, sequence, clock, previous_epoch",
                [address.stream, address.group, stamp.epoch, stamp.now],
            )
            found = cursor.fetchone()
            assert found is not None
        return found

    def _read(self, cursor: Any, address: Address, id: str, group: int) -> Held:
        cursor.execute("SELECT value, sequence FROM streams_item WHERE group_id = %s AND key = %s", [group, id])
        value, previous = cursor.fetchone() or (None, None)
        return Held(address, id, value, previous, group)

    def _write(
        self, cursor: Any, held: Held, kind: Kind, value: str, stamp: "Stamp", bumped: tuple[int, int, int, str]
    ) -> Change:
        group, sequence, clock, previous_epoch = bumped
        if kind == "create":
            cursor.execute(
                "INSERT INTO streams_item (group_id, key, value, sequence, created) VALUES (%s, %s, %s, %s, %s)",
                [group, held.id, value, sequence, sequence],
            )
        elif kind == "update":
            cursor.execute(
                "UPDATE streams_item SET value = %s, sequence = %s WHERE group_id = %s AND key = %s",
                [value, sequence, group, held.id],
            )
        else:
            cursor.execute("DELETE FROM streams_item WHERE group_id = %s AND key = %s", [group, held.id])
        if stamp.log:
            cursor.execute(
                "INSERT INTO streams_change"
                " (group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [group, sequence, stamp.epoch, previous_epoch, clock, kind, held.id, held.previous, value],
            )
        return Change(
            stream=held.address.stream,
            group=held.address.group,
            id=held.id,
            kind=kind,
            sequence=sequence,
            epoch=stamp.epoch,
            previous_epoch=previous_epoch,
            clock=clock,
            previous=held.previous,
            value=value,
        )
