"""Connections end with what they came in with, in every process, also where no hint arrives."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Socket

SETTINGS = "tests.support.guarded_settings"
PASSWORD = "for-tests-only"
LATEST_S = 4.0  # 2.0 is promised; this machine does other things as well


@pytest.fixture(scope="module")
def linked(products: Products) -> Product:
    """Two servers that share a layer."""
    product = products.make("sqlite")
    product.environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
    for kind in ("daphne", "uvicorn"):
        product.serve(kind, settings=SETTINGS)
    return product


@pytest.fixture(scope="module")
def cut_off(products: Products) -> Product:
    """Two servers whose hints never arrive: each process has a layer of its own name."""
    product = products.make("postgres")
    product.environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
    for kind in ("daphne", "uvicorn"):
        product.environment["REDIS_PREFIX"] = f"alone-{kind}-{product.home.name}"
        product.serve(kind, settings=SETTINGS)
    product.environment["REDIS_PREFIX"] = f"alone-writer-{product.home.name}"
    return product


@pytest.fixture(params=[pytest.param("linked", marks=pytest.mark.slow), "cut_off"])
def product(request: pytest.FixtureRequest) -> Product:
    found: Product = request.getfixturevalue(request.param)
    return found


def servers(product: Product) -> list[Server]:
    return product._servers[1:]


@pytest.fixture
async def sockets() -> AsyncIterator[list[Socket]]:
    opened: list[Socket] = []
    yield opened
    for socket in opened:
        await socket.close()


async def come(sockets: list[Socket], product: Product, group: str | None = None, **how: Any) -> list[Socket]:
    """Open one connection to each server; join the vault where *group* says."""
    found = [await Socket.connect(server.ws, **how) for server in servers(product)]
    sockets += found
    for socket in found:
        if group is not None:
            await socket.joined("vault", group)
        else:
            await socket.send({"type": "ping"})
            await socket.recv()
    return found


def bearer(token: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def end(gone: list[Socket]) -> None:
    assert [await socket.wait_closed() for socket in gone] == [4401] * len(gone)


async def still_there(others: list[Socket]) -> None:
    for socket in others:
        await socket.send({"type": "ping"})
        await socket.recv_until(lambda frame: frame.kind == "pong")


async def test_revoke_ends_exactly_the_affected(product: Product, sockets: list[Socket]) -> None:
    mine = await come(sockets, product, "ada", **bearer("user.ada"))
    others = await come(sockets, product, "bob", **bearer("user.bob")) + await come(sockets, product)
    by_token = await come(sockets, product, **bearer("user.carol"))
    await product.writer.acall("do_revoke", user="ada")
    await end(mine)
    await still_there(others + by_token)
    await product.writer.acall("do_revoke", token="user.carol")
    await end(by_token)
    await still_there(others)


@pytest.mark.parametrize("cause", ["logout", "password", "is_active", "group"])
async def test_the_end_of_a_session_ends_its_connections(product: Product, sockets: list[Socket], cause: str) -> None:
    name = f"u-{cause}"
    await product.writer.acall("make_user", username=name, password=PASSWORD)
    key = await product.writer.acall("log_in", username=name)
    elsewhere = await product.writer.acall("log_in", username=name)
    mine = await come(sockets, product, headers={"Cookie": f"sessionid={key}"})
    same_user = await come(sockets, product, headers={"Cookie": f"sessionid={elsewhere}"})
    others = await come(sockets, product, **bearer("user.bob"))
    await product.writer.acall(f"end_{cause}", username=name, session=key)
    await end(mine if cause == "logout" else mine + same_user)
    await still_there(others + (same_user if cause == "logout" else []))
    if cause in ("logout", "password", "is_active"):  # and it does not come back with that cookie
        [socket, _] = await come(sockets, product, headers={"Cookie": f"sessionid={key}"})
        await socket.join("mirror", "g")
        assert (await socket.recv())[0].value["data"]["message"] == "null"


async def test_nothing_committed_later_arrives_under_load(product: Product, sockets: list[Socket]) -> None:
    """While a writer never stops, one of two users is revoked: what they get is at most what was committed by then."""
    gone = await come(sockets, product, "load", **bearer("user.load"))
    watching = await come(sockets, product, "load", **bearer("brief.600_load"))
    crowd = [socket for _ in range(10) for socket in await come(sockets, product, "crowd", **bearer("user.crowd"))]
    writer, revoker = product.console(), product.writer
    await revoker.acall("call", stream="vault", method="set", arguments=["load", "i", {"n": -1}])
    writer.begin("pour", groups=["load", "crowd"])
    await watching[0].recv_until(lambda frame: frame.kind == "update" and frame.value["n"] > 50)
    await revoker.acall("do_revoke", token="user.load")
    latest = time.time() + LATEST_S
    await end(gone)
    for socket in watching:  # there was more to be got
        await socket.recv_until(lambda frame: frame.kind == "update" and frame.data["timestamp"] / 1000 > latest)
    await asyncio.to_thread(writer.stop)
    for socket in gone:
        assert max(frame.data["timestamp"] for frame in socket.frames if "timestamp" in frame.data) / 1000 < latest
    for socket in watching:
        await socket.recv_until(lambda frame: frame.kind == "update" and frame.value.get("last") is True)
    await still_there(crowd)
