"""Demo 3, parallel merge: over real HTTP, a real worker and real sockets.

MILLRACE_LONG=1: 20 merges of 200 parts, in peace and with workers killed; else smaller ones.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from tests.steps.factory import Factory
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.sockets import Socket
from tests.support.waiting import eventually

LONG = os.environ.get("MILLRACE_LONG") == "1"
MERGES, PARTS = (20, 200) if LONG else (3, 40)
STREAM, GROUP = "parallelMerge", "merge-groups"
COMPLETED = "SELECT trace_id FROM steps_run WHERE step = 'StreamMergeComplete' AND state = 'done'"


@pytest.fixture(scope="module", params=[pytest.param("sqlite", marks=pytest.mark.slow), "postgres"])
def factory(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Postgres | GivenPostgres,
) -> Iterator[Factory]:
    made = Factory(request.param, tmp_path_factory.mktemp(f"merge-{request.param}"), postgres_server)
    made.start(web=True)
    yield made
    made.stop()


def start(factory: Factory, **body: object) -> httpx.Response:
    return httpx.post(f"{factory.product.web.url}/stream-parallel-merge", json=body, timeout=60, trust_env=False)


@pytest.mark.feature("E10", "E24", "E25", "I10", "I3")
async def test_demo(factory: Factory) -> None:
    async with await Socket.connect(factory.product.web.ws) as watcher:
        await watcher.joined(STREAM, GROUP)
        answer = await asyncio.to_thread(start, factory, totalSteps=3, seconds=0.2)
        assert answer.status_code == 200
        merge = answer.json()["traceId"]
        assert answer.json() == {"traceId": merge, "totalSteps": 3}
        frames = await watcher.recv(4, within=30)
        assert [frame.kind for frame in frames] == ["create", "update", "update", "update"]
        assert {frame.address for frame in frames} == {(STREAM, GROUP, merge)}
        assert [frame.value["completedSteps"] for frame in frames] == [0, 1, 2, 3]
        assert {frame.value["totalSteps"] for frame in frames} == {3}
    trace = answer.headers["traceparent"].split("-")[1]
    [(logs,)] = await asyncio.to_thread(
        lambda: eventually(
            lambda: factory.rows(
                "SELECT logs FROM steps_run WHERE trace_id = ? AND step = 'StreamMergeComplete' AND state = 'done'",
                trace,
            ),
            what="the merge is noticed as complete",
        )
    )
    [line] = json.loads(logs)
    assert line["message"] == "Parallel merge completed"
    assert line["data"]["totalSteps"] == 3
    assert line["data"]["duration"] >= 200


@pytest.mark.feature("E25")
def test_empty_body_has_its_defaults(factory: Factory) -> None:
    answer = start(factory)
    assert answer.status_code == 200
    assert answer.json()["totalSteps"] == 3
    assert len(answer.json()["traceId"]) == 36


@pytest.mark.parametrize("body", [{"totalSteps": 0}, {"totalSteps": "many"}, {"totalSteps": 10**6}, {"traceId": ""}])
def test_wrong_body_starts_nothing(factory: Factory, body: dict[str, object]) -> None:
    before = factory.rows("SELECT count(*) FROM steps_run WHERE step = 'StreamStepProcess'")
    assert start(factory, **body).status_code == 400
    assert factory.rows("SELECT count(*) FROM steps_run WHERE step = 'StreamStepProcess'") == before


async def merges(factory: Factory, count: int, parts: int, *, kill: bool) -> None:
    """Run *count* merges at one time and compare what the server, two clients and the trigger say at the end."""
    names = [str(uuid4()) for _ in range(count)]
    web = factory.product.web
    async with await Socket.connect(web.ws) as first, await Socket.connect(web.ws) as second:
        for watcher in (first, second):
            await watcher.joined(STREAM, GROUP)
        began = time.monotonic()
        answers = [
            await asyncio.to_thread(start, factory, traceId=name, totalSteps=parts, seconds=0.01) for name in names
        ]
        killed = 0
        deadline = began + (900 if LONG else 120)
        last = dict.fromkeys(names, 0)
        while any(value < parts for value in last.values()):
            assert time.monotonic() < deadline, (last, factory.states())
            if kill and killed < (20 if LONG else 2):
                factory.workers[0].kill()
                factory.workers[0].start()
                killed += 1
            await asyncio.sleep(1)
            for frame in first.frames:
                name = frame.data.get("id")
                if name in last and frame.kind == "update":
                    last[name] = frame.value["completedSteps"]
        took = time.monotonic() - began
        print(f"{factory.product.database}: {count} merges of {parts} in {took:.1f} s, {killed} workers killed")
        for watcher in (first, second):
            for name in names:
                counts = [frame.value["completedSteps"] for frame in watcher.frames if frame.data.get("id") == name]
                assert counts == list(range(parts + 1)), name
    traces = {answer.headers["traceparent"].split("-")[1] for answer in answers}
    await asyncio.to_thread(factory.finished, 300 if LONG else 60)
    done = [trace for (trace,) in factory.rows(COMPLETED) if trace in traces]
    assert sorted(done) == sorted(traces), "the completion ran once for each merge"


@pytest.mark.feature("B22", "B12")
async def test_many_parts_at_one_time_end_at_the_true_number_everywhere(factory: Factory) -> None:
    await merges(factory, MERGES, PARTS, kill=False)


@pytest.mark.slow
async def test_killed_workers_change_nothing(factory: Factory) -> None:
    await merges(factory, MERGES, PARTS, kill=True)


@pytest.mark.feature("E7")
def test_three_jobs_run_together(factory: Factory) -> None:
    group = uuid4().hex
    console = factory.product.writer
    messages = [{"group": group, "id": str(number), "seconds": 1} for number in range(3)]
    console.call("tests.steps.lab.programs:send", topic="lab.slow", messages=messages)

    def ended() -> list[tuple[object, object]]:
        return factory.rows(
            "SELECT started_at, finished_at FROM steps_run WHERE step = 'LabSlow' AND state = 'done' AND input LIKE ?",
            f"%{group}%",
        )

    rows = eventually(lambda: ended() if len(ended()) == 3 else [], what="the jobs end", within=30)
    assert max(str(began) for began, _ in rows) < min(str(end) for _, end in rows), "one waited for another"
