"""The ear at a real layer: a subscription counts when its echo was heard, and what cannot be heard is polled."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import connections

from project import environment
from streams.changes import Address
from streams.conf import conf
from streams.hints import Event, Message
from streams.listener import Listener
from streams.publisher import publisher
from tests.support.console import Console
from tests.support.peers import house
from tests.support.product import FOREIGN
from tests.support.stores import SQLITE
from tests.support.valkey import Valkey
from tests.support.values import todo

G = Address("s", "g")
QUICK = {"linger_s": 0.05, "echo_interval_s": 0.1, "echo_wait_ms": 250.0}


@pytest.fixture
def layer(redis_url: str, settings: Any) -> None:
    settings.STREAMS = {**settings.STREAMS, **QUICK}
    settings.CHANNEL_LAYERS = environment.channel_layers(redis_url, f"tests-{uuid4().hex}")


@pytest.fixture
def own_valkey(tmp_path: Path, settings: Any) -> Iterator[Valkey]:
    """A Valkey that may be stopped."""
    server = Valkey(tmp_path)
    settings.STREAMS = {**settings.STREAMS, **QUICK}
    settings.CHANNEL_LAYERS = environment.channel_layers(server.url, "tests")
    yield server
    with suppress(RuntimeError):
        server.process.send(signal.SIGCONT)
    server.stop()


class Heard:
    """What a listener heard."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.listener = Listener(self.messages.put_nowait)

    async def take(self, within: float = 10.0) -> Message:
        async with asyncio.timeout(within):
            return await self.messages.get()


@pytest.fixture
async def ear() -> AsyncIterator[Heard]:
    heard = Heard()
    heard.listener.start()
    yield heard
    await heard.listener.stop()


def say(number: int, address: Address = G) -> Message:
    """Publish as another process does; its echo would fall away by the name of this one."""
    message = Message(address, events=(Event(None, str(number), "elsewhere", number),))
    publisher.publish(message)
    return message


async def until(true: Callable[[], bool], what: str, within: float = 15.0) -> None:
    """Wait for *true* in turns of the loop."""
    try:
        async with asyncio.timeout(within):
            while not true():  # noqa: ASYNC110 - what changes is state of the listener, which tells nobody
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s: {what}") from None


@pytest.mark.usefixtures("layer")
async def test_subscription_is_proven_before_it_counts(ear: Heard) -> None:
    assert ear.listener.polled(G), "what is not subscribed to is polled"
    await ear.listener.subscribe(G)
    assert not ear.listener.polled(G)
    assert ear.messages.empty(), "echoes are for nobody else"
    sent = say(1)
    assert await ear.take() == sent


@pytest.mark.usefixtures("layer")
async def test_only_what_is_subscribed_to_is_heard(ear: Heard) -> None:
    other = Address("s", "other")
    await asyncio.gather(*(ear.listener.subscribe(address) for address in (G, other, G)))
    assert ear.listener.subscriptions == 2
    say(1, Address("s", "third"))
    said = [say(2, other), say(3)]
    heard = [await ear.take(), await ear.take()]
    assert sorted(heard, key=lambda message: message.events[0].number) == said
    assert ear.messages.empty()


@pytest.mark.usefixtures("layer")
async def test_group_is_given_up_after_a_while_without_anybody(ear: Heard) -> None:
    await ear.listener.subscribe(G)
    ear.listener.unsubscribe(G)
    ear.listener.unsubscribe(G)
    await ear.listener.subscribe(G)
    await asyncio.sleep(2 * conf().linger_s)
    assert ear.listener.subscriptions == 1, "who came back in time keeps it"
    assert not ear.listener.polled(G)
    ear.listener.unsubscribe(G)
    await until(lambda: ear.listener.subscriptions == 0, "the subscription is given up")
    await ear.listener.subscribe(Address("s", "next"))
    say(1)
    sent = say(2, Address("s", "next"))
    assert await ear.take() == sent


@pytest.mark.usefixtures("layer")
async def test_groups_come_and_go_and_nothing_stays(ear: Heard, redis_url: str, settings: Any, long: int) -> None:
    settings.STREAMS = {"echo_wait_ms": 3000.0}  # each is to be proven, however busy this machine is
    addresses = [Address("s", f"g{number}") for number in range(300 * long)]
    prefix: str = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    for begin in range(0, len(addresses), 50):
        await asyncio.gather(*(ear.listener.subscribe(address) for address in addresses[begin : begin + 50]))
    assert sum(ear.listener.polled(address) for address in addresses) == 0
    assert subscribed(redis_url, prefix) >= len(addresses)
    for address in addresses:
        ear.listener.unsubscribe(address)
    await until(lambda: ear.listener.subscriptions == 0, "all are given up", within=60)
    assert subscribed(redis_url, prefix) <= 1, "the process's own channel"


