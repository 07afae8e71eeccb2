"""Streams over HTTP: what one may read, and writes where ``can_write`` allows them (see docs/http.md)."""

from collections.abc import Callable, Iterable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from . import openapi
from .changes import Position, Written
from .errors import InvalidCursor, ItemNotFound
from .idempotency import Answer, KeyedWrite
from .identifiers import check_id
from .registry import registry
from .renderers import JsonText
from .rest import StreamsAPIView
from .rules import Operation, denied, may_read, may_write
from .stores.base import Row
from .values import Json, dumps
from .writer import Stream

Write = Callable[[Stream, Json], Answer]
"""Writes what was sent and returns the answer."""


class StreamListView(StreamsAPIView):
    """The streams that you may look into."""

    @openapi.streams
    def get(self, request: Request) -> Response:
        """List the streams whose groups you may list, each with its JSON Schema."""
        definitions = [stream.definition for stream in registry.all()]
        return Response(
            {
                "streams": [
                    {"name": found.name, "description": found.description, "schema": found.schema.json_schema()}
                    for found in definitions
                    if may_read(found, None, None, self.auth)
                ]
            }
        )


class GroupListView(StreamsAPIView):
    """The groups of a stream."""

    @openapi.groups
    def get(self, request: Request, stream: str) -> Response:
        """List the ids of the groups that hold items, in the order of their code points."""
        target = self.stream(stream)
        if not may_read(target.definition, None, None, self.auth):
            raise denied(target.definition)
        return Response({"streamName": stream, "groups": target.list_groups()})


class _WritingView(StreamsAPIView):
    """A group, or an item of it."""

    def may_read(self, target: Stream, group: str, id: str | None) -> bool:
        return may_read(target.definition, group, id, self.auth)

    def target(self, stream: str, group: str, id: str | None) -> Stream:
        """Return the stream, if the ids may be ids. Raises: StreamNotFound, InvalidId."""
        target = self.stream(stream)
        check_id(group, "group")
        if id is not None:
            check_id(id, "item")
        return target

    def write(self, operation: Operation, stream: str, group: str, id: str | None, write: Write) -> Response:
        """Do *write* if it is allowed; once, where a key says so."""
        target = self.target(stream, group, id)
        if not may_write(target.definition, group, id, self.auth, operation):
            raise denied(target.definition)
        sent, value = (b"", None) if operation == "delete" else self.body()
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            answer = write(target, value)
        else:
            about = [self.auth, self.request.method, stream, group, id]
            answer = KeyedWrite(key, about, sent).once(target.store, lambda: write(target, value))
        headers = {"Idempotency-Replayed": "true"} if answer.repeated else {}
        if not answer.body or not self.may_read(target, group, id):  # who writes need not be allowed to see
            return Response(status=204, headers=headers)
        return Response(JsonText(answer.body), answer.status, headers=headers)

    def send(self, stream: str, group: str, id: str | None) -> Response:
        """Send what was sent as an event to whoever is subscribed now."""

        def write(target: Stream, event: Json) -> Answer:
            target.send(group if id is None else (group, id), event)
            return Answer(204)

        return self.write("send", stream, group, id, write)


class GroupView(_WritingView):
    """The items of a group, at one position of its history."""

    @openapi.items
    def get(self, request: Request, stream: str, group: str) -> Response:
        """List the items in the order of their creation, with the position from which a subscriber can go on.

        A page and its position are of one moment; ``next`` is the cursor of the page that follows.
        """
        target = self.target(stream, group, None)
        if not self.may_read(target, group, None):
            raise denied(target.definition)
        limit, after = _positive(request, "limit"), _positive(request, "after") or 0
        found = target.store.snapshot(target.address(group), limit=None if limit is None else limit + 1, after=after)
        rows = found.items if limit is None else found.items[:limit]
        following = str(rows[-1].created) if len(rows) < len(found.items) else None
        return Response(_page(stream, group, found.position, rows, following))

    @openapi.group_send
    def post(self, request: Request, stream: str, group: str) -> Response:
        """Send an ephemeral event to the subscribers of the group."""
        return self.send(stream, group, None)


class ItemView(_WritingView):
    """An item."""

    @openapi.item
    def get(self, request: Request, stream: str, group: str, id: str) -> Response:
        """Return the item."""
        target = self.target(stream, group, id)
        if not self.may_read(target, group, id):
            raise denied(target.definition)
        text = target.store.get(target.address(group), id)
        if text is None:
            raise ItemNotFound
        return Response(JsonText(text))

    @openapi.put
    def put(self, request: Request, stream: str, group: str, id: str) -> Response:
        """Create or replace the item."""
        return self.write("set", stream, group, id, lambda target, value: _written(target.set(group, id, value)))

    @openapi.patch
    def patch(self, request: Request, stream: str, group: str, id: str) -> Response:
        """Apply a list of update operations, all or none; a missing item starts as an empty object."""
        return self.write("update", stream, group, id, lambda target, value: _written(target.update(group, id, value)))

    @openapi.delete
    def delete(self, request: Request, stream: str, group: str, id: str) -> Response:
        """Delete the item and return what it was."""

        def write(target: Stream, _: Json) -> Answer:
            old = target.delete(group, id)
            if old is None:
                raise ItemNotFound
            return Answer(200, dumps(old))

        return self.write("delete", stream, group, id, write)

    @openapi.item_send
    def post(self, request: Request, stream: str, group: str, id: str) -> Response:
        """Send an ephemeral event to the subscribers of the item and of its group."""
        return self.send(stream, group, id)


def _written(written: Written | None) -> Answer:
    assert written is not None  # only if_exists leaves a write undone
    return Answer(201 if written.created else 200, dumps(written.new_value))


def _page(stream: str, group: str, at: Position, rows: Iterable[Row], following: str | None) -> JsonText:
    """Return a page, with the items' texts as they are stored."""
    head = dumps({"streamName": stream, "groupId": group, "sequence": at.sequence, "epoch": at.epoch})
    items = ",".join(row.value for row in rows)
    return JsonText(f'{head[:-1]},"items":[{items}],"next":{dumps(following)}}}')


def _positive(request: Request, name: str) -> int | None:
    text: Any = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) > 0):
        raise InvalidCursor(f"{name} must be a positive number")
    return int(text)
