"""One rule behind every door: sockets, event streams, requests and the Python client let the same people in."""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from streams.client import StreamClient
from streams.errors import StreamError
from tests.support.events import EventStream
from tests.support.product import Product
from tests.support.server import Server
from tests.support.sockets import Socket

DENIED, UNKNOWN, OPEN = "STREAM_ACCESS_DENIED", "STREAM_NOT_FOUND", "open"
EVE = "name-eve"

# stream, token, what subscribers are told, what requests are told
DOORS = [
    ("board", None, OPEN, OPEN),
    ("club", None, DENIED, DENIED),
    ("club", EVE, OPEN, OPEN),
    ("box", EVE, DENIED, DENIED),
    ("lobby", EVE, OPEN, DENIED),  # its only rule is on_join, and a request is no subscription
    ("presence", None, DENIED, DENIED),
    ("presence", EVE, OPEN, OPEN),
    ("users", EVE, DENIED, DENIED),
    ("metrics", None, OPEN, OPEN),
    ("none", EVE, UNKNOWN, UNKNOWN),
    ("streams:state", EVE, UNKNOWN, UNKNOWN),
]
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "a/", {"n": 1}),
    ("PATCH", "a/", [{"type": "set", "path": "n", "value": 2}]),
    ("POST", "a/", {"type": "seen"}),
    ("POST", "", {"type": "typing"}),
    ("DELETE", "a/", None),
]


@pytest.fixture(scope="module", params=[pytest.param("daphne", marks=pytest.mark.slow), "uvicorn"])
def server(request: pytest.FixtureRequest, sqlite_product: Product) -> Server:
    return sqlite_product.serve(request.param, settings="tests.support.sse_settings")


def bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def path(stream: str, *ids: str) -> str:
    return "/".join(["/streams", *(quote(segment, safe="") for segment in (stream, *ids)), ""])


async def by_socket(server: Server, token: str | None, *place: str) -> str:
    async with await Socket.connect(server.ws, headers=bearer(token)) as socket:
        await socket.join(*place)
        [answer] = await socket.recv()
        return answer.error or {"sync": OPEN}[answer.kind]


async def by_event_stream(server: Server, token: str | None, *place: str) -> str:
    async with await EventStream.open(server.url + path(*place), **bearer(token)) as events:
        if events.status == 200:
            return {"sync": OPEN}[(await events.next())[0].kind]
        return str((await events.body())["error"]["code"])


async def by_client(server: Server, token: str | None, stream: str, group: str, item: str | None = None) -> str:
    async with StreamClient(server.ws, token=token) as client:
        found = client.group(stream, group) if item is None else client.item(stream, group, item)
        try:
            await found.ready()
        except StreamError as error:
            return error.code
        return OPEN


async def by_request(server: Server, token: str | None, *place: str) -> str:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        answer = await client.get(path(*place), headers=bearer(token))
    code = None if answer.status_code == 200 else answer.json()["error"]["code"]
    return OPEN if code in (None, "ITEM_NOT_FOUND") else str(code)


@pytest.mark.feature("D6", "D15")
@pytest.mark.parametrize(("stream", "token", "subscribed", "asked"), DOORS)
async def test_every_door_asks_the_same_rule(
    server: Server, group: str, stream: str, token: str | None, subscribed: str, asked: str
) -> None:
    for place in ((stream, group), (stream, group, "a")):
        told = await asyncio.gather(*(door(server, token, *place) for door in (by_socket, by_event_stream, by_client)))
        assert told == [subscribed] * 3, place
        assert await by_request(server, token, *place) == asked, place


@pytest.mark.feature("D6")
@pytest.mark.parametrize(("method", "where", "body"), WRITES)
async def test_requests_write_where_can_write_says_so_and_nowhere_else(
    server: Server, group: str, method: str, where: str, body: Any
) -> None:
    async with (
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client,
        StreamClient(server.ws, token=EVE) as follower,
    ):
        assert (await client.put(path("club", group, "a"), json={"n": 0}, headers=bearer(EVE))).status_code == 201
        club = follower.group("club", group)
        heard: list[str] = []
        for kind in ("update", "delete", "event"):
            club.on(kind, lambda *_, kind=kind: heard.append(kind))
        assert await club.ready() == [{"n": 0, "id": "a"}]

        async def write(stream: str, token: str | None) -> Any:
            address = path(stream, group) + where
            return await client.request(method, address, json=body, headers=bearer(token))

        for stream, token in (("club", None), ("metrics", EVE), ("presence", EVE), ("lobby", EVE)):
            answer = await write(stream, token)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, DENIED), stream
        assert (await write("club", "stolen")).status_code == 401
        assert club.get_state() == [{"n": 0, "id": "a"}]
        assert (await write("club", EVE)).status_code in (200, 204)
        async with asyncio.timeout(30):
            async for _ in club:
                break
        assert len(heard) == 1, "what was refused was told, too"


