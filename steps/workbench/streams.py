"""Streams: their groups and items, live; the log with any moment that it keeps; writing by hand."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from streams.models import Change, Group
from streams.registry import registry

from ..database import alias
from . import moments
from .examples import example
from .listing import list_groups, list_items, stored_groups
from .page import Json, NotThere, Page, Refused, need, number_of, text_of

page = Page(
    name="streams",
    title="Streams",
    permission="streams.view_group",
    summary="Every stream with its groups and items as they are now, and as they were.",
    icon="M3 7c3-3 6-3 9 0s6 3 9 0v3c-3 3-6 3-9 0s-6-3-9 0zm0 7c3-3 6-3 9 0s6 3 9 0v3c-3 3-6 3-9 0s-6-3-9 0z",
    topics=("streams", "connections", "processes"),
)


@page.data
def declared(request: HttpRequest) -> Json:
    """List the streams that the project declares."""
    return {"streams": [_described(stream) for stream in registry.all()]}


@page.data
def groups(request: HttpRequest) -> Json:
    """List the groups of ``stream`` whose ids begin with ``find``, those after ``after``."""
    return list_groups(_stream(text_of(request.GET, "stream")), request.GET)


@page.data
def items(request: HttpRequest) -> Json:
    """List the items of ``group`` of ``stream`` that were created after the cursor ``after``, as their rows say."""
    need(request, "streams.view_item")
    return list_items(_stream(text_of(request.GET, "stream")), text_of(request.GET, "group"), request.GET)


@page.data
def log(request: HttpRequest) -> Json:
    """List the newest changes of ``group``, or of its ``item``, before the sequence ``before``."""
    need(request, "streams.view_change")
    group = _group(request)
    first, last = moments.kept(group)
    before = number_of(request.GET, "before", last + 1, 2**62)
    found, further = moments.entries(group, request.GET.get("item", ""), before)
    return {"changes": found, "before": further, "first": first, "last": last}


@page.data
def moment(request: HttpRequest) -> Json:
    """Return the items of ``group`` as they were after the change ``sequence``."""
    need(request, "streams.view_change")
    group = _group(request)
    sequence = number_of(request.GET, "sequence", group.sequence, group.sequence)
    clock = Change.objects.using(alias()).filter(group=group, sequence=sequence).values_list("clock", flat=True).first()
    return {"items": moments.moment(group, sequence), "at": None if clock is None else clock / 1000}


@page.action("streams.add_item")
def create(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Write a new item. Refused: there is one of that id."""
    stream, group, id = _place(body)
    if stream.get(group, id) is not None:
        raise Refused(f"There is an item {id!r:.80} already.")
    return {"item": stream.set(group, id, body.get("value")).new_value}


@page.action("streams.change_item")
def edit(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Replace an item."""
    stream, group, id = _place(body)
    if stream.get(group, id) is None:
        raise NotThere("The item is not there any more.")
    return {"item": stream.set(group, id, body.get("value")).new_value}


@page.action("streams.delete_item")
def delete(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Delete an item."""
    stream, group, id = _place(body)
    return {"deleted": stream.delete(group, id) is not None}


@page.action("streams.change_group")
def send(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Send an ephemeral event to who is subscribed to a group, or to one item of it."""
    stream, group = _stream(text_of(body, "stream")), text_of(body, "group")
    id = text_of(body, "id", "")
    channel = {"groupId": group, "id": id} if id else {"groupId": group}
    stream.send(channel, {"type": text_of(body, "type"), "data": body.get("data")})
    return {}


def _described(stream: Any) -> dict[str, Json]:
    definition = stream.definition
    schema = definition.schema.json_schema()
    history = definition.history
    age = None if history is None or history.age is None else history.age.total_seconds() * 1000
    return {
        "name": definition.name,
        "description": definition.description,
        "schema": schema,
        "example": example(schema),
        "open": definition.open,
        "public": definition.public,
        "storage": definition.storage,
        "history": None if history is None else {"changes": history.changes, "age": age},
    }


def _stream(name: str) -> Any:
    """Return a stream of the project; those of Millrace's own have pages of their own."""
    for stream in registry.all():
        if stream.definition.name == name:
            return stream
    raise NotThere(f"There is no stream {name!r:.80}.")


def _group(request: HttpRequest) -> Group:
    stream, key = _stream(text_of(request.GET, "stream")), text_of(request.GET, "group")
    found: Group | None = stored_groups().filter(stream=stream.name, key=key).first()
    if found is None:
        raise NotThere("Nothing was ever written to this group.")
    return found


def _place(body: Mapping[str, Any]) -> tuple[Any, str, str]:
    return _stream(text_of(body, "stream")), text_of(body, "group"), text_of(body, "id")
