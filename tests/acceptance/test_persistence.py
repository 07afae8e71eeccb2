"""The default storage keeps what it was given: over restarts, over kill -9, with several writers."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import pytest

from tests.support import journal
from tests.support.console import Console
from tests.support.product import Product, Products
from tests.support.sockets import Frame, Socket
from tests.support.values import todo
from tests.support.waiting import eventually


async def sync(url: str, group: str) -> Frame:
    """What a new client is told about a group."""
    async with await Socket.connect(url) as socket:
        return await socket.joined("todo", group)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def product(request: pytest.FixtureRequest, products: Products) -> Product:
    """The product, on each database in turn."""
    return products.get(request.param)


@pytest.mark.feature("G1", "G6")
async def test_restart_keeps_everything(product: Product, group: str) -> None:
    server = product.serve()
    for number in range(5):
        await product.writer.astream("todo", "set", group, f"t{number}", todo(f"ü {number}", n=2**70))
    await product.writer.astream("todo", "delete", group, "t2")
    await product.writer.astream("todo", "set", group, "t2", todo("at the end now"))
    before = await sync(server.ws, group)
    assert [item["id"] for item in before.value] == ["t0", "t1", "t3", "t4", "t2"]
    server.restart()
    after = await sync(server.ws, group)
    without = ("subscriptionId",)
    assert {k: v for k, v in after.data.items() if k not in without} == {
        k: v for k, v in before.data.items() if k not in without
    }
    server.kill()


@pytest.mark.feature("G1")
def test_kill_9_during_writes_corrupts_nothing(product: Product, group: str) -> None:
    victims: list[Console] = []
    for round_ in range(3):
        before = changes(product, group)
        victims = [product.console() for _ in range(2)]
        for seed, victim in enumerate(victims):
            victim.begin("churn", stream="todo", group=group, seed=10 * round_ + seed)
        eventually(lambda: changes(product, group) > before + 100, what="a hundred writes")  # noqa: B023 - used at once
        for victim in victims:
            victim.process.kill()
        journal.integrity(product.rows, product.database)
        journal.check(product.rows, "todo", group)
    product.writer.stream("todo", "set", group, "after", todo("and the next write goes on"))
    assert journal.check(product.rows, "todo", group)[-1]["id"] == "after"


def changes(product: Product, group: str) -> int:
    """The sequence that a group has reached."""
    rows = product.rows("SELECT sequence FROM streams_group WHERE stream = 'todo' AND key = ?", [group])
    return rows[0][0] if rows else 0


@pytest.mark.feature("G1")
async def test_two_processes_lose_no_writes(product: Product, group: str) -> None:
    await product.writer.astream("todo", "set", group, "t1", todo("count"))
    consoles = [product.console() for _ in range(2)]
    async with await Socket.connect(product.web.ws) as socket:
        await socket.joined("todo", group)
        for console in consoles:
            console.begin("increments", stream="todo", group=group, item="t1", count=200)
        assert [console.result() for console in consoles] == [200, 200]
        frames = await socket.recv(400, within=30)
        assert [frame.value["number"] for frame in frames] == list(range(1, 401))
    assert journal.check(product.rows, "todo", group)[0]["number"] == 400
    for console in consoles:
        console.close()


@pytest.mark.feature("G1")
async def test_kill_9_of_the_web_process_during_its_own_writes(product: Product, inbox: str) -> None:
    server = product.serve()
    before = changes(product, inbox)
    with ThreadPoolExecutor(8) as pool:  # eight at a time, so that the kill meets writes that are under way
        posts = [pool.submit(post_until_gone, server.url) for _ in range(8)]
        eventually(lambda: changes(product, inbox) > before + 30, what="writes over HTTP", detail=server.process.tail)
        server.kill()
    assert all(post.result() > 0 for post in posts)
    journal.integrity(product.rows, product.database)
    stored = journal.check(product.rows, "todo", inbox)
    server.start()
    assert (await sync(server.ws, inbox)).value == stored
    server.kill()


def post_until_gone(url: str) -> int:
    """Add todos until the server is not there any more; returns how many it acknowledged."""
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        for done in count():
            try:
                assert client.post("/todo", json={"description": "x"}).status_code == 200
            except httpx.TransportError:
                return done
    raise AssertionError("count() ended")
