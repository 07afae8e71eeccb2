"""Demo 1 with its watchers: whoever joins is counted once, whoever goes, in whatever way, is counted out once."""

import asyncio
import json
import random
import signal
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx
import pytest

from streams.errors import Restarting
from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Frame, Socket
from tests.support.waiting import eventually

QUICK = "tests.support.presence_settings"
CYCLES = 100


def watching(product: Product, group: str) -> int:
    """How many are counted, as the database has it."""
    rows = product.rows(
        "SELECT i.value FROM streams_item i JOIN streams_group g ON g.id = i.group_id"
        " WHERE g.stream = 'inbox' AND g.key = 'watching' AND i.key = ?",
        [group],
    )
    if not rows:
        return 0
    value = rows[0][0]
    counted: int = (json.loads(value) if isinstance(value, str) else value)["watching"]
    return counted


def leases(product: Product, group: str) -> int:
    rows = product.rows("SELECT count(*) FROM streams_lease WHERE group_key = ?", [group])
    counted: int = rows[0][0]
    return counted


async def aeventually(look: Callable[[], Any], what: str, within: float = 30.0) -> None:
    await asyncio.to_thread(eventually, look, what=what, within=within)


async def counted(observer: Socket, number: int, within: float = 30.0) -> Frame:
    """The next frame that says so many."""
    return (await observer.recv_until(lambda frame: frame.value["watching"] == number, within=within))[-1]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def product(request: pytest.FixtureRequest, products: Products) -> Product:
    """Copies of our own: in others, watchers of servers that were killed may be counted for a while."""
    return products.make(request.param)


@pytest.fixture
async def nobody(product: Product, inbox: str) -> str:
    """The inbox, which nobody watches and nobody was counted in."""
    await aeventually(lambda: leases(product, inbox) == 0, "the watchers of earlier tests are gone")
    await product.writer.astream("inbox", "delete", "watching", inbox)
    return inbox


@pytest.mark.feature("D2", "D3", "B17", "C20", "I8")
async def test_demo(product: Product, http: httpx.AsyncClient, nobody: str) -> None:
    web, inbox = product.web.ws, nobody
    async with await Socket.connect(web) as first, await Socket.connect(web) as observer:
        assert (await observer.joined("inbox", "watching", inbox)).value is None
        assert (await first.joined("todo", inbox)).value == []  # 1
        [frame] = await observer.recv()
        assert (frame.kind, frame.address) == ("create", ("inbox", "watching", inbox))
        assert frame.value == {"id": inbox, "watching": 1}

        answer = await http.post("/todo", json={"description": "milk"})  # 2
        assert answer.status_code == 200
        todo = answer.json()
        where = todo.pop("__stream")
        assert where == {"streamName": "todo", "groupId": inbox, "id": todo["id"]}
        [create] = await first.recv()
        assert (create.kind, create.value) == ("create", todo)
        assert todo.keys() == {"id", "description", "createdAt"}
        async with await Socket.connect(web) as follower:  # where the answer says, nothing is missed
            assert (await follower.joined(where["streamName"], where["groupId"], where["id"])).value == todo
            await counted(observer, 2)
        await counted(observer, 1)

        answer = await http.post("/todo", json={})  # 3
        assert (answer.status_code, answer.json()["error"]) == (400, "Invalid body")
        assert list(answer.json()["fields"]) == ["description"]

        second = await Socket.connect(web)  # 4
        assert (await second.joined("todo", inbox)).value == [todo]
        [frame] = await observer.recv()
        assert (frame.kind, frame.value["watching"]) == ("update", 2)

        answer = await http.put(f"/todo/{todo['id']}", json={"checked": True})  # 5
        assert answer.status_code == 200
        for socket in (first, second):
            [update] = await socket.recv()
            assert (update.kind, bool(update.value["completedAt"])) == ("update", True)
        assert (await http.put("/todo/unknown", json={"checked": True})).status_code == 404

        assert (await http.patch(f"/todos/{todo['id']}/complete")).status_code == 200  # 6
        for socket in (first, second):
            [update] = await socket.recv()
            assert update.value["metadata"] == {"completedBy": "user-123"}

        listed = (await http.get("/todo")).json()  # 7
        assert listed["todos"] == [update.value]
        assert inbox in listed["groups"]
        for status in (200, 404):
            assert (await http.delete(f"/todo/{todo['id']}")).status_code == status
        for socket in (first, second):
            [delete] = await socket.recv()
            assert (delete.kind, delete.value) == ("delete", update.value)

        await second.cut()  # 8
        await counted(observer, 1)
        async with await Socket.connect(web) as again:
            assert (await again.joined("todo", inbox)).value == []
            await counted(observer, 2)
        await counted(observer, 1)
        await http.post("/todo", json={"description": "the next frame"})  # nothing else was sent to who stayed
        [last] = await first.recv()
        assert (last.kind, last.value["description"]) == ("create", "the next frame")
    await aeventually(lambda: leases(product, inbox) == 0, "all leases ended")
    assert watching(product, inbox) == 0


