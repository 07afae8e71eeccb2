"""Whoever writes, wherever: the browsers of the web process see it.

The web process runs without its verifier (tests/support/product_settings.py): what arrives came through the layer.
"""

from collections.abc import AsyncIterator

import pytest

from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.values import todo

SETTINGS = "tests.support.product_settings"
WRITE = "from streams.registry import registry; registry.get('todo').set({group!r}, 't1', {value!r})"


@pytest.fixture(scope="module", params=[pytest.param("sqlite", marks=pytest.mark.slow), "postgres"])
def product(request: pytest.FixtureRequest, products: Products) -> Product:
    """Copies of our own: workers of others do not know our task."""
    return products.make(request.param)


@pytest.fixture(scope="module")
def server(product: Product) -> Server:
    return product.serve(settings=SETTINGS)


@pytest.fixture
async def socket(server: Server, group: str) -> AsyncIterator[Socket]:
    async with await Socket.connect(server.ws) as opened:
        await opened.joined("todo", group)
        yield opened


async def test_write_in_a_long_running_process(product: Product, socket: Socket, group: str) -> None:
    for number in range(20):
        await product.writer.astream("todo", "set", group, f"t{number}", todo("shell"))
    assert [frame.sequence for frame in await socket.recv(20)] == list(range(1, 21))


async def test_write_in_a_command_that_ends_at_once(product: Product, socket: Socket, group: str) -> None:
    product.manage("shell", "--verbosity=0", "--command", WRITE.format(group=group, value=todo("command")))
    assert [(frame.kind, frame.value["description"]) for frame in await socket.recv()] == [("create", "command")]


@pytest.mark.parametrize("pool", ["threads", "prefork"])
async def test_write_in_a_celery_worker(product: Product, socket: Socket, group: str, pool: str) -> None:
    worker = product.work(settings=SETTINGS, pool=pool)
    for number in range(3):
        task = ["todo", group, "t1", todo(f"task {number}")]
        await product.writer.acall("send_task", name="playground.write", arguments=task)
        [frame] = await socket.recv(within=30)
        assert frame.value["description"] == f"task {number}"
    worker.stop()


async def test_write_over_http_in_another_web_process(product: Product, socket: Socket, group: str) -> None:
    await product.writer.astream("todo", "set", group, "t1", todo("before"))
    async with await Socket.connect(product.web.ws) as beside:
        await beside.joined("todo", group)
        await product.writer.astream("todo", "delete", group, "t1")
        ours, theirs = await socket.recv(2), await beside.recv()
        assert [frame.kind for frame in ours] == ["create", "delete"]
        assert ours[-1].text == theirs[-1].text
