"""The Python client against a server that says what the test tells it to say."""

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.server import Server as Listening
from websockets.asyncio.server import ServerConnection, serve

from streams.changes import Position
from streams.client import ConnectionRefused, StreamClient, Token
from streams.client import connection as connection_module
from streams.errors import AccessDenied, TokenExpired

WITHIN = 5.0


class Server:
    """Listens on a free port; ``next`` is what clients said, in order."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[Any] = asyncio.Queue()
        self.listening: Listening | None = None
        self.socket: ServerConnection | None = None
        self.port = 0

    async def start(self) -> None:
        self.listening = await serve(self._handle, "127.0.0.1", self.port)
        self.port = next(iter(self.listening.sockets)).getsockname()[1]

    async def stop(self) -> None:
        assert self.listening is not None
        for connection in self.listening.connections:
            connection.transport.abort()
        self.listening.close()
        await self.listening.wait_closed()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def _handle(self, socket: ServerConnection) -> None:
        self.socket = socket
        assert socket.request is not None
        self.said.put_nowait({"type": "connection", "data": socket.request.headers.get("Authorization")})
        async for text in socket:
            self.said.put_nowait(json.loads(text))

    async def next(self, type: str) -> Any:
        message = await asyncio.wait_for(self.said.get(), WITHIN)
        assert message["type"] == type, message
        return message.get("data")

    async def send(self, *frames: Any) -> None:
        assert self.socket is not None
        for frame in frames:
            await self.socket.send(frame if isinstance(frame, str) else json.dumps(frame))


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(connection_module, "LONGEST_WAITS_S", (0.01,))
    started = Server()
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[StreamClient]:
    made = StreamClient(server.url)
    yield made
    await made.disconnect()


def sync(join: dict[str, Any], sequence: int, data: Any, **more: Any) -> dict[str, Any]:
    address = {key: join[key] for key in ("streamName", "groupId", "id", "subscriptionId") if key in join}
    return {**address, "sequence": sequence, "epoch": f"k{sequence}", **more, "event": {"type": "sync", "data": data}}


def change(kind: str, sequence: int, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"streamName": "todo", "groupId": "inbox", "id": data["id"], "sequence": sequence, "epoch": f"k{sequence}"}
    return {**head, **more, "event": {"type": kind, "data": data}}


def event(type: str, data: Any, **more: Any) -> dict[str, Any]:
    address = {"streamName": "todo", "groupId": "inbox", **more}
    return {**address, "event": {"type": "event", "event": {"type": type, "data": data}}}


async def heard(emitter: Any, type: str) -> asyncio.Future[Any]:
    """Return what the next event of *type* tells, as a future."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    emitter.on(type, lambda *values: future.done() or future.set_result(values[0] if len(values) == 1 else values))
    return asyncio.ensure_future(asyncio.wait_for(future, WITHIN))


async def test_follows_a_group_and_tells_listeners_what_they_asked_for(server: Server, client: StreamClient) -> None:
    todos = client.group("todo", "inbox")
    assert await server.next("connection") is None
    join = await server.next("join")
    assert join == {**todos.address, "since": None, "batch": True}
    assert {"streamName": "todo", "groupId": "inbox"}.items() <= join.items()
    await server.send(sync(join, 4, [{"id": "t1", "v": 0}]))
    assert await asyncio.wait_for(todos.ready(), WITHIN) == [{"id": "t1", "v": 0}]

    calls: list[Any] = []
    for type in ("*", "create", "update", "delete", "sync", "event", "typing"):
        todos.on(type, lambda value, type=type: calls.append((type, value)))
    done = await heard(todos, "typing")
    await server.send(
        [change("create", 5, {"id": "t2"}), change("update", 6, {"id": "t1", "v": 1}, previous=4)],
        change("delete", 7, {"id": "t2"}, previous=5),
        "{bad",
        event("typing", {"userId": "u1"}),
    )
    await done
    assert calls == [
        ("create", {"id": "t2"}),
        ("*", [{"id": "t1", "v": 0}, {"id": "t2"}]),
        ("update", {"id": "t1", "v": 1}),
        ("*", [{"id": "t1", "v": 1}, {"id": "t2"}]),
        ("delete", {"id": "t2"}),
        ("*", [{"id": "t1", "v": 1}]),
        ("event", {"type": "typing", "data": {"userId": "u1"}}),
        ("typing", {"userId": "u1"}),
    ]
    assert todos.position == Position(7, "k7")
    todos.close()
    assert await server.next("leave") == todos.address


