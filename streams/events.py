"""Ephemeral events: what may be sent, and where to."""

import re
from collections.abc import Mapping
from typing import Any

from .changes import Address
from .errors import InvalidEvent, InvalidItem
from .identifiers import check_id
from .values import Json, normalise

RESERVED = frozenset({"create", "update", "delete", "sync", "resumed", "skip", "event", "error", "*"})
_TYPE = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,64}")


def parse_channel(stream: str, channel: Any) -> tuple[Address, str | None]:
    """Return the address and item (None: the group) that *channel* names.

    channel: ``{"groupId": g}``, ``{"groupId": g, "id": i}``, ``(g, i)`` or ``g``. Raises: InvalidEvent, InvalidId.
    """
    if isinstance(channel, str):
        channel = {"groupId": channel}
    elif isinstance(channel, tuple) and len(channel) == 2:
        channel = {"groupId": channel[0], "id": channel[1]}
    if not isinstance(channel, Mapping) or set(channel) - {"groupId", "id"} or "groupId" not in channel:
        raise InvalidEvent('a channel is {"groupId": g}, {"groupId": g, "id": i}, (g, i) or g')
    id = channel.get("id")
    return Address(stream, check_id(channel["groupId"], "group")), None if id is None else check_id(id, "item")


def parse_event(event: Any) -> dict[str, Json]:
    """Return *event* (``{"type": str, "data": any}``) checked and copied.

    Raises: InvalidEvent - a type that is reserved, has control characters or more than 64 characters; other keys.
    """
    if not isinstance(event, Mapping) or set(event) - {"type", "data"}:
        raise InvalidEvent('an event is {"type": str, "data": any JSON}')
    kind = event.get("type")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise InvalidEvent("an event's type is a str of 1 to 64 characters without control characters")
    if kind in RESERVED:
        raise InvalidEvent(f"the event type {kind!r} is reserved")
    try:
        return {"type": normalise(kind), "data": normalise(event.get("data"))}
    except InvalidItem as error:
        raise InvalidEvent(error.message) from None
