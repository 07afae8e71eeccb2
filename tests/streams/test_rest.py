"""Reading and writing streams over HTTP: what is answered, what is stored, and who is told."""

import html
import json
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.test import override_settings
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from rest_framework.test import APIClient

from streams.registry import registry
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.strategies import json_objects
from tests.support.web import ON_ALL, ON_SQLITE

Declare = Callable[..., Stream]

TRANSPORT = httpx.ASGITransport(app=get_asgi_application())

NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def open_stream(declare: Declare) -> Stream:
    """A stream that everybody may read and write."""
    return declare("s", public=True, can_write=lambda subscription, auth, operation: True)


def put(client: APIClient, path: str, value: Any, **more: Any) -> Any:
    return client.put(path, json.dumps(value), content_type="application/json", **more)


def patch(client: APIClient, path: str, value: Any, **more: Any) -> Any:
    return client.patch(path, json.dumps(value), content_type="application/json", **more)


def post(client: APIClient, path: str, value: Any, **more: Any) -> Any:
    return client.post(path, json.dumps(value), content_type="application/json", **more)


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that *answer* refuses, in JSON, and return what it says."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json"), answer.content
    assert list(answer.json()) == ["error"]
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
    return error


# -- what there is ----------------------------------------------------------------------------------------------------


def test_streams_are_listed_with_their_schemas(declare: Declare, client: APIClient) -> None:
    declare("b", public=True, schema=NAME, description="The second")
    declare("a", public=True)
    declare("secret")
    declare("hooked", on_join=lambda subscription, ctx, auth: True)
    declare("members", can_access=lambda subscription, auth: auth is not None)
    answer = client.get("/streams/")
    assert answer.status_code == 200
    assert answer.json() == {
        "streams": [
            {"name": "a", "description": "", "schema": {"type": "object"}},
            {"name": "b", "description": "The second", "schema": NAME},
        ]
    }
    assert (answer["Cache-Control"], answer["Content-Type"]) == ("no-cache", "application/json")


@pytest.mark.parametrize("path", ["/streams/", "/streams/s/", "/streams/s/g/", "/streams/s/g/a/"])
def test_people_get_pages_that_show_the_same(open_stream: Stream, client: APIClient, path: str) -> None:
    open_stream.set("g", "a", {"n": "<b>"})
    page = client.get(path, HTTP_ACCEPT="text/html")
    assert (page.status_code, page["Content-Type"]) == (200, "text/html; charset=utf-8")
    shown = html.unescape(re.sub("<[^>]*>", "", page.content.decode()))
    assert json.dumps(client.get(path).json(), indent=4) in shown
    missing = client.get("/streams/s/g/none/", HTTP_ACCEPT="text/html")
    assert (missing.status_code, b"ITEM_NOT_FOUND" in missing.content) == (404, True)


@ON_ALL
def test_groups_of_a_stream_are_those_that_hold_items(open_stream: Stream, client: APIClient) -> None:
    for group in ("b", "ä/b", "a", "gone"):
        open_stream.set(group, "1", {})
    open_stream.delete("gone", "1")
    assert client.get("/streams/s/").json() == {"streamName": "s", "groups": ["a", "b", "ä/b"]}


@ON_ALL
def test_a_group_is_its_items_at_one_position(open_stream: Stream, client: APIClient) -> None:
    for number, id in enumerate("bca"):
        open_stream.set("g", id, {"n": number})
    open_stream.update("g", "b", [{"type": "set", "path": "n", "value": 9}])
    state = open_stream.snapshot("g")
    assert client.get("/streams/s/g/").json() == {
        "streamName": "s",
        "groupId": "g",
        "sequence": 4,
        "epoch": state.epoch,
        "items": [{"n": 9, "id": "b"}, {"n": 1, "id": "c"}, {"n": 2, "id": "a"}],
        "next": None,
    }


