"""The lab's steps on real workers and beats: cron, order, limits, changes, latency."""

import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from streams.client import StreamClient
from tests.steps.factory import Factory
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.sockets import Socket
from tests.support.waiting import eventually


@pytest.fixture(scope="module", params=[pytest.param("sqlite", marks=pytest.mark.slow), "postgres"])
def factory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres | GivenPostgres
) -> Iterator[Factory]:
    made = Factory(request.param, tmp_path_factory.mktemp(f"workers-{request.param}"), postgres_server)
    made.start(workers=2, web=True)
    made.beat()
    yield made
    made.stop()


def send(factory: Factory, topic: str, messages: list[Any], **options: Any) -> float:
    took: float = factory.product.writer.call(
        "tests.steps.lab.programs:send", topic=topic, messages=messages, options=options
    )
    return took


def note(factory: Factory, group: str, id: str) -> Any:
    return factory.product.writer.stream("labNotes", "get", group, id)


def ended(factory: Factory, step: str, text: str, count: int) -> list[tuple[Any, ...]]:
    look = "SELECT state, created_at, started_at, finished_at FROM steps_run WHERE step = ? AND input LIKE ?"

    def all_done() -> list[tuple[Any, ...]]:
        rows = factory.rows(look, step, f"%{text}%")
        return rows if len(rows) == count and {row[0] for row in rows} <= {"done", "dead", "skipped"} else []

    return eventually(all_done, what=f"{count} runs of {step} end", within=40, detail=lambda: str(factory.states()))


def test_messages_of_a_group_are_done_in_order_by_many_threads(factory: Factory) -> None:
    groups = [uuid4().hex[:8] for _ in range(3)]
    for group in groups:
        messages = [{"group": group, "number": number, "fail": number % 5 == 2} for number in range(12)]
        send(factory, "lab.fifo", messages, message_group_id=group)
    for group in groups:
        ended(factory, "LabInOrder", group, 12)
        assert note(factory, group, "order")["done"] == list(range(12))


def test_no_more_runs_than_the_limit_go_on_at_one_time(factory: Factory) -> None:
    group = uuid4().hex[:8]
    send(factory, "lab.limited", [{"group": group, "number": number} for number in range(8)])
    ended(factory, "LabLimited", group, 8)
    seen = note(factory, group, "seen")["all"]
    assert len(seen) == 8
    assert max(seen) == 2


@pytest.mark.feature("E12")
def test_changes_of_an_item_are_worked_through_in_order(factory: Factory) -> None:
    items = [uuid4().hex[:8] for _ in range(3)]
    for number in range(10):
        for item in items:
            factory.product.writer.stream("labTally", "set", "watched", item, {"n": number})
    for item in items:
        ended(factory, "LabWatch", item, 10)
        assert note(factory, "watched", item)["seen"] == list(range(10))


@pytest.mark.feature("D9")
async def test_membership_is_checked_through_the_state_when_somebody_joins(factory: Factory) -> None:
    web = factory.product.web.ws
    await factory.product.writer.acall(
        "tests.steps.lab.programs:set_state", scope="workspaces", key="w1", value={"members": ["u42"]}
    )
    async with await Socket.connect(web, subprotocols=["Authorization", "u42"]) as member:
        assert (await member.joined("labDocuments", "w1")).kind == "sync"
        async with await Socket.connect(web, headers={"Authorization": "Bearer u7"}) as stranger:
            await stranger.join("labDocuments", "w1")
            [refused] = await stranger.recv()
            assert refused.error == "STREAM_ACCESS_DENIED"
            async with await Socket.connect(web) as nobody:
                await nobody.join("labDocuments", "w1")
                [refused] = await nobody.recv()
                assert refused.error == "STREAM_ACCESS_DENIED"
                await factory.product.writer.astream("labDocuments", "set", "w1", "d1", {"content": "x"})
                [frame] = await member.recv()
                assert frame.kind == "create"
                for other in (stranger, nobody):
                    await other.send({"type": "ping"})
                    assert [answer.kind for answer in await other.recv()] == ["pong"]


def test_step_starts_soon_after_the_commit(factory: Factory) -> None:
    group, waits = uuid4().hex[:8], list[float]()
    for number in range(20):
        send(factory, "lab.slow", [{"group": group, "id": str(number), "seconds": 0}])
        time.sleep(0.05)  # each on its own, as requests come
    for _, created, started, _ in ended(factory, "LabSlow", group, 20):
        waits.append((moment(started) - moment(created)).total_seconds() * 1000)
    waits.sort()
    print(
        f"{factory.product.database}: commit to start p50 {statistics.median(waits):.1f} ms,"
        f" p95 {waits[18]:.1f} ms, most {waits[-1]:.1f} ms"
    )
    assert statistics.median(waits) < 4000, "they were left to the dispatcher"


