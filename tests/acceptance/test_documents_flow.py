"""Demo 5 to the letter: real servers, a real worker; who may, what is told, and what follows by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.peers import aeventually
from tests.support.product import Product, Products
from tests.support.sockets import Socket

TITLE = {"title": "Plan", "content": ""}


@pytest.fixture(scope="module", params=["sqlite"])
def product(request: pytest.FixtureRequest, products: Products) -> Product:
    """Two web servers and two workers."""
    made = products.make(request.param)
    made.serve("uvicorn")
    made.work()
    made.work()
    return made


@pytest.fixture
async def token(product: Product) -> str:
    """Of u42, who is a member of w1."""
    await product.writer.acall("write_state", scope="workspaces", key="w1", value={"members": ["u42"]})
    made: str = await product.writer.acall("project_token", user_id="u42", seconds=600)
    return made


@pytest.fixture
async def http(product: Product, token: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=product.web.url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


def by_subprotocol(token: str) -> dict[str, Any]:
    return {"subprotocols": ["Authorization", token]}


@pytest.fixture
def doc() -> str:
    return f"d-{uuid4().hex[:8]}"


@pytest.mark.feature("D9", "D10", "D13")
async def test_members_join_and_others_do_not(product: Product, token: str) -> None:
    async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as member:
        assert member.connection.subprotocol == "Authorization"
        assert (await member.joined("documents", "w1")).kind == "sync"
    stranger = await product.writer.acall("project_token", user_id="u7", seconds=600)
    for how in (by_subprotocol(stranger), {}):
        async with await Socket.connect(product.web.ws, **how) as socket:
            await socket.join("documents", "w1")
            assert (await socket.recv())[0].error == "STREAM_ACCESS_DENIED"
            await product.writer.acall("write_document", workspace="w1", doc="secret")
            await socket.send({"type": "ping"})
            await socket.recv_until(lambda frame: frame.kind == "pong")
            assert len(socket.frames) == 2  # the refusal and the pong
    expired = await product.writer.acall("project_token", user_id="u42", seconds=-1)
    for bad in ("nonsense", expired, token + "x"):
        with pytest.raises(InvalidStatus):
            await Socket.connect(product.web.ws, **by_subprotocol(bad))


@pytest.mark.feature("I7")
async def test_documents_are_written_read_and_told(
    product: Product, token: str, http: httpx.AsyncClient, doc: str
) -> None:
    address = f"/workspaces/w1/documents/{doc}"
    async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as group:
        await group.joined("documents", "w1")
        assert (await http.get(address)).status_code == 404
        assert (await http.patch(address, json={"content": "x"})).status_code == 404  # and no ghost
        assert (await http.put(address, json=TITLE)).status_code == 200
        async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as watcher:
            await watcher.joined("documents", "w1", doc)
            answer = await http.patch(address, json={"content": "x"})
            assert (answer.status_code, answer.json()["content"], answer.json()["authorId"]) == (200, "x", "u42")
            [*_, update] = await group.recv_until(lambda frame: frame.kind == "update")
            assert update.value["content"] == "x"
            assert (await http.get(address)).json() == update.value
            sent = await http.post(f"/documents/{doc}/notify", json={"message": "m"})
            assert (sent.status_code, sent.json()) == (200, {"sent": True})
            for socket in (group, watcher):
                [*_, news] = await socket.recv_until(lambda frame: frame.kind == "event")
                assert (news.value["type"], news.value["data"]["message"]) == ("notification", "m")
                assert isinstance(news.value["data"]["timestamp"], int)
            await http.post(f"{address}/cursor", json={"position": 1})
            [*_, moved] = await watcher.recv_until(lambda frame: frame.kind == "event")
            assert moved.value == {"type": "cursor", "data": {"userId": "u42", "position": 1}}
        assert (await http.delete(address)).status_code == 200
        assert (await http.delete(address)).status_code == 404
    async with httpx.AsyncClient(base_url=product.web.url, trust_env=False, timeout=60) as nobody:
        for method, path, body in (
            ("GET", address, None),
            ("PUT", address, TITLE),
            ("PATCH", address, {"content": "x"}),
            ("DELETE", address, None),
            ("POST", f"/documents/{doc}/notify", {"message": "m"}),
            ("POST", f"{address}/cursor", {"position": 1}),
        ):
            assert (await nobody.request(method, path, json=body)).status_code == 403, method
        refused = await nobody.get(address, headers={"Authorization": "Bearer nonsense"})
        assert refused.status_code == 401


@pytest.mark.feature("I5")
async def test_two_editors_keep_what_both_write(product: Product, http: httpx.AsyncClient, doc: str) -> None:
    address = f"/workspaces/w1/documents/{doc}"
    await http.put(address, json={"title": "Plan", "content": "middle"})
    edits = [{"base": "middle", "content": "start middle"}, {"base": "middle", "content": "middle end"}]
    answers = await asyncio.gather(*(http.patch(address, json=edit) for edit in edits))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await http.get(address)).json()["content"] == "start middle end"
    assert (await http.get(address)).json()["revision"] == 3


async def test_both_servers_tell_the_same_in_the_same_order(
    product: Product, token: str, http: httpx.AsyncClient, doc: str
) -> None:
    address = f"/workspaces/w1/documents/{doc}"
    servers = product._servers[:2]
    sockets = [await Socket.connect(server.ws, **by_subprotocol(token)) for server in servers]
    for socket in sockets:
        await socket.joined("documents", "w1")
    await http.put(address, json=TITLE)
    for number in range(10):
        await http.patch(address, json={"content": str(number)})
    await http.delete(address)
    seen = [await socket.recv_until(lambda frame: frame.kind == "delete") for socket in sockets]
    assert [frame.text for frame in seen[0]] == [frame.text for frame in seen[1]]
    assert [frame.kind for frame in seen[0]] == ["create", *["update"] * 10, "delete"]
    for socket in sockets:
        await socket.close()


async def test_what_follows_a_change(product: Product, http: httpx.AsyncClient, doc: str) -> None:
    address, writer = f"/workspaces/w1/documents/{doc}", product.writer
    before = await writer.acall("read_state", scope="indexed", key="w1") or {}
    await http.put(address, json={"title": "Plan", "content": "three words here"})
    place = f"w1/{doc}"
    look = {"scope": "index", "key": place}
    await aeventually(lambda: writer.call("read_state", **look) == {"words": 3}, what="it is indexed", within=30)
    await http.patch(address, json={"content": "two words"})
    await aeventually(lambda: writer.call("read_state", **look) == {"words": 2}, what="it is indexed again", within=30)
    await http.delete(address)

    def counted() -> bool:
        now = writer.call("read_state", scope="indexed", key="w1") or {}
        return all(now.get(kind, 0) > before.get(kind, 0) for kind in ("create", "update", "delete"))

    await aeventually(counted, what="create, update and delete are counted", within=30)
    await aeventually(lambda: writer.call("read_state", **look) is None, what="it is no longer indexed", within=30)


@pytest.mark.feature("I6")
async def test_presence_follows_people(product: Product, token: str, http: httpx.AsyncClient) -> None:
    async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as watcher:
        await watcher.joined("presence", "global", "u42")

        def says(status: str) -> Any:
            return lambda frame: (
                frame.kind in ("create", "update", "sync") and (frame.value or {}).get("status") == status
            )

        async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as socket:
            await socket.joined("documents", "w1")
            await watcher.recv_until(says("online"), within=30)
            assert (await http.put("/users/me", json={"status": "busy"})).status_code == 204
            await watcher.recv_until(says("busy"), within=30)
        await watcher.recv_until(says("offline"), within=30)
