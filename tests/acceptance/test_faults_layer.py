"""The channel layer absent, dying, stopped, flushed, deaf: polling instead of silence, and recovery without restart."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from project import valkey as embedded
from tests.chaos.control import tell
from tests.support import tables
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.process import Process
from tests.support.product import Product
from tests.support.sockets import Socket
from tests.support.valkey import Valkey
from tests.support.values import todo

STOPPED_S = 30.0 if os.environ.get("MILLRACE_LONG") else 4.0
DEGRADED_WITHIN_S, OK_WITHIN_S = 15.0, 30.0
KEPT_OUT_S = 20.0  # of a test machine that is busy: polling looks five times a second


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of this test, which does not run yet."""
    server = Valkey(tmp_path / "valkey")
    yield server
    server.process.kill()


@pytest.fixture
def house(tmp_path: Path, server: Valkey) -> Iterator[Callable[..., Product]]:
    """Starts the product on *server*; other settings and environment as named."""
    made: list[Product] = []

    def start(settings: str = "project.settings", **more: str) -> Product:
        product = Product(
            "sqlite", f"sqlite:///{tmp_path / 'db.sqlite3'}", embedded.url(server.home), tmp_path / "data"
        )
        product.environment |= {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": os.curdir, **more}
        made.append(product)
        tables.fill(product)
        product.serve(settings=settings)
        return product

    yield start
    for product in made:
        product.stop()


async def layer(product: Product) -> str:
    """What /healthz says of the layer."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"{product.web.url}/healthz")
        assert answer.status_code == 200, answer.text
        state: str = answer.json()["layer"]
        return state


async def until_layer(product: Product, *states: str, within: float) -> None:
    async with asyncio.timeout(within):
        while await layer(product) not in states:  # noqa: ASYNC110 - there is no event, only the answer
            await asyncio.sleep(0.2)


async def written(product: Product, socket: Socket, group: str, count: int = 3) -> None:
    """What another process writes arrives here, each change once and in order."""
    last = max([frame.sequence or 0 for frame in socket.frames], default=0)
    for number in range(count):
        await product.writer.astream("todo", "set", group, f"t{number}", todo("x"))
    frames = await socket.recv(count, within=KEPT_OUT_S)
    assert [frame.sequence for frame in frames] == list(range(last + 1, last + 1 + count))


@pytest.mark.slow
async def test_absent_at_start_and_there_later(house: Callable[..., Product], server: Valkey, group: str) -> None:
    product = house()
    async with await Socket.connect(product.web.ws) as socket:
        await socket.joined("todo", group)
        await written(product, socket, group)
        assert await layer(product) == "down"
        server.start()
        await until_layer(product, "ok", within=OK_WITHIN_S)
        await written(product, socket, group)


def kill(server: Valkey) -> None:
    server.process.kill()


def stop(server: Valkey) -> None:
    server.process.send(signal.SIGSTOP)


def again(server: Valkey) -> None:
    if server.process.running:
        server.process.send(signal.SIGCONT)
    else:
        server.start()


@pytest.mark.feature("G3")
@pytest.mark.parametrize("break_", [kill, pytest.param(stop, marks=pytest.mark.slow)])
async def test_gone_for_a_while(
    house: Callable[..., Product], server: Valkey, group: str, break_: Callable[[Valkey], None]
) -> None:
    server.start()
    product = house()
    other = product.serve("uvicorn")
    async with await Socket.connect(product.web.ws) as here, await Socket.connect(other.ws) as there:
        await here.joined("todo", group)
        await there.joined("todo", group)
        await written(product, here, group)
        assert await layer(product) == "ok"
        break_(server)
        await written(product, here, group)
        await until_layer(product, "down", "degraded", within=DEGRADED_WITHIN_S)
        async with await Socket.connect(product.web.ws) as late:  # nobody is kept from joining
            assert (await late.joined("todo", group)).sequence == 6
        await asyncio.sleep(STOPPED_S)
        again(server)
        await written(product, here, group)
        await until_layer(product, "ok", within=OK_WITHIN_S)
        await written(product, here, group)
        ours = [frame.text for frame in here.frames[1:]]
        await there.recv_until(lambda frame: frame.sequence == len(ours), within=KEPT_OUT_S)
        assert [frame.text for frame in there.frames[1:]] == ours


@pytest.mark.parametrize("command", [("FLUSHALL",), ("CLIENT", "KILL", "TYPE", "pubsub")])
@pytest.mark.slow
async def test_flushed_or_its_subscriptions_killed(
    house: Callable[..., Product], server: Valkey, group: str, command: tuple[str, ...]
) -> None:
    server.start()
    product = house()
    client: Any = redis.Redis.from_url(server.url)
    async with await Socket.connect(product.web.ws) as socket:
        await socket.joined("todo", group)
        for _ in range(3):
            client.execute_command(*command)
            await written(product, socket, group)
        await until_layer(product, "ok", within=OK_WITHIN_S)
        await written(product, socket, group)
    client.close()


@pytest.mark.slow
async def test_deaf_subscriptions_of_many_groups_are_noticed_and_come_back(
    house: Callable[..., Product], server: Valkey, tmp_path: Path, group: str
) -> None:
    """The layer answers, but this process hears nothing: only its own echoes can tell."""
    server.start()
    control = tmp_path / "control"
    control.mkdir()
    product = house("tests.chaos.settings", CHAOS_CONTROL=str(control))
    async with await Socket.connect(product.web.ws) as socket:
        for number in range(600):
            await socket.join("whole", f"{group}-{number}")
        await socket.recv(600, within=60)
        await until_layer(product, "ok", within=OK_WITHIN_S)
        tell(control, "hints", {"mute": True})
        await until_layer(product, "degraded", within=DEGRADED_WITHIN_S)
        await product.writer.astream("whole", "set", f"{group}-7", "t", {})
        [frame] = await socket.recv(within=KEPT_OUT_S)
        assert frame.address == ("whole", f"{group}-7", "t")
        tell(control, "hints", None)
        await until_layer(product, "ok", within=OK_WITHIN_S)


@pytest.mark.feature("G5")
@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_in_memory_layer_with_worker_and_beat(
    tmp_path: Path, server: Valkey, postgres_server: Postgres | GivenPostgres, database: str, group: str
) -> None:
    """Changes of any process reach every browser by way of the verifiers; events stay in their process, as is said."""
    settings = "tests.support.memory_settings"
    url = f"sqlite:///{tmp_path / 'db.sqlite3'}"
    if database == "postgres":
        url = postgres_server.create(f"tests_{os.getpid()}_in_memory")
    server.start()
    product = Product(database, url, server.url, tmp_path / "data")
    product.environment |= {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": os.curdir}
    tables.fill(product)
    webs = [product.serve(kind, settings=settings) for kind in ("daphne", "uvicorn")]
    product.work(settings=settings)
    command = [sys.executable, "-m", "celery", "-A", "project", "beat", f"--pidfile={tmp_path / 'beat.pid'}"]
    beat = Process("beat", command, env=product.env(), log=tmp_path / "beat.log")
    beat.start()
    try:
        browsers = [await Socket.connect(web.ws) for web in webs]
        for browser in browsers:
            await browser.joined("todo", group)
            await browser.joined("todo", "ticks")
        for number in range(5):
            await product.writer.astream("todo", "set", group, f"t{number}", todo("x"))
            await product.writer.astream("todo", "send", group, {"type": "note", "data": number})
        for browser in browsers:
            ours = [f for f in await browser.recv_until(at(group, 5), within=KEPT_OUT_S) if f.address[1] == group]
            assert [frame.sequence for frame in ours] == [1, 2, 3, 4, 5]
            await browser.recv_until(at("ticks", 3), within=60)
            ticks = [frame.sequence for frame in browser.frames if frame.address[2] == "t"]
            assert ticks == list(range(ticks[0] or 0, (ticks[0] or 0) + len(ticks)))
            assert "event" not in {frame.kind for frame in browser.frames}
        assert "streams.W001" in warned(product)
        for browser in browsers:
            await browser.close()
    finally:
        beat.kill()
        product.stop()


def at(group: str, sequence: int) -> Callable[[Any], bool]:
    return lambda frame: frame.address[1] == group and (frame.sequence or 0) >= sequence and frame.kind != "sync"


def warned(product: Product) -> str:
    command = [sys.executable, "manage.py", "check", "--deploy"]
    process = Process("check", command, env=product.env(), log=product.home / "check.log")
    process.start()
    process.wait(60)
    return process.output