def test_a_group_that_was_never_written_is_empty(open_stream: Stream, client: APIClient) -> None:
    page = client.get("/streams/s/nothing/").json()
    assert (page["sequence"], page["epoch"], page["items"], page["next"]) == (0, "", [], None)


@ON_ALL
def test_pages_follow_each_other_and_each_says_where_the_group_was(open_stream: Stream, client: APIClient) -> None:
    for number in range(7):
        open_stream.set("g", f"i{number}", {})
    seen: list[str] = []
    sequences: list[int] = []
    cursor = ""
    while True:
        page = client.get(f"/streams/s/g/?limit=3{cursor}").json()
        seen += [item["id"] for item in page["items"]]
        sequences.append(page["sequence"])
        if page["next"] is None:
            break
        cursor = f"&after={page['next']}"
        open_stream.set("g", "i0", {})
    assert (seen, sequences) == ([f"i{number}" for number in range(7)], [7, 8, 9])


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "limit=", "limit=1.5", "limit=²", "after=x", "after="]
)
def test_what_is_no_page_is_refused(open_stream: Stream, client: APIClient, query: str) -> None:
    refused(client.get(f"/streams/s/g/?{query}"), 400, "INVALID_CURSOR")


def test_an_item_that_is_not_there_is_not_found(open_stream: Stream, client: APIClient) -> None:
    refused(client.get("/streams/s/g/a/"), 404, "ITEM_NOT_FOUND")


@pytest.mark.parametrize("path", ["/streams/x/", "/streams/x/g/", "/streams/x/g/a/"])
def test_a_stream_that_is_not_there_is_not_found(open_stream: Stream, client: APIClient, path: str) -> None:
    refused(client.get(path), 404, "STREAM_NOT_FOUND")


