"""The transcript of the wire protocol, frame by frame, against a real server."""

import re
from typing import Any

import pytest

from project.tokens import token_for
from tests.support.product import Product
from tests.support.sockets import Frame, Socket
from tests.support.values import todo

EPOCH = re.compile(r"[0-9A-Za-z_-]{8}")


def stored(frame: Frame) -> dict[str, Any]:
    """The frame of a stored change without what no transcript can know; checks the shape of that."""
    data = dict(frame.data)
    assert EPOCH.fullmatch(data.pop("epoch"))
    microseconds = data.pop("timestamp") * 1000
    assert microseconds == pytest.approx(round(microseconds), abs=0.25)  # a double of milliseconds holds them exactly
    return data


@pytest.mark.feature("C1", "C3")
async def test_transcript(product: Product, group: str) -> None:
    writer = product.writer
    at = {"streamName": "todo", "groupId": group}
    item = {**at, "id": "t1"}

    async with await Socket.connect(product.web.ws + "/", subprotocols=["Authorization", token_for("u1")]) as socket:
        assert socket.connection.subprotocol == "Authorization"

        await socket.join("todo", group, subscription="s1")
        [frame] = await socket.recv()
        assert frame.data == {
            **at, "sequence": 0, "epoch": "", "subscriptionId": "s1", "event": {"type": "sync", "data": []}
        }  # fmt: skip

        await writer.astream("todo", "set", group, "t1", todo("a"))
        [create] = await socket.recv()
        value = todo("a", id="t1")
        assert stored(create) == {**item, "sequence": 1, "event": {"type": "create", "data": value}}
        assert list(create.value) == ["description", "createdAt", "id"]

        await writer.astream("todo", "update", group, "t1", [{"type": "set", "path": "done", "value": False}])
        [update] = await socket.recv()
        value = {**value, "done": False}
        assert stored(update) == {**item, "sequence": 2, "previous": 1, "event": {"type": "update", "data": value}}
        assert list(update.value) == ["description", "createdAt", "id", "done"]
        assert update.data["timestamp"] > create.data["timestamp"]
        assert update.data["epoch"] != create.data["epoch"]

        await socket.join("todo", group, "t1", subscription="s2")
        [sync] = await socket.recv()
        epoch = update.data["epoch"]
        assert sync.data == {
            **item, "sequence": 2, "epoch": epoch, "subscriptionId": "s2", "event": {"type": "sync", "data": value}
        }  # fmt: skip

        await writer.astream("todo", "delete", group, "t1")
        [delete] = await socket.recv()
        assert stored(delete) == {**item, "sequence": 3, "previous": 2, "event": {"type": "delete", "data": value}}

        await socket.send("{bad")
        [error] = await socket.recv()  # the frame after the delete, so that was one, though s1 and s2 match it
        assert error.data["event"] == {
            "type": "event",
            "event": {"type": "error", "data": {"code": "BAD_MESSAGE", "message": "invalid JSON"}},
        }
        assert error.data.keys() == {"timestamp", "event"}

        await socket.leave("todo", group, subscription="s1")
        await socket.send({"type": "ping"})
        [pong] = await socket.recv()
        assert pong.data == {"type": "pong"}
        await writer.astream("todo", "set", group, "t2", todo("for those who still listen"))
        await writer.astream("todo", "set", group, "t1", todo("again"))
        [create] = await socket.recv()
        assert (create.address, create.kind, create.sequence) == (("todo", group, "t1"), "create", 5)


async def test_same_text_at_every_socket_whatever_serves_it(product: Product, group: str) -> None:
    other = product.serve("uvicorn")
    async with await Socket.connect(product.web.ws) as here, await Socket.connect(other.ws) as there:
        await here.joined("todo", group)
        await there.joined("todo", group)
        for number in range(10):
            await product.writer.astream("todo", "set", group, f"t{number % 3}", todo(str(number)))
        assert [frame.text for frame in await here.recv(10)] == [frame.text for frame in await there.recv(10)]
    other.kill()
