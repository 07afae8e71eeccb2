"""The stream and state triggers: changes that start steps."""

from dataclasses import dataclass
from typing import Any, ClassVar

from .errors import InvalidStep
from .triggers import Condition, Trigger, check_condition

EVENTS = ("create", "update", "delete", "set")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchTrigger(Trigger):
    """Changes of one stream, filtered. None: any. event ``set``: create or update."""

    name: str
    group: str | None = None
    item: str | None = None
    event: str | None = None

    def matches(self, group: str, item: str, kind: str) -> bool:
        """Tell whether a change of that *kind* there starts the step."""
        if self.event is not None and kind != self.event and (self.event != "set" or kind == "delete"):
            return False
        return self.group in (None, group) and self.item in (None, item)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StreamTrigger(WatchTrigger):
    """Changes of a stream's items."""

    type: ClassVar[str] = "stream"

    @property
    def source(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StateTrigger(WatchTrigger):
    """Changes of the state; the scope is the group, the key the item."""

    type: ClassVar[str] = "state"

    @property
    def source(self) -> str:
        return self.group or ""


STATE = "streams:state"
"""The name under which the state's changes are announced."""


def stream(
    name: str,
    *,
    group_id: str | None = None,
    item_id: str | None = None,
    event: str | None = None,
    condition: Condition | None = None,
) -> StreamTrigger:
    """Start the step after each committed change of the stream *name*, in order per item.

    group_id, item_id: only there. event: only ``create``, ``update``, ``delete``, or ``set`` (create or update).
    condition: asked with the handler's input before it; if it says ``False`` the run is skipped. Raises: InvalidStep.
    """
    if not isinstance(name, str) or not name:
        raise InvalidStep(f"stream: a stream is named by a str, not {name!r:.80}")
    _check("stream", condition, event, group_id=group_id, item_id=item_id)
    return StreamTrigger(name=name, group=group_id, item=item_id, event=event, condition=condition)


def state(
    scope: str | None = None,
    *,
    key: str | None = None,
    event: str | None = None,
    condition: Condition | None = None,
) -> StateTrigger:
    """Start the step after each committed change of the state, in order per key.

    scope, key: only there. event, condition: as ``stream()`` has them. Raises: InvalidStep.
    """
    _check("state", condition, event, scope=scope, key=key)
    return StateTrigger(name=STATE, group=scope, item=key, event=event, condition=condition)


def _check(kind: str, condition: Any, event: Any, **ids: Any) -> None:
    check_condition(condition, kind)
    if event is not None and event not in EVENTS:
        raise InvalidStep(f"{kind}: event is one of {', '.join(EVENTS)}, not {event!r:.40}")
    for name, id in ids.items():
        if id is not None and (not isinstance(id, str) or not id):
            raise InvalidStep(f"{kind}: {name} must be a str, not {id!r:.80}")