def test_a_path_longer_than_an_items_is_not_found(open_stream: Stream, client: APIClient) -> None:
    refused(client.get("/streams/s/g/a/b/"), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/streams/s", "/streams/s/g", "/streams/s/g/a"])
def test_a_slash_at_the_end_makes_no_difference(open_stream: Stream, client: APIClient, path: str) -> None:
    open_stream.set("g", "a", {})
    assert client.get(path).json() == client.get(f"{path}/").json()


# -- writing ----------------------------------------------------------------------------------------------------------


@ON_ALL
def test_put_creates_then_replaces(open_stream: Stream, client: APIClient, heard: Heard) -> None:
    first, second = put(client, "/streams/s/g/a/", {"n": 1, "old": True}), put(client, "/streams/s/g/a/", {"n": 2})
    assert [(answer.status_code, answer.json()) for answer in (first, second)] == [
        (201, {"n": 1, "old": True, "id": "a"}),
        (200, {"n": 2, "id": "a"}),
    ]
    assert open_stream.get("g", "a") == {"n": 2, "id": "a"}
    assert [hint.kind for message in heard.messages for hint in message.hints] == ["create", "update"]


@ON_ALL
def test_patch_takes_update_operations(open_stream: Stream, client: APIClient) -> None:
    operations = [{"type": "increment", "path": "n"}, {"type": "append", "path": "seen", "value": "x"}]
    answers = [patch(client, "/streams/s/g/a/", operations) for _ in range(2)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (201, {"n": 1, "seen": ["x"], "id": "a"}),
        (200, {"n": 2, "seen": ["x", "x"], "id": "a"}),
    ]


@ON_ALL
def test_delete_returns_what_was_there(open_stream: Stream, client: APIClient) -> None:
    open_stream.set("g", "a", {"n": 1})
    answer = client.delete("/streams/s/g/a/")
    assert (answer.status_code, answer.json()) == (200, {"n": 1, "id": "a"})
    assert open_stream.get("g", "a") is None
    refused(client.delete("/streams/s/g/a/"), 404, "ITEM_NOT_FOUND")


@pytest.mark.parametrize(("path", "id"), [("/streams/s/g/", None), ("/streams/s/g/a/", "a")])
def test_post_sends_an_event(open_stream: Stream, client: APIClient, heard: Heard, path: str, id: str | None) -> None:
    answer = post(client, path, {"type": "typing", "data": {"n": 2**70}})
    assert (answer.status_code, answer.content) == (204, b"")
    [event] = [event for message in heard.messages for event in message.events]
    assert event.id == id
    assert json.loads(event.frame)["event"] == {"type": "event", "event": {"type": "typing", "data": {"n": 2**70}}}
    assert open_stream.list("g") == []


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("put", "/streams/s/g/a/", [], "INVALID_ITEM"),
        ("put", "/streams/s/g/a/", {"id": "b", "name": "x"}, "INVALID_ITEM"),
        ("put", "/streams/s/g/a/", {"name": 1}, "INVALID_ITEM"),
        ("patch", "/streams/s/g/a/", {"type": "set"}, "INVALID_UPDATE"),
        ("patch", "/streams/s/g/a/", [{"type": "explode", "path": "n"}], "INVALID_UPDATE"),
        ("patch", "/streams/s/g/a/", [{"type": "set", "path": "name", "value": 7}], "INVALID_ITEM"),
        ("post", "/streams/s/g/", {"type": "sync"}, "INVALID_EVENT"),
        ("post", "/streams/s/g/a/", "hello", "INVALID_EVENT"),
        ("put", f"/streams/s/{'x' * 256}/a/", {"name": "x"}, "INVALID_ID"),
        ("put", f"/streams/s/g/{'x' * 256}/", {"name": "x"}, "INVALID_ID"),
        ("put", "/streams/s/g/a%00/", {"name": "x"}, "INVALID_ID"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(
    declare: Declare, client: APIClient, heard: Heard, method: str, path: str, body: Any, code: str
) -> None:
    stream = declare("s", public=True, schema=NAME, can_write=lambda subscription, auth, operation: True)
    answer = getattr(client, method)(path, json.dumps(body), content_type="application/json")
    refused(answer, 400, code)
    assert (stream.list_groups(), heard.messages) == ([], [])


def test_fields_that_do_not_fit_are_named(declare: Declare, client: APIClient) -> None:
    declare("s", public=True, schema=NAME, can_write=lambda subscription, auth, operation: True)
    error = refused(put(client, "/streams/s/g/a/", {}), 400, "INVALID_ITEM")
    assert error["fields"] == {"name": ["Field required"]}


@pytest.mark.parametrize("body", [b"", b"{bad", b'{"n":NaN}', b"\xff", b"[" * 100_000, b'{"a":1}{}', b'{"n":1e999}'])
def test_what_is_not_json_is_refused(open_stream: Stream, client: APIClient, body: bytes) -> None:
    refused(client.put("/streams/s/g/a/", body, content_type="application/json"), 400, "INVALID_INPUT")


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""]
)
def test_only_json_is_taken(open_stream: Stream, client: APIClient, kind: str) -> None:
    answer = client.generic("PUT", "/streams/s/g/a/", b'{"n":1}', content_type=kind)
    refused(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


def test_json_of_a_kind_of_its_own_is_json(open_stream: Stream, client: APIClient) -> None:
    answer = client.put("/streams/s/g/a/", b"{}", content_type="application/merge+json; charset=utf-8")
    assert answer.status_code == 201


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_a_body_that_is_too_large_is_refused(open_stream: Stream, client: APIClient) -> None:
    refused(put(client, "/streams/s/g/a/", {"text": "x" * 200}), 413, "FRAME_TOO_LARGE")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/streams/") for method in ("post", "put", "patch", "delete")),
        *((method, "/streams/s/") for method in ("post", "put", "patch", "delete")),
        *((method, "/streams/s/g/") for method in ("put", "patch", "delete")),
    ],
)
def test_a_method_that_makes_no_sense_is_not_allowed(
    open_stream: Stream, client: APIClient, method: str, path: str
) -> None:
    answer = getattr(client, method)(path)
    refused(answer, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer["Allow"]


def test_options_say_what_is_allowed(open_stream: Stream, client: APIClient) -> None:
    answer = client.options("/streams/s/g/a/")
    assert answer.status_code == 200
    assert set(answer["Allow"].split(", ")) == {"GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS"}


def test_head_is_answered_as_get_is(open_stream: Stream, client: APIClient) -> None:
    open_stream.set("g", "a", {})
    assert client.head("/streams/s/g/a/").status_code == 200
    assert client.head("/streams/s/g/b/").status_code == 404


@limits(max_examples=25, deadline=None)
@given(json_objects)
def test_json_goes_in_and_comes_out_exactly(value: dict[str, Any]) -> None:
    value.pop("id", None)
    value.pop("__stream", None)
    stream = Stream("exact", storage="memory", public=True, can_write=lambda subscription, auth, operation: True)
    before = registry.all()
    registry.replace([stream])
    try:
        client = APIClient()
        answers = [put(client, "/streams/exact/g/a/", value), client.get("/streams/exact/g/a/")]
        page = client.get("/streams/exact/g/")
    finally:
        registry.replace(before)
    expected = {**value, "id": "a"}
    for text in (answers[0].content, answers[1].content):
        assert json.loads(text) == expected
        assert list(json.loads(text)) == list(expected), "keys keep their order"
    assert answers[1].content in page.content


# -- paths ------------------------------------------------------------------------------------------------------------

ids = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
    | st.text("/%.?#&=+; \\ä\n", min_size=1, max_size=8)
).filter(lambda id: id not in (".", ".."))


