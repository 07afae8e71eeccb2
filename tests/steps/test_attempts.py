"""What becomes of runs: retries, dead letters, time-outs, lost leases, effects that happen once."""

import asyncio
import json
import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from steps import worker
from steps.attempts import pause
from steps.definition import step
from steps.dispatcher import free, hand_again, tick
from steps.errors import LeaseLost
from steps.messages import enqueue
from steps.models import Effect, Heartbeat, Run
from steps.queues import QueueConfig, queue
from steps.runs import cancel, redrive, rows
from streams.writer import Stream
from tests.steps.bench import DATABASES, Bench, all_runs
from tests.support.threads import aside

pytestmark = pytest.mark.parametrize("database", DATABASES, indirect=True)
ONE_MORE = [{"type": "increment", "path": "count", "by": 1}]


class Broken(Exception):
    """What handlers here raise."""


def fails(times: int, seen: list[int]) -> Any:
    def handler(data: Any, ctx: Any) -> None:
        seen.append(ctx.attempt)
        if len(seen) <= times:
            raise Broken(f"number {len(seen)}")

    return handler


def test_failure_is_tried_again_later_with_the_same_run_id(bench: Bench, serve: Any) -> None:
    seen: list[int] = []
    serve(step("Fails", fails(2, seen), triggers=[queue("t")]))
    enqueue("t", 1)
    bench.work()
    [run] = all_runs()
    assert (run.state, run.attempts, run.failures, run.reason) == (Run.State.READY, 1, 1, "Broken: number 1")
    bench.finish()
    [run] = all_runs()
    assert (run.state, run.failures, run.reason) == (Run.State.DONE, 2, "")
    assert seen == [1, 2, 3]
    history = json.loads(run.history)
    assert [entry["error"] for entry in history] == ["Broken: number 1", "Broken: number 2"]
    assert "raise Broken" in history[0]["traceback"]


def test_poison_becomes_a_dead_letter_and_is_redriven(bench: Bench, serve: Any) -> None:
    seen: list[int] = []
    serve(step("Fails", fails(4, seen), triggers=[queue("t", config=QueueConfig(max_retries=2))]))
    enqueue("t", 1)
    bench.finish()
    [run] = all_runs()
    assert (run.state, run.failures, run.reason) == (Run.State.DEAD, 3, "Broken: number 3")
    assert run.error_id
    assert run.finished_at is not None
    assert redrive([run.id, "no such run"]) == 1
    assert redrive([run.id]) == 0
    bench.finish()
    [run] = all_runs()
    assert (run.state, run.reason) == (Run.State.DONE, "")
    assert len(seen) == 5


@pytest.mark.parametrize(("kind", "least"), [("exponential", [1, 2, 4, 8]), ("fixed", [1, 1, 1, 1])])
def test_back_off_grows_and_is_spread(database: str, kind: Any, least: list[int]) -> None:
    config = QueueConfig(backoff_type=kind)
    for failures, seconds in enumerate(least, 1):
        pauses = {pause(config, failures) for _ in range(50)}
        assert all(seconds <= value <= seconds * 1.25 for value in pauses)
        assert len(pauses) > 1
    assert pause(config, 1000) <= 3600


