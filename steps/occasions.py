"""The inputs of handlers that changes start: what happened to which item."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .inputs import Input


@dataclass(frozen=True, slots=True)
class StreamEvent(Input):
    """type: ``create``, ``update`` or ``delete``. data: the item after it, of a delete before it."""

    type: str
    data: Any


@dataclass(frozen=True, slots=True)
class StreamInput(Input):
    """A committed change of a stream. timestamp: whole milliseconds. old_value, new_value: None where there is none."""

    also: ClassVar[tuple[str, ...]] = ("item_id",)

    type: str
    timestamp: int
    stream_name: str
    group_id: str
    id: str
    event: StreamEvent
    old_value: Any
    new_value: Any

    @property
    def item_id(self) -> str:
        """The same as ``id``."""
        return self.id


@dataclass(frozen=True, slots=True)
class StateInput(Input):
    """A committed change of the state. event: ``create``, ``update`` or ``delete``."""

    also: ClassVar[tuple[str, ...]] = ("namespace", "type")

    scope: str
    key: str
    event: str
    timestamp: int
    old_value: Any
    new_value: Any

    @property
    def namespace(self) -> str:
        """The same as ``scope``."""
        return self.scope

    @property
    def type(self) -> str:
        """``state``."""
        return "state"


def stream_input(stored: dict[str, Any]) -> StreamInput:
    """Return the input of a run that a stream's change started; stored: as the run keeps it."""
    kind = stored["kind"]
    return StreamInput(
        type="stream",
        timestamp=stored["clock"] // 1000,
        stream_name=stored["stream"],
        group_id=stored["group"],
        id=stored["id"],
        event=StreamEvent(kind, stored["value"]),
        old_value=stored["old"],
        new_value=None if kind == "delete" else stored["value"],
    )


def state_input(stored: dict[str, Any]) -> StateInput:
    """Return the input of a run that a change of the state started; stored: as the run keeps it."""
    return StateInput(
        scope=stored["group"],
        key=stored["id"],
        event=stored["kind"],
        timestamp=stored["clock"] // 1000,
        old_value=stored["old"],
        new_value=None if stored["kind"] == "delete" else stored["value"],
    )
