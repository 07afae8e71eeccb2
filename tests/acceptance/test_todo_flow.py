"""Demo 1, todo: over HTTP, with two watchers on sockets who see each change once. (Presence: test_presence.py.)"""

import httpx
import pytest

from tests.support.product import Product
from tests.support.sockets import Frame, Socket

MISSING = "no-such-todo"


def counts(product: Product) -> list[tuple[int, ...]]:
    """How many todos and changes of them there are: what a refused request must not move."""
    number = "(SELECT count(*) FROM {} t JOIN streams_group g ON g.id = t.group_id WHERE g.stream = 'todo')"
    return product.rows(f"SELECT {number.format('streams_item')}, {number.format('streams_change')}")


def groups(product: Product) -> list[str]:
    """The groups of the stream that hold items, code point by code point: the inbox and what other tests left."""
    query = (
        "SELECT DISTINCT g.key FROM streams_group g JOIN streams_item i ON i.group_id = g.id WHERE g.stream = 'todo'"
    )
    return sorted(key for (key,) in product.rows(query))


async def next_of_both(first: Socket, second: Socket) -> Frame:
    """The next frame of both sockets: the same one."""
    [frame], [other] = await first.recv(), await second.recv()
    assert frame.text == other.text
    return frame


@pytest.mark.feature("B2", "C3", "E1", "E2", "E4")
async def test_demo(product: Product, http: httpx.AsyncClient, inbox: str) -> None:
    web = product.web.ws
    async with await Socket.connect(web) as first, await Socket.connect(web) as second:
        assert (await first.joined("todo", inbox)).value == []

        answer = await http.post("/todo", json={"description": "milk"})
        assert answer.status_code == 200
        todo = answer.json()
        number = todo["id"]
        assert todo.pop("__stream") == {"streamName": "todo", "groupId": inbox, "id": number}
        [create] = await first.recv()
        assert (create.kind, create.address, create.value) == ("create", ("todo", inbox, number), todo)
        assert todo.keys() == {"id", "description", "createdAt"}

        before = counts(product)
        answer = await http.post("/todo", json={})
        assert answer.status_code == 400
        assert answer.json() == {"error": "Invalid body", "fields": {"description": ["Field required"]}}
        assert counts(product) == before

        assert (await second.joined("todo", inbox)).value == [todo]
        # The frame after the first create is this one, so the refused request sent none.
        answer = await http.put(f"/todo/{number}", json={"checked": True})
        assert answer.status_code == 200
        update = await next_of_both(first, second)
        assert (update.kind, update.value["description"]) == ("update", "milk")
        assert update.value["completedAt"]

        before = counts(product)
        answer = await http.put(f"/todo/{MISSING}", json={"checked": True})
        assert answer.status_code == 404
        assert counts(product) == before

        answer = await http.put(f"/todo/{number}", json={"checked": False})
        assert answer.status_code == 200
        assert not (await next_of_both(first, second)).value.get("completedAt")

        answer = await http.patch(f"/todos/{number}/complete")
        assert answer.status_code == 200
        update = await next_of_both(first, second)
        assert update.value["completedAt"]
        assert update.value["metadata"] == {"completedBy": "user-123"}

        answer = await http.get("/todo")
        assert answer.status_code == 200
        assert answer.json() == {"todos": [update.value], "groups": groups(product)}

        assert (await http.delete(f"/todo/{number}")).status_code == 200
        delete = await next_of_both(first, second)
        assert (delete.kind, delete.value) == ("delete", update.value)
        assert (await http.delete(f"/todo/{number}")).status_code == 404
        assert (await http.patch(f"/todos/{number}/complete")).status_code == 404

        await http.post("/todo", json={"description": "the next frame"})
        assert (await next_of_both(first, second)).value["description"] == "the next frame"
        assert first.frames[-1].sequence == delete.sequence + 1  # type: ignore[operator]


async def test_invalid_body_stores_nothing_and_sends_nothing(
    product: Product, http: httpx.AsyncClient, inbox: str
) -> None:
    bodies = [b"{}", b'{"description": 7}', b"[]", b"null", b"{bad", b'{"description": null}']
    async with await Socket.connect(product.web.ws) as socket:
        await socket.joined("todo", inbox)
        before = counts(product)
        for body in bodies:
            answer = await http.post("/todo", content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 400, body
            assert answer.json()["error"] == "Invalid body"
        assert counts(product) == before
        await http.post("/todo", json={"description": "the next frame"})
        assert [frame.value["description"] for frame in await socket.recv()] == ["the next frame"]


async def test_trailing_slash_changes_nothing_and_a_wrong_method_is_405(
    product: Product, http: httpx.AsyncClient
) -> None:
    assert (await http.get("/todo/")).json() == (await http.get("/todo")).json()
    assert (await http.patch("/todo", json={})).status_code == 405
