"""What happened, as values: addresses, stored changes, ephemeral events, and what a write returns."""

from dataclasses import dataclass
from typing import Any, Literal

from .values import Json, dumps, loads

Kind = Literal["create", "update", "delete"]


@dataclass(frozen=True, slots=True)
class Address:
    """A group of a stream."""

    stream: str
    group: str


@dataclass(frozen=True, slots=True)
class Position:
    """A point in a group's history: the sequence of its last change and that change's epoch."""

    sequence: int
    epoch: str


START = Position(0, "")
"""The position of a group that was never written."""


@dataclass(frozen=True, slots=True)
class Change:
    """One stored change: a row of the log.

    clock: microseconds since 1970, strictly increasing with the sequence of its group.
    previous: sequence of this item's change before; None on create.
    value: JSON text of the new value, on delete of the old one.
    """

    stream: str
    group: str
    id: str
    kind: Kind
    sequence: int
    epoch: str
    previous_epoch: str
    clock: int
    previous: int | None
    value: str

    @property
    def address(self) -> Address:
        return Address(self.stream, self.group)

    @property
    def position(self) -> Position:
        return Position(self.sequence, self.epoch)

    def frame(self) -> str:
        """Return the frame of this change: the same text in every process (wire protocol, section 3)."""
        previous = "" if self.previous is None else f'"previous":{self.previous},'
        return (
            f'{{"timestamp":{timestamp(self.clock)},"streamName":{dumps(self.stream)},"groupId":{dumps(self.group)},'
            f'"id":{dumps(self.id)},"sequence":{self.sequence},"epoch":"{self.epoch}",{previous}'
            f'"event":{{"type":"{self.kind}","data":{self.value}}}}}'
        )


def timestamp(clock: int) -> str:
    """Return *clock* (microseconds) as JSON number of milliseconds; every microsecond is exact in a double."""
    milliseconds, rest = divmod(clock, 1000)
    return f"{milliseconds}.{rest:03d}".rstrip("0") if rest else str(milliseconds)


@dataclass(frozen=True, slots=True)
class GroupState:
    """A group as it was at one moment.

    items: in the order of their creation. sequence, epoch: the position from which a subscriber can go on.
    """

    items: list[Any]
    sequence: int
    epoch: str

    def as_json(self) -> dict[str, Json]:
        """Return what the JavaScript client takes as ``initial``."""
        return {"items": self.items, "sequence": self.sequence, "epoch": self.epoch}


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did.

    new_value, old_value: the item (with its ``id``) after and before; None where there is none.
    timestamp: milliseconds since 1970, as in the frame.
    """

    new_value: Any
    old_value: Any
    created: bool
    sequence: int
    timestamp: float
    stream_name: str
    group_id: str
    id: str

    @classmethod
    def of(cls, change: Change, old: str | None) -> "Written":
        """Return what *change* did to an item whose JSON text was *old*."""
        value: Json = loads(change.value)
        return cls(
            new_value=None if change.kind == "delete" else value,
            old_value=None if old is None else loads(old),
            created=change.kind == "create",
            sequence=change.sequence,
            timestamp=change.clock / 1000,
            stream_name=change.stream,
            group_id=change.group,
            id=change.id,
        )

    def as_response(self) -> dict[str, Json]:
        """Return the item and ``__stream``, which tells clients where to listen for it."""
        address = {"streamName": self.stream_name, "groupId": self.group_id, "id": self.id}
        return {**(self.new_value or {}), "__stream": address}
