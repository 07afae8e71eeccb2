"""What handlers may return, and what becomes of it on the wire."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from http import HTTPStatus
from typing import Any
from uuid import UUID

import pytest
from django.http import FileResponse, HttpResponse
from django.test import Client, override_settings
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.response import Response

from steps.definition import step
from steps.triggers import http
from streams.changes import Written

Serve = Callable[..., None]
Answer = Callable[..., Any]

WRITTEN = Written(
    new_value={"id": "1", "text": "milk", "big": 2**70},
    old_value=None,
    created=True,
    sequence=1,
    timestamp=1795164336229.001,
    stream_name="todo",
    group_id="inbox",
    id="1",
)
ITEM = {
    "id": "1",
    "text": "milk",
    "big": 2**70,
    "__stream": {"streamName": "todo", "groupId": "inbox", "id": "1"},
}


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Model(BaseModel):
    name: str
    created_at: datetime = Field(alias="createdAt")


@pytest.fixture
def answer(serve: Serve, client: Client) -> Answer:
    """Return the response to a step that returns the given value."""

    def get(value: Any, **options: Any) -> Any:
        serve(step("Answer", lambda input, ctx: value, triggers=[http("GET", "/x", **options)]))
        return client.get("/x")

    return get


@pytest.mark.feature("E4")
@pytest.mark.parametrize(
    ("returned", "status", "content"),
    [
        ({"status": 200, "body": {"a": 1}}, 200, b'{"a":1}'),
        ({"status": 201, "body": {"id": "7"}}, 201, b'{"id":"7"}'),
        ({"status": 204}, 204, b""),
        ({"status": 204, "body": {"never": "sent"}}, 204, b""),
        ({"status": 400, "body": {"error": "bad"}}, 400, b'{"error":"bad"}'),
        ({"status": 404, "body": {"error": "Todo not found"}}, 404, b'{"error":"Todo not found"}'),
        ({"status": 404}, 404, b""),
        ({"status": HTTPStatus.CREATED, "body": []}, 201, b"[]"),
        ({"status": 599, "body": None}, 599, b"null"),
        (None, 204, b""),
        ({"a": 1}, 200, b'{"a":1}'),
        ({}, 200, b"{}"),
        ([], 200, b"[]"),
        ("text", 200, b'"text"'),
        (0, 200, b"0"),
        (False, 200, b"false"),
        ({"status": "open"}, 200, b'{"status":"open"}'),
        ({"status": 200, "title": "a value"}, 200, b'{"status":200,"title":"a value"}'),
        ({"body": "a value"}, 200, b'{"body":"a value"}'),
    ],
)
def test_statuses_and_bodies_are_exact(answer: Answer, returned: Any, status: int, content: bytes) -> None:
    got = answer(returned)
    assert (got.status_code, got.content) == (status, content)
    assert got.get("Content-Type") == "application/json" or not content


def test_headers_are_sent(answer: Answer) -> None:
    got = answer({"status": 200, "body": {}, "headers": {"X-One": "1", "Location": "/elsewhere"}})
    assert (got["X-One"], got["Location"], got["Content-Type"]) == ("1", "/elsewhere", "application/json")


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        ("<h1>ä</h1>", "text/html; charset=utf-8", "<h1>ä</h1>".encode()),
        (b"\x00\xff", "image/png", b"\x00\xff"),
        ({"title": "x"}, "application/problem+json", b'{"title":"x"}'),
        ("x", "application/json", b'"x"'),
    ],
)
def test_media_type_of_ones_own_is_kept(answer: Answer, body: Any, content_type: str, content: bytes) -> None:
    got = answer({"status": 200, "body": body, "headers": {"content-type": content_type}})
    assert (got["Content-Type"], got.content) == (content_type, content)


def test_bytes_without_a_media_type_are_octets(answer: Answer) -> None:
    got = answer(b"\x00\xff")
    assert (got["Content-Type"], got.content) == ("application/octet-stream", b"\x00\xff")


def test_json_is_exact(answer: Answer) -> None:
    value = {"z": 2**70, "a": -(2**64), "ü": "\u2028 ä </script>", "f": 0.1, "deep": [[[True, None]]]}
    got = answer(value)
    assert list(json.loads(got.content)) == list(value)
    assert json.loads(got.content) == value
    assert str(2**70).encode() in got.content
    assert "ü".encode() in got.content


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        (WRITTEN, ITEM),
        ({"status": 201, "body": WRITTEN}, ITEM),
        ({"todos": [WRITTEN, {"inner": WRITTEN}], "one": WRITTEN}, {"todos": [ITEM, {"inner": ITEM}], "one": ITEM}),
        ((WRITTEN,), [ITEM]),
    ],
)
def test_what_a_write_returned_becomes_the_item_and_where_to_listen(answer: Answer, returned: Any, body: Any) -> None:
    assert answer(returned).json() == body


def test_values_django_people_have_become_json(answer: Answer) -> None:
    got = answer(
        {
            "when": datetime(2026, 1, 31, 12, tzinfo=UTC),
            "day": date(2026, 1, 31),
            "price": Decimal("0.10"),
            "uuid": UUID(int=7),
            "colour": Colour.RED.value,
            "level": Level.HIGH,
            "model": Model(name="a", createdAt=datetime(2026, 1, 31, tzinfo=UTC)),
            "lazy": gettext_lazy("Yes"),
            "set": {1},
            7: "key",
        }
    )
    assert got.json() == {
        "when": "2026-01-31T12:00:00Z",
        "day": "2026-01-31",
        "price": "0.10",
        "uuid": "00000000-0000-0000-0000-000000000007",
        "colour": "red",
        "level": 3,
        "model": {"name": "a", "createdAt": "2026-01-31T00:00:00Z"},
        "lazy": "Yes",
        "set": [1],
        "7": "key",
    }


def test_responses_of_django_and_drf_are_answers(answer: Answer) -> None:
    got = answer(HttpResponse("plain", status=202, content_type="text/plain"))
    assert (got.status_code, got.content, got["Content-Type"]) == (202, b"plain", "text/plain")

    got = answer(Response({"todo": WRITTEN, "n": 2**70}, status=201, headers={"X-One": "1"}))
    assert (got.status_code, got.json(), got["X-One"]) == (201, {"todo": ITEM, "n": 2**70}, "1")
    assert got["Content-Type"] == "application/json"

    assert answer(Response(status=204)).content == b""
    assert b"".join(answer(FileResponse(iter([b"a", b"b"]))).streaming_content) == b"ab"


class Unknown:
    pass


async def forgotten() -> None:
    return None


def numbers() -> Iterator[int]:
    yield 1


def circle() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: {"status": "200", "body": 1}, "status must be a number"),
        (lambda: {"status": 99}, "status must be a number"),
        (lambda: {"status": 100, "body": 1}, "status must be a number"),
        (lambda: {"status": 600}, "status must be a number"),
        (lambda: {"status": True}, "status must be a number"),
        (lambda: {"status": 200, "headers": ["X"]}, "headers must be a dict"),
        (lambda: {"status": 200, "headers": {"X-A": "a\r\nX-B: b"}}, "newlines"),
        (Unknown, "Unknown is not JSON"),
        (lambda: {"a": [Unknown()]}, "Unknown is not JSON"),
        (numbers, "generator is not JSON"),
        (lambda: float("nan"), "NaN"),
        (lambda: {"a": {"b": float("inf")}}, "a.b"),
        (lambda: {"a": "\ud800"}, "lone surrogates"),
        (lambda: {None: 1}, "key None"),
        (circle, "not JSON"),
    ],
)
def test_what_cannot_be_sent_is_a_500_that_the_log_explains(
    answer: Answer, caplog: pytest.LogCaptureFixture, make: Callable[[], Any], words: str
) -> None:
    with caplog.at_level(logging.ERROR, "steps"):
        got = answer(make())
    assert got.status_code == 500
    assert got.json().keys() == {"error", "error_id"}
    [record] = [record for record in caplog.records if record.name == "steps.views"]
    assert words in str(record.exc_info[1])  # type: ignore[index]


def test_forgotten_await_is_named(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    coroutine = forgotten()
    assert answer({"body": [coroutine]}).status_code == 500
    assert "was an await forgotten?" in caplog.text
    coroutine.close()


class Todo(BaseModel):
    text: str


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    text: str
    big: int


@pytest.mark.feature("E3")
@pytest.mark.parametrize(
    ("returned", "warned"),
    [
        ({"text": "a"}, False),
        ({"status": 200, "body": {"text": 7}}, True),
        (Response({"text": 7}), True),
        ({"status": 404, "body": {"error": "other statuses are not described"}}, False),
    ],
)
def test_answer_that_does_not_fit_is_warned_of_with_debug(
    answer: Answer, caplog: pytest.LogCaptureFixture, returned: Any, warned: bool
) -> None:
    with override_settings(DEBUG=True):
        got = answer(returned, response={200: Todo})
    assert got.status_code in {200, 404}
    records = [record for record in caplog.records if record.message == "response does not fit its schema"]
    assert [vars(record)["fields"] for record in records] == ([{"text": ["Input should be a valid string"]}] * warned)

    caplog.clear()
    answer(returned, response={200: Todo})
    assert caplog.records == [record for record in caplog.records if record.name == "django.request"]


@override_settings(DEBUG=True)
def test_address_of_an_item_is_in_no_schema(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    assert answer(WRITTEN, response=Closed).json() == ITEM
    assert "response does not fit its schema" not in caplog.text


@override_settings(STEPS={"check_responses": True})
def test_answers_can_be_checked_without_debug(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    answer({"text": 7}, response=Todo)
    assert "response does not fit its schema" in caplog.text
