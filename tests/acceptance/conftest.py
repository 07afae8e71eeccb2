"""The product under test, and what looks at it from outside."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.follower import Follower
from tests.support.idle import Idle
from tests.support.product import Product, Products
from tests.support.sockets import LoopThread, Socket


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def product(request: pytest.FixtureRequest, products: Products) -> Product:
    """The product, on each database in turn."""
    return products.get(request.param)


@pytest.fixture(scope="session")
def sqlite_product(products: Products) -> Product:
    """The product on its default database, for what has nothing to do with databases."""
    return products.get("sqlite")


@pytest.fixture
async def http(product: Product) -> AsyncIterator[httpx.AsyncClient]:
    """A browser's HTTP, to the first web server."""
    async with httpx.AsyncClient(base_url=product.web.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def inbox(product: Product) -> str:
    """The group that the todo flow writes, emptied of what earlier tests left in it."""
    product.writer.call("empty", stream="todo", group="inbox")
    return "inbox"


@pytest.fixture
def group() -> str:
    """The id of a group that was never written."""
    return f"g-{uuid4().hex[:12]}"


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[[str], Follower]]:
    """Starts published clients: ``follow(server.ws)``."""
    followers: list[Follower] = []

    def start(url: str) -> Follower:
        followers.append(Follower(url, tmp_path / f"follower-{len(followers)}.log"))
        return followers[-1]

    yield start
    for follower in followers:
        follower.close()


@pytest.fixture(scope="session")
def idle_sockets(sqlite_product: Product) -> Iterator[Idle]:
    """Opened before the first test and looked at after the last, so that their idling costs no time of its own."""
    loop = LoopThread()
    group = f"idle-{uuid4().hex[:12]}"

    async def open_one() -> Socket:
        socket = await Socket.connect(sqlite_product.web.ws)
        await socket.joined("todo", group)
        return socket

    sockets = [loop.run(open_one()) for _ in range(2)]
    yield Idle(sockets, group, time.monotonic(), loop)
    for socket in sockets:
        loop.run(socket.close())
    loop.stop()


@pytest.fixture(scope="session", autouse=True)
def _idle_from_the_start(request: pytest.FixtureRequest) -> None:
    if any("idle_sockets" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("idle_sockets")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Look at the idle sockets last."""
    items.sort(key=lambda item: "idle_sockets" in getattr(item, "fixturenames", ()))
