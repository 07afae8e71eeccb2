"""Ids go to the broker off the request, whatever the broker does."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app

from project.environment import broker_url
from steps.handover import FAR_S, MOST, TASK, Handover
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

PREFIX = current_app.conf.broker_transport_options["global_keyprefix"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Valkey]:
    made = Valkey(tmp_path)
    yield made
    made.process.kill()


@pytest.fixture
def handover(broker: Valkey, monkeypatch: pytest.MonkeyPatch) -> Handover:
    url = broker_url(broker.url)
    connect = current_app.connection_for_write
    monkeypatch.setattr(current_app, "connection_for_write", lambda **options: connect(url, **options))
    return Handover()


def received(broker: Valkey) -> list[Any]:
    with redis.Redis.from_url(broker.url, socket_timeout=5) as client:
        messages = [json.loads(text) for text in reversed(client.lrange(f"{PREFIX}celery", 0, -1))]  # type: ignore[arg-type]
    assert {message["headers"]["task"] for message in messages} <= {TASK}
    return [message["headers"]["argsrepr"].strip("[]'") for message in messages]


def test_ids_arrive_in_order(handover: Handover, broker: Valkey) -> None:
    handover.put(["a", "b"])
    handover.put(["c"])
    assert handover.drain(10)
    assert received(broker) == ["a", "b", "c"]


def test_delayed_ids_arrive_when_they_are_due_and_far_ones_are_left_to_the_dispatcher(
    handover: Handover, broker: Valkey
) -> None:
    began = time.monotonic()
    handover.put(["late"], 0.5)
    handover.put(["far"], FAR_S + 1)
    handover.put(["now"])
    assert handover.drain(10)
    assert received(broker) == ["now"]
    eventually(lambda: received(broker) == ["now", "late"], what="the late one arrives")
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("fault", ["stopped", "killed"])
def test_broker_that_is_away_keeps_nobody_waiting_and_gets_everything_later(
    handover: Handover, broker: Valkey, fault: str
) -> None:
    handover.put(["first"])
    assert handover.drain(10)
    if fault == "stopped":
        broker.process.send(signal.SIGSTOP)
    else:
        broker.process.kill()
    began = time.monotonic()
    for number in range(100):
        handover.put([f"n{number}"])
    assert time.monotonic() - began < 20, "each of them waited for the broker"
    assert not handover.drain(1.5)
    if fault == "stopped":
        broker.process.send(signal.SIGCONT)
    else:
        broker.start()
    assert handover.drain(15)
    got = received(broker)
    assert list(dict.fromkeys(got))[-100:] == [f"n{number}" for number in range(100)]


def test_more_than_fits_is_counted_not_kept(handover: Handover) -> None:
    handover.put((str(number) for number in range(MOST + 5)), 60)
    assert handover.dropped == 5


def test_fork_begins_with_a_queue_and_a_thread_of_its_own(handover: Handover, broker: Valkey) -> None:
    handover._process, parents = -1, handover._news  # as it is in a child
    handover.put(["child"])
    assert handover.drain(10)
    assert received(broker) == ["child"]
    assert handover._news is not parents, "a lock that some thread of the parent held would never open"