async def test_sockets_write_nothing_whoever_they_are(server: Server, group: str) -> None:
    async with await Socket.connect(server.ws, headers=bearer(EVE)) as socket:
        await socket.joined("board", group)
        for kind in ("set", "update", "delete", "send", "event", "create"):
            data = {"streamName": "board", "groupId": group, "id": "a", "data": {"n": 1}, "event": {"type": "x"}}
            await socket.send({"type": kind, "data": data})
        await socket.send({"type": "ping"})
        assert [frame.kind for frame in await socket.recv_until(lambda frame: frame.kind == "pong")][-1:] == ["pong"]
        assert len(socket.frames) == 2, "the sync and the pong"
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        assert (await client.get(path("board", group))).json()["sequence"] == 0


@pytest.mark.parametrize(
    ("stream", "token", "expected"),
    [
        ("board", None, OPEN),
        ("club", None, DENIED),
        ("club", EVE, OPEN),
        ("box", EVE, DENIED),
        ("lobby", EVE, DENIED),
        ("none", None, UNKNOWN),
    ],
)
async def test_groups_are_listed_to_whom_the_rule_lets(
    server: Server, group: str, stream: str, token: str | None, expected: str
) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        await client.put(path("club", group, "a"), json={}, headers=bearer(EVE))
        await client.put(path("board", group, "a"), json={})
        assert await by_request(server, token, stream) == expected
        listed = [one["name"] for one in (await client.get("/streams/", headers=bearer(token))).json()["streams"]]
        assert (stream in listed) is (expected == OPEN)
        if expected == OPEN:
            answer = await client.get(path(stream), headers=bearer(token))
            assert group in answer.json()["groups"]
    async with await Socket.connect(server.ws, headers=bearer(token)) as socket:  # there is no such question there
        await socket.send({"type": "join", "data": {"streamName": stream, "subscriptionId": "s"}})
        assert (await socket.recv())[0].error == "BAD_MESSAGE"


@pytest.mark.feature("D15")
async def test_internal_streams_need_staff(server: Server, sqlite_product: Product) -> None:
    writer = sqlite_product.writer
    await writer.acall("make_user", username="boss", password="for-tests-only")
    place = "streams:workbench", await writer.acall("steps.feed:group_of", topic="runs")
    boss = {"Cookie": f"sessionid={await writer.acall('log_in', username='boss')}"}
    customer = {"Cookie": f"sessionid={await writer.acall('tests.support.sessions:sign_in', username='customer')}"}
    for who, expected in ((boss, OPEN), (customer, DENIED), (bearer(EVE), DENIED), ({}, DENIED)):
        async with await Socket.connect(server.ws, headers=who) as socket:
            await socket.join(*place)
            assert ((await socket.recv())[0].error or OPEN) == expected
        async with await EventStream.open(server.url + path(*place), **who) as events:
            assert events.status == (200 if expected == OPEN else 403)
        async with httpx.AsyncClient(base_url=server.url, headers=who, trust_env=False, timeout=60) as client:
            assert (await client.get(path(*place))).status_code == 403
            assert "streams:" not in (await client.get("/streams/")).text
            assert (await client.put(path(*place, "a"), json={})).status_code == 403


async def test_a_flood_of_writes_keeps_nobody_from_reading_and_writing(server: Server, group: str) -> None:
    """Four clients send events as fast as they are let, to a group with a subscriber; another one goes on as before."""
    async with (
        await Socket.connect(server.ws) as flooded,
        await Socket.connect(server.ws) as neighbour,
        httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        await flooded.joined("board", group)
        await neighbour.joined("board", f"{group}-beside")

        async def flood(number: int) -> None:
            for count in range(100):
                answer = await client.post(path("board", group), json={"type": "noise", "data": [number, count]})
                assert answer.status_code == 204

        floods = asyncio.gather(*(flood(number) for number in range(4)))
        written = 0
        while not floods.done():
            answer = await client.put(path("board", f"{group}-beside", "a"), json={"n": written})
            assert answer.status_code in (200, 201)
            [*_, told] = await neighbour.recv()
            assert told.value["n"] == written
            written += 1
        await floods
        assert written > 1
        noise = [frame.value["data"] for frame in await flooded.recv(400)]
        assert all([count for one, count in noise if one == number] == list(range(100)) for number in range(4))
