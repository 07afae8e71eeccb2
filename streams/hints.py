"""What processes tell each other about a group: hints of stored changes, and ephemeral events.

A hint is only a hint: it may come late, twice, out of order or not at all. What it says is checked against the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .changes import Address, Change, Kind, Position


@dataclass(frozen=True, slots=True)
class Hint:
    """A stored change as hubs need it. frame: its text; None when it was too long to be sent along."""

    id: str
    kind: Kind
    sequence: int
    epoch: str
    previous_epoch: str
    frame: str | None

    @classmethod
    def of(cls, change: Change) -> "Hint":
        """Return the hint of *change*, with the frame encoded."""
        return cls(change.id, change.kind, change.sequence, change.epoch, change.previous_epoch, change.frame())

    @property
    def position(self) -> Position:
        return Position(self.sequence, self.epoch)


@dataclass(frozen=True, slots=True)
class Event:
    """An ephemeral event. id: of the item, None for the group. origin and number: who sent it as its how-manieth."""

    id: str | None
    frame: str
    origin: str
    number: int


@dataclass(frozen=True, slots=True)
class Message:
    """News of one group. Neither hints nor events: something was committed there, look yourself."""

    address: Address
    hints: Sequence[Hint] = ()
    events: Sequence[Event] = ()

    @property
    def size(self) -> int:
        """Characters of its frames."""
        return sum(len(hint.frame or "") for hint in self.hints) + sum(len(event.frame) for event in self.events)

    def portions(self, size: int) -> "Iterator[Message]":
        """Cut the message into ones of about *size* characters."""
        if self.size <= size:
            yield self
            return
        hints: list[Hint] = []
        left = size
        for hint in self.hints:
            hints.append(hint)
            left -= len(hint.frame or "")
            if left <= 0:
                yield Message(self.address, hints)
                hints, left = [], size
        if hints or self.events:
            yield Message(self.address, hints, self.events)

    def pack(self, longest: int) -> dict[str, Any]:
        """Return the message for the channel layer; frames of more than *longest* characters stay behind."""
        return {
            "type": "streams.message",
            "stream": self.address.stream,
            "group": self.address.group,
            "hints": [
                [h.id, h.kind, h.sequence, h.epoch, h.previous_epoch, h.frame if _fits(h.frame, longest) else None]
                for h in self.hints
            ],
            "events": [[e.id, e.frame, e.origin, e.number] for e in self.events],
        }

    @classmethod
    def unpack(cls, packed: dict[str, Any]) -> "Message":
        """Return what ``pack`` packed.

        Raises: KeyError, TypeError - it is something else.
        """
        return cls(
            Address(packed["stream"], packed["group"]),
            tuple(Hint(*hint) for hint in packed["hints"]),
            tuple(Event(*event) for event in packed["events"]),
        )


def _fits(frame: str | None, longest: int) -> bool:
    return frame is not None and len(frame) <= longest
