"""Where a socket may be opened, and what happens to one that misbehaves."""

import json

import pytest
from websockets.exceptions import InvalidHandshake

from tests.support.product import Product
from tests.support.sockets import Socket
from tests.support.values import todo


@pytest.mark.parametrize("path", ["", "/", "/streams", "/streams/", "/?x=1"])
async def test_socket_opens_at(sqlite_product: Product, group: str, path: str) -> None:
    async with await Socket.connect(sqlite_product.web.ws + path) as socket:
        assert (await socket.joined("todo", group)).value == []


@pytest.mark.parametrize("path", ["/nowhere", "/streams/todo", "/todo", "/%ff"])
async def test_socket_is_refused_elsewhere_without_a_traceback(sqlite_product: Product, path: str) -> None:
    before = len(sqlite_product.web.process.output)
    with pytest.raises(InvalidHandshake):
        await Socket.connect(sqlite_product.web.ws + path)
    async with await Socket.connect(sqlite_product.web.ws) as socket:  # and the next one is served
        await socket.send({"type": "ping"})
        assert (await socket.recv())[0].data == {"type": "pong"}
    assert "Traceback" not in sqlite_product.web.process.output[before:]


async def test_binary_frames_are_json_too(sqlite_product: Product, group: str) -> None:
    async with await Socket.connect(sqlite_product.web.ws) as socket:
        join = {"type": "join", "data": {"streamName": "todo", "groupId": group, "subscriptionId": "b"}}
        await socket.send(json.dumps(join).encode())
        [sync] = await socket.recv()
        assert (sync.kind, sync.data["subscriptionId"]) == ("sync", "b")


async def test_unknown_stream_is_one_error_and_the_socket_stays(sqlite_product: Product, group: str) -> None:
    async with await Socket.connect(sqlite_product.web.ws) as socket:
        await socket.join("no-such-stream", group)
        [error] = await socket.recv()
        assert error.error == "STREAM_NOT_FOUND"
        assert error.address == ("no-such-stream", group, None)
        assert (await socket.joined("todo", group)).kind == "sync"


@pytest.mark.parametrize(
    "message",
    [
        "{bad",
        "[]",
        "null",
        '"join"',
        "{}",
        '{"type":"join"}',
        '{"type":"join","data":[]}',
        '{"type":"join","data":{"streamName":"todo","groupId":7,"subscriptionId":"s"}}',
        '{"type":"join","data":{"streamName":"todo","groupId":"..","subscriptionId":"s"}}',
        '{"type":"join","data":{"streamName":"todo","groupId":"g","id":"\\ud800","subscriptionId":"s"}}',
        b"\xff\xfe",
    ],
)
async def test_bad_message_is_one_error_and_touches_nobody_else(
    sqlite_product: Product, group: str, message: str | bytes
) -> None:
    web = sqlite_product.web.ws
    async with await Socket.connect(web) as bad, await Socket.connect(web) as other:
        await other.joined("todo", group)
        await bad.send(message)
        [error] = await bad.recv()
        assert error.error == "BAD_MESSAGE"
        await sqlite_product.writer.astream("todo", "set", group, "t1", todo("still here"))
        assert [frame.kind for frame in await other.recv()] == ["create"]
        assert (await bad.joined("todo", group)).kind == "sync"


async def test_eleventh_bad_message_of_a_minute_closes(sqlite_product: Product) -> None:
    async with await Socket.connect(sqlite_product.web.ws) as socket:
        for _ in range(11):
            await socket.send("{bad")
        assert await socket.wait_closed() == 4508
        assert [frame.error for frame in socket.frames][:10] == ["BAD_MESSAGE"] * 10
