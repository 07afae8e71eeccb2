"""Demo 5 to the letter: real servers, a real worker; who may, what is told, and what follows by itself."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from steps.occasions import StreamInput, stream_input
from tests.support.peers import aeventually
from tests.support.product import Product, Products
from tests.support.sockets import Frame, Socket

TITLE = {"title": "Plan", "content": ""}
UNFINISHED = "SELECT id FROM steps_run WHERE state IN ('ready', 'running') AND slot IS NULL"


@pytest.fixture(scope="module", params=["sqlite"])
def product(request: pytest.FixtureRequest, products: Products) -> Product:
    """Two web servers, two workers and two beats."""
    made = products.make(request.param)
    made.serve("uvicorn")
    for start in (made.work, made.work, made.beat, made.beat):
        start()
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


def event_of(frame: Frame, *place: str | None) -> Any:
    """Return the event of a frame of *place* in the documents, without what every frame has."""
    assert frame.address == ("documents", *place)
    return frame.data["event"]


@pytest.mark.feature("D9", "D13")
async def test_a_session_s_user_joins_what_they_are_a_member_of(product: Product) -> None:
    await product.writer.acall("make_user", username="una", password="for-tests-only")
    cookie = {"Cookie": f"sessionid={await product.writer.acall('log_in', username='una')}"}
    [(key,)] = product.rows("SELECT id FROM auth_user WHERE username = 'una'")
    await product.writer.acall("write_state", scope="workspaces", key="w2", value={"members": [str(key)]})
    async with await Socket.connect(product.web.ws, headers=cookie) as una:
        assert event_of(await una.joined("documents", "w2"), "w2", None) == {"type": "sync", "data": []}
        await una.join("documents", "w1")
        assert (await una.recv())[-1].error == "STREAM_ACCESS_DENIED"


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


@pytest.mark.feature("I5", "I7")
async def test_documents_are_written_read_and_told(
    product: Product, token: str, http: httpx.AsyncClient, doc: str
) -> None:
    address, begun = f"/workspaces/w1/documents/{doc}", time.time_ns() // 1_000_000
    async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as group:
        await group.joined("documents", "w1")
        assert (await http.get(address)).status_code == 404
        assert (await http.patch(address, json={"content": "x"})).status_code == 404  # and no ghost
        assert (await http.put(address, json=TITLE)).status_code == 200
        [create] = await group.recv()
        made = {**TITLE, "id": doc, "authorId": "u42", "revision": 1, "updatedAt": create.value["updatedAt"]}
        assert event_of(create, "w1", doc) == {"type": "create", "data": made}
        async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as watcher:
            await watcher.joined("documents", "w1", doc)
            answer = await http.patch(address, json={"content": "x"})
            edited = {**made, "content": "x", "revision": 2, "updatedAt": answer.json()["updatedAt"]}
            assert (answer.status_code, (await http.get(address)).json()) == (200, edited)
            assert {name: value for name, value in answer.json().items() if name != "__stream"} == edited
            sent = await http.post(f"/documents/{doc}/notify", json={"message": "m"})
            assert (sent.status_code, sent.json()) == (200, {"sent": True})
            assert (await http.post(f"{address}/cursor", json={"position": 1})).status_code == 204
            for socket in (group, watcher):
                update, news, cursor = await socket.recv(3)
                assert event_of(update, "w1", doc) == {"type": "update", "data": edited}
                assert update.data["previous"] == create.sequence
                told = event_of(news, "w1", doc)["event"]
                assert begun <= told["data"].pop("timestamp") <= time.time_ns() // 1_000_000
                assert told == {"type": "notification", "data": {"message": "m"}}
                moved = {"type": "cursor", "data": {"userId": "u42", "position": 1}}
                assert event_of(cursor, "w1", doc) == {"type": "event", "event": moved}
                assert "timestamp" not in news.data, "an event of an item"
        async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as late:
            answer_to_join = await late.joined("documents", "w1", doc)
            assert event_of(answer_to_join, "w1", doc) == {"type": "sync", "data": edited}
            await late.send({"type": "ping"})
            assert [frame.kind for frame in await late.recv()] == ["pong"], "what was sent is not stored"
        assert (await http.delete(address)).status_code == 200
        assert event_of((await group.recv())[0], "w1", doc) == {"type": "delete", "data": edited}
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


def inputs(product: Product, step: str) -> list[Any]:
    """Return what a step's finished runs were started with, in order."""
    query = "SELECT input FROM steps_run WHERE step = ? AND state = 'done' ORDER BY id"
    return [json.loads(text) for (text,) in product.rows(query, [step])]


def followed(product: Product, step: str, workspace: str, doc: str) -> list[StreamInput]:
    """Return what the handler of a stream's step was given of one document."""
    given = [stream_input(stored) for stored in inputs(product, step)]
    return [one for one in given if (one.group_id, one.id) == (workspace, doc)]


