"""What one subscription knows, and what a frame does to it (wire protocol, W13). Pure: no clock, no network, no Django.

The twin of ``static/streams/reducer.js``; both play ``tests/vectors/own.json``. A group sees every change, so that a
hole is a missing number; an item sees only its own, so that a hole is a ``previous`` it has never seen. Servers that
number nothing are believed frame by frame.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from .changes import Position
from .values import Json

Result = Literal["synced", "part", "resumed", "applied", "skipped", "event", "dropped", "need_resync"]
Frame = Mapping[str, Any]

_CHANGES = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class State:
    """The state of a subscription. It is never mutated, and neither is its value.

    id: the item subscribed to; None: the whole group. value: the items of the group in creation order (a list), or the
    item (None: there is none). pending: a join is not answered yet. parts: a sync that arrives in parts, so far. seen:
    an item's hole is a ``previous`` above this. until: below this the value lacks changes that a skip left out.
    """

    subscription_id: str
    id: str | None
    value: Json
    position: Position | None = None
    pending: bool = True
    parts: Json = None
    seen: int = 0
    until: int = 0

    @classmethod
    def initial(cls, subscription_id: str, id: str | None, value: Json = None, at: Position | None = None) -> "State":
        """Return the state of a subscription that has not been answered; value, at: what is known already."""
        if value is None and id is None:
            value = []
        return cls(subscription_id, id, value, at, seen=at.sequence if at else 0)

    def asked(self) -> "State":
        """Return the state once a join has been sent (again): until its answer only events count."""
        return replace(self, pending=True, parts=None)

    @property
    def since(self) -> Position | None:
        """The position to name when joining; None: there is none that the value could prove."""
        if self.position is None or self.position.sequence < self.until:
            return None
        return self.position


def reduce(state: State, frame: Any) -> tuple[State, Result]:
    """Return the state after *frame*, which is anything a server may send.

    ``need_resync``: a change is missing, join again with ``state.since``.
    """
    if not _concerns(state, frame):
        return state, "dropped"
    match frame["event"].get("type"):
        case "event":
            return state, "event"
        case "sync":
            return _sync(state, frame)
        case "resumed":
            return _resumed(state, frame)
        case "skip":
            return _skip(state, frame)
        case "create" | "update" | "delete":
            return _change(state, frame)
    return state, "dropped"


def is_change(frame: Any) -> bool:
    """Is this the frame of a stored change?"""
    if not isinstance(frame, Mapping) or not isinstance(frame.get("event"), Mapping):
        return False
    event = frame["event"]
    return isinstance(frame.get("id"), str) and isinstance(event.get("data"), Mapping) and event.get("type") in _CHANGES


def _concerns(state: State, frame: Any) -> bool:
    """Is this frame for this subscription?"""
    if not isinstance(frame, Mapping) or not isinstance(frame.get("event"), Mapping):
        return False
    if frame.get("subscriptionId") is not None:
        return bool(frame["subscriptionId"] == state.subscription_id)
    kind = frame["event"].get("type")
    if kind == "skip":
        return True
    if state.id is not None:
        return bool(frame.get("id") == state.id)
    return kind != "sync" or frame.get("id") is None


def _sync(state: State, frame: Frame) -> tuple[State, Result]:
    data, position = frame["event"].get("data"), _position(frame)
    # a resync is for everyone but does not answer a join; a server without sequences answers without naming anyone
    if state.pending and frame.get("subscriptionId") is None and position is not None:
        return state, "dropped"
    fits = isinstance(data, list) if state.id is None else data is None or isinstance(data, Mapping)
    if not fits:
        return state, "dropped"
    value = [*(state.parts or []), *data] if state.id is None else data
    if frame.get("more"):
        return replace(state, parts=value), "part"
    return _settled(state, value, position), "synced"


def _resumed(state: State, frame: Frame) -> tuple[State, Result]:
    frames = frame["event"].get("data")
    if not state.pending or frame.get("subscriptionId") is None or not isinstance(frames, list):
        return state, "dropped"
    return _settled(state, _patched(state, filter(is_change, frames)), _position(frame)), "resumed"


def _settled(state: State, value: Json, position: Position | None) -> State:
    """Return the state after an answer: nothing is open and nothing is left out."""
    seen = position.sequence if position else 0
    return replace(state, value=value, position=position, pending=False, parts=None, seen=seen, until=0)


def _skip(state: State, frame: Frame) -> tuple[State, Result]:
    position, first, until = _position(frame), frame["event"].get("from"), frame["event"].get("until")
    if state.pending or position is None or type(first) is not int or type(until) is not int:
        return state, "dropped"
    until = max(state.until, until)
    if state.id is not None:
        return replace(state, seen=max(state.seen, position.sequence), until=until), "skipped"
    at = state.position.sequence if state.position else 0
    if position.sequence <= at:
        return state, "dropped"
    if first > at + 1:
        return state, "need_resync"
    return replace(state, position=position, until=until), "skipped"


def _change(state: State, frame: Frame) -> tuple[State, Result]:
    if state.pending or not is_change(frame):
        return state, "dropped"
    position = _position(frame)
    if position is not None and state.position is not None:
        at, previous = state.position.sequence, frame.get("previous")
        if position.sequence <= at:
            return state, "dropped"
        if state.id is None:
            hole = position.sequence != at + 1
        else:
            hole = type(previous) is int and previous > max(at, state.seen)
        if hole:
            return state, "need_resync"
    return replace(state, value=_patched(state, [frame]), position=position or state.position), "applied"


def _patched(state: State, frames: Iterable[Frame]) -> Json:
    """Return the value after these changes, in order. New ids go to the end; a missing one is not missed."""
    value = state.value
    if state.id is not None:
        for frame in frames:
            value = None if frame["event"]["type"] == "delete" else frame["event"]["data"]
        return value
    items = list(value)
    for frame in frames:
        index = next((i for i, item in enumerate(items) if _id(item) == frame["id"]), None)
        if frame["event"]["type"] == "delete":
            if index is not None:
                del items[index]
        elif index is None:
            items.append(frame["event"]["data"])
        else:
            items[index] = frame["event"]["data"]
    return items


def _id(item: Any) -> Any:
    return item.get("id") if isinstance(item, Mapping) else None


def _position(frame: Frame) -> Position | None:
    sequence, epoch = frame.get("sequence"), frame.get("epoch")
    return Position(sequence, epoch if isinstance(epoch, str) else "") if type(sequence) is int else None
