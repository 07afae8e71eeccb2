"""A server that is asked to end says goodbye: sockets hear "come back", and then it ends as it would have."""

import asyncio
import signal

import pytest

from streams.errors import Restarting
from tests.support.product import Product
from tests.support.sockets import Socket
from tests.support.waiting import eventually


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_sigterm_closes_sockets_with_restart_and_ends_the_process(
    sqlite_product: Product, group: str, kind: str
) -> None:
    server = sqlite_product.serve(kind)  # starts in the main thread: nothing else runs in this loop yet
    sockets = [await Socket.connect(server.ws) for _ in range(3)]
    for socket in sockets[1:]:
        await socket.joined("todo", group)
    server.process.send(signal.SIGTERM)
    assert [await socket.wait_closed() for socket in sockets] == [Restarting.close] * 3
    await asyncio.to_thread(eventually, lambda: not server.process.running, what=f"{kind} has ended")


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_a_second_sigterm_does_not_wait(sqlite_product: Product, group: str, kind: str) -> None:
    server = sqlite_product.serve(kind)  # starts in the main thread: nothing else runs in this loop yet
    async with await Socket.connect(server.ws) as socket:
        await socket.joined("todo", group)
        server.process.send(signal.SIGTERM)
        server.process.send(signal.SIGTERM)
        await socket.wait_closed()
    await asyncio.to_thread(eventually, lambda: not server.process.running, what=f"{kind} has ended")
