"""What strangers do to a real server: it refuses with a name, logs one line, and serves everybody else.

``make fuzz`` makes up more requests for each operation than ``make test`` (FUZZ_REQUESTS).
"""

import asyncio
import contextlib
import os
import random
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidHandshake, InvalidMessage

from tests.support.process import ROOT
from tests.support.product import Product
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.values import todo

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "10"))
SCHEMATHESIS = ROOT / "tests" / "support" / "schemathesis.toml"
CHECKS = [
    "not_a_server_error",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
]


@pytest.fixture(scope="module", params=["daphne", pytest.param("uvicorn", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, sqlite_product: Product) -> Server:
    return sqlite_product.serve(request.param, settings="tests.support.sse_settings")


@pytest.fixture
async def neighbour(server: Server, sqlite_product: Product, group: str) -> AsyncIterator[Socket]:
    """Somebody who behaves: at the end they are still told, and nothing was thrown."""
    before = len(server.process.output)
    async with await Socket.connect(server.ws) as socket:
        await socket.joined("todo", group)
        yield socket
        await sqlite_product.writer.astream("todo", "set", group, "last", todo("still here"))
        await socket.recv_until(lambda frame: frame.kind == "create" and frame.value["id"] == "last", within=30)
    said = server.process.output[before:]
    assert "Traceback" not in said
    assert " ERROR " not in said
    assert " 500" not in said


async def raw(server: Server, text: bytes, *, read: bool = True) -> bytes:
    """Send bytes past any client, and return what the server says within a moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        writer.write(text)
        await writer.drain()
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(3):
                return await reader.read(4096) if read else b""
        return b""
    finally:
        writer.close()


def handshake(path: bytes = b"/", *headers: bytes) -> bytes:
    lines = [
        b"GET " + path + b" HTTP/1.1",
        b"Host: 127.0.0.1",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *headers,
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    "header",
    [
        b"Sec-WebSocket-Protocol: Authorization, a\r b",
        b"Sec-WebSocket-Protocol: Authorization, %0d%0aSet-Cookie:%20x=1",
        b"Sec-WebSocket-Protocol: Authorization,,,",
        b"Authorization: Bearer \xe9\xff",
        b"Authorization: Bearer " + b"x" * 6000,
        b"Origin: http://[::1",
        b"Origin: \xff",
        b"Cookie: sessionid=\xff\x80; csrftoken",
        b"Cookie: " + b"a=b; " * 500,
        b"Host: evil.example",
        b"X-Forwarded-For: ' OR 1=1 --",
    ],
)
# Not among them: a subprotocol that is no ASCII, which Daphne answers with a traceback and 500 before it asks anybody.
async def test_headers_are_only_headers(server: Server, neighbour: Socket, header: bytes) -> None:
    answer = await raw(server, handshake(b"/", header))
    assert b"\nset-cookie" not in answer.lower()
    assert b" 500 " not in answer.partition(b"\r\n")[0] + b" "


@pytest.mark.parametrize(
    "path",
    [
        b"/%00",
        b"/%0d%0aINJECTED",
        b"/?authToken=%0d%0aINJECTED%20line",
        b"/%ff%fe",
        b"//",
        b"/../../etc/passwd",
        b"/%2e%2e",
    ],
)
async def test_paths_inject_no_log_line(server: Server, neighbour: Socket, path: bytes) -> None:
    before = len(server.process.output)
    await raw(server, handshake(path))
    assert not [line for line in server.process.output[before:].splitlines() if line.startswith("INJECTED")]


async def test_slow_handshakes_keep_nobody_waiting(server: Server, neighbour: Socket) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)]
    for number, (_, writer) in enumerate(slow):
        writer.write(handshake()[: 10 + number])
        await writer.drain()
    async with await Socket.connect(server.ws) as socket:
        await socket.send({"type": "ping"})
        assert (await socket.recv(within=30))[0].kind == "pong"
    for _, writer in slow:
        writer.close()


async def test_floods_end_the_flood_only(server: Server, neighbour: Socket, group: str) -> None:
    async with await Socket.connect(server.ws) as flooding:
        with contextlib.suppress(Exception):
            for number in range(4000):
                await flooding.join("todo", group, subscription=f"s{number % 5}")
        assert await flooding.wait_closed(20) == 4508
        assert flooding.frames[-1].error == "RATE_LIMITED"


async def test_random_bytes_on_the_wire(server: Server, neighbour: Socket) -> None:
    dice = random.Random(7)
    for _ in range(20):
        await raw(server, os.urandom(dice.randrange(1, 2000)), read=False)
        await raw(server, handshake() + os.urandom(dice.randrange(1, 200)), read=False)
    with pytest.raises((InvalidHandshake, InvalidMessage)):
        await Socket.connect(f"{server.ws}/nowhere")


async def test_requests_made_up_from_the_schema_get_what_it_says(
    server: Server, neighbour: Socket, sqlite_product: Product, tmp_path: Path
) -> None:
    """Each operation, as its description has it and as it has not; nothing fails, and what is answered is described."""
    await sqlite_product.writer.acall("write_state", scope="workspaces", key="w1", value={"members": ["u42"]})
    phases = "coverage,fuzzing" if REQUESTS > 10 else "fuzzing"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SCHEMATHESIS), "--no-color"),
        *("run", f"{server.url}/schema/"),
        *(f"--checks={','.join(CHECKS)}", "--header=Authorization: Bearer name-u42", "--seed=7", "--no-shrink"),
        *("--generation-database=none", f"--phases={phases}", f"--max-examples={REQUESTS}"),
        cwd=tmp_path,  # it leaves files
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_PROXY": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    [(generated, passed)] = re.findall(r"(\d+) generated, (\d+) passed", said)
    assert int(generated) == int(passed) > 100
