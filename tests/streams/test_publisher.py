"""Every process tells every other one, by the layer: soon, in few messages, and without ever waiting for it."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from project import environment, valkey
from streams import publisher as publishing
from streams.bus import bus
from streams.changes import Address, Change
from streams.counters import counters
from streams.hints import Event, Hint, Message
from streams.publisher import Publisher, _merge
from streams.writer import Stream
from tests.support.ears import listening
from tests.support.process import ROOT, Process, free_port
from tests.support.threads import together
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

G = Address("s", "g")


def hint(sequence: int, padding: str = "") -> Hint:
    change = Change(
        "s", "g", "a", "update", sequence, f"e{sequence}", f"e{sequence - 1}", sequence, None, f'"{padding}"'
    )
    return Hint.of(change)


def event(number: int) -> Event:
    return Event(None, f'"{number}"', "elsewhere", number)


@pytest.fixture
def layer(redis_url: str, settings: Any) -> None:
    """A shared layer for this process, with a prefix of this test's own."""
    settings.CHANNEL_LAYERS = environment.channel_layers(redis_url, f"tests-{uuid4().hex}")


@pytest.fixture
def own_valkey(tmp_path: Path, settings: Any) -> Iterator[Valkey]:
    """A Valkey that may be stopped, as the layer of this process."""
    server = Valkey(tmp_path)
    settings.CHANNEL_LAYERS = environment.channel_layers(server.url, "tests")
    yield server
    with suppress(RuntimeError):
        server.process.send(signal.SIGCONT)
    server.stop()


@pytest.fixture
def fresh() -> Iterator[Publisher]:
    """A publisher that has not begun."""
    made = Publisher()
    yield made
    made.flush()


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("layer")
async def test_message_arrives_as_it_was(fresh: Publisher) -> None:
    sent = Message(Address("s:\u2028", "g/ü"), (hint(1), hint(2)), (event(1), Event("a", '"2"', "here", 2)))
    async with listening(sent.address) as ear:
        fresh.publish(sent)
        assert await ear.take() == sent


@pytest.mark.usefixtures("layer", "async_thread")
async def test_writes_and_events_of_a_stream_are_told(stream: Stream) -> None:
    async with listening(G) as ear:
        await stream.aset("g", "a", {"n": 2**70})
        await stream.asend("g", {"type": "typing"})
        await stream.adelete("g", "a")
        [created] = await ear.hints(1)
        [sent] = await ear.events(1)
        [deleted] = await ear.hints(1)
    assert json.loads(created.frame or "")["event"] == {"type": "create", "data": {"n": 2**70, "id": "a"}}
    assert (sent.origin, sent.id) == (bus.origin, None)
    assert (deleted.kind, deleted.sequence, deleted.previous_epoch) == ("delete", 2, created.epoch)


@pytest.mark.usefixtures("layer")
async def test_long_frames_stay_behind(fresh: Publisher, settings: Any) -> None:
    settings.STREAMS = {"hint_bytes": 1000}
    async with listening(G) as ear:
        fresh.publish(Message(G, (hint(1, "x" * 2000), hint(2))))
        first, second = await ear.hints(2)
    assert (first.sequence, first.frame) == (1, None)
    assert second == hint(2)


@pytest.mark.usefixtures("layer")
async def test_many_messages_of_many_threads_become_few_in_their_order(fresh: Publisher) -> None:
    other = Address("s", "other")

    def burst() -> None:
        for sequence in range(1, 2001):
            fresh.publish(Message(G, (hint(sequence),)))

    async with listening(G) as ear, listening(other) as elsewhere:
        together(burst, lambda: [fresh.publish(Message(other, events=(event(n),))) for n in range(500)] and None)
        messages = []
        while sum(len(message.hints) for message in messages) < 2000:
            messages.append(await ear.take())
        events = await elsewhere.events(500)
    assert [hint.sequence for message in messages for hint in message.hints] == list(range(1, 2001))
    assert max(len(message.hints) for message in messages) <= publishing.MAX_HINTS
    assert len(messages) < 1000, "they were put together"
    assert {one.number for one in events} == set(range(500))


def test_merging_keeps_the_order_of_hints_and_events() -> None:
    told = [Message(G, events=(event(1),)), Message(G, (hint(3),)), Message(G)]
    merged = _merge([Message(G, (hint(1),)), Message(G, (hint(2),)), *told])
    assert merged == [Message(G, (hint(1), hint(2))), *told]
    assert _merge([Message(G, (hint(n),)) for n in range(250)])[2].hints == tuple(hint(n) for n in range(200, 250))
    assert _merge([]) == []


def test_without_a_shared_layer_nothing_is_begun(fresh: Publisher) -> None:
    fresh.publish(Message(G, (hint(1),)))
    assert fresh._thread is None
    assert fresh.flush()


# -- forks and ends ---------------------------------------------------------------------------------------------------

SITE = """
import os, sys
from django.conf import settings

settings.configure(CHANNEL_LAYERS={layers!r})
from streams.bus import bus
from streams.changes import Address
from streams.publisher import publisher

def say(text):
    bus.send(Address("s", "g"), None, text)

"""


