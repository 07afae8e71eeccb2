"""Runs as spans: one trace over all steps, what they did and said, bounded and sampled."""

import json
import logging
from typing import Any

import pytest
from django.test import Client, override_settings

from steps.definition import step
from steps.journal import journal
from steps.messages import enqueue
from steps.models import Effect, Run
from steps.queues import queue
from steps.retention import drop
from steps.runs import rows
from steps.spans import Span, is_sampled, new_run_id, new_trace_id, read_traceparent
from steps.triggers import http
from steps.watches import stream
from streams.registry import registry as streams
from streams.state import state
from streams.writer import Stream
from tests.steps.bench import WITH_REQUESTS, Bench, all_runs

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def operations(run: Run) -> list[str]:
    return [entry["operation"] for entry in json.loads(run.operations)]


@pytest.fixture
def todo(declare: Any, database: str) -> Stream:
    made = Stream("todo")
    declare(made)
    return made


@pytest.mark.parametrize("database", WITH_REQUESTS, indirect=True)
@pytest.mark.feature("E23", "E21", "B23")
def test_one_trace_from_the_request_through_queue_and_stream(
    bench: Bench, serve: Any, todo: Stream, database: str
) -> None:
    async def start(request: Any, ctx: Any) -> Any:
        ctx.logger.info("🐾 started", {"number": 7})
        await ctx.streams.todo.set("g", "api", {"by": "api"})
        await ctx.enqueue("jobs", 1)
        return {"trace": ctx.trace_id, "run": ctx.run_id}

    def job(data: Any, ctx: Any) -> None:
        todo.set("g", "job", {"by": "job"})  # the stream itself, not by way of ctx
        ctx.state.set("s", "k", 1)
        ctx.streams.todo.send("g", {"type": "note", "data": 1})
        logging.getLogger("somewhere.else").warning("said %s", "plainly")

    def watch(change: Any, ctx: Any) -> None:
        ctx.logger.error("seen", {"id": change.id})

    serve(
        step("Start", start, triggers=[http("POST", "/start")], enqueues=["jobs"]),
        step("Job", job, triggers=[queue("jobs")]),
        step("Watch", watch, triggers=[stream("todo", item_id="job")]),
    )
    with override_settings(STEPS={"trace_http": True}):
        answer = Client().post("/start", {}, "application/json", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        assert answer.json()["trace"] == TRACE
        assert journal.drain(10)
        bench.finish()
    request, work, watched = all_runs()
    assert {run.trace_id for run in all_runs()} == {TRACE}
    assert (request.id, request.parent_id) == (answer.json()["run"], PARENT)
    assert (work.parent_id, watched.parent_id) == (request.id, work.id)
    assert answer.headers["traceparent"] == f"00-{TRACE}-{request.span_id}-01"
    assert (request.trigger, request.source, request.status, request.state) == ("http", "POST /start", 200, "done")
    assert operations(request) == ["streams.todo.set", "enqueue"]
    assert operations(work) == ["streams.todo.set", "state.set", "streams.todo.send"]
    [line] = json.loads(request.logs)
    assert (line["level"], line["message"], line["data"]) == ("info", "🐾 started", {"number": 7})
    assert [(line["level"], line["message"]) for line in json.loads(work.logs)] == [("warning", "said plainly")]
    assert [(line["level"], line["data"]) for line in json.loads(watched.logs)] == [("error", {"id": "job"})]
    assert request.started_at is not None
    assert request.finished_at is not None
    assert request.started_at <= request.finished_at


@pytest.mark.parametrize("database", WITH_REQUESTS[:1], indirect=True)
@pytest.mark.feature("E21")
def test_lines_are_kept_whatever_was_done_to_the_root_logger(bench: Bench, serve: Any, database: str) -> None:
    """Celery's worker, like every ``dictConfig``, takes its handlers away; Django leaves it at WARNING."""

    def job(data: Any, ctx: Any) -> None:
        ctx.logger.info("mine %s", {"a": 1}, extra={"b": 2})
        ctx.logger.debug("too much")
        logging.getLogger("somewhere").info("not enabled")
        logging.getLogger("somewhere").warning("another's")
        try:
            int("bad")
        except ValueError:
            ctx.logger.exception("caught")

    serve(step("Job", job, triggers=[queue("jobs")]))
    root, mine = logging.getLogger(), logging.getLogger(__name__)
    before = root.handlers[:], root.level, mine.propagate
    root.handlers, root.level, mine.propagate = [], logging.WARNING, False
    try:
        enqueue("jobs", 1)
        bench.finish()
    finally:
        root.handlers, root.level, mine.propagate = before
    [run] = all_runs()
    lines = [(line["level"], line["message"], line.get("data")) for line in json.loads(run.logs)]
    assert lines == [
        ("info", "mine %s", {"a": 1, "b": 2}),
        ("warning", "another's", None),
        ("error", "caught\nValueError: invalid literal for int() with base 10: 'bad'", None),
    ]


@pytest.mark.parametrize("database", WITH_REQUESTS[:1], indirect=True)
@pytest.mark.feature("E22")
def test_state_lasts_across_steps(bench: Bench, serve: Any, todo: Stream) -> None:
    got: list[Any] = []

    async def first(data: Any, ctx: Any) -> None:
        await ctx.state.set("todos", "t1", {"n": 1})
        await ctx.enqueue("second", None)

    def second(data: Any, ctx: Any) -> None:
        got.append((ctx.state.get("todos", "t1"), ctx.state.list("todos"), ctx.state.get("todos", "none")))

    serve(step("First", first, triggers=[queue("first")]), step("Second", second, triggers=[queue("second")]))
    enqueue("first", None)
    bench.finish()
    assert got == [({"n": 1}, [{"n": 1}], None)]
    assert state.get("todos", "t1") == {"n": 1}
    assert "streams:state" not in [item.definition.name for item in streams.all()], "nobody can join it"


@pytest.mark.parametrize("database", WITH_REQUESTS[:1], indirect=True)
def test_failed_request_is_always_kept_and_others_as_sampled(serve: Any, database: str) -> None:
    def fails(request: Any, ctx: Any) -> None:
        raise ValueError("wrong\0 \ud800")

    serve(
        step("Fails", fails, triggers=[http("GET", "/fails")]),
        step("Works", lambda request, ctx: 1, triggers=[http("GET", "/works")]),
    )
    with override_settings(STEPS={"trace_sample": 0.0}):
        answer = Client(raise_request_exception=False).get("/fails")
        Client().get("/works")
        assert journal.drain(10)
    [run] = all_runs()
    assert (run.step, run.state, run.status) == ("Fails", "failed", 500)
    assert run.error_id == answer.json()["error_id"]
    assert run.reason == "ValueError: wrong\ufffd ?"
    [attempt] = json.loads(run.history)
    assert attempt["attempt"] == 1
    assert "in fails\n    raise ValueError(" in attempt["traceback"]


def test_every_process_decides_the_same_about_a_trace() -> None:
    traces = [new_trace_id() for _ in range(2000)]
    with override_settings(STEPS={"trace_sample": 0.25}):
        kept = [trace for trace in traces if is_sampled(trace)]
    assert 350 < len(kept) < 650
    with override_settings(STEPS={"trace_sample": 1.0}):
        assert all(map(is_sampled, traces))
    with override_settings(STEPS={"trace_sample": 0.0}):
        assert not any(map(is_sampled, traces))


def test_log_and_operations_are_bounded() -> None:
    with override_settings(STEPS={"trace_entries": 3, "trace_text": 10}):
        span = Span(run_id=new_run_id(), trace_id=new_trace_id(), step="S", trigger="http")
        for number in range(5):
            span.log("info", f"{number}" * 50)
            span.operation("streams.todo.set")
    assert [entry["message"] for entry in span.logs] == ["0" * 10, "1" * 10, "2" * 10]
    assert len(span.operations) == 3
    assert span.dropped == {"logs": 2, "operations": 2}


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"00-{TRACE}-{PARENT}-01", (TRACE, PARENT)),
        (f" 00-{TRACE}-{PARENT}-00 ", (TRACE, PARENT)),
        (f"cc-{TRACE}-{PARENT}-01-more", (TRACE, PARENT)),
        (f"ff-{TRACE}-{PARENT}-01", ("", "")),
        (f"00-{'0' * 32}-{PARENT}-01", ("", "")),
        (f"00-{TRACE}-{'0' * 16}-01", ("", "")),
        (f"00-{TRACE.upper()}-{PARENT}-01", ("", "")),
        (f"00-{TRACE[1:]}-{PARENT}-01", ("", "")),
        ("", ("", "")),
        ("nonsense", ("", "")),
    ],
)
def test_traceparent(header: str, found: tuple[str, str]) -> None:
    assert read_traceparent(header) == found


