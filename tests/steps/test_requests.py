"""What a handler is given of its request."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.request import RawPostDataException
from django.test import AsyncClient, Client, override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from rest_framework.serializers import CharField, Serializer

from steps.definition import step
from steps.registry import registry
from steps.requests import CHUNK_BYTES, Request
from steps.triggers import http

Serve = Callable[..., None]


class Body(BaseModel):
    text: str
    many: list[int] = []
    dueDate: str | None = Field(default=None, alias="due")  # noqa: N815


class Query(BaseModel):
    limit: int = 10
    tag: list[str] = []


class BodySerializer(Serializer[Any]):
    text = CharField()


class Seen:
    """The inputs that the handler of ``path`` was given."""

    def __init__(self, serve: Serve, method: str = "POST", path: str = "/x/{id}", **options: Any) -> None:
        self.inputs: list[Request] = []
        serve(step("Seen", self.handle, triggers=[http(method, path, **options)]))

    def handle(self, input: Request, ctx: Any) -> None:
        self.inputs.append(input)

    @property
    def input(self) -> Request:
        [input] = self.inputs
        return input


def post(client: Client, data: Any, content_type: str = "application/json", path: str = "/x/1", **more: Any) -> Any:
    return client.post(path, data, content_type=content_type, **more)


def refused(answer: Any, status: int = 400) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.feature("E1")
def test_request_reaches_the_handler_with_its_validated_body(serve: Serve, client: Client) -> None:
    seen = Seen(serve, body=Body)
    assert post(client, {"text": "milk", "due": "today"}).status_code == 204
    assert seen.input.body == Body(text="milk", due="today")

    answer = post(client, {"many": ["x"]})
    assert refused(answer) == {
        "error": "Invalid body",
        "fields": {
            "text": ["Field required"],
            "many.0": ["Input should be a valid integer, unable to parse string as an integer"],
        },
    }
    assert len(seen.inputs) == 1


@pytest.mark.feature("E2")
@pytest.mark.parametrize("path", ["/todo/{id}/lines/{line}", "/todo/:id/lines/:line", "/todo/:id/lines/{line}"])
def test_path_parameters_of_both_spellings_reach_the_handler(serve: Serve, client: Client, path: str) -> None:
    seen = Seen(serve, "GET", path)
    assert client.get("/todo/a b&c/lines/7").status_code == 204
    assert client.get("/todo/caf%C3%A9/lines/7/").status_code == 204
    assert [input.path_params for input in seen.inputs] == [{"id": "a b&c", "line": "7"}, {"id": "café", "line": "7"}]


@pytest.mark.parametrize("name", ["request", "self", "format", "params", "args", "cls", "version", "pk"])
def test_path_parameter_may_have_any_name(serve: Serve, client: Client, name: str) -> None:
    seen = Seen(serve, "GET", f"/x/{{{name}}}")
    assert client.get("/x/json").status_code == 204
    assert seen.input.path_params == {name: "json"}


@pytest.mark.parametrize("content", [b"{bad", b"", b"\xff", b'{"text": NaN}', b"[" * 100_000, b'{"a": ' + b"9" * 5000])
def test_body_that_is_not_json_is_a_clear_400(serve: Serve, client: Client, content: bytes) -> None:
    seen = Seen(serve, body=Body)
    answer = refused(post(client, content))
    assert answer["error"] == "Invalid body"
    assert answer["fields"]
    assert seen.inputs == []


def test_malformed_json_is_a_400_without_a_schema_too(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    answer = refused(post(client, b"{bad"))
    assert answer["error"] == "Invalid body"
    assert answer["fields"][""][0].startswith("JSON parse error")
    assert seen.inputs == []


def test_without_a_schema_the_body_is_the_parsed_json(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    value = {"text": "ä", "big": 2**70, "list": [1, None, {"a": 0.1}]}
    post(client, value)
    assert seen.input.body == value


def test_empty_body_is_an_empty_object(serve: Serve, client: Client) -> None:
    seen = Seen(serve, body=Query)
    assert client.post("/x/1").status_code == 204
    assert seen.input.body == Query()


def test_json_schema_and_serializer_validate_too(serve: Serve, client: Client) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    seen = Seen(serve, body=schema)
    post(client, {"text": "a", "more": 1})
    assert seen.input.body == {"text": "a", "more": 1}
    assert refused(post(client, {}))["fields"] == {"text": ["Field required"]}

    seen = Seen(serve, body=BodySerializer)
    post(client, {"text": "a", "more": 1})
    assert seen.input.body == {"text": "a"}
    assert refused(post(client, {}))["fields"] == {"text": ["This field is required."]}


def test_forms_are_bodies(serve: Serve, client: Client) -> None:
    seen = Seen(serve, body=Body)
    post(client, "text=a&many=1&many=2", "application/x-www-form-urlencoded")
    assert seen.input.body == Body(text="a", many=[1, 2])
    assert seen.input.raw_body == b"text=a&many=1&many=2"

    seen = Seen(serve)
    post(client, "a=1&b=2&b=3", "application/x-www-form-urlencoded")
    assert seen.input.body == {"a": "1", "b": ["2", "3"]}


def test_uploaded_files_are_in_the_body_and_the_raw_body_says_that_it_is_gone(serve: Serve, client: Client) -> None:
    def handle(input: Request, ctx: Any) -> Any:
        with pytest.raises(RawPostDataException):
            input.raw_body  # noqa: B018
        return {"text": input.body["text"], "file": input.body["file"].read().decode()}

    serve(step("Upload", handle, triggers=[http("POST", "/x")]))
    answer = client.post("/x", {"text": "a", "file": SimpleUploadedFile("a.txt", b"content")})
    assert answer.json() == {"text": "a", "file": "content"}


def test_media_type_nobody_parses_is_raw_without_a_schema_and_415_with_one(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    assert post(client, b"<xml/>", "text/xml").status_code == 204
    assert (seen.input.body, seen.input.raw_body) == (None, b"<xml/>")

    seen = Seen(serve, body=Body)
    assert post(client, b"<xml/>", "text/xml").status_code == 415
    assert seen.inputs == []


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_body_over_the_limit_is_a_413(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    assert refused(post(client, {"text": "x" * 200}), 413) == {"error": "Body too large"}
    assert seen.inputs == []


@override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=3)
def test_form_with_too_many_fields_is_a_400(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    answer = post(client, "a=1&b=2&c=3&d=4&e=5", "application/x-www-form-urlencoded")
    assert refused(answer)["error"] == "Invalid body"
    assert seen.inputs == []


def test_query_is_validated(serve: Serve, client: Client) -> None:
    seen = Seen(serve, "GET", query=Query)
    client.get("/x/1?limit=3&tag=a")
    assert seen.input.query_params == Query(limit=3, tag=["a"])
    answer = refused(client.get("/x/1?limit=many"))
    assert answer["error"] == "Invalid query"
    assert answer["fields"].keys() == {"limit"}


def test_query_without_a_schema_is_a_dict(serve: Serve, client: Client) -> None:
    seen = Seen(serve, "GET")
    client.get("/x/1?a=1&b=2&b=3&empty=")
    assert seen.input.query_params == {"a": "1", "b": ["2", "3"], "empty": ""}


def test_headers_method_and_user_are_there(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    post(client, {}, headers={"X-Custom-Header": "yes"})
    assert seen.input.headers["x-custom-header"] == seen.input.headers["X-Custom-Header"] == "yes"
    assert seen.input.method == "POST"
    assert seen.input.user.is_anonymous


def test_input_indexes_like_the_json_it_came_from(serve: Serve, client: Client) -> None:
    seen = Seen(serve, body=Body)
    post(client, {"text": "a", "due": "today"}, path="/x/7?q=1")
    input = seen.input
    assert input.request is input
    assert input["request"]["pathParams"]["id"] == input["path_params"]["id"] == "7"
    assert input["body"] == {"text": "a", "many": [], "due": "today"}
    assert input["queryParams"] == {"q": "1"}
    assert input["rawBody"] == input.raw_body
    assert "pathParams" in input
    assert "_http" not in input
    assert input.get("nothing", 7) == 7
    assert {"body", "pathParams", "queryParams", "headers", "method", "user", "rawBody", "request"} == set(input)
    for key in ("_http", "nothing", "stream", "get"):
        with pytest.raises(KeyError):
            input[key]


def test_input_is_frozen(serve: Serve, client: Client) -> None:
    seen = Seen(serve)
    post(client, {})
    with pytest.raises(AttributeError):
        seen.input.body = {}  # type: ignore[misc]


async def chunks(input: Request) -> list[bytes]:
    return [chunk async for chunk in input.stream()]


async def test_raw_body_comes_in_chunks(serve: Serve) -> None:
    seen = Seen(serve)
    content = bytes(range(256)) * 600  # 150 KiB
    answer = await AsyncClient().post("/x/1", content, content_type="application/octet-stream")
    assert answer.status_code == 204
    got = await chunks(seen.input)
    assert [len(chunk) for chunk in got] == [CHUNK_BYTES, CHUNK_BYTES, len(content) - 2 * CHUNK_BYTES]
    assert b"".join(got) == content


def test_serializer_is_given_the_request(serve: Serve, client: Client) -> None:
    contexts: list[Mapping[str, Any]] = []

    class Asking(Serializer[Any]):
        text = CharField()

        def validate(self, data: Any) -> Any:
            contexts.append(self.context)
            return data

    Seen(serve, body=Asking)
    post(client, {"text": "a"})
    assert contexts[0]["request"].user.is_anonymous
    assert contexts[0]["view"].kwargs == {"id": "1"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "many", "due", "x"]), inner),
    max_leaves=10,
)
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/plain",
    "nonsense",
    "",
]


@pytest.mark.parametrize("schema", [None, Body, BodySerializer, {"type": "object", "required": ["text"]}])
def test_nothing_a_client_sends_is_a_500(schema: Any) -> None:
    before = registry.all()
    registry.replace(
        [step("Any", lambda input, ctx: {"status": 204}, triggers=[http("POST", "/x/{id}", body=schema, query=Query)])]
    )
    client = Client()

    @settings(max_examples=60, deadline=None)
    @given(
        content=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()),
        content_type=st.sampled_from(TYPES),
        path=st.text(min_size=1, max_size=20).map(lambda text: quote(text, safe="")),
        query=st.text(max_size=20),
    )
    def ask(content: bytes, content_type: str, path: str, query: str) -> None:
        answer = client.generic("POST", f"/x/{path}?{quote(query, safe='=&')}", content, content_type)
        assert answer.status_code in {204, 400, 404, 415}, answer.content

    try:
        ask()
    finally:
        registry.replace(before)