def subscribed(url: str, prefix: str) -> int:
    with redis.Redis.from_url(url) as connection:
        return len(connection.pubsub_channels(f"*{prefix}*"))


@pytest.mark.usefixtures("layer")
async def test_messages_that_are_none_are_counted_and_passed_over(ear: Heard) -> None:
    from channels.layers import get_channel_layer

    from streams.counters import counters
    from streams.layers import channel_group

    await ear.listener.subscribe(G)
    refused = counters.get("message_refused", "KeyError")
    layer: Any = get_channel_layer()
    await layer.group_send(channel_group(G), {"type": "something.else"})
    sent = say(1)
    assert await ear.take() == sent
    assert counters.get("message_refused", "KeyError") == refused + 1


async def test_without_a_layer_everything_is_polled(ear: Heard) -> None:
    await ear.listener.subscribe(G)
    assert ear.listener.polled(G)
    ear.listener.unsubscribe(G)


# -- a layer that fails -----------------------------------------------------------------------------------------------


async def test_frozen_layer_holds_up_no_join_and_is_polled_until_it_answers(own_valkey: Valkey, ear: Heard) -> None:
    await ear.listener.subscribe(G)
    assert not ear.listener.polled(G)
    own_valkey.process.send(signal.SIGSTOP)
    begun = asyncio.get_running_loop().time()
    late = Address("s", "late")
    await ear.listener.subscribe(late)
    assert asyncio.get_running_loop().time() - begun < 20, "a join goes on without proof"
    assert ear.listener.polled(late)
    await until(lambda: ear.listener.polled(G), "what was proven is not believed any more")
    own_valkey.process.send(signal.SIGCONT)
    await until(lambda: not ear.listener.polled(G) and not ear.listener.polled(late), "both are proven again")
    sent = say(1, late)
    while await ear.take() != sent:
        pass


async def test_layer_that_is_killed_and_started_again_is_heard_again(own_valkey: Valkey, ear: Heard) -> None:
    await ear.listener.subscribe(G)
    own_valkey.process.kill()
    await until(lambda: ear.listener.polled(G), "the loss is noticed")
    await ear.listener.subscribe(Address("s", "meanwhile"))
    assert ear.listener.polled(Address("s", "meanwhile"))
    own_valkey.start()
    await until(lambda: not ear.listener.polled(G), "it is proven again")
    sent = say(1)
    while await ear.take() != sent:
        pass


async def test_subscription_that_the_server_drops_is_noticed(own_valkey: Valkey, ear: Heard) -> None:
    await ear.listener.subscribe(G)
    with redis.Redis.from_url(own_valkey.url) as connection:
        assert connection.client_kill_filter(_type="pubsub") >= 1
    sent = 0

    def again() -> bool:
        nonlocal sent
        sent += 1
        say(sent)
        return not ear.messages.empty()

    await until(again, "what is said is heard again")


# -- two processes ----------------------------------------------------------------------------------------------------


@pytest.fixture
def writer(redis_url: str, settings: Any, tmp_path: Path) -> Iterator[Console]:
    """Another process that writes to the database and the layer of this one."""
    prefix = f"tests-{uuid4().hex}"
    settings.CHANNEL_LAYERS = environment.channel_layers(redis_url, prefix)
    own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env = own | {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "SECRET_KEY": "for-tests-only",
        "DATA": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{connections['default'].settings_dict['NAME']}",
        "REDIS_URL": redis_url,
        "REDIS_PREFIX": prefix,
    }
    console = Console("writer", env=env, log=tmp_path / "writer.log")
    yield console
    console.close()


@SQLITE
async def test_what_another_process_writes_is_pushed_without_any_polling(writer: Console, settings: Any) -> None:
    never = 3_600_000.0
    settings.STREAMS = {"verify_interval_ms": never, "poll_interval_ms": never, "gap_wait_ms": never}
    async with house() as here:
        peer = here.peer()
        await peer.joined("todo", "g")
        await writer.astream("todo", "set", "g", "t", todo("x", number=0))
        await writer.acall("increments", stream="todo", group="g", item="t", count=100)
        await writer.astream("todo", "send", "g", {"type": "done"})
        await writer.astream("todo", "delete", "g", "t")
        frames = await peer.recv(103)
    changes = [frame for frame in frames if frame.kind != "event"]
    assert [frame.sequence for frame in changes] == list(range(1, 103))
    assert [frame.value["number"] for frame in changes] == [*range(101), 100]
    assert [frame.kind for frame in changes] == ["create", *["update"] * 100, "delete"]
    [event] = [frame for frame in frames if frame.kind == "event"]
    assert event.value == {"type": "done", "data": None}