@pytest.fixture
def run(settings: Any, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Run a program that can ``say`` things to the group, in a process of its own."""
    started: list[Process] = []

    def start(program: str) -> Process:
        script = tmp_path / f"program-{len(started)}.py"
        script.write_text(SITE.format(layers=settings.CHANNEL_LAYERS) + program)
        log, env = tmp_path / f"program-{len(started)}.log", {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(Process("program", [sys.executable, str(script)], log=log, env=env))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.mark.usefixtures("layer")
async def test_what_is_said_last_is_told_before_the_process_ends(run: Callable[..., Process]) -> None:
    async with listening(G) as ear:
        process = run("for number in range(300): say(str(number))")
        events = await ear.events(300)
        assert process.wait() == 0, process.tail()
    assert [one.frame for one in events] == [str(number) for number in range(300)]


async def test_what_is_said_last_is_told_also_to_a_named_host(
    run: Callable[..., Process], tmp_path: Path, settings: Any
) -> None:
    """Names are resolved in threads, which are no more to be had while a process ends."""
    port = free_port()
    command = [str(valkey.binary()), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = Process("valkey", command, log=tmp_path / "valkey.log")
    server.start()
    try:
        eventually(lambda: _listens(port), what="Valkey listens", detail=server.tail)
        settings.CHANNEL_LAYERS = environment.channel_layers(f"redis://localhost:{port}/0", "tests")
        async with listening(G) as ear:
            process = run("say('1')")
            [heard] = await ear.events(1)
            assert process.wait() == 0, process.tail()
        assert heard.frame == "1"
    finally:
        server.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.usefixtures("layer")
async def test_forks_tell_too_and_are_processes_of_their_own(run: Callable[..., Process]) -> None:
    program = """
say("parent before")
publisher.flush(10)
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        say(f"child {number}")
        os._exit(0 if publisher.flush(10) else 1)
    children.append(child)
say("parent after")
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
"""
    async with listening(G) as ear:
        process = run(program)
        events = await ear.events(5)
        assert process.wait() == 0, process.tail()
    by_origin: dict[str, list[str]] = {}
    for one in events:
        by_origin.setdefault(one.origin, []).append(one.frame)
    assert sorted(by_origin.values()) == [["child 0"], ["child 1"], ["child 2"], ["parent before", "parent after"]]


@pytest.mark.usefixtures("layer")
async def test_fork_in_the_midst_of_everything_can_tell(run: Callable[..., Process]) -> None:
    """Other threads of the parent hold whatever locks there are at the moment of the fork."""
    program = """
import threading

say("parent")
publisher.flush(10)  # what is imported at the first use is imported
going = threading.Event()

def chatter():
    while not going.is_set():
        say("parent")

threads = [threading.Thread(target=chatter) for _ in range(4)]
for thread in threads:
    thread.start()
for number in range(8):
    child = os.fork()
    if child == 0:
        say("child")
        os._exit(0 if publisher.flush(10) else 1)
    assert os.waitpid(child, 0)[1] == 0
going.set()
"""
    async with listening(G) as ear:
        process = run(program)
        children = 0
        while children < 8:
            children += sum(one.frame == "child" for one in (await ear.take()).events)
        assert process.wait() == 0, process.tail()


# -- a layer that does not answer -------------------------------------------------------------------------------------


async def test_layer_that_hangs_holds_up_no_writer_and_is_told_again_later(
    own_valkey: Valkey, fresh: Publisher, settings: Any
) -> None:
    settings.STREAMS = {"publish_timeout_s": 0.2}
    failed = counters.get("publish_failed", "TimeoutError")
    async with listening(G) as ear:
        fresh.publish(Message(G, (hint(1),)))
        assert (await ear.take()).hints == (hint(1),)
        own_valkey.process.send(signal.SIGSTOP)
        begun = time.monotonic()
        for sequence in range(2, 1002):
            fresh.publish(Message(Address("s", f"g{sequence}"), (hint(sequence),)))
        assert time.monotonic() - begun < 50, "publishing never waits"
        eventually(lambda: counters.get("publish_failed", "TimeoutError") > failed, what="a send is given up")
        assert not fresh.flush(0.01)
        own_valkey.process.send(signal.SIGCONT)
        assert fresh.flush(10)
        fresh.publish(Message(G, (hint(1002),)))
        while (message := await ear.take()).hints != (hint(1002),):
            assert message.address == G


async def test_layer_that_is_gone_and_comes_back(own_valkey: Valkey, fresh: Publisher, settings: Any) -> None:
    settings.STREAMS = {"publish_timeout_s": 0.5}
    url = own_valkey.url
    fresh.publish(Message(G, (hint(1),)))
    assert fresh.flush(10)
    own_valkey.process.kill()
    before = sum(count for (name, _), count in counters.all().items() if name == "publish_failed")
    fresh.publish(Message(G, (hint(2),)))
    assert fresh.flush(10), "given up, not waited for"
    assert sum(count for (name, _), count in counters.all().items() if name == "publish_failed") > before
    own_valkey.start()
    assert own_valkey.url == url
    async with listening(G) as ear:
        fresh.publish(Message(G, (hint(3),)))
        assert (await ear.take()).hints == (hint(3),)


def test_what_waits_is_bounded(own_valkey: Valkey, fresh: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "MAX_WAITING", 100)
    fresh.publish(Message(G, (hint(1),)))
    assert fresh.flush(10)
    own_valkey.process.send(signal.SIGSTOP)
    dropped = counters.get("hint_dropped", "publisher full")
    for sequence in range(1000):
        fresh.publish(Message(G, (hint(sequence),)))
    assert counters.get("hint_dropped", "publisher full") > dropped
    assert fresh._thread is not None
    assert len(fresh._thread._waiting) <= 100


def test_process_that_ends_while_the_layer_hangs_ends_in_time(own_valkey: Valkey, run: Callable[..., Process]) -> None:
    program = """
import signal

def end(*_):
    say("2")
    sys.exit(3)

say("1")
publisher.flush(10)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
signal.pause()
"""
    process = run(program)
    process.says("ready")
    own_valkey.process.send(signal.SIGSTOP)
    begun = time.monotonic()
    process.send(signal.SIGTERM)
    assert process.wait(30) == 3
    assert time.monotonic() - begun >= publishing.DRAIN_S