async def test_what_follows_a_change(product: Product, token: str, http: httpx.AsyncClient, doc: str) -> None:
    address, writer = f"/workspaces/w1/documents/{doc}", product.writer
    look = {"scope": "index", "key": f"w1/{doc}"}
    async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as watcher:
        await watcher.joined("documents", "w1", doc)
        await http.put(address, json={"title": "Plan", "content": "three words here"})
        await aeventually(lambda: writer.call("read_state", **look) == {"words": 3}, what="it is indexed")
        await http.patch(address, json={"content": "two words"})
        await aeventually(lambda: writer.call("read_state", **look) == {"words": 2}, what="it is indexed again")
        await http.delete(address)
        frames = await watcher.recv(3)

    def indexed() -> list[Any]:
        return [given for given in inputs(product, "count-indexed") if given["id"] == doc]

    await aeventually(lambda: len(indexed()) == 3, what="three runs that were enqueued")
    kinds = ["create", "update", "delete"]
    assert sorted(indexed(), key=lambda given: kinds.index(given["type"])) == [
        {"groupId": "w1", "id": doc, "type": kind} for kind in kinds
    ]
    assert await writer.acall("read_state", **look) is None
    given = followed(product, "on-document-change", "w1", doc)
    assert [(one.event.type, one.event.data) for one in given] == [(frame.kind, frame.value) for frame in frames]
    assert {(one.type, one.stream_name) for one in given} == {("stream", "documents")}
    assert [one.timestamp for one in given] == [int(frame.data["timestamp"]) for frame in frames]
    create, update, delete = frames
    assert [(one.old_value, one.new_value) for one in given] == [
        (None, create.value), (create.value, update.value), (delete.value, None),
    ]  # fmt: skip


async def test_steps_with_filters_follow_their_target_only(product: Product, http: httpx.AsyncClient) -> None:
    guest = (await http.post("/guests", json={"name": "Gus"})).json()
    entered = {"Authorization": f"Bearer {guest['token']}"}
    places = ["open/welcome", "open/other", "w1/welcome"]  # the same item in another group is another item
    for place in places:
        workspace, _, document = place.partition("/")
        address = f"/workspaces/{workspace}/documents/{document}"
        more = {"headers": entered} if workspace == "open" else {}
        assert (await http.put(address, json=TITLE, **more)).status_code == 200
        assert (await http.delete(address, **more)).status_code == 200

    def kinds(step: str) -> dict[str, list[str]]:
        return {place: [one.event.type for one in followed(product, step, *place.split("/"))] for place in places}

    both = ["create", "delete"]
    await aeventually(lambda: kinds("on-document-change") == dict.fromkeys(places, both), what="all are followed")
    await aeventually(lambda: not product.rows(UNFINISHED), what="nothing is left to do")
    assert kinds("on-open-change") == {"open/welcome": both, "open/other": both, "w1/welcome": []}
    assert kinds("on-welcome-change") == {"open/welcome": both, "open/other": [], "w1/welcome": []}
    newest = await product.writer.acall("read_state", scope="newest", key="welcome")
    assert (newest["type"], newest["authorId"]) == ("delete", guest["userId"])


@pytest.mark.feature("I6")
async def test_presence_follows_people(product: Product, token: str, http: httpx.AsyncClient) -> None:
    async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as watcher:
        await watcher.joined("presence", "global")

        async def says(status: str) -> None:
            [*_, frame] = await watcher.recv_until(
                lambda frame: frame.kind in ("create", "update") and frame.value["status"] == status
            )
            assert frame.address == ("presence", "global", "u42")
            assert frame.value.pop("lastSeen") == pytest.approx(time.time_ns() // 1_000_000, abs=60_000)
            assert frame.value == {"id": "u42", "userId": "u42", "name": "", "status": status}

        async with await Socket.connect(product.web.ws, **by_subprotocol(token)) as socket:
            await socket.joined("documents", "w1")
            await says("online")
            assert (await http.put("/users/me", json={"status": "busy"})).status_code == 204
            await says("busy")
        await says("offline")


@pytest.mark.feature("E15", "I4")
@pytest.mark.slow
async def test_metrics_are_written_once_per_tick_although_there_are_two_of_everything(product: Product) -> None:
    """Last, because what comes before takes its time anyhow."""
    ticks = "SELECT slot FROM steps_run WHERE step = 'update-metrics' AND state = 'done' ORDER BY slot"
    async with await Socket.connect(product.web.ws) as dashboard:  # figures are for everybody
        await dashboard.joined("metrics", "live", "current")
        first, tick = await dashboard.recv(2, within=90)
        assert first.value["timestamp"] < tick.value["timestamp"]
        assert (tick.address, tick.kind in ("create", "update")) == (("metrics", "live", "current"), True)
        assert tick.value.keys() == {"id", "workspaces", "documents", "changes", "online", "timestamp"}
    found = await aeventually(
        lambda: len(product.rows(ticks)) >= (tick.sequence or 0) and product.rows(ticks), what="all ticks are done"
    )
    slots = [str(slot)[:19] for (slot,) in found]
    assert len(set(slots)) == len(slots) == tick.sequence, "each tick is one write"
    assert {slot[-2:] for slot in slots} <= {"00", "30"}, "twice a minute"
