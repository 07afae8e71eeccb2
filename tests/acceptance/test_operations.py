"""What each operation returns, stores and sends: written in one process, seen on a socket of another."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.console import Console
from tests.support.product import Product
from tests.support.sockets import Frame, Socket
from tests.support.values import todo


@pytest.fixture
async def socket(product: Product, group: str) -> AsyncIterator[Socket]:
    async with await Socket.connect(product.web.ws) as opened:
        await opened.joined("todo", group)
        yield opened


@pytest.fixture
def writer(product: Product) -> Console:
    return product.writer


async def only(socket: Socket) -> Frame:
    """The next frame."""
    [frame] = await socket.recv()
    return frame


@pytest.mark.feature("B1", "B3", "B4")
async def test_set_creates_then_replaces_the_whole_item(socket: Socket, writer: Console, group: str) -> None:
    assert await writer.astream("todo", "get", group, "t1") is None

    created = await writer.astream("todo", "set", group, "t1", todo("first", dueDate="2026-04-01", priority=1))
    first = todo("first", dueDate="2026-04-01", priority=1, id="t1")
    assert (created["new_value"], created["old_value"], created["created"]) == (first, None, True)
    frame = await only(socket)
    assert (frame.kind, frame.value, frame.sequence) == ("create", first, created["sequence"])
    assert frame.data["timestamp"] == created["timestamp"]

    replaced = await writer.astream("todo", "set", group, "t1", todo("second"))
    second = todo("second", id="t1")
    assert (replaced["new_value"], replaced["old_value"], replaced["created"]) == (second, first, False)
    frame = await only(socket)
    assert (frame.kind, frame.value, frame.data["previous"]) == ("update", second, created["sequence"])
    assert await writer.astream("todo", "get", group, "t1") == second


async def test_equal_value_is_a_change(socket: Socket, writer: Console, group: str) -> None:
    for _ in range(2):
        await writer.astream("todo", "set", group, "t1", todo("the same"))
    assert [frame.kind for frame in await socket.recv(2)] == ["create", "update"]


@pytest.mark.feature("B5")
async def test_delete_sends_the_old_item_once(socket: Socket, writer: Console, group: str) -> None:
    await writer.astream("todo", "set", group, "t1", todo("gone soon"))
    old = todo("gone soon", id="t1")
    assert await writer.astream("todo", "delete", group, "t1") == old
    assert await writer.astream("todo", "delete", group, "t1") is None
    assert await writer.astream("todo", "delete", group, "never there") is None
    await writer.astream("todo", "set", group, "t2", todo("the next frame"))
    frames = await socket.recv(3)
    assert [(frame.kind, frame.sequence) for frame in frames] == [("create", 1), ("delete", 2), ("create", 3)]
    assert frames[1].value == old


@pytest.mark.feature("B7")
async def test_list_is_in_creation_order(writer: Console, group: str) -> None:
    for name in ("b", "c", "a"):
        await writer.astream("todo", "set", group, name, todo(name))
    await writer.astream("todo", "set", group, "b", todo("changed, but not moved"))
    await writer.astream("todo", "delete", group, "c")
    await writer.astream("todo", "set", group, "c", todo("created again, so last"))
    assert [item["id"] for item in await writer.astream("todo", "list", group)] == ["b", "a", "c"]
    assert await writer.astream("todo", "list", "never written") == []


@pytest.mark.feature("B8")
async def test_groups_are_listed_while_they_hold_items(writer: Console) -> None:
    prefix = uuid4().hex[:8]
    names = [f"{prefix}{end}" for end in ("_", "B", "a", "ä", "b/c:d", "😀", "\uffff")]

    async def listed() -> list[str]:
        return [name for name in await writer.astream("todo", "list_groups") if name.startswith(prefix)]

    for name in names:
        await writer.astream("todo", "set", name, "t1", todo("x"))
    assert await listed() == sorted(names)  # code point by code point, whatever the database's collation
    for name in names:
        await writer.astream("todo", "delete", name, "t1")
    assert await listed() == []


@pytest.mark.feature("B9", "B10")
@pytest.mark.parametrize("value", [False, None, [], {}, 0, "", 2**70, 1e300, 0.1, "ü😀\u0000", {"b": 1, "a": [None]}])
async def test_update_sets_exactly_and_sends_the_whole_item(
    socket: Socket, writer: Console, group: str, value: Any
) -> None:
    await writer.astream("todo", "set", group, "t1", todo("whole", kept=[1, {"deep": True}]))
    written = await writer.astream("todo", "update", group, "t1", [{"type": "set", "path": "extra", "value": value}])
    expected = todo("whole", kept=[1, {"deep": True}], id="t1", extra=value)
    frames = await socket.recv(2)
    stored = await writer.astream("todo", "get", group, "t1")
    for seen in (written["new_value"], frames[1].value, stored):
        assert seen == expected
        assert type(seen["extra"]) is type(value)
        assert list(seen) == ["description", "createdAt", "kept", "id", "extra"]
    assert frames[1].kind == "update"


async def test_refused_value_is_not_stored_and_not_sent(socket: Socket, writer: Console, group: str) -> None:
    await writer.astream("todo", "set", group, "t1", todo("stays"))
    for method, argument in [
        ("set", {"description": 7, "createdAt": "x"}),
        ("set", {}),
        ("set", todo("other id", id="t2")),
        ("update", [{"type": "set", "path": "description", "value": None}]),
        ("update", [{"type": "set", "path": "fine", "value": 1}, {"type": "no such operation"}]),
    ]:
        with pytest.raises(AssertionError, match="Invalid"):
            await writer.astream("todo", method, group, "t1", argument)
    await writer.astream("todo", "set", group, "t2", todo("the next frame"))
    assert [frame.sequence for frame in await socket.recv(2)] == [1, 2]
    assert await writer.astream("todo", "get", group, "t1") == todo("stays", id="t1")
