"""A frame on its way to connections, with what their outboxes must know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from .changes import Address, Position
from .hints import Hint
from .protocol import skip_frame


class Role(Enum):
    """What a packet is to conflation."""

    CHANGE = auto()  # a stored change: only the newest of an item counts
    SKIP = auto()  # stands for changes left out, for our own clients
    EVENT = auto()  # ephemeral: the first to go
    FIXED = auto()  # an answer, a sync, an error: stays, and changes of its group are not merged across it


@dataclass(slots=True)
class Packet:
    """One frame, shared by all connections it goes to.

    address: its group, None for what concerns none. hint: of a change. own: it goes to our own clients, so that a
    skip may replace it. skipped: of a skip, the first sequence and the highest one that replaces any of them. at: of an
    answer or a sync, the position it leaves the client at; None when another part follows. missed: of an answer
    that resumes, the changes in it.
    """

    text: str
    role: Role = Role.FIXED
    address: Address | None = None
    hint: Hint | None = None
    own: bool = False
    skipped: tuple[int, Position, int] | None = None
    at: Position | None = None
    missed: Sequence[Hint] | None = None
    message: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.message = {"type": "websocket.send", "text": self.text}

    def __len__(self) -> int:
        return len(self.text)

    @classmethod
    def change(cls, address: Address, hint: Hint, own: bool) -> "Packet":
        """Return the packet of a stored change whose frame is known."""
        assert hint.frame is not None
        return cls(hint.frame, Role.CHANGE, address, hint, own)

    @classmethod
    def skip(cls, address: Address, first: int, last: Position, until: int) -> "Packet":
        """Return the packet that declares the changes *first* to *last* left out, replaced by what comes up to
        *until*.
        """
        return cls(skip_frame(address, first, last, until), Role.SKIP, address, own=True, skipped=(first, last, until))