async def test_iterates_over_what_happens_and_runs_async_listeners(server: Server, client: StreamClient) -> None:
    item = client.item("todo", "inbox", "t1")
    ran = asyncio.Event()

    async def listener(value: Any) -> None:
        ran.set()

    item.on("update", listener)
    await server.next("connection")
    join = await server.next("join")
    assert join["id"] == "t1"
    news: list[Any] = []

    async def follow() -> None:
        async for type, data in item:
            news.append((type, data))
            if type == "event":
                return

    following = asyncio.create_task(follow())
    await server.send(sync(join, 4, {"id": "t1"}), change("update", 5, {"id": "t1", "v": 1}, previous=4))
    await server.send(event("reaction", 1, id="t1"))
    await asyncio.wait_for(following, WITHIN)
    await asyncio.wait_for(ran.wait(), WITHIN)
    assert news == [
        ("sync", {"id": "t1"}),
        ("update", {"id": "t1", "v": 1}),
        ("event", {"type": "reaction", "data": 1}),
    ]


async def test_comes_back_and_asks_for_what_it_missed(server: Server, client: StreamClient) -> None:
    todos = client.group("todo", "inbox")
    await server.next("connection")
    await server.send(sync(await server.next("join"), 4, []))
    await todos.ready()
    statuses: list[str] = []
    todos.on("status", statuses.append)
    told = [await heard(client, type) for type in ("disconnected", "connected", "resynced")]
    await server.stop()
    await told[0]
    assert todos.status == "stale"
    await server.start()
    await told[1]
    await server.next("connection")
    join = await server.next("join")
    assert join["since"] == {"sequence": 4, "epoch": "k4"}
    missed = change("create", 5, {"id": "t1"})
    frame = sync(join, 5, None)
    await server.send({**frame, "event": {"type": "resumed", "data": [missed]}})
    assert await told[2] == (todos, "resumed")
    assert todos.get_state() == [{"id": "t1"}]
    assert statuses == ["stale", "joining", "live"]


async def test_asks_again_where_a_change_is_missing(server: Server, client: StreamClient) -> None:
    todos = client.group("todo", "inbox", initial={"items": [{"id": "t0"}], "sequence": 3, "epoch": "k3"})
    assert todos.get_state() == [{"id": "t0"}]
    await server.next("connection")
    join = await server.next("join")
    assert join["since"] == {"sequence": 3, "epoch": "k3"}
    await server.send(sync(join, 4, []), change("create", 6, {"id": "t2"}))
    assert (await server.next("join"))["since"] == {"sequence": 4, "epoch": "k4"}


async def test_a_refusal_is_raised_to_who_waits_and_told_to_who_listens(server: Server, client: StreamClient) -> None:
    secret = client.group("todo", "secret")
    told = await heard(client, "denied")
    await server.next("connection")
    await server.next("join")
    await server.send(event("error", {"code": "STREAM_ACCESS_DENIED", "message": "members only"}, groupId="secret"))
    with pytest.raises(AccessDenied, match="members only"):
        await asyncio.wait_for(secret.ready(), WITHIN)
    subscription, error = await told
    assert subscription is secret
    assert error.code == "STREAM_ACCESS_DENIED"
    assert secret.status == "denied"
    with pytest.raises(AccessDenied):
        async for _ in secret:
            pass