def test_async_handler_that_takes_too_long_is_cancelled(bench: Bench, serve: Any) -> None:
    cancelled: list[bool] = []

    async def handler(data: Any, ctx: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    serve(step("Hangs", handler, triggers=[queue("t", config=QueueConfig(timeout=0.05, max_retries=0))]))
    enqueue("t", 1)
    bench.work()
    [run] = all_runs()
    assert (run.state, cancelled) == (Run.State.DEAD, [True])
    assert "longer than 0.05 s and was cancelled" in run.reason


def test_sync_handler_that_takes_too_long_is_fenced_off(bench: Bench, serve: Any, declare: Any) -> None:
    notes = Stream("notes")
    declare(notes)
    begun, go_on, outcome = threading.Event(), threading.Event(), list[Any]()

    def handler(data: Any, ctx: Any) -> None:
        begun.set()
        assert go_on.wait(30)
        try:
            notes.set("g", "late", {"n": 1})
        except LeaseLost as error:
            outcome.append(error)
            raise

    serve(step("Hangs", handler, triggers=[queue("t", config=QueueConfig(timeout=0.01, max_retries=0))]))
    enqueue("t", 1)
    with aside(bench.work):
        assert begun.wait(30)
        while all_runs()[0].state == Run.State.RUNNING:
            bench.watch.look()
        go_on.set()
    [run] = all_runs()
    assert (run.state, run.attempts) == (Run.State.DEAD, 1)
    assert "fenced off" in run.reason
    assert len(outcome) == 1
    assert notes.get("g", "late") is None


def test_run_of_a_lost_worker_is_taken_by_another_and_the_first_may_write_nothing_more(
    bench: Bench, serve: Any, declare: Any
) -> None:
    notes = Stream("notes")
    declare(notes)
    begun, go_on, lost = threading.Event(), threading.Event(), list[str]()

    def handler(data: Any, ctx: Any) -> None:
        if ctx.attempt == 1:
            begun.set()
            assert go_on.wait(30)
        for name, write in (
            ("stream", lambda: ctx.streams.notes.set("g", "a", {"attempt": ctx.attempt})),
            ("direct", lambda: notes.set("g", "b", {"attempt": ctx.attempt})),
            ("state", lambda: ctx.state.set("s", "k", ctx.attempt)),
            ("event", lambda: ctx.streams.notes.send("g", {"type": "x", "data": 1})),
            ("message", lambda: ctx.enqueue("other", 1)),
            ("keyed", lambda: ctx.streams.notes.update("g", "c", ONE_MORE, key="k")),
        ):
            try:
                write()
            except LeaseLost:
                lost.append(name)

    serve(step("Slow", handler, triggers=[queue("t")]), step("Other", fails(0, []), triggers=[queue("other")]))
    enqueue("t", 1)
    with aside(bench.work):
        assert begun.wait(30)
        Heartbeat.objects.all().delete()
        assert free() == 1
        bench.lease = Heartbeat.objects.create(kind="worker", host="other", pid=2).pk
        [run] = all_runs()
        assert (run.state, run.fence) == (Run.State.READY, 2)
        assert "worker ended" in run.reason
        bench.work()
        assert [item.state for item in all_runs(step="Slow")] == ["done"]
        go_on.set()
    assert lost == ["stream", "direct", "state", "event", "message", "keyed"]
    assert notes.get("g", "a") == {"id": "a", "attempt": 2}
    assert notes.get("g", "c")["count"] == 1
    assert len(all_runs(step="Other")) == 1
    assert [item.attempts for item in all_runs(step="Slow")] == [2]


def test_worker_lost_too_often_makes_a_dead_letter(bench: Bench, serve: Any) -> None:
    serve(step("Kills", fails(0, []), triggers=[queue("t")]))
    enqueue("t", 1)
    rows().update(state=Run.State.RUNNING, worker=12345, attempts=10, failures=0)
    assert free() == 1
    [run] = all_runs()
    assert run.state == Run.State.DEAD
    assert run.reason.startswith("WorkerLost")


def test_dispatcher_hands_over_what_was_lost_and_ever_later(bench: Bench, serve: Any) -> None:
    serve(step("Waits", fails(0, []), triggers=[queue("t")]))
    enqueue("t", 1)
    assert tick() == (0, 0)  # it was handed over a moment ago
    pauses = []
    for _ in range(4):
        rows().update(hand_at=F("created_at"))
        assert hand_again() == 1
        assert hand_again() == 0
        [run] = all_runs()
        pauses.append(round((run.hand_at - run.created_at).total_seconds()))
    assert all(due <= pause < due + 4 for due, pause in zip([5, 10, 20, 30], pauses, strict=True)), pauses


def test_run_that_its_worker_dropped_is_put_back(bench: Bench, serve: Any, monkeypatch: Any) -> None:
    serve(step("Waits", fails(0, []), triggers=[queue("t")]))
    enqueue("t", 1)
    rows().update(state=Run.State.RUNNING, worker=bench.lease, attempts=1, fence=1)
    monkeypatch.setattr("steps.watch.lease", lambda within: bench.lease)
    bench.watch._sweep()
    bench.work()
    assert [(run.state, run.attempts) for run in all_runs()] == [("done", 2)]


def test_key_applies_an_effect_once_in_all_attempts(bench: Bench, serve: Any, declare: Any) -> None:
    tally, results = Stream("tally"), list[Any]()
    declare(tally)

    def handler(data: Any, ctx: Any) -> None:
        written = ctx.streams.tally.update("g", "a", ONE_MORE, key="once")
        ctx.streams.tally.update("g", "b", ONE_MORE)
        results.append((written.new_value["count"], written.created, ctx.state.update("s", "n", ONE_MORE, key="once")))
        if ctx.attempt < 3:
            raise Broken

    serve(step("Counts", handler, triggers=[queue("t")]))
    enqueue("t", 1)
    bench.finish()
    assert tally.get("g", "a")["count"] == 1
    assert tally.get("g", "b")["count"] == 3
    assert len(results) == 3
    assert results[0] == results[1] == results[2]
    assert Effect.objects.using(rows().db).count() == 2


def test_message_of_a_repeated_run_is_enqueued_once(bench: Bench, serve: Any) -> None:
    got: list[Any] = []

    def handler(data: Any, ctx: Any) -> None:
        for number in range(3):
            ctx.enqueue("out", number)
        ctx.enqueue("out", "keyed", key="k")
        if ctx.attempt < 3:
            raise Broken

    serve(
        step("Sends", handler, triggers=[queue("t")]),
        step("Gets", lambda data, ctx: got.append(data), triggers=[queue("out")]),
    )
    enqueue("t", 1)
    bench.finish()
    assert sorted(map(str, got)) == ["0", "1", "2", "keyed"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_once_calls_its_function_once(bench: Bench, serve: Any, asynchronous: bool) -> None:
    calls, results = list[int](), list[Any]()

    def ask() -> Any:
        calls.append(1)
        return {"answer": len(calls)}

    async def aask() -> Any:
        return ask()

    def handler(data: Any, ctx: Any) -> None:
        results.append(ctx.once("ask", ask))
        if ctx.attempt < 3:
            raise Broken

    async def ahandler(data: Any, ctx: Any) -> None:
        results.append(await ctx.once("ask", aask))
        if ctx.attempt < 3:
            raise Broken

    serve(step("Asks", ahandler if asynchronous else handler, triggers=[queue("t")]))
    enqueue("t", 1)
    bench.finish()
    assert (len(calls), results) == (1, [{"answer": 1}] * 3)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_atomic_step_commits_everything_with_its_completion_or_nothing(
    bench: Bench, serve: Any, declare: Any, asynchronous: bool
) -> None:
    tally = Stream("tally")
    declare(tally)

    def handler(data: Any, ctx: Any) -> None:
        ctx.streams.tally.update("g", "a", ONE_MORE)
        ctx.enqueue("out", 1)
        if ctx.attempt < 3:
            raise Broken

    async def ahandler(data: Any, ctx: Any) -> None:
        await ctx.streams.tally.update("g", "a", ONE_MORE)
        await ctx.enqueue("out", 1)
        if ctx.attempt < 3:
            raise Broken

    serve(
        step("Atomic", ahandler if asynchronous else handler, triggers=[queue("t")], atomic=True),
        step("Out", fails(0, []), triggers=[queue("out")]),
    )
    enqueue("t", 1)
    bench.work()
    assert tally.get("g", "a") is None
    assert not rows().filter(step="Out").exists()
    assert json.loads(all_runs(step="Atomic")[0].operations) == []
    bench.finish()
    assert tally.get("g", "a")["count"] == 1
    assert rows().filter(step="Out").count() == 1
    operations = [entry["operation"] for entry in json.loads(all_runs(step="Atomic")[0].operations)]
    assert operations == ["streams.tally.update", "enqueue"]


def test_cancelled_run_is_not_started_and_a_running_one_may_write_nothing_more(bench: Bench, serve: Any) -> None:
    seen: list[int] = []

    def handler(data: Any, ctx: Any) -> None:
        assert cancel([ctx.run_id]) == 1
        seen.append(1)
        ctx.enqueue("t", 2)

    serve(step("Waits", handler, triggers=[queue("t")]))
    enqueue("t", 1)
    bench.work()
    assert [(run.state, run.reason) for run in all_runs()] == [("cancelled", "cancelled")]
    enqueue("t", 1)
    assert cancel([run.id for run in all_runs()]) == 1
    bench.work()
    assert seen == [1]


def test_condition_skips_and_one_that_raises_is_a_failure_of_queues(bench: Bench, serve: Any, caplog: Any) -> None:
    def raises(data: Any) -> bool:
        raise Broken("condition")

    async def says_no(data: Any) -> bool:
        return data != "no"

    seen: list[Any] = []
    serve(
        step("Asks", lambda data, ctx: seen.append(data), triggers=[queue("t", condition=says_no)]),
        step("Breaks", fails(0, []), triggers=[queue("b", condition=raises, config=QueueConfig(max_retries=1))]),
    )
    enqueue("t", "no")
    enqueue("t", "yes")
    enqueue("b", 1)
    with caplog.at_level(logging.CRITICAL):
        bench.finish()
    assert seen == ["yes"]
    skipped, done, broken = all_runs()
    assert (skipped.state, skipped.reason, done.state) == ("skipped", "the condition said no", "done")
    assert (broken.state, broken.reason, broken.failures) == ("dead", "Broken: condition", 2)


def test_run_whose_step_is_gone_is_a_dead_letter(bench: Bench, serve: Any) -> None:
    serve(step("Gone", fails(0, []), triggers=[queue("t")]))
    enqueue("t", 1)
    serve(step("Other", fails(0, []), triggers=[queue("t")]))
    bench.work()
    [run] = all_runs()
    assert run.state == "dead"
    assert "step 'Gone' has no trigger queue 't'" in run.reason


@pytest.mark.parametrize("error", [SystemExit(1), asyncio.CancelledError()])
def test_handler_that_ends_the_process_only_fails(bench: Bench, serve: Any, error: BaseException) -> None:
    def handler(data: Any, ctx: Any) -> None:
        raise error

    serve(step("Exits", handler, triggers=[queue("t", config=QueueConfig(max_retries=0))]))
    enqueue("t", 1)
    bench.work()
    assert [run.state for run in all_runs()] == ["dead"]


def test_unknown_stream_is_named_in_the_dead_letter(bench: Bench, serve: Any) -> None:
    serve(
        step(
            "Wrong",
            lambda data, ctx: ctx.streams.nothing.set("g", "i", {}),
            triggers=[queue("t", config={"maxRetries": 0})],
        )
    )
    enqueue("t", 1)
    bench.work()
    assert "there is no stream named 'nothing'" in all_runs()[0].reason


def test_long_queue_is_not_made_longer_and_a_lost_message_is_found(bench: Bench, serve: Any) -> None:
    serve(step("Waits", fails(0, []), triggers=[queue("t")]))
    for number in range(4):
        enqueue("t", number)
    runs = all_runs()
    for number, run in enumerate(runs):
        rows().filter(pk=run.pk).update(due_at=Now() - timedelta(seconds=60 - number), hand_at=Now())
    assert worker.perform(runs[1].pk)
    assert hand_again() == 1, "the one before it was lost, those after it may still be in the queue"
    assert [run.handed for run in all_runs()] == [1, 0, 0, 0]
    rows().filter(pk=runs[1].pk).update(started_at=runs[0].created_at - timedelta(seconds=60))
    assert hand_again() == 2, "nothing has been started lately: the broker has lost them all"
