"""The write path on PostgreSQL: one function call for a set, two for read-modify-write.

The functions are made by the first migration. Round trips are the cost there (300 us each way through the ORM's
cursor): four statements were 2.4 times slower. One statement of common table expressions would be wrong: its snapshot
is older than the group's lock, and 1,085 of 1,200 old values were stale.
"""

from typing import TYPE_CHECKING, Any

from ..changes import Address, Change, Kind
from .base import Held

if TYPE_CHECKING:
    from .database import Stamp


class PostgresqlStatements:
    """See ``Statements``."""

    text: str = "{}::text"

    def set(self, cursor: Any, address: Address, id: str, value: str, stamp: "Stamp") -> tuple[Change, str | None]:
        cursor.execute(
            "SELECT * FROM streams_set(%s, %s, %s, %s, %s, %s, %s)",
            [address.stream, address.group, id, value, stamp.now, stamp.epoch, stamp.log],
        )
        sequence, clock, previous_epoch, previous, old = cursor.fetchone()
        kind: Kind = "create" if old is None else "update"
        return _change(address, id, kind, value, stamp, (sequence, clock, previous_epoch, previous)), old

    def lock(self, cursor: Any, address: Address, id: str, make: bool) -> Held:
        cursor.execute("SELECT * FROM streams_lock(%s, %s, %s, %s)", [address.stream, address.group, id, make])
        group, value, previous = cursor.fetchone()
        return Held(address, id, value, previous, group or 0)

    def write(self, cursor: Any, held: Held, kind: Kind, value: str, stamp: "Stamp") -> Change:
        cursor.execute(
            "SELECT * FROM streams_write(%s, %s, %s, %s, %s, %s, %s, %s)",
            [held.group, held.id, kind, value, held.previous, stamp.now, stamp.epoch, stamp.log],
        )
        sequence, clock, previous_epoch = cursor.fetchone()
        return _change(held.address, held.id, kind, value, stamp, (sequence, clock, previous_epoch, held.previous))


def _change(
    address: Address, id: str, kind: Kind, value: str, stamp: "Stamp", row: tuple[int, int, str, int | None]
) -> Change:
    sequence, clock, previous_epoch, previous = row
    return Change(
        stream=address.stream,
        group=address.group,
        id=id,
        kind=kind,
        sequence=sequence,
        epoch=stamp.epoch,
        previous_epoch=previous_epoch,
        clock=clock,
        previous=previous,
        value=value,
    )