async def test_stays_away_where_the_server_asks_for_it(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    client = StreamClient(server.url)
    await client.connect()
    ended = await heard(client, "disconnected")
    assert server.socket is not None
    with caplog.at_level(logging.CRITICAL, "streams.client.streamclient"):
        await server.socket.close(4508, "too many bad messages")
        await ended
    assert client.status == "closed"
    await server.next("connection")
    await asyncio.wait_for(client.connect(), WITHIN)  # asked for by hand
    await client.disconnect()
    assert client.status == "idle"


async def test_a_fixed_token_that_has_expired_is_the_end(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    client = StreamClient(server.url, token="fixed")
    todos = client.group("todo", "inbox")
    assert await server.next("connection") == "Bearer fixed"
    await server.send(sync(await server.next("join"), 4, [{"id": "t1"}]))
    await todos.ready()
    denied = await heard(client, "denied")
    assert server.socket is not None
    with caplog.at_level(logging.CRITICAL, "streams.client.streamclient"):
        await server.socket.close(4401, "the token has expired")
        subscription, error = await denied
    assert (subscription, error.code, error.message) == (todos, "TOKEN_EXPIRED", "the token has expired")
    assert (client.status, todos.status) == ("closed", "denied")
    with pytest.raises(TokenExpired):
        await todos.ready()
    await asyncio.wait_for(client.connect(), WITHIN)  # asked for by hand it goes on from where it was
    await server.next("connection")
    join = await server.next("join")
    assert join["since"] == {"sequence": 4, "epoch": "k4"}
    await server.send(sync(join, 5, []))
    assert await asyncio.wait_for(todos.ready(), WITHIN) == []
    await client.disconnect()


async def test_who_waits_for_an_answer_is_told_that_the_server_asks_to_stay_away(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    client = StreamClient(server.url)
    todos = client.group("todo", "inbox")
    await server.next("connection")
    await server.next("join")
    assert server.socket is not None
    with caplog.at_level(logging.CRITICAL, "streams.client.streamclient"):
        await server.socket.close(4508, "too many bad messages")
        with pytest.raises(ConnectionRefused, match="too many bad messages"):
            await asyncio.wait_for(todos.ready(), WITHIN)
    assert todos.status == "stale"
    await client.disconnect()


async def test_connect_waits_for_the_server_and_is_told_of_disconnect(server: Server) -> None:
    await server.stop()
    client = StreamClient(server.url)
    waiting = asyncio.create_task(client.connect())
    tried = await heard(client, "status")
    await tried
    await client.disconnect()
    with pytest.raises(ConnectionRefused, match="disconnected"):
        await waiting
    again = asyncio.create_task(client.connect())
    await server.start()
    await asyncio.wait_for(again, WITHIN)
    await client.disconnect()


async def test_a_token_callback_is_asked_for_every_connection_and_renews_in_time(server: Server) -> None:
    numbers = iter(range(1, 9))

    async def token() -> str | Token:
        number = next(numbers)
        return Token("t1", 0.0) if number == 1 else f"t{number}"

    client = StreamClient(server.url, token=token)
    await client.connect()
    assert await server.next("connection") == "Bearer t1"
    assert await server.next("refresh") == {"token": "t2"}
    back = await heard(client, "connected")
    assert server.socket is not None
    await server.socket.close(4401)
    await back
    assert await server.next("connection") == "Bearer t3"
    await client.disconnect()


async def test_a_listener_that_raises_harms_nobody(
    server: Server, client: StreamClient, caplog: pytest.LogCaptureFixture
) -> None:
    todos = client.group("todo", "inbox")

    def bad(_: Any) -> None:
        raise RuntimeError("mine")

    todos.on("sync", bad)
    seen = await heard(todos, "sync")
    await server.next("connection")
    with caplog.at_level(logging.CRITICAL, "streams.client.listeners"):
        await server.send(sync(await server.next("join"), 0, []))
        assert await seen == []


def test_needs_no_django() -> None:
    script = (
        "import sys; sys.modules['django'] = None\n"
        "from streams.client import ConnectionRefused, StreamClient, Subscription, Token\n"
        "print(sorted(name for name in sys.modules if name.startswith('streams.')))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    others = {"changes", "errors", "reducer", "values"}
    names = {name.split(".")[1] for name in json.loads(done.stdout.replace("'", '"'))}
    assert names == others | {"client"}
