"""Many sockets, one write: each gets it once."""

import asyncio

import pytest

from tests.support.product import Product
from tests.support.sockets import Socket
from tests.support.values import todo

CLIENTS = 200


@pytest.mark.feature("C18")
async def test_two_hundred_clients_one_write_two_hundred_frames(sqlite_product: Product, group: str) -> None:
    sockets: list[Socket] = []
    for _ in range(0, CLIENTS, 20):  # twenty at a time: Daphne drops a handshake that waits for five seconds
        sockets += await asyncio.gather(*(Socket.connect(sqlite_product.web.ws) for _ in range(20)))
    syncs = await asyncio.gather(*(socket.joined("todo", group) for socket in sockets))
    assert [sync.value for sync in syncs] == [[]] * CLIENTS

    await sqlite_product.writer.astream("todo", "set", group, "t1", todo("one"))
    frames = await asyncio.gather(*(socket.recv() for socket in sockets))
    assert {frame.text for [frame] in frames} == {frames[0][0].text}

    await sqlite_product.writer.astream("todo", "set", group, "t1", todo("two"))
    await asyncio.gather(*(socket.recv() for socket in sockets))
    assert {tuple(frame.kind for frame in socket.frames) for socket in sockets} == {("sync", "create", "update")}
    await asyncio.gather(*(socket.close() for socket in sockets))
