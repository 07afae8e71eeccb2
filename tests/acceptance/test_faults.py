"""Our client through kills and a lying line; a thousand sockets that come back at once; many writers at once."""

import asyncio
import json
import os
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from streams.client import StreamClient, Subscription
from tests.support import journal
from tests.support.console import Console
from tests.support.product import Product, Products
from tests.support.sockets import Frame, Socket
from tests.support.values import todo

WITHIN_S = 30.0


async def shows(product: Product, subscription: Subscription, group: str) -> None:
    """Wait until a subscription shows what is stored, in order."""
    stored = await product.writer.astream("todo", "list", group)
    async with asyncio.timeout(WITHIN_S):
        while subscription.get_state() != stored:  # noqa: ASYNC110 - the last change may be any
            await asyncio.sleep(0.02)


@pytest.mark.feature("C16", "C22")
async def test_our_client_is_right_after_each_of_five_kills_during_writes(sqlite_product: Product, group: str) -> None:
    product, server, writer = sqlite_product, sqlite_product.serve(), sqlite_product.console()
    said: list[str] = []
    async with StreamClient(server.ws) as client:
        client.on("connected", lambda: said.append("connected"))
        client.on("disconnected", lambda: said.append("disconnected"))
        subscription, item = client.group("todo", group), client.item("todo", group, "w1-3")
        await subscription.ready()
        for _ in range(5):
            writer.begin("churn", stream="todo", group=group, seed=1)
            before = subscription.position
            async with asyncio.timeout(WITHIN_S):
                while subscription.position == before or len(said) % 2:  # noqa: ASYNC110 - any change will do
                    await asyncio.sleep(0.02)
            server.kill()
            server.start()
            await asyncio.to_thread(writer.stop)
            await shows(product, subscription, group)
            stored = await product.writer.astream("todo", "get", group, "w1-3")
            async with asyncio.timeout(WITHIN_S):
                while item.get_state() != stored:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.02)
        assert said == ["disconnected", "connected"] * 5
    journal.check(product.rows, "todo", group)
    writer.close()
    server.kill()


@dataclass
class Liar:
    """A line that loses, repeats and reorders the server's frames of changes, until it is told to be honest."""

    far: str
    dice: random.Random
    honest: bool = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Where the client is to connect to."""
        async with serve(self._relay, "127.0.0.1", 0, compression=None, max_size=None) as server:
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _relay(self, near: ServerConnection) -> None:
        async with connect(self.far, compression=None, max_size=None, proxy=None) as far:
            up = asyncio.create_task(self._up(near, far))
            held: list[str | bytes] = []
            try:
                async for text in far:
                    for told in self._tell(text, held):
                        await near.send(told)
            except ConnectionClosed:
                pass  # the client has gone
            finally:
                up.cancel()

    async def _up(self, near: ServerConnection, far: ClientConnection) -> None:
        async for text in near:
            await far.send(text)
        await far.close()

    def _tell(self, text: str | bytes, held: list[str | bytes]) -> list[str | bytes]:
        frame = json.loads(text)
        if self.honest or not isinstance(frame, dict) or frame["event"]["type"] not in ("create", "update", "delete"):
            return [text]
        told = {"send": [text], "twice": [text, text], "lose": [], "hold": []}
        choice = self.dice.choices(["send", "lose", "twice", "hold"], [6, 1, 1, 2])[0]
        if choice == "hold":
            held.append(text)
        later = [held.pop(self.dice.randrange(len(held)))] if held and self.dice.random() < 0.3 else []
        return [*told[choice], *later]


@pytest.mark.feature("C17")
async def test_our_client_over_a_line_that_loses_repeats_and_reorders(sqlite_product: Product, group: str) -> None:
    """It never shows an older value after a newer one, and ends with what is stored; the group's clock only grows."""
    product, dice = sqlite_product, random.Random(7)
    line = Liar(product.web.ws, dice)
    async with (
        line.listening() as url,
        StreamClient(url) as client,
        await Socket.connect(product.web.ws) as witness,
    ):
        await witness.joined("todo", group)
        subscription, item = client.group("todo", group), client.item("todo", group, "i3")
        shown: dict[str, list[int]] = {}
        for kind in ("create", "update"):
            subscription.on(kind, lambda value: shown.setdefault(value["id"], []).append(value["number"]))
        await subscription.ready()
        for number in range(300):
            value = todo("x", number=number)
            await product.writer.astream("todo", "set", group, f"i{dice.randrange(6)}", value)
        line.honest = True
        for id in range(6):  # a lost last change is seen with the next one
            await product.writer.astream("todo", "set", group, f"i{id}", todo("last", number=1000))
        await shows(product, subscription, group)
        async with asyncio.timeout(WITHIN_S):
            while (item.get_state() or {}).get("number") != 1000:  # noqa: ASYNC110 - the last change may be any
                await asyncio.sleep(0.02)
        assert all(numbers == sorted(set(numbers)) for numbers in shown.values())
        frames = await witness.recv_until(lambda frame: frame.sequence == 306)
        clocks = [frame.data["timestamp"] for frame in frames]
        assert clocks == sorted(set(clocks))


