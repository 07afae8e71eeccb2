"""Our own clients, on Node and in Python, against real servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.client import ConnectionRefused, StreamClient
from tests.support import journal
from tests.support.follower import Follower
from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.values import todo

SETTINGS = "tests.support.client_settings"
WITHIN = 30.0
Follow = Callable[..., Follower]


@pytest.fixture(scope="module")
def guarded(products: Products) -> Product:
    """A copy whose processes know the guarded streams, and one that counts."""
    product = products.make("sqlite")
    product.environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
    return product


@pytest.fixture(scope="module")
def guard(guarded: Product) -> Server:
    return guarded.serve(settings=SETTINGS)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Follow]:
    """Starts our client on Node: ``node(server.ws, token="...")``."""
    started: list[Follower] = []

    def start(url: str, **options: Any) -> Follower:
        class Ours(Follower):
            program = ("follow-ours.js", json.dumps(options))

        started.append(Ours(url, tmp_path / f"ours-{len(started)}.log"))
        return started[-1]

    yield start
    for follower in started:
        follower.close()


def events(client: Follower, name: str) -> list[Any]:
    """Type and data of what its listeners were told."""
    return [(line["type"], line["data"]) for line in client.said if line.get("as") == name and "type" in line]


def live(client: Follower, name: str) -> bool:
    statuses = [line["status"] for line in client.said if line.get("as") == name and "status" in line]
    return bool(statuses) and statuses[-1] == "live"


@pytest.mark.feature("C6", "C7", "C8", "C9", "C10")
def test_node_client_tells_and_keeps_everything(sqlite_product: Product, node: Follow, group: str) -> None:
    client, writer = node(sqlite_product.web.ws), sqlite_product.writer
    client.tell({"connect": None})
    client.until(lambda: {"connect": "done"} in client.said, "connect()")
    client.subscribe("G", "todo", group)
    client.subscribe("I", "todo", group, "t1")
    client.until(lambda: live(client, "G") and live(client, "I"), "the first states")
    writer.stream("todo", "set", group, "t1", todo("a"))
    writer.stream("todo", "set", group, "t1", todo("b"))
    writer.stream("todo", "send", {"groupId": group, "id": "t1"}, {"type": "notification", "data": {"m": 1}})
    writer.stream("todo", "delete", group, "t1")
    a, b = todo("a", id="t1"), todo("b", id="t1")
    told = [
        *(("create", a), ("update", b), ("event", {"type": "notification", "data": {"m": 1}})),
        *(("notification", {"m": 1}), ("delete", b)),
    ]
    client.until(lambda: events(client, "G") == [("sync", []), *told], "all of it for the group")
    client.until(lambda: events(client, "I") == [("sync", None), *told], "all of it for the item")
    assert client.state("G") == []
    client.tell({"disconnect": None})
    client.until(lambda: client.count("close") == 1, "the end")


@pytest.mark.feature("C11")
def test_close_leaves_and_hears_no_more(guarded: Product, guard: Server, node: Follow, group: str) -> None:
    client, watcher = node(guard.ws), node(guard.ws)
    watcher.subscribe("W", "attendance", "all", group)
    watcher.until(lambda: live(watcher, "W"), "the watcher")
    client.subscribe("G", "attended", group)
    client.subscribe("H", "attended", group)
    watcher.until(lambda: (watcher.state("W") or {}).get("number") == 2, "on_join, twice")
    client.unsubscribe("G")
    watcher.until(lambda: (watcher.state("W") or {}).get("number") == 1, "on_leave, once")
    heard = len(events(client, "G"))
    guarded.writer.stream("attended", "set", group, "i", {"n": 1})
    client.until(lambda: client.state("H"), "the create")
    assert len(events(client, "G")) == heard
    client.close()
    watcher.until(lambda: (watcher.state("W") or {}).get("number") == 0, "on_leave of the rest")


@pytest.mark.feature("C12", "C13")
@pytest.mark.slow
def test_node_client_outlives_its_server(sqlite_product: Product, node: Follow, group: str) -> None:
    server = sqlite_product.serve()
    server.kill()
    client = node(server.ws)
    client.tell({"connect": None})
    client.subscribe("G", "todo", group)
    server.start()
    client.until(lambda: live(client, "G"), "the server is there, and so is the client", WITHIN)
    for restart in (1, 2):
        server.kill()
        client.until(lambda count=restart: client.count("close") == count, "disconnected")  # type: ignore[misc]
        sqlite_product.writer.stream("todo", "set", group, f"t{restart}", todo("meanwhile"))
        server.start()
        client.until(lambda count=restart: client.count("open") == count + 1, "connected", WITHIN)  # type: ignore[misc]
        client.until(lambda count=restart: len(client.state("G")) == count, "what was written")  # type: ignore[misc]
    assert [line["resynced"] for line in client.said if "resynced" in line] == ["resumed", "resumed"]
    server.kill()


@pytest.mark.feature("C14")
def test_connect_stream_with_a_token(guarded: Product, guard: Server, node: Follow) -> None:
    client = node(guard.ws)
    for name, token in {"ada": "user.ada", "bob": "user.bob"}.items():
        options = {"groupId": "ada", "auth": {"token": token}}
        client.tell({"connectStream": {"as": name, "stream": "vault", "options": options}})
    client.until(lambda: live(client, "ada"), "the answer")
    denied = {"as": "bob", "status": "denied", "state": []}
    client.until(lambda: denied in client.said, "the refusal")
    guarded.writer.stream("vault", "set", "ada", "d1", {"content": "x"})
    guarded.writer.stream("vault", "send", {"groupId": "ada", "id": "d1"}, {"type": "notification", "data": {"m": "m"}})
    client.until(lambda: ("notification", {"m": "m"}) in events(client, "ada"), "the notification, by its name")
    assert ("create", {"content": "x", "id": "d1"}) in events(client, "ada")
    assert events(client, "bob") == []


@pytest.mark.feature("D12")
def test_node_client_comes_in_with_a_header(guarded: Product, guard: Server, node: Follow) -> None:
    client, stranger = (node(guard.ws, headers={"Authorization": f"Bearer user.{name}"}) for name in ("kim", "bob"))
    for one in client, stranger:
        one.subscribe("G", "vault", "kim")
    client.until(lambda: live(client, "G"), "the answer")
    stranger.until(lambda: {"denied": "STREAM_ACCESS_DENIED"} in stranger.said, "the refusal")
    guarded.writer.stream("vault", "set", "kim", "d1", {"content": "x"})
    client.until(lambda: ("create", {"content": "x", "id": "d1"}) in events(client, "G"), "the create")
    assert events(stranger, "G") == []
    before = len(guard.process.output)
    nobody = node(guard.ws, headers={"Authorization": "Bearer no"})
    nobody.subscribe("G", "vault", "kim")
    nobody.until(lambda: "handshake refused" in guard.process.output[before:], "that nobody comes in")
    assert events(nobody, "G") == []


def test_node_client_stops_with_a_token_that_is_no_longer_good(guard: Server, node: Follow) -> None:
    client = node(guard.ws, token="brief.1_ada")
    client.subscribe("G", "vault", "ada")
    client.until(lambda: {"denied": "TOKEN_EXPIRED"} in client.said, "that the token is over", WITHIN)
    assert not live(client, "G")
    client = node(guard.ws, token="nobody")
    client.subscribe("G", "vault", "ada")
    client.until(lambda: {"denied": "TOKEN_EXPIRED"} in client.said, "that the token is refused", WITHIN)


def test_a_token_callback_brings_a_new_token_when_the_old_one_is_over(guard: Server, node: Follow) -> None:
    client = node(guard.ws, tokens=["brief.1_ada", "user.ada"])
    client.subscribe("G", "vault", "ada")
    client.until(lambda: client.count("close") == 1, "the first token is over")
    client.until(lambda: live(client, "G") and client.count("open") == 2, "the second one")
    assert [line["resynced"] for line in client.said if "resynced" in line] == ["resumed"]


@pytest.mark.feature("C16")
@pytest.mark.slow
def test_node_client_is_right_after_each_of_five_kills_during_writes(
    sqlite_product: Product, node: Follow, group: str
) -> None:
    product = sqlite_product
    server, writers = product.serve(), [product.console(), product.console()]
    client = node(server.ws)
    client.subscribe("G", "todo", group)
    client.until(lambda: live(client, "G"), "the first state")
    for kill in range(1, 6):
        for seed, writer in enumerate(writers):
            writer.begin("churn", stream="todo", group=group, seed=10 * kill + seed)
        seen = len(client.states("G"))
        client.until(lambda before=seen: len(client.states("G")) > before + 50, "changes while writers write")  # type: ignore[misc]
        server.kill()
        client.until(lambda count=kill: client.count("close") == count, "that the server is gone")  # type: ignore[misc]
        server.start()
        client.until(lambda count=kill: client.count("open") == count + 1, "the connection", WITHIN)  # type: ignore[misc]
        for writer in writers:
            writer.stop()
        stored = product.writer.stream("todo", "list", group)
        client.until(lambda wanted=stored: client.state("G") == wanted, f"the stored state after kill {kill}")  # type: ignore[misc]
    assert journal.check(product.rows, "todo", group) == client.state("G")
    for writer in writers:
        writer.close()
    server.kill()


def test_node_client_over_server_sent_events(guarded: Product, guard: Server, node: Follow) -> None:
    """Sync, changes, events, a refusal, and what was missed while the server was away."""
    client, writer = node(guard.ws, transport="sse", token="user.eve"), guarded.writer
    client.subscribe("G", "vault", "eve")
    client.subscribe("D", "vault", "ada")
    client.until(lambda: live(client, "G"), "the answer")
    client.until(lambda: {"denied": "STREAM_ACCESS_DENIED"} in client.said, "the refusal")
    writer.stream("vault", "set", "eve", "s1", {"n": 1})
    writer.stream("vault", "send", "eve", {"type": "notification", "data": 7})
    client.until(lambda: ("notification", 7) in events(client, "G"), "the event")
    assert client.state("G") == [{"n": 1, "id": "s1"}]
    guard.kill()
    client.until(lambda: client.count("close") == 1, "that the server is gone")
    writer.stream("vault", "set", "eve", "s2", {"n": 2})
    guard.start()
    client.until(lambda: len(client.state("G")) == 2, "what was missed", WITHIN)
    assert events(client, "G")[-1] == ("create", {"n": 2, "id": "s2"})


# -- Python -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def python(guard: Server) -> AsyncIterator[StreamClient]:
    async with StreamClient(guard.ws, token="user.ada") as client:
        yield client


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_python_client_stops_with_a_token_that_is_no_longer_good(guarded: Product, kind: str) -> None:
    server = guarded.serve(kind, settings=SETTINGS)
    client = StreamClient(server.ws, token="brief.1_ada")
    vault = client.group("vault", "ada")
    denied: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    client.on("denied", lambda subscription, error: denied.set_result((subscription, error.code)))
    assert await asyncio.wait_for(denied, WITHIN) == (vault, "TOKEN_EXPIRED")
    assert (client.status, vault.status) == ("closed", "denied")
    await client.disconnect()

    refused = StreamClient(server.ws, token="nobody")
    with pytest.raises(ConnectionRefused):  # uvicorn says 401, Daphne only over HTTP
        await asyncio.wait_for(refused.connect(), WITHIN)
    server.kill()


async def reaches(look: Callable[[], object], subscription: Any) -> None:
    """Wait until *look* is true, looking at each change of the subscription."""
    changed = asyncio.Event()
    offs = [subscription.on(type, lambda *_: changed.set()) for type in ("*", "status")]
    async with asyncio.timeout(WITHIN):
        while not look():
            changed.clear()
            await changed.wait()
    for off in offs:
        off()


@pytest.mark.feature("C22")
async def test_python_client_with_a_token(guarded: Product, guard: Server, python: StreamClient) -> None:
    vault = python.group("vault", "ada")
    other = python.group("vault", "bob")
    await asyncio.wait_for(vault.ready(), WITHIN)
    with pytest.raises(Exception, match="Access denied"):
        await asyncio.wait_for(other.ready(), WITHIN)
    await guarded.writer.astream("vault", "set", "ada", "p1", {"content": "x"})
    await reaches(lambda: {"content": "x", "id": "p1"} in vault.get_state(), vault)
