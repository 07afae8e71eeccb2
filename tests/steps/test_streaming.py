"""Responses that an async generator writes, on the real servers."""

import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest

from steps.errors import InvalidResult
from steps.streaming import SSE, chunk
from tests.steps.factory import SETTINGS, Factory
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.server import Server
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres | GivenPostgres) -> Iterator[Factory]:
    made = Factory("postgres", tmp_path_factory.mktemp("streaming"), postgres_server)
    made.start(workers=0, beat=False, web=True)
    made.product.serve("uvicorn", settings=SETTINGS)
    yield made
    made.stop()


@pytest.fixture(params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, factory: Factory) -> Server:
    found: Server = next(item for item in factory.product._servers if item.process.name.startswith(request.param))
    return found


def post(server: Server, path: str = "/lab/stream", **body: Any) -> Any:
    return httpx.stream("POST", f"{server.url}{path}", json=body, timeout=60, trust_env=False)


def events(text: str) -> list[dict[str, str]]:
    """Read an event stream as a browser's EventSource does."""
    found = []
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
        if fields:
            found.append(fields)
    return found


@pytest.mark.feature("F1", "F2", "F3", "F5")
def test_each_chunk_leaves_at_once_and_the_end_ends_the_response(server: Server) -> None:
    arrived: list[float] = []
    text = ""
    with post(server, count=4, seconds=0.3) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        assert response.headers["cache-control"] == "no-cache"
        for part in response.iter_text():
            arrived.append(time.monotonic())
            text += part
    found = events(text)
    assert [item.get("event") for item in found] == ["item"] * 4 + [None]
    assert [json.loads(item["data"]) for item in found[:4]] == [{"number": number} for number in range(4)]
    assert [item["id"] for item in found[:4]] == ["0", "1", "2", "3"]
    assert found[-1]["data"] == "[DONE]"
    assert len(arrived) >= 4
    assert arrived[-1] - arrived[0] > 0.6, "all came at the end"


def test_first_thing_may_be_status_and_headers(server: Server) -> None:
    head = {"status": 203, "headers": {"X-Mine": "yes", "content-type": "text/plain", "connection": "keep-alive"}}
    with post(server, head=head, count=1) as response:
        assert response.status_code == 203
        assert response.headers["x-mine"] == "yes"
        assert response.headers["content-type"] == "text/plain"
        assert response.headers["traceparent"]
        response.read()


def test_exception_before_the_first_chunk_is_a_real_500(server: Server) -> None:
    with post(server, fail="before") as response:
        assert response.status_code == 500
        assert json.loads(response.read())["error"] == "Internal server error"


def test_wrong_head_is_a_real_500(server: Server) -> None:
    with post(server, head={"status": 9}) as response:
        assert response.status_code == 500


def test_exception_after_the_first_chunk_ends_the_stream_with_an_error(server: Server, factory: Factory) -> None:
    with post(server, fail="between") as response:
        found = events(response.read().decode())
    assert [item["event"] for item in found] == ["item", "error"]
    error = json.loads(found[-1]["data"])
    assert error["error"] == "Internal server error"
    look = "SELECT state, status, reason, history FROM steps_run WHERE error_id = ?"
    rows = eventually(lambda: factory.rows(look, error["error_id"]), what="the trace is written")
    *ended, history = rows[0]
    assert ended == ["failed", 500, "Poisoned: "]
    assert "raise Poisoned" in json.loads(history)[0]["traceback"]


def test_body_that_was_parsed_can_still_be_streamed(server: Server) -> None:
    with post(server, "/lab/echo") as response:
        assert response.status_code == 202
        assert response.read() == b"{}"


@pytest.mark.feature("F4")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"name=Max&species=dog" + b"&x=" + b"y" * 200_000, "application/x-www-form-urlencoded"),
        (json.dumps({"text": "ü" * 100_000}).encode(), "application/json"),
        (b"", "application/json"),
    ],
)
def test_body_can_be_read_chunk_by_chunk(server: Server, body: bytes, kind: str) -> None:
    answer = httpx.post(
        f"{server.url}/lab/echo", content=body, headers={"content-type": kind}, timeout=60, trust_env=False
    )
    assert answer.status_code == 202
    assert answer.content == body
    assert answer.headers["content-type"] == "application/octet-stream"


class FakeModel(BaseHTTPRequestHandler):
    """Streams an answer token by token, as OpenAI's chat API does."""

    tokens: ClassVar[list[str]] = [f"token{number} " for number in range(50)]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        assert json.loads(self.rfile.read(length))["stream"] is True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for token in self.tokens:
            part = {"choices": [{"delta": {"content": token}}]}
            self.wfile.write(f"data: {json.dumps(part)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.feature("F6")
def test_tokens_of_a_model_are_passed_on_in_order(server: Server) -> None:
    model = ThreadingHTTPServer(("127.0.0.1", 0), FakeModel)
    Thread(target=model.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{model.server_address[1]}/v1/chat/completions"
        with post(server, "/lab/ai", url=url, message="hi") as response:
            assert response.headers["content-type"] == "text/event-stream"
            found = [item["data"] for item in events(response.read().decode())]
    finally:
        model.shutdown()
    assert [json.loads(item)["content"] for item in found[:-1]] == FakeModel.tokens
    assert found[-1] == "[DONE]"


@pytest.mark.feature("F7")
def test_client_that_goes_away_cancels_the_handler(server: Server, factory: Factory) -> None:
    body = json.dumps({"group": f"gone-{server.process.name}", "count": 1000, "seconds": 0.1}).encode()
    head = (
        f"POST /lab/stream HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
        client.sendall(head.encode() + b"\r\n\r\n" + body)
        received = b""
        while b"event: item" not in received:
            part = client.recv(4096)
            assert part, received
            received += part
    look = "SELECT reason, logs FROM steps_run WHERE step = 'LabStream' AND logs LIKE ?"
    pattern = f"%gone-{server.process.name}%"
    [(reason, logs)] = eventually(lambda: factory.rows(look, pattern), what="the handler is cancelled")
    assert reason == "the client went away"
    assert '"cancelled"' in logs


def test_open_stream_holds_no_database_connection(server: Server, factory: Factory) -> None:
    mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    def quiet() -> bool:
        return factory.rows(mine) == [(0,)]

    eventually(quiet, what="no connection is open before", within=30)
    with post(server, count=2, seconds=3) as response:
        parts = response.iter_text()
        next(parts)
        eventually(quiet, what="no connection is open while the handler waits", within=2)
        for _ in parts:
            pass


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (SSE("a\nb"), "data: a\ndata: b\n\n"),
        (SSE({"a": 1}, event="x", id="7"), 'event: x\nid: 7\ndata: {"a":1}\n\n'),
        (SSE(), "data: null\n\n"),
        (SSE("a\r\nb\rc"), "data: a\ndata: b\ndata: c\n\n"),
        ("text", "text"),
        (b"\xff", None),
    ],
)
def test_what_goes_over_the_wire(item: Any, text: str | None) -> None:
    assert chunk(item) == (b"\xff" if text is None else text.encode())


@pytest.mark.parametrize("item", [1, None, {"a": 1}, SSE("x", event="a\nb"), SSE("x", id="\0"), SSE({1, object()})])
def test_what_cannot_go_is_refused(item: Any) -> None:
    with pytest.raises(InvalidResult):
        chunk(item)