def test_ids_of_runs_grow_and_differ() -> None:
    ids = [new_run_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
    assert {len(value) for value in ids} == {32}


@pytest.mark.parametrize("database", WITH_REQUESTS, indirect=True)
def test_finished_runs_are_dropped_in_time_with_their_effects(bench: Bench, serve: Any, todo: Stream) -> None:
    def handler(data: Any, ctx: Any) -> None:
        ctx.once("asked", lambda: 1)

    serve(step("Keeps", handler, triggers=[queue("t")]))
    for number in range(3):
        enqueue("t", number)
    bench.work()
    enqueue("t", 3)
    old, dead, recent, waiting = all_runs()
    rows().filter(pk=dead.pk).update(state=Run.State.DEAD)
    with override_settings(STEPS={"keep_s": 3600.0, "keep_dead_s": 7200.0}):
        long_ago = old.finished_at.replace(year=2020)  # type: ignore[union-attr]
        rows().filter(pk=old.pk).update(finished_at=long_ago)
        assert drop() == 1
        assert drop() == 0
        rows().filter(pk=dead.pk).update(finished_at=long_ago)
        assert drop() == 1
    assert [run.pk for run in all_runs()] == [recent.pk, waiting.pk]
    assert set(Effect.objects.using(rows().db).values_list("run_id", flat=True)) == {recent.pk}