@pytest.mark.feature("B16")
@pytest.mark.slow
async def test_writers_of_many_processes_lose_nothing_and_clients_converge(product: Product, group: str) -> None:
    """Four processes increment one counter and append to one list; everybody sees every sum once."""
    consoles = [product.console() for _ in range(4)]
    await product.writer.astream("todo", "set", group, "t", todo("count", number=0))
    async with await Socket.connect(product.web.ws) as socket, StreamClient(product.web.ws) as client:
        subscription = client.group("todo", group)
        await socket.joined("todo", group)
        for console in consoles:
            console.begin("increments", stream="todo", group=group, item="t", count=100)
        assert [await asyncio.to_thread(console.result) for console in consoles] == [100] * 4
        frames = await socket.recv(400, within=WITHIN_S)
        assert [frame.value["number"] for frame in frames] == list(range(1, 401))
        await shows(product, subscription, group)
    [stored] = journal.check(product.rows, "todo", group)
    assert stored["number"] == 400
    for console in consoles:
        console.close()


@pytest.mark.feature("B24")
async def test_every_set_of_a_job_arrives_and_the_last_one_stays(sqlite_product: Product, group: str) -> None:
    """A job that sets one item token by token, faster than anyone looks."""
    product = sqlite_product
    sockets = [await Socket.connect(product.web.ws) for _ in range(3)]
    for socket in sockets:
        await socket.joined("todo", group)
    for number in range(1, 101):
        last = (await product.writer.astream("todo", "set", group, "t", todo("x", tick=number)))["new_value"]
    for socket in sockets:
        frames = await socket.recv(100, within=WITHIN_S)
        assert [frame.value["tick"] for frame in frames] == list(range(1, 101))
        assert frames[-1].value == last
        await socket.close()


@pytest.mark.feature("B20", "I7")
async def test_an_event_to_an_item_reaches_its_and_the_groups_subscribers_once(
    sqlite_product: Product, group: str
) -> None:
    product = sqlite_product
    other = product.serve("uvicorn")
    async with (
        await Socket.connect(product.web.ws) as of_group,
        await Socket.connect(other.ws) as of_item,
        await Socket.connect(other.ws) as of_both,
        await Socket.connect(product.web.ws) as of_another,
    ):
        for socket, items in ((of_group, [None]), (of_item, ["t"]), (of_both, [None, "t"]), (of_another, ["u"])):
            for item in items:
                await socket.joined("todo", group, item)
        for number in range(20):
            event = {"type": "notification", "data": {"number": number}}
            await product.writer.astream("todo", "send", {"groupId": group, "id": "t"}, event)
        await product.writer.astream("todo", "set", group, "t", todo("the end"))
        await product.writer.astream("todo", "set", group, "u", todo("the end"))
        for socket in (of_group, of_item, of_both):
            frames = await socket.recv_until(lambda frame: frame.kind == "create")
            assert [frame.value["data"]["number"] for frame in frames[:-1]] == list(range(20))
            assert {frame.address for frame in frames} == {("todo", group, "t")}
        [frame] = await of_another.recv()
        assert frame.kind == "create"
    other.kill()


@pytest.mark.slow
async def test_a_thousand_sockets_that_come_back_at_once(products: Products, group: str) -> None:
    """One read of the log for all who come back to a process, or two: counted by the database itself."""
    product = products.make("postgres")
    product.environment |= {"DJANGO_SETTINGS_MODULE": "tests.chaos.settings_calm"}
    server = product.serve("uvicorn", settings="tests.chaos.settings_calm")
    for number in range(5):
        await product.writer.astream("whole", "set", group, f"t{number}", {})
    beginning = {"epoch": "", "sequence": 0}
    before = scans(product)

    async def come_back() -> Frame:
        socket = await Socket.connect(server.ws)
        await socket.join("whole", group, since=beginning)
        [answer] = await socket.recv(within=60)
        sockets.append(socket)
        return answer

    sockets: list[Socket] = []
    answers: list[Frame] = []
    for _ in range(10):
        answers += await asyncio.gather(*(come_back() for _ in range(100)))
    assert {tuple(frame["sequence"] for frame in answer.value) for answer in answers} == {(1, 2, 3, 4, 5)}
    await product.writer.astream("whole", "set", group, "t6", {})
    for socket in sockets:
        assert [frame.sequence for frame in await socket.recv(within=60)] == [6]
    for socket in sockets:
        await socket.close()
    assert scans(product) - before <= 2
    product.stop()


def scans(product: Product) -> int:
    """How often the log was looked into, by the database's own count."""
    with psycopg.connect(product.url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
        row = connection.execute(
            "SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE relname = 'streams_change'"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_file_put_back_while_the_server_was_down(products: Products, group: str, tmp_path: Any) -> None:
    """A copy of the SQLite file from before: nobody who comes back keeps what it does not have."""
    product = products.make("sqlite")
    await product.writer.astream("todo", "set", group, "kept", todo("x"))
    path, copy = product.url.removeprefix("sqlite:///"), tmp_path / "copy.sqlite3"
    with sqlite3.connect(path) as live, sqlite3.connect(copy) as target:
        live.backup(target)
    async with StreamClient(product.web.ws) as client:
        subscription = client.group("todo", group)
        reasons: list[str] = []
        client.on("resynced", lambda _, reason: reasons.append(reason))
        await product.writer.astream("todo", "set", group, "phantom", todo("x"))
        await shows(product, subscription, group)
        product.web.kill()
        product.writer.close()
        for suffix in ("-wal", "-shm"):
            if os.path.exists(path + suffix):  # noqa: ASYNC240, PTH110 - nothing else runs
                os.unlink(path + suffix)  # noqa: PTH108
        os.replace(copy, path)  # noqa: PTH105
        writer: Console = product.console()
        await writer.astream("todo", "set", group, "another", todo("x"))  # the phantom's sequence, taken again
        product.web.start()
        async with asyncio.timeout(WITHIN_S):
            while [item["id"] for item in subscription.get_state()] != ["kept", "another"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert reasons == ["epoch"]
        writer.close()
    product.stop()