@pytest.mark.feature("D2", "D8")
async def test_watchers_are_exact_after_a_hundred_random_kill_and_reconnect_cycles(
    product: Product, group: str
) -> None:
    dice = random.Random(8)
    connected: list[Socket] = []
    async with await Socket.connect(product.web.ws) as observer:
        await observer.joined("inbox", "watching", group)
        for _ in range(CYCLES):
            if connected and dice.random() < 0.5:
                await go(connected.pop(dice.randrange(len(connected))), group, dice)
            socket = await Socket.connect(product.web.ws)
            name = await socket.join("todo", group, subscription=uuid4().hex)
            if dice.random() < 0.8:  # else it may go while its join is in progress
                await socket.recv_until(lambda frame, name=name: frame.data.get("subscriptionId") == name)  # type: ignore[misc]
            if len(connected) < 6:
                connected.append(socket)
            else:
                await go(socket, group, dice)
        for socket in connected:
            await socket.send({"type": "ping"})
            await socket.recv_until(lambda frame: frame.kind == "pong")
        await aeventually(lambda: leases(product, group) == len(connected), "leases of those who are there")
        assert watching(product, group) == len(connected)
        await aeventually(lambda: observer.frames[-1].value["watching"] == len(connected), "the observer sees them")
        numbers = [0, *(frame.value["watching"] for frame in observer.frames[1:])]
        assert {abs(after - before) for before, after in pairwise(numbers)} == {1}
        for socket in connected:
            await go(socket, group, dice)
        await aeventually(lambda: leases(product, group) == 0, "everybody is gone")
        assert watching(product, group) == 0


async def go(socket: Socket, group: str, dice: random.Random) -> None:
    """Leave in one of the ways there are; a socket that only leaves is closed after it."""
    match dice.choice(["cut", "cut", "close", "leave"]):
        case "cut":
            await socket.cut()
        case "leave":
            names = [frame.data["subscriptionId"] for frame in socket.frames if frame.kind == "sync"]
            for name in names:
                await socket.leave("todo", group, subscription=name)
            await socket.cut()
        case "close":
            await socket.close()


# -- servers that end --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(products: Products) -> tuple[Product, Server, Server]:
    """Two servers that take each other for dead after moments, on a database that nobody else uses."""
    product = products.make("postgres")
    product.web.kill()
    return product, product.serve(settings=QUICK), product.serve(settings=QUICK)


Pair = tuple[Product, Server, Server]


async def watch(server: Server, group: str) -> Socket:
    socket = await Socket.connect(server.ws)
    await socket.joined("todo", group)
    return socket


async def test_server_that_is_killed_is_counted_out_by_another(pair: Pair, group: str) -> None:
    product, doomed, other = pair
    observer = await Socket.connect(other.ws)
    await observer.joined("inbox", "watching", group)
    sockets = [await watch(server, group) for server in (doomed, doomed, doomed, other)]
    await counted(observer, 4)
    doomed.kill()
    await counted(observer, 1)
    assert leases(product, group) == 1
    doomed.start()
    sockets.append(await watch(doomed, group))
    await counted(observer, 2)
    for socket in (*sockets, observer):
        await socket.close()
    await aeventually(lambda: leases(product, group) == 0, "everybody is gone")
    assert watching(product, group) == 0
    lows = [frame.value["watching"] for frame in observer.frames[1:]]
    assert min(lows) == 1


async def test_server_that_was_stopped_for_too_long_is_told_when_it_goes_on(pair: Pair, group: str) -> None:
    product, paused, other = pair
    observer = await Socket.connect(other.ws)
    await observer.joined("inbox", "watching", group)
    sockets = [await watch(paused, group), await watch(paused, group)]
    stays = await watch(other, group)
    await counted(observer, 3)
    paused.process.send(signal.SIGSTOP)
    try:
        await counted(observer, 1)
    finally:
        paused.process.send(signal.SIGCONT)
    assert [await socket.wait_closed(20) for socket in sockets] == [Restarting.close] * 2
    again = await watch(paused, group)
    await counted(observer, 2)
    assert (watching(product, group), leases(product, group)) == (2, 2)
    for socket in (again, stays, observer):
        await socket.close()
    await aeventually(lambda: leases(product, group) == 0, "everybody is gone")
    assert watching(product, group) == 0


async def test_server_that_is_told_to_end_counts_out_its_own_before_it_does(pair: Pair, group: str) -> None:
    product, ending, other = pair
    sockets = [await watch(server, group) for server in (ending, ending, other)]
    assert watching(product, group) == 3
    ending.process.send(signal.SIGTERM)
    await aeventually(lambda: not ending.process.running, "it has ended")
    assert (watching(product, group), leases(product, group)) == (1, 1)  # at once: nobody had to find out
    assert [await socket.wait_closed() for socket in sockets[:2]] == [Restarting.close] * 2
    await sockets[2].close()
    ending.start()
