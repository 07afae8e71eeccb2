"""What the OpenAPI document says of the views: a decorator for each of their methods."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from .renderers import EVENT_STREAM, JSON

Described = dict[str, Any]
Responses = dict[Any, Any]

F = TypeVar("F", bound=Callable[..., Any])


class Decorator(Protocol):
    """Describes a method and leaves it as it is."""

    def __call__(self, method: F, /) -> F: ...


class StreamScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How ``StreamAuthentication`` is told who asks."""

    target_class = "streams.requests.StreamAuthentication"
    name = ["session", "token"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """Return that either will do."""
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[Described]:
        """Describe the session's cookie, and the token that ``authenticate_stream`` knows."""
        cookie = {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
        return [cookie, {"type": "http", "scheme": "bearer"}]


TEXT: Described = {"type": "string"}
ITEM: Described = {"type": "object", "properties": {"id": TEXT}, "additionalProperties": True}
EVENT: Described = {
    "type": "object",
    "properties": {"type": {"type": "string", "maxLength": 64}, "data": {}},
    "required": ["type"],
    "additionalProperties": False,
}
OPERATION: Described = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["set", "merge", "increment", "decrement", "remove", "append"]},
        "path": {"anyOf": [TEXT, {"type": "array", "items": TEXT}], "description": "Dotted, or a list of keys."},
        "value": {},
        "by": {"type": "number"},
        "deep": {"type": "boolean"},
    },
    "required": ["type"],
}


def _list(of: Described) -> Described:
    return {"type": "array", "items": of}


def _object(**properties: Described) -> Described:
    return {"type": "object", "properties": properties, "required": list(properties)}


_FIELDS: Described = {"type": "object", "additionalProperties": _list(TEXT)}
_ERROR: Described = {**_object(code=TEXT, message=TEXT, fields=_FIELDS), "required": ["code", "message"]}
_REFUSED = {
    400: "What was sent does not fit.",
    403: "The rules of the stream do not allow it.",
    404: "There is no such stream or item.",
    409: "Another transaction was in the way; try again.",
    422: "The Idempotency-Key was used for something else.",
}


def _json(schema: Described, description: str, status: int = 200) -> Responses:
    return {(status, JSON): OpenApiResponse(schema, description)}


def _says(name: str, summary: str, answers: Responses, *parameters: OpenApiParameter, **more: Any) -> Decorator:
    """Describe a method. answers: by status and media type."""
    for status in [400, 403, 404] if "request" not in more else _REFUSED:
        answers |= _json(_object(error=_ERROR), _REFUSED[status], status)
    decorator: Decorator = extend_schema(
        operation_id=name, summary=summary, tags=["streams"], parameters=list(parameters), responses=answers, **more
    )
    return decorator


_KEY = OpenApiParameter("Idempotency-Key", str, "header", description="What is repeated with its key is done once.")
_LIMIT = OpenApiParameter("limit", int, "query", description="How many items; without it, all.")
_AFTER = OpenApiParameter("after", str, "query", description="The `next` of the page before.")
_SINCE = OpenApiParameter("since", str, "query", description="Of event streams: the id of the last event, to go on.")
_LAST = OpenApiParameter("Last-Event-ID", str, "header", description="The same; browsers send it by themselves.")

_FRAMES: Responses = {(200, EVENT_STREAM): OpenApiResponse(TEXT, "The frames of a subscription, as events.")}
_QUIET: Responses = {204: OpenApiResponse(description="Done; the item is only for those who may read it.")}
_SENT: Responses = {204: OpenApiResponse(description="Sent to whoever is subscribed now.")}
_WRITTEN: Responses = _json(ITEM, "The item as it is now.") | _json(ITEM, "The item, which is new.", 201) | _QUIET

_STREAM = _object(name=TEXT, description=TEXT, schema={"type": "object", "additionalProperties": True})
_PAGE = _object(
    streamName=TEXT,
    groupId=TEXT,
    sequence={"type": "integer", "description": "Of the last change of the group."},
    epoch={"type": "string", "description": "Of the last change of the group."},
    items=_list(ITEM),
    next={"type": ["string", "null"], "description": "Cursor of the page that follows."},
)

streams = _says("streams", "List streams", _json(_object(streams=_list(_STREAM)), "The streams you may look into."))
groups = _says("stream_groups", "List groups", _json(_object(streamName=TEXT, groups=_list(TEXT)), "The groups' ids."))
items = _says(
    "group_items", "List items, or follow a group", _json(_PAGE, "A page.") | _FRAMES, _LIMIT, _AFTER, _SINCE, _LAST
)
item = _says("item", "Get an item, or follow it", _json(ITEM, "The item.") | _FRAMES, _SINCE, _LAST)
put = _says("item_set", "Create or replace an item", dict(_WRITTEN), _KEY, request={JSON: ITEM})
patch = _says("item_update", "Update an item", dict(_WRITTEN), _KEY, request={JSON: _list(OPERATION)})
delete = _says("item_delete", "Delete an item", _json(ITEM, "The item as it was.") | _QUIET, _KEY, request=None)
group_send = _says("group_send", "Send an event to a group", dict(_SENT), _KEY, request={JSON: EVENT})
item_send = _says("item_send", "Send an event to an item", dict(_SENT), _KEY, request={JSON: EVENT})
