"""Demo 4, the chat: an answer that grows in every client, and typing and reactions that are told and not stored."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from streams.client import StreamClient
from tests.steps.factory import Factory
from tests.support.follower import Follower
from tests.support.peers import aeventually
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.sockets import Frame, Socket

TOKENS = [f"token{number} " for number in range(200)]
STREAM = "chatMessage"


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres | GivenPostgres) -> Iterator[Factory]:
    """One that asks its own parrot, by default, for 200 tokens at a thousand in a second."""
    parrot = {"OPENAI_BASE_URL": "", "OPENAI_API_KEY": "", "OPENAI_MODEL": "parrot:200@1000"}
    made = Factory("sqlite", tmp_path_factory.mktemp("chat"), postgres_server, **parrot)
    made.start(workers=0, beat=False, web=True)
    made.product.environment["PORT"] = str(made.product.web.port)  # where the worker finds the parrot
    made.work()
    yield made
    made.stop()


@pytest.fixture
async def http(factory: Factory) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=factory.product.web.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def published(factory: Factory, tmp_path: Path) -> Iterator[Follower]:
    """A published client on Node."""
    started = Follower(factory.product.web.ws, tmp_path / "published.log")
    yield started
    started.close()


@pytest.fixture
def room() -> str:
    return f"r-{uuid4().hex[:12]}"


def completed(frame: Frame) -> bool:
    return frame.kind == "update" and frame.value["status"] == "completed"


@pytest.mark.feature("I1", "B24")
async def test_demo_every_client_ends_with_the_complete_answer(
    factory: Factory, http: httpx.AsyncClient, room: str, published: Follower
) -> None:
    web = factory.product.web.ws
    published.subscribe("G", STREAM, room)
    published.subscribe("I", STREAM, room, "no-such-message")
    await aeventually(lambda: published.states("G") == [[]] and published.states("I") == [None], what="it is in")
    sockets = [await Socket.connect(web) for _ in range(4)]
    for socket in sockets:
        assert (await socket.joined(STREAM, room)).value == []
    async with StreamClient(web) as client:
        ours = client.group(STREAM, room)
        assert await ours.ready() == []

        response = await http.post("/chat", json={"message": "hi", "room": room})
        assert response.status_code == 200
        answer = response.json()
        id = answer["id"]
        assert answer.pop("__stream") == {"streamName": STREAM, "groupId": room, "id": id}
        assert (answer["status"], answer["message"], answer["role"]) == ("created", "", "assistant")

        texts = []
        for socket in sockets:
            question, created, *updates = await socket.recv_until(completed)
            assert (question.kind, question.value["message"], question.value["role"]) == ("create", "hi", "user")
            assert (created.kind, created.value) == ("create", answer)
            said = [frame.value["message"] for frame in updates]
            assert {(frame.kind, frame.value["id"]) for frame in updates} == {("update", id)}
            assert all(later.startswith(earlier) for earlier, later in pairwise(said)), "the text only grows"
            assert len(set(said)) > 2, "it comes bit by bit"
            assert [frame.value["status"] for frame in updates[1:-1]] == ["streaming"] * (len(updates) - 2)
            numbers = [frame.sequence for frame in (question, created, *updates)]
            assert numbers == list(range(1, len(numbers) + 1))
            texts.append(said[-1])
        assert texts == ["".join(TOKENS)] * 4
        await aeventually(lambda: ours.get_state()[-1]["status"] == "completed", what="ours is told, too")
        assert [item["message"] for item in ours.get_state()] == ["hi", "".join(TOKENS)]
        await aeventually(lambda: published.state("G") == ours.get_state(), what="so is the published client")
        async with await Socket.connect(web) as late:
            assert (await late.joined(STREAM, room)).value == ours.get_state(), "history"
    for socket in sockets:
        await socket.close()


@pytest.mark.feature("B18", "B19", "B21", "I2")
async def test_typing_is_told_once_and_never_stored(factory: Factory, http: httpx.AsyncClient, room: str) -> None:
    web = factory.product.web.ws
    async with await Socket.connect(web) as group, await Socket.connect(web) as item:
        await group.joined(STREAM, room)
        await group.joined(STREAM, room)  # two subscriptions of one socket
        await item.joined(STREAM, room, "m1")
        response = await http.post("/typing", json={"room": room, "userId": "u1"})
        assert response.status_code == 204
        [frame] = await group.recv()
        assert frame.address == (STREAM, room, None)
        assert frame.value == {"type": "typing", "data": {"userId": "u1"}}

        async with await Socket.connect(web) as late:
            assert (await late.joined(STREAM, room)).value == []
            console = factory.product.writer
            said = {"role": "user", "userId": "u1", "message": "m", "status": "completed", "createdAt": 1}
            await console.astream(STREAM, "set", room, "m1", said)
            for socket in (group, item, late):
                [frame] = await socket.recv()
                assert frame.kind == "create", "nothing of the typing before it"
    logged = "SELECT count(*) FROM streams_change c JOIN streams_group g ON g.id = c.group_id WHERE g.key = ?"
    assert factory.rows(logged, room) == [(1,)], "only the message is"


@pytest.mark.feature("B20", "B21", "I2")
async def test_a_reaction_reaches_the_group_and_the_message_once(
    factory: Factory, http: httpx.AsyncClient, room: str
) -> None:
    web = factory.product.web.ws
    async with (
        await Socket.connect(web) as group,
        await Socket.connect(web) as item,
        await Socket.connect(web) as both,
        await Socket.connect(web) as other,
        StreamClient(web) as client,
    ):
        for socket, ids in ((group, [None]), (item, ["m1"]), (both, [None, "m1"]), (other, ["m2"])):
            for id in ids:
                await socket.joined(STREAM, room, id)
        ours, heard = client.item(STREAM, room, "m1"), []
        await ours.ready()
        ours.on("reaction", heard.append)
        for emoji in "👍🎉":
            body = {"room": room, "userId": "u1", "emoji": emoji}
            assert (await http.post("/chat/m1/reactions", json=body)).status_code == 204
        expected = [{"type": "reaction", "data": {"id": "m1", "userId": "u1", "emoji": emoji}} for emoji in "👍🎉"]
        for socket in (group, item, both):
            frames = await socket.recv(2)
            assert [frame.value for frame in frames] == expected
            assert {frame.address for frame in frames} == {(STREAM, room, "m1")}
        await aeventually(lambda: len(heard) == 2, what="our client is told by the event's name")
        assert heard == [event["data"] for event in expected]
        for socket in (group, item, both, other):  # whatever else was sent would come before this
            await socket.send({"type": "ping"})
            [frame] = await socket.recv()
            assert frame.kind == "pong"


async def test_random_items_stream_back(http: httpx.AsyncClient) -> None:
    async with http.stream("POST", "/sse", data={"name": "Max", "species": "dog"}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        arrived, text = [], ""
        async for part in response.aiter_text():
            arrived.append(time.monotonic())
            text += part
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    items = [json.loads(event["data"]) for event in events[:-1]]
    assert 5 <= len(items) <= 10
    assert [event["event"] for event in events] == ["item"] * len(items) + ["done"]
    assert json.loads(events[-1]["data"]) == {"total": len(items)}
    sources = [{"name": "name", "value": "Max"}, {"name": "species", "value": "dog"}]
    assert [item["source"] for item in items] == [sources[number % 2] for number in range(len(items))]
    assert len(set(arrived)) > 2, "they came one by one"


@pytest.mark.feature("F6", "I1")
async def test_tokens_of_the_model_are_passed_on_as_they_come(http: httpx.AsyncClient) -> None:
    async with http.stream("POST", "/ai", json={"message": "hi"}) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        arrived, text = set(), ""
        async for part in response.aiter_text():
            arrived.add(time.monotonic())
            text += part
    data = [block.removeprefix("data: ") for block in text.strip().split("\n\n")]
    assert data[-1] == "[DONE]"
    assert [json.loads(one)["content"] for one in data[:-1]] == TOKENS
    assert len(arrived) > 1, "not all at the end"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat", {}, 400),
        ("/chat", {"message": " "}, 400),
        ("/chat", {"message": "x" * 2001}, 400),
        ("/chat", {"message": "hi", "room": ".."}, 400),
        ("/typing", {"room": "r"}, 400),
        ("/typing", {"room": "..", "userId": "u1"}, 400),
        ("/chat/m1/reactions", {"userId": "u1", "emoji": ""}, 400),
        ("/chat/no-such-message/stop", {}, 404),
        ("/chat/no-such-message/stop", {"room": ".."}, 404),
        ("/ai", {}, 400),
    ],
)
async def test_what_is_wrong_is_refused(http: httpx.AsyncClient, path: str, body: Any, status: int) -> None:
    assert (await http.post(path, json=body)).status_code == status


async def test_the_oldest_messages_of_a_room_are_let_go(factory: Factory, http: httpx.AsyncClient, room: str) -> None:
    said = {"role": "user", "userId": "u1", "message": "m", "status": "completed"}
    for number in range(103):
        await factory.product.writer.astream(STREAM, "set", room, f"m{number}", {**said, "createdAt": number})
    await http.post("/chat", json={"message": "hi", "room": room})
    await asyncio.to_thread(factory.finished)
    stored = await factory.product.writer.astream(STREAM, "list", room)
    assert len(stored) == 100
    assert stored[0]["id"] == "m5"
    assert stored[-1]["status"] == "completed"
