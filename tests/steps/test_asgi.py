"""Steps behind an ASGI server: raw paths, bodies without a length."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.asgi import get_asgi_application

from steps.definition import step
from steps.requests import Request
from steps.triggers import http

Serve = Callable[..., None]


async def call(
    method: str, raw_path: str, *body: bytes, headers: list[tuple[bytes, bytes]] | None = None, root_path: str = ""
) -> tuple[int, Any]:
    """Send one request as uvicorn and Daphne would; return the status and the JSON of the answer."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "root_path": root_path,
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *(headers or [])],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    communicator = ApplicationCommunicator(get_asgi_application(), scope)
    for number, part in enumerate(body or (b"",), 1):
        await communicator.send_input({"type": "http.request", "body": part, "more_body": number < len(body)})
    start = await communicator.receive_output(5)
    content = b""
    while True:
        message = await communicator.receive_output(5)
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    await communicator.wait()
    return start["status"], json.loads(content) if start["status"] == 200 else None


def echo(input: Request, ctx: Any) -> Any:
    return {"params": input.path_params, "body": input.body, "raw": input.raw_body.decode()}


@pytest.mark.parametrize(
    ("raw", "value"),
    [("a%2Fb", "a/b"), ("caf%C3%A9", "café"), ("a%3Fb%23c", "a?b#c"), ("%252F", "%2F"), ("a+b", "a+b"), ("%0A", "\n")],
)
@pytest.mark.parametrize("end", ["", "/"])
async def test_parameter_is_one_raw_segment(serve: Serve, raw: str, value: str, end: str) -> None:
    serve(step("Echo", echo, triggers=[http("GET", "/x/{id}")]))
    status, answer = await call("GET", f"/x/{raw}{end}")
    assert status == 200
    assert answer["params"] == {"id": value}


async def test_path_below_a_root_path_is_found(serve: Serve) -> None:
    serve(step("Echo", echo, triggers=[http("GET", "/x/{id}")]))
    status, answer = await call("GET", "/mounted/x/a%2Fb", root_path="/mounted")
    assert status == 200
    assert answer["params"] == {"id": "a/b"}


@pytest.mark.parametrize("raw", ["/x/%FF", "/x/", "/x//", "/x/a/b", "//x/a"])
async def test_other_paths_are_not_found(serve: Serve, raw: str) -> None:
    serve(step("Echo", echo, triggers=[http("GET", "/x/{id}")]))
    assert (await call("GET", raw))[0] == 404


async def test_chunked_body_has_no_length_and_is_read_all_the_same(serve: Serve) -> None:
    serve(step("Echo", echo, triggers=[http("POST", "/x")]))
    headers = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
    status, answer = await call("POST", "/x", b'{"a":', b" 1}", headers=headers)
    assert status == 200
    assert answer == {"params": {}, "body": {"a": 1}, "raw": '{"a": 1}'}


async def test_async_handler_runs_while_others_do(serve: Serve) -> None:
    async def handler(input: Request, ctx: Any) -> str:
        return "async"

    serve(step("Async", handler, triggers=[http("GET", "/x")]))
    assert await call("GET", "/x") == (200, "async")
