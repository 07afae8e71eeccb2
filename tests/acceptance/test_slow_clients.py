"""A client that does not read is conflated, then closed; it costs little and slows nobody."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from streams.errors import Overloaded
from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.values import todo

ITEM_BYTES = 4096
ITEMS = 3000  # 12 MB: more than the outbox and what both kernels buffer


@pytest.fixture(scope="module")
def slow_product(products: Products) -> Product:
    return products.get("sqlite")


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, slow_product: Product) -> Iterator[Server]:
    server = slow_product.serve(request.param)
    yield server
    server.kill()


@pytest.fixture
async def sleeper(server: Server, group: str) -> AsyncIterator[ClientConnection]:
    """A client with a small receive window that has joined and then stopped reading."""
    line = sockets.create_connection(("127.0.0.1", server.port))
    line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 64 * 1024)
    line.setblocking(False)
    connection = await connect(
        server.ws, sock=line, compression=None, max_size=None, max_queue=1, ping_interval=None, proxy=None
    )
    join = {"streamName": "todo", "groupId": group, "subscriptionId": "sleeper"}
    await connection.send(json.dumps({"type": "join", "data": join}))
    assert json.loads(await connection.recv())["event"]["type"] == "sync"
    connection.transport.pause_reading()
    yield connection
    connection.transport.abort()


def resident_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


async def everything(connection: ClientConnection) -> tuple[list[dict[str, Any]], int | None]:
    """Read again, to the end of the connection; return the frames and the close code."""
    frames: list[dict[str, Any]] = []
    connection.transport.resume_reading()
    try:
        while True:
            frames.append(json.loads(await connection.recv()))
    except ConnectionClosed:
        pass
    return frames, connection.close_code


async def test_one_that_never_reads_is_closed_and_slows_nobody(
    slow_product: Product, server: Server, group: str, sleeper: ClientConnection
) -> None:
    async with await Socket.connect(server.ws) as neighbour:
        await neighbour.joined("todo", group)
        before = resident_bytes(server)
        for start in range(0, ITEMS, 100):
            await slow_product.writer.acall("fill", stream="todo", group=group, start=start, count=100, size=ITEM_BYTES)
            frames = await neighbour.recv(100)  # this one reads: it must not fall behind because this machine is busy
            assert [frame.sequence for frame in frames] == list(range(start + 1, start + 101))
        grown = resident_bytes(server) - before
    got, code = await asyncio.wait_for(everything(sleeper), 30)
    assert len(got) < ITEMS
    assert code in (Overloaded.close, 1006)  # the close frame may be behind what the dead line never took
    assert grown < 20 * 2**20, f"the server grew by {grown / 2**20:.1f} MB"


async def test_one_that_reads_late_gets_the_newest_values(
    slow_product: Product, server: Server, group: str, sleeper: ClientConnection
) -> None:
    value = {**todo("padded"), "padding": "x" * ITEM_BYTES}
    rounds = 1200  # of ten items: 48 MB in all, of which 40 KB are worth sending
    await slow_product.writer.acall("overwrite", stream="todo", group=group, items=10, rounds=rounds, value=value)
    sleeper.transport.resume_reading()
    state: dict[str, Any] = {}
    sequences: list[int] = []

    async def follow() -> None:
        while len(state) < 10 or any(item["number"] != rounds for item in state.values()):
            frame = json.loads(await sleeper.recv())
            sequences.append(frame["sequence"])
            state[frame["id"]] = frame["event"]["data"]

    await asyncio.wait_for(follow(), 30)
    assert sequences == sorted(set(sequences))
    assert len(sequences) < 10 * rounds, "nothing was conflated"
