"""Streams over server-sent events, on the servers that run in production."""

import asyncio
import json
import signal
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.support import journal
from tests.support.events import EventStream, Told
from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Socket
from tests.support.values import todo
from tests.support.waiting import eventually

SETTINGS = "tests.support.sse_settings"
SIGN_IN = "tests.support.sessions:sign_in"
KINDS = ["daphne", pytest.param("uvicorn", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, sqlite_product: Product) -> Iterator[Server]:
    server = sqlite_product.serve(request.param, settings=SETTINGS)
    yield server
    server.kill()


def url(server: Server, stream: str, *ids: str) -> str:
    return "/".join([server.url, "streams", *(quote(segment, safe="") for segment in (stream, *ids)), ""])


def kinds(told: list[Told]) -> list[str]:
    return [item.kind for item in told]


def values(told: list[Told]) -> list[Any]:
    return [item.data["event"]["data"] for item in told]


async def put(server: Server, stream: str, group: str, id: str, value: Any) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.put(url(server, stream, group, id), json=value)
        assert answer.status_code in (200, 201), answer.text


async def visits(server: Server, group: str, **wanted: int) -> None:
    """Wait until the hooks have counted as *wanted*."""
    seen: Any = None
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            async with asyncio.timeout(10):
                while seen != wanted:
                    answer = (await client.get(url(server, "visits", group, "count"))).json()
                    seen = {name: answer.get(name, 0) for name in wanted}
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{wanted} was not reached: {answer}") from None


@pytest.mark.feature("C19")
async def test_a_group_is_synced_and_followed(sqlite_product: Product, server: Server, group: str) -> None:
    writer = sqlite_product.writer
    await writer.astream("todo", "set", group, "t1", todo("here before"))
    async with (
        await EventStream.open(url(server, "todo", group)) as events,
        await Socket.connect(server.ws) as socket,
    ):
        assert events.status == 200
        assert events.headers["content-type"] == "text/event-stream"
        assert events.headers["cache-control"] == "no-cache"
        assert events.headers["x-accel-buffering"] == "no"
        [sync] = await events.next()
        assert (sync.kind, [item["id"] for item in sync.data["event"]["data"]]) == ("sync", ["t1"])
        assert sync.id == f"{sync.data['epoch']}:1"
        assert events.source.retry == 2000
        await socket.joined("todo", group)
        await writer.astream("todo", "set", group, "t2", todo("new"))
        await writer.astream("todo", "update", group, "t2", [{"type": "set", "path": "n", "value": 2**70}])
        await writer.astream("todo", "send", group, {"type": "typing", "data": {"userId": "u1"}})
        await writer.astream("todo", "send", {"groupId": group, "id": "t2"}, {"type": "seen", "data": 1})
        await writer.astream("todo", "delete", group, "t2")
        told, frames = await events.next(5), await socket.recv(5)
        assert kinds(told) == ["create", "update", "event", "event", "delete"]
        assert [item.text for item in told] == [frame.text for frame in frames], "the same text as on the socket"
        ids = [f"{frame.data['epoch']}:{frame.sequence}" if frame.sequence else None for frame in frames]
        assert [item.id for item in told] == [ids[0], ids[1], ids[1], ids[1], ids[4]], "events have no id of their own"


@pytest.mark.feature("C19")
async def test_last_event_id_resumes(sqlite_product: Product, server: Server, group: str) -> None:
    writer = sqlite_product.writer
    async with await EventStream.open(url(server, "todo", group)) as events:
        await events.next()
        await writer.astream("todo", "set", group, "t1", todo("seen"))
        await events.next()
        last = events.source.last_id
    await writer.astream("todo", "set", group, "t2", todo("missed"))
    await writer.astream("todo", "delete", group, "t1")
    for asked in (
        {"url": url(server, "todo", group), "since": last},
        {"url": f"{url(server, 'todo', group)}?since={last}"},
        {"url": f"{url(server, 'todo', group)}?since=Xxxxxxxx:0", "since": last},  # what the browser knows counts
    ):
        async with await EventStream.open(**asked) as events:
            told = await events.next(2)
            assert [(item.kind, item.data["id"], item.data["sequence"]) for item in told] == [
                ("create", "t2", 2),
                ("delete", "t1", 3),
            ]
            assert [item.id for item in told] == [f"{item.data['epoch']}:{item.data['sequence']}" for item in told]
    async with await EventStream.open(url(server, "todo", group), since=told[-1].id) as events:
        await writer.astream("todo", "set", group, "t3", todo("new"))
        assert kinds(await events.next()) == ["create"], "nothing was missed, so nothing is told"


@pytest.mark.parametrize("since", ["Xxxxxxxx:1", "rubbish", "a:b:c"])
async def test_who_cannot_be_resumed_gets_everything(
    sqlite_product: Product, server: Server, group: str, since: str
) -> None:
    await sqlite_product.writer.astream("todo", "set", group, "t1", todo("here"))
    async with await EventStream.open(url(server, "todo", group), since=since) as events:
        [sync] = await events.next()
        assert kinds([sync]) == ["sync"]
        assert sync.data.get("resync") == ("epoch" if since == "Xxxxxxxx:1" else None)


async def test_an_item_is_followed_alone_and_keeps_up_with_its_group(
    sqlite_product: Product, server: Server, group: str
) -> None:
    writer = sqlite_product.writer
    async with await EventStream.open(url(server, "todo", group, "t1")) as events:
        [sync] = await events.next()
        assert (sync.data["event"]["data"], sync.data["id"]) == (None, "t1")
        await writer.astream("todo", "set", group, "t2", todo("another"))
        await writer.astream("todo", "set", group, "t1", todo("it"))
        assert kinds(await events.next()) == ["create"]
    for number in range(3):
        await writer.astream("todo", "set", group, "t2", todo(f"another {number}"))
    async with await EventStream.open(url(server, "todo", group, "t1"), since=events.source.last_id) as events:
        await events.more()
        assert (events.told, events.source.last_id.rpartition(":")[2]) == ([], "5")


@pytest.mark.parametrize("name", ["a/b", "ä ö", "100%", "?#&", "..a", "%2F", "a+b", "\n", "😀"])
async def test_any_id_has_a_path(server: Server, group: str, name: str) -> None:
    async with (
        await EventStream.open(url(server, "board", f"{group}{name}", name)) as item,
        await EventStream.open(url(server, "board", f"{group}{name}")) as whole,
    ):
        await item.next()
        await whole.next()
        await put(server, "board", f"{group}{name}", name, {"v": 1})
        for told in (await item.next(), await whole.next()):
            assert values(told) == [{"v": 1, "id": name}]


@pytest.mark.feature("D6")
@pytest.mark.parametrize(
    ("stream", "group", "query", "status", "code"),
    [
        ("club", "g", "", 403, "STREAM_ACCESS_DENIED"),
        ("box", "g", "", 403, "STREAM_ACCESS_DENIED"),
        ("lobby", "closed", "", 403, "STREAM_ACCESS_DENIED"),
        ("no-such-stream", "g", "", 404, "STREAM_NOT_FOUND"),
        ("todo", "x" * 256, "", 400, "INVALID_ID"),
        ("todo", "a\0b", "", 400, "INVALID_ID"),
        ("todo", "g", "?since=7", 400, "INVALID_CURSOR"),
    ],
)
async def test_who_is_refused_gets_json(
    server: Server, stream: str, group: str, query: str, status: int, code: str
) -> None:
    async with await EventStream.open(url(server, stream, group) + query) as events:
        assert (events.status, events.headers["content-type"]) == (status, "application/json")
        body = await events.body()
        assert body["error"]["code"] == code
        assert stream != "lobby" or body["error"]["message"] == "The lobby is closed"


async def test_a_session_counts_unless_another_sites_page_asks(
    sqlite_product: Product, server: Server, group: str
) -> None:
    cookie = f"sessionid={await sqlite_product.writer.acall(SIGN_IN, username='eve')}"
    address = url(server, "club", group)
    for more in ({}, {"Origin": server.url}):
        async with await EventStream.open(address, Cookie=cookie, **more) as events:
            assert kinds(await events.next()) == ["sync"]
    async with await EventStream.open(address, Cookie=cookie, Origin="http://evil.example") as events:
        assert events.status == 403


async def test_tokens_come_in_by_header_and_by_query(server: Server, group: str) -> None:
    address = url(server, "club", group)
    for asked in ({"url": address, "Authorization": "Bearer name-eve"}, {"url": f"{address}?authToken=name-eve"}):
        async with await EventStream.open(**asked) as events:
            assert kinds(await events.next()) == ["sync"]
    async with await EventStream.open(f"{address}?authToken=stolen") as events:
        assert (events.status, events.headers["www-authenticate"]) == (401, "Bearer")
        assert (await events.body())["error"]["code"] == "UNAUTHENTICATED"


async def test_a_stream_ends_with_the_token_it_came_in_with(server: Server, group: str) -> None:
    async with await EventStream.open(url(server, "club", group), Authorization="Bearer brief-eve") as events:
        assert kinds(await events.end()) == ["sync"]
    assert "Traceback" not in server.process.output


async def test_what_requests_write_reaches_sockets(server: Server, group: str) -> None:
    async with (
        await Socket.connect(server.ws) as socket,
        httpx.AsyncClient(base_url=url(server, "board", group), trust_env=False) as client,
    ):
        await socket.joined("board", group)
        await client.put("a%2Fb/", json={"n": 2**70})
        await client.patch("a%2Fb/", json=[{"type": "set", "path": "n", "value": 1}])
        await client.post("a%2Fb/", json={"type": "seen", "data": [1]})
        await client.post("", json={"type": "typing"})
        await client.delete("a%2Fb/")
        frames = await socket.recv(5)
        assert [(frame.kind, frame.value) for frame in frames] == [
            ("create", {"n": 2**70, "id": "a/b"}),
            ("update", {"n": 1, "id": "a/b"}),
            ("event", {"type": "seen", "data": [1]}),
            ("event", {"type": "typing", "data": None}),
            ("delete", {"n": 1, "id": "a/b"}),
        ]


async def test_format_names_event_streams_too(server: Server, group: str) -> None:
    async with await EventStream.open(f"{url(server, 'todo', group)}?format=sse", Accept="*/*") as events:
        assert kinds(await events.next()) == ["sync"]


async def test_silence_is_commented(server: Server, group: str) -> None:
    async with await EventStream.open(url(server, "todo", group)) as events:
        await events.next()
        async with asyncio.timeout(10):
            while events.source.comments < 2:
                await events.more()
        assert len(events.told) == 1


async def test_hooks_run_once_each_however_the_client_goes(server: Server, group: str) -> None:
    streams = [await EventStream.open(url(server, "lobby", group)) for _ in range(3)]
    for events in streams:
        assert kinds(await events.next()) == ["sync"]
    await visits(server, group, here=3, came=3)
    streams[0].cut()
    streams[1].writer.close()
    await visits(server, group, here=1, came=3, went=2)
    streams[2].writer.write_eof()  # half a goodbye is one
    streams[2].cut()
    await visits(server, group, here=0, came=3, went=3)


async def test_who_goes_before_anything_was_sent_is_not_counted_for_ever(server: Server, group: str) -> None:
    at = urlsplit(url(server, "lobby", group))

    async def come_and_go() -> None:
        _, writer = await asyncio.open_connection(at.hostname, at.port)
        writer.write(f"GET {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode())
        await writer.drain()
        writer.transport.abort()

    await asyncio.gather(*(come_and_go() for _ in range(20)))
    async with await EventStream.open(url(server, "lobby", group)) as events:
        await events.next()
    await visits(server, group, here=0)


async def test_who_reads_late_gets_the_newest_values(sqlite_product: Product, server: Server, group: str) -> None:
    value = {**todo("padded"), "padding": "x" * 4096}
    rounds = 500  # of ten items: 20 MB in all, of which 40 KB are worth sending
    async with await EventStream.open(url(server, "todo", group), window=64 * 1024) as events:
        await events.next()
        await sqlite_product.writer.acall("overwrite", stream="todo", group=group, items=10, rounds=rounds, value=value)
        state: dict[str, int] = {}
        sequences: list[int] = []
        while len(state) < 10 or set(state.values()) != {rounds}:
            for told in await events.next():
                sequences.append(told.data["sequence"])
                if told.kind == "skip":
                    assert told.id == "", "behind a skip there is no position to name"
                else:
                    state[told.data["id"]] = told.data["event"]["data"]["number"]
        assert sequences == sorted(sequences)
        assert len(sequences) < 10 * rounds, "nothing was conflated"
        assert "skip" in kinds(events.told)
        assert events.source.last_id.endswith(f":{10 * rounds}")


async def test_who_never_reads_is_given_up_and_slows_nobody(
    sqlite_product: Product, server: Server, group: str
) -> None:
    async with (
        await EventStream.open(url(server, "todo", group), window=64 * 1024) as sleeper,
        await Socket.connect(server.ws) as neighbour,
    ):
        await sleeper.next()
        await neighbour.joined("todo", group)
        count = 3000  # of different items of 4 KB: nothing can be left out
        for start in range(0, count, 100):
            await sqlite_product.writer.acall("fill", stream="todo", group=group, start=start, count=100, size=4096)
            frames = await neighbour.recv(100)  # this one reads: it must not fall behind because this machine is busy
            assert [frame.sequence for frame in frames] == list(range(start + 1, start + 101))
        told = await sleeper.end(within=30)
        assert len(told) < count
        async with await EventStream.open(url(server, "todo", group), since=sleeper.source.last_id) as again:
            last = await again.until(lambda item: item.data["sequence"] == count, within=30)
            got = [item.data["sequence"] for item in told + last]
            assert last[0].kind == "sync" or got == list(range(1, count + 1))


async def test_two_hundred_streams_need_no_database_connection(products: Products, group: str) -> None:
    product = products.get("postgres")
    server = product.serve("uvicorn", settings="tests.support.pooled_settings")
    cookie = f"sessionid={await product.writer.acall(SIGN_IN, username='eve')}"
    backends = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pooled'"
    )
    address = url(server, "todo", group)
    streams = await asyncio.gather(*(EventStream.open(address, Cookie=cookie) for _ in range(200)))
    try:
        for events in streams:
            assert kinds(await events.next()) == ["sync"]
        assert product.rows(backends)[0][0] <= 4
        async with httpx.AsyncClient(trust_env=False, headers={"Cookie": cookie}) as client:
            page = await client.get(address)
            assert (page.status_code, page.json()["items"]) == (200, [])
        await product.writer.astream("todo", "set", group, "t1", todo("to all"))
        for events in streams:
            assert kinds(await events.next()) == ["create"]
        assert product.rows(backends)[0][0] <= 4
    finally:
        for events in streams:
            events.cut()
        server.kill()


@pytest.mark.feature("C19")
async def test_nothing_is_lost_or_doubled_over_a_kill_while_writes_go_on(
    sqlite_product: Product, server: Server, group: str
) -> None:
    writer = sqlite_product.writer
    writer.begin("tests.support.trickle:trickle", stream="todo", group=group, seed=7)
    async with await EventStream.open(url(server, "todo", group)) as events:
        told = await events.next(50, within=30)
        server.kill()
        told += await events.end()
    server.start()
    async with await EventStream.open(url(server, "todo", group), since=events.source.last_id) as events:
        told += await events.next(100, within=30)
        writer.stop()
        query = "SELECT sequence FROM streams_group WHERE stream = 'todo' AND key = ?"
        [[last]] = sqlite_product.rows(query, [group])
        if told[-1].data["sequence"] < last:
            told += await events.until(lambda item: item.data["sequence"] == last)
    sync, *changes = told
    assert sync.kind == "sync"
    first = sync.data["sequence"] + 1
    assert [item.data["sequence"] for item in changes] == list(range(first, first + len(changes)))
    items = {item["id"]: item for item in sync.data["event"]["data"]}
    for change in changes:
        value = change.data["event"]["data"]
        if change.kind == "delete":
            del items[value["id"]]
        else:
            items[value["id"]] = value
    assert list(items.values()) == journal.check(sqlite_product.rows, "todo", group)


async def test_sigterm_ends_streams_and_the_process(sqlite_product: Product, server: Server, group: str) -> None:
    streams = [await EventStream.open(url(server, "lobby", group)) for _ in range(3)]
    for events in streams:
        await events.next()
    server.process.send(signal.SIGTERM)
    for events in streams:
        assert await events.end() == []
    await asyncio.to_thread(eventually, lambda: not server.process.running, what="the server has ended")
    query = (
        "SELECT value FROM streams_item i JOIN streams_group g ON g.id = i.group_id WHERE g.stream = ? AND g.key = ?"
    )
    [[value]] = sqlite_product.rows(query, ["visits", group])
    assert {name: json.loads(value)[name] for name in ("here", "came", "went")} == {"here": 0, "came": 3, "went": 3}
