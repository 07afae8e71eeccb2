"""Runs survive workers that are killed, a broker that is killed or hangs, and messages that are lost or doubled.

MILLRACE_LONG=1: 10,000 runs on PostgreSQL and 1,000 on SQLite, with faults for as long as there is work.
"""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steps.factory import Factory
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.waiting import eventually

LONG = os.environ.get("MILLRACE_LONG") == "1"
COUNTS = {"sqlite": 1000 if LONG else 100, "postgres": 10_000 if LONG else 200}
KILL_EVERY_S = 4.0
TORMENT_S = 240.0 if LONG else 12.0
STUCK_S = 60.0
ENDED = "SELECT count(*) FROM steps_run WHERE step IN ('LabKeyed', 'LabAtomic') AND state IN ('done', 'dead')"


@pytest.fixture(params=["sqlite", "postgres"])
def factory(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: Postgres | GivenPostgres
) -> Iterator[Factory]:
    made = Factory(request.param, tmp_path / request.param, postgres_server, LAB_DROP="0.3", LAB_DOUBLE="0.05")
    yield made
    made.stop()


@pytest.mark.slow
def test_every_completion_and_effect_once_under_faults(factory: Factory) -> None:
    database = factory.product.database
    count = COUNTS[database] // 2  # each message is two runs
    factory.start(workers=2)
    poison = {number for number in range(count) if number % 50 == 7}
    messages = [{"number": number, "poison": number in poison} for number in range(count)]
    console = factory.console()
    began = time.monotonic()
    console.begin("tests.steps.lab.programs:send", topic="lab.work", messages=messages)
    faults = _torment(factory, count * 2)
    longest = console.result()
    stuck = _calm(factory, count * 2)
    took = time.monotonic() - began
    print(f"{database}: {count * 2} runs in {took:.0f} s, {faults}, then never {stuck:.1f} s without progress")
    assert longest < 5, "a request noticed that the broker was away"

    done = dict(factory.rows("SELECT step, count(*) FROM steps_run WHERE state = 'done' GROUP BY step"))
    assert factory.rows("SELECT count(*) FROM steps_run WHERE step IN ('LabKeyed', 'LabAtomic')") == [(count * 2,)]
    assert done.get("LabKeyed") == count - len(poison)
    assert done.get("LabAtomic") == count - len(poison)
    dead = factory.rows("SELECT input FROM steps_run WHERE state = 'dead'")
    assert len(dead) == 2 * len(poison)
    assert all('"poison":true' in text for (text,) in dead), dead[:3]
    reasons = {reason for (reason,) in factory.rows("SELECT reason FROM steps_run WHERE state = 'dead'")}
    assert reasons == {"Poisoned: "}
    assert _sum(factory, "keyed") == count, "each effect with a key, once - also of those that failed later"
    assert _sum(factory, "atomic") == count - len(poison), "each effect of an atomic step with its completion"


def _sum(factory: Factory, group: str) -> int:
    value = "i.value" if factory.product.database == "sqlite" else "i.value::text"
    rows = factory.rows(
        f"SELECT {value} FROM streams_item i JOIN streams_group g ON g.id = i.group_id"
        " WHERE g.stream = 'labTally' AND g.key = ?",
        group,
    )
    return sum(json.loads(text)["count"] for (text,) in rows)


def _torment(factory: Factory, total: int) -> dict[str, int]:
    """Kill workers every few seconds; restart the broker twice and stop it once; until the work is done, or for long
    enough.
    """
    dice, faults = random.Random(7), {"workers killed": 0, "broker restarted": 0, "broker stopped": 0}
    story = ["stop", "restart", "restart"]
    deadline = time.monotonic() + TORMENT_S
    while time.monotonic() < deadline or story:
        time.sleep(KILL_EVERY_S)  # the pace of the faults, not a wait for anything
        if not story and factory.rows(ENDED) == [(total,)]:
            return faults
        worker = dice.choice(factory.workers)
        worker.kill()
        faults["workers killed"] += 1
        if story and faults["workers killed"] % 2 == 0:
            faults[f"broker {_hurt(factory, story.pop(0))}"] += 1
        worker.start()
        eventually(lambda: worker.running, what="the worker is back")  # noqa: B023
    return faults


def _hurt(factory: Factory, how: str) -> str:
    if how == "stop":
        factory.broker.process.send(signal.SIGSTOP)
        time.sleep(4)  # longer than every time-out of who hands runs over
        factory.broker.process.send(signal.SIGCONT)
        return "stopped"
    factory.broker.process.kill()
    factory.broker.start()
    return "restarted"


def _calm(factory: Factory, total: int) -> float:
    """Wait until everything has ended; return the longest time in which nothing did, in seconds."""
    seen, since, longest = 0, time.monotonic(), 0.0
    while seen < total:
        [(ended,)] = factory.rows(ENDED)
        if ended > seen:
            seen, since = ended, time.monotonic()
        longest = max(longest, time.monotonic() - since)
        assert longest < STUCK_S, f"nothing has ended for {longest:.0f} s: {factory.states()}"
        time.sleep(0.2)
    return longest