def moment(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def test_request_does_not_notice_that_the_broker_is_away(factory: Factory) -> None:
    group = uuid4().hex[:8]
    factory.broker.process.kill()
    try:
        began = time.monotonic()
        answer = httpx.post(
            f"{factory.product.web.url}/stream-parallel-merge",
            json={"totalSteps": 5, "seconds": 0, "traceId": group},
            timeout=20,
            trust_env=False,
        )
        assert answer.status_code == 200
        assert time.monotonic() - began < 15
    finally:
        factory.broker.start()
    ended(factory, "StreamStepProcess", group, 5)


@pytest.mark.feature("E15")
def test_cron_fires_once_per_slot_with_two_workers_and_two_beats(factory: Factory) -> None:
    def fired() -> list[tuple[Any, ...]]:
        return factory.rows("SELECT slot, state, started_at FROM steps_run WHERE step = 'LabTick' AND state <> 'ready'")

    rows = eventually(lambda: fired() if len(fired()) >= 8 else [], what="eight ticks", within=60)
    slots = sorted(moment(slot) for slot, _, _ in rows)
    assert len(set(slots)) == len(slots)
    assert all(slot.second % 2 == 0 and slot.microsecond == 0 for slot in slots)
    done = [row for row in rows if row[1] == "done"]
    assert len(done) >= 4
    for slot, _, started in done:
        assert moment(started) >= moment(slot)
    query = "SELECT slot FROM steps_run WHERE step = 'LabHalfMinute' AND state = 'done'"
    half = eventually(lambda: factory.rows(query), what="a half minute", within=60)
    assert {moment(slot).second for (slot,) in half} <= {0, 30}
    assert len(half) == len({slot for (slot,) in half})


def test_switching_the_schedule_off_stops_it(factory: Factory) -> None:
    factory.product.writer.call("tests.steps.lab.programs:switch", name="steps: LabTick", enabled=False)
    try:
        before = datetime.now(UTC)
        query = "SELECT slot, state FROM steps_run WHERE step = 'LabTick' AND state <> 'ready'"

        def later() -> list[str]:
            states = [state for slot, state in factory.rows(query) if (moment(slot) - before).total_seconds() > 1]
            return states if len(states) >= 3 else []

        assert set(eventually(later, what="slots that were planned pass", within=30)) == {"skipped"}
    finally:
        factory.product.writer.call("tests.steps.lab.programs:switch", name="steps: LabTick", enabled=True)


@pytest.mark.feature("G7")
async def test_long_job_goes_on_streaming_while_the_web_process_restarts(factory: Factory) -> None:
    """Killed, then stopped: the job does not notice, and its watcher comes back and sees it to its end."""
    web, writer, group, steps = factory.product.web, factory.product.writer, uuid4().hex[:8], 4

    async def reaches(number: int) -> None:
        await writer.acall("tests.steps.lab.programs:set_state", scope="paced", key=group, value=number)
        async with asyncio.timeout(60):
            await until[number].wait()

    until = {number: asyncio.Event() for number in range(1, steps + 1)}
    async with StreamClient(web.ws) as client:
        progress = client.item("labNotes", group, "progress")
        progress.on("*", lambda note: [until[number].set() for number in range(1, (note or {}).get("done", 0) + 1)])
        send(factory, "lab.paced", [{"group": group, "steps": steps}])
        await reaches(1)
        web.kill()
        await writer.acall("tests.steps.lab.programs:set_state", scope="paced", key=group, value=2)
        web.start()
        await reaches(2)
        web.process.stop()
        web.start()
        await reaches(3)
        await reaches(4)
    await asyncio.to_thread(ended, factory, "LabPaced", group, 1)
    assert factory.rows("SELECT attempts FROM steps_run WHERE step = 'LabPaced'") == [(1,)]


def test_trace_is_seen_while_it_goes_on(factory: Factory) -> None:
    group = uuid4().hex[:8]
    send(factory, "lab.slow", [{"group": group, "id": "long", "seconds": 4}])
    look = "SELECT operations FROM steps_run WHERE step = 'LabSlow' AND state = 'running' AND input LIKE ?"
    [(text,)] = eventually(
        lambda: [row for row in factory.rows(look, f"%{group}%") if json.loads(row[0])],
        what="the trace of a run that goes on is written",
        within=30,
    )
    assert json.loads(text)[0]["operation"] == "streams.labNotes.set"
    ended(factory, "LabSlow", group, 1)


async def test_nothing_is_left_over(factory: Factory) -> None:
    await asyncio.to_thread(factory.finished, 40)
    assert factory.rows("SELECT count(*) FROM steps_run WHERE state = 'dead'") == [(0,)]
