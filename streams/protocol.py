"""The wire protocol: the texts of all frames, and what clients may say. Nothing here knows Django.

A frame of a stored change is ``changes.Change.frame``; see docs/protocol.md for the whole.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .changes import Address, Position
from .errors import BadMessage, InvalidId, StreamError
from .identifiers import MAX_LENGTH, check_id
from .values import Json, dumps, loads, normalise

__all__ = ["Join", "Json", "Leave", "Ping", "Refresh", "dumps", "loads", "normalise", "parse_message"]


# -- client to server -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Join:
    """``join``. id: None for the whole group. own: ``since`` was there, so it is our own client; batch: arrays
    allowed.
    """

    address: Address
    id: str | None
    subscription_id: str
    own: bool = False
    since: Position | None = None
    batch: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """``leave``."""

    address: Address
    subscription_id: str


@dataclass(frozen=True, slots=True)
class Ping:
    """``ping``."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """``refresh``: a new token for the open connection."""

    token: str


def parse_message(text: str | bytes) -> Join | Leave | Ping | Refresh | None:
    """Return what a client said; None for a type that is not known, which is ignored.

    Raises: BadMessage - not JSON, not an object, a missing field, a wrong type or a bad id; ``args[1]`` of it is the
    address as far as it was said.
    """
    try:
        message = loads(text)
    except ValueError:
        raise BadMessage("invalid JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BadMessage("a message is an object with a type")
    match message["type"]:
        case "ping":
            return Ping()
        case "refresh":
            return Refresh(_string(_data(message), "token", 8192))
        case "join":
            return _join(_data(message))
        case "leave":
            data = _data(message)
            return Leave(_address(data), _string(data, "subscriptionId", MAX_LENGTH))
    return None


def said_address(text: str | bytes) -> tuple[str | None, str | None]:
    """Return streamName and groupId of a message as far as they are strings, for the answer to a bad one."""
    try:
        data = loads(text)["data"]
        stream, group = data.get("streamName"), data.get("groupId")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None, None
    return stream if isinstance(stream, str) else None, group if isinstance(group, str) else None


def _data(message: dict[str, Json]) -> dict[str, Json]:
    data = message.get("data")
    if not isinstance(data, dict):
        raise BadMessage("data is missing")
    return data


def _string(data: dict[str, Json], key: str, longest: int) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise BadMessage(f"{key} is missing")
    if len(value) > longest:
        raise BadMessage(f"{key} is too long")
    return value


def _address(data: dict[str, Json]) -> Address:
    stream = _string(data, "streamName", MAX_LENGTH)
    try:
        return Address(stream, check_id(_string(data, "groupId", 10 * MAX_LENGTH), "group"))
    except InvalidId as error:
        raise BadMessage(error.message) from None


def _join(data: dict[str, Json]) -> Join:
    address, id = _address(data), data.get("id")
    if id in (None, ""):
        id = None
    else:
        try:
            check_id(id, "item")
        except InvalidId as error:
            raise BadMessage(error.message) from None
    return Join(
        address,
        id,
        _string(data, "subscriptionId", MAX_LENGTH),
        own="since" in data,
        since=_since(data.get("since")),
        batch=data.get("batch") is True,
    )


def _since(value: Json) -> Position | None:
    if value is None:
        return None
    sequence, epoch = (value.get("sequence"), value.get("epoch")) if isinstance(value, dict) else (None, None)
    if type(sequence) is not int or not isinstance(epoch, str) or not 0 <= sequence < 2**63 or len(epoch) > 64:
        raise BadMessage("since must be null or a position: an epoch and a sequence")
    return Position(sequence, epoch)


# -- server to client -------------------------------------------------------------------------------------------------


def event_frame(address: Address, id: str | None, event: dict[str, Json], now_ms: int) -> str:
    """Return the frame of an ephemeral event; one with an item's id has no timestamp (W3)."""
    if id is None:
        return f'{{"timestamp":{now_ms},{_names(address)},"event":{{"type":"event","event":{dumps(event)}}}}}'
    return f'{{{_names(address)},"id":{dumps(id)},"event":{{"type":"event","event":{dumps(event)}}}}}'


def error_frame(error: StreamError, stream: str | None, group: str | None, now_ms: int) -> str:
    """Return the frame of an error; stream and group are what the client said, where it said something."""
    frame: dict[str, Json] = {"timestamp": now_ms}
    if stream is not None:
        frame["streamName"] = stream
    if group is not None:
        frame["groupId"] = group
    event = {"type": "error", "data": {"code": error.code, "message": error.message}}
    return dumps({**frame, "event": {"type": "event", "event": event}})


def skip_frame(address: Address, first: int, last: Position, until: int) -> str:
    """Return the frame that declares a conflated hole: *first* to *last*, replaced by what comes up to *until*."""
    return (
        f'{{{_names(address)},"sequence":{last.sequence},"epoch":"{last.epoch}",'
        f'"event":{{"type":"skip","from":{first},"until":{until}}}}}'
    )


def resumed_frame(address: Address, id: str | None, to: Position, subscription: str, frames: Iterable[str]) -> str:
    """Return the answer to a join with a provable ``since``: the missed *frames* in order."""
    head = _answer(address, id, to, subscription, None)
    return f'{head},"event":{{"type":"resumed","data":[{",".join(frames)}]}}}}'


def item_sync_frame(
    address: Address, id: str, at: Position, value: str | None, subscription: str | None, resync: str | None
) -> str:
    """Return the snapshot of an item. value: its JSON text; None: there is no such item."""
    return f'{_answer(address, id, at, subscription, resync)},"event":{{"type":"sync","data":{value or "null"}}}}}'


def group_sync_frame(
    address: Address, at: Position, data: str, subscription: str | None, resync: str | None, more: bool = False
) -> str:
    """Return the snapshot of a group. data: its items' JSON texts, joined by commas; more: another part follows."""
    head = _answer(address, None, at, subscription, resync)
    part = ',"more":true' if more else ""
    return f'{head}{part},"event":{{"type":"sync","data":[{data}]}}}}'


def late_create_frame(address: Address, id: str, value: str) -> str:
    """Return the frame of an item that did not fit into its group's sync, for clients that know no parts."""
    return f'{{{_names(address)},"id":{dumps(id)},"event":{{"type":"create","data":{value}}}}}'


def parts(values: Sequence[str], longest: int) -> Iterator[list[str]]:
    """Cut *values* into runs whose texts have at most *longest* bytes together (a longer one stands alone)."""
    part: list[str] = []
    size = 0
    for value in values:
        length = len(value.encode()) + 1
        if part and size + length > longest:
            yield part
            part, size = [], 0
        part.append(value)
        size += length
    yield part


def _names(address: Address) -> str:
    return f'"streamName":{dumps(address.stream)},"groupId":{dumps(address.group)}'


def _answer(address: Address, id: str | None, at: Position, subscription: str | None, resync: str | None) -> str:
    head = f"{{{_names(address)}"
    if id is not None:
        head += f',"id":{dumps(id)}'
    head += f',"sequence":{at.sequence},"epoch":"{at.epoch}"'
    if subscription is not None:
        head += f',"subscriptionId":{dumps(subscription)}'
    return head if resync is None else f'{head},"resync":"{resync}"'


PONG = '{"type":"pong"}'
REFRESHED = '{"type":"refreshed"}'
