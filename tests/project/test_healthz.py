"""`/healthz`: what it says of rows, of real servers that freeze, and how long it takes to say so."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now
from django.test import AsyncClient

from steps.heartbeats import FRESH, GONE, Pulse, sweep
from steps.models import Heartbeat
from steps.probe import MOST_STUCK, Finding, Probe
from tests.support.postgres import Postgres
from tests.support.process import Process
from tests.support.product import Product
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

stored = pytest.mark.django_db(transaction=True, databases=["default"])
LATE, LONG_AGO = FRESH + timedelta(seconds=1), GONE + timedelta(seconds=1)


def beat(kind: str, pid: int, age: timedelta = timedelta(0)) -> None:
    Heartbeat.objects.create(kind=kind, host="elsewhere", pid=pid, seen_at=Now() - age)


async def ask(query: str = "") -> tuple[int, dict[str, object]]:
    response = await AsyncClient().get(f"/healthz{query}")
    return response.status_code, response.json()


@stored
async def test_without_workers_it_is_still_200() -> None:
    status, body = await ask()
    assert status == 200
    assert body == {
        "database": "ok",
        "layer": "degraded",
        "worker": "down",
        "beat": "down",
        "detail": {
            "layer": "in memory: it works, but no other process shares it",
            "worker": "none has shown a heartbeat",
            "beat": "none has shown a heartbeat",
        },
    }


@stored
@pytest.mark.parametrize("name", ["layer", "worker", "beat", " worker , beat "])
async def test_what_is_required_and_not_ok_is_503(name: str) -> None:
    status, body = await ask(f"?require={name}")
    assert status == 503
    assert body["database"] == "ok"


@stored
async def test_an_unknown_name_in_require_is_400_and_named() -> None:
    status, body = await ask("?require=worker,moon")
    assert status == 400
    assert body == {"error": "unknown in require: moon; known are database, layer, worker, beat"}


@stored
@pytest.mark.parametrize(
    ("ages", "state"),
    [
        ([timedelta(0)], "ok"),
        ([LATE], "degraded"),
        ([LONG_AGO], "down"),
        ([LATE, timedelta(0)], "ok"),
        ([LONG_AGO, LATE], "degraded"),
    ],
)
@pytest.mark.parametrize("kind", ["worker", "beat"])
async def test_heartbeats_decide(kind: str, ages: list[timedelta], state: str) -> None:
    for pid, age in enumerate(ages):
        await sync_to_async(beat)(kind, pid, age)
    status, body = await ask(f"?require={kind}")
    assert body[kind] == state
    assert status == (200 if state == "ok" else 503)


@stored
def test_a_pulse_keeps_its_row_fresh_and_takes_it_along() -> None:
    pulse = Pulse(Heartbeat.Kind.WORKER, interval_s=0.01)
    pulse.start()
    row = eventually(lambda: Heartbeat.objects.first(), what="there is a row")
    assert row is not None
    Heartbeat.objects.update(seen_at=Now() - LONG_AGO)
    eventually(lambda: Heartbeat.objects.filter(seen_at__gt=Now() - FRESH).exists(), what="it is fresh again")
    Heartbeat.objects.all().delete()
    eventually(lambda: Heartbeat.objects.exists(), what="it is written anew")
    pulse.stop()
    assert not pulse.is_alive()
    assert not Heartbeat.objects.exists()


@stored
def test_the_rows_of_dead_processes_of_this_host_are_swept(tmp_path: Path) -> None:
    dead = Process("dead", ["true"], log=tmp_path / "log")
    dead.start()
    dead.wait()
    for pid in (dead.pid, os.getpid()):
        Heartbeat.objects.create(kind="worker", host=socket.gethostname(), pid=pid)
    beat("worker", dead.pid)  # of another host: who knows
    sweep()
    assert set(Heartbeat.objects.values_list("host", "pid")) == {
        (socket.gethostname(), os.getpid()),
        ("elsewhere", dead.pid),
    }


async def test_a_question_that_hangs_is_answered_in_time_and_never_piles_up() -> None:
    asked, released = [], threading.Event()

    def hang() -> dict[str, Finding]:
        asked.append(1)
        released.wait(30)
        return {"thing": Finding("ok")}

    probe = Probe(("thing",), hang, limit_s=0.01)
    for _ in range(MOST_STUCK + 5):
        assert (await probe.findings())["thing"].state == "down"
    assert len(asked) == MOST_STUCK
    assert "still hang" in (await probe.findings())["thing"].detail
    released.set()
    async with asyncio.timeout(10):
        while (await probe.findings())["thing"].state != "ok":  # noqa: ASYNC110 - there is no event, only the answer
            await asyncio.sleep(0)


async def test_those_who_ask_at_once_share_one_answer() -> None:
    asked, released = [], threading.Event()

    def ask_once() -> dict[str, Finding]:
        asked.append(1)
        released.wait(30)
        return {"thing": Finding("ok")}

    probe = Probe(("thing",), ask_once, limit_s=30)
    questions = [asyncio.ensure_future(probe.findings()) for _ in range(20)]
    await asyncio.sleep(0)
    released.set()
    assert await asyncio.gather(*questions) == [{"thing": Finding("ok")}] * 20
    assert len(asked) == 1


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_frozen_servers_are_down_in_bounded_time_and_ok_again(tmp_path: Path, postgres: Postgres) -> None:
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    product = Product("postgres", postgres.create("health"), valkey.url, tmp_path / "product")
    try:
        product.start()
        assert look(product) == (200, "ok", "ok")
        valkey.process.send(signal.SIGSTOP)
        assert look(product, "?require=layer") == (503, "ok", "down")
        valkey.process.send(signal.SIGCONT)
        eventually(lambda: look(product) == (200, "ok", "ok"), what="the layer is back", within=30)
        assert postgres.process is not None
        postgres.process.send(signal.SIGSTOP)
        assert look(product) == (503, "down", "ok")
        postgres.process.send(signal.SIGCONT)
        eventually(lambda: look(product) == (200, "ok", "ok"), what="the database is back", within=30)
    finally:
        for process in (valkey.process, postgres.process):
            if process is not None and process.running:
                process.send(signal.SIGCONT)
        product.stop()
        valkey.stop()


def look(product: Product, query: str = "") -> tuple[int, str, str]:
    """Ask a product; return status, database and layer. It must not take long."""
    began = time.monotonic()
    answer = httpx.get(f"{product.web.url}/healthz{query}", timeout=30, trust_env=False)
    assert time.monotonic() - began < 8, "bounded by 3 s, on a busy machine"
    body = answer.json()
    return answer.status_code, body["database"], body["layer"]