def quoted(text: str) -> str:
    """Return *text* as one segment; httpx would leave some characters alone."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


@limits(max_examples=40, deadline=None)
@given(ids, ids)
async def test_every_id_has_a_path(group: str, id: str) -> None:
    name = f"paths-{uuid4().hex}"
    stream = Stream(name, storage="memory", public=True, can_write=lambda subscription, auth, operation: True)
    before = registry.all()
    registry.replace([stream])
    try:
        async with httpx.AsyncClient(transport=TRANSPORT, base_url="http://testserver/streams") as client:
            path = f"/{name}/{quoted(group)}/{quoted(id)}/"
            assert (await client.put(path, json={"n": 1})).status_code == 201
            assert (await client.get(path)).json() == {"n": 1, "id": id}
            assert (await client.get(f"/{name}/{quoted(group)}")).json()["items"] == [{"n": 1, "id": id}]
            assert (await client.get(f"/{name}/")).json()["groups"] == [group]
    finally:
        registry.replace(before)
    assert stream.list(group) == [{"n": 1, "id": id}]


async def test_a_path_that_is_not_utf_8_is_refused(open_stream: Stream) -> None:
    async with httpx.AsyncClient(transport=TRANSPORT, base_url="http://testserver") as client:
        answer = await client.get("/streams/s/%ff/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_ID")


# -- for people -------------------------------------------------------------------------------------------------------


@ON_SQLITE
@pytest.mark.parametrize("path", ["/streams/", "/streams/s/", "/streams/s/g/", "/streams/s/g/a/"])
def test_browsers_see_pages(open_stream: Stream, client: APIClient, path: str) -> None:
    open_stream.set("g", "a", {"n": 2**70, "text": "<script>alert(1)"})
    answer = client.get(path, HTTP_ACCEPT="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<script>alert(1)" not in answer.content.decode()
    if path.endswith("/a/"):
        assert str(2**70) in answer.content.decode()


def test_only_groups_and_items_can_be_followed(open_stream: Stream, client: APIClient) -> None:
    for path in ("/streams/", "/streams/s/"):
        refused(client.get(path, HTTP_ACCEPT="text/event-stream"), 406, "NOT_ACCEPTABLE")


def test_event_streams_need_an_asgi_server(open_stream: Stream, client: APIClient) -> None:
    refused(client.get("/streams/s/g/", HTTP_ACCEPT="text/event-stream"), 406, "NOT_ACCEPTABLE")
