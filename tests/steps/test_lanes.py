"""Order: runs of one lane one after another, lanes side by side, and steps with a limit."""

import threading
from typing import Any

import pytest

from steps import worker
from steps.definition import step
from steps.dispatcher import hand_again
from steps.messages import enqueue
from steps.models import Lane, Run
from steps.queues import QueueConfig, queue
from steps.retention import drop_lanes
from steps.runs import redrive, rows
from tests.steps.bench import DATABASES, Bench, all_runs
from tests.support.threads import together

pytestmark = pytest.mark.parametrize("database", DATABASES, indirect=True)
FIFO = QueueConfig(type="fifo", max_retries=1)


def states(**filters: Any) -> list[str]:
    return [run.state for run in all_runs(**filters)]


def test_only_the_first_of_a_group_can_be_claimed_and_groups_do_not_wait_for_each_other(
    bench: Bench, serve: Any
) -> None:
    seen: list[Any] = []

    def handler(data: Any, ctx: Any) -> None:
        if data == "a1" and ctx.attempt == 1:
            raise ValueError
        seen.append(data)

    serve(step("Orders", handler, triggers=[queue("t", config=FIFO)]))
    for data in ("a1", "a2", "b1", "a3", "b2"):
        enqueue("t", data, message_group_id=data[0])
    second = all_runs()[1]
    assert not worker.perform(second.id)
    bench.work()
    assert seen == ["b1", "b2"], "a waits for its first to be tried again"
    assert hand_again() == 0
    bench.hurry()
    for run in reversed(all_runs(state=Run.State.READY)):  # messages may come in any order
        worker.perform(run.id)
    assert seen == ["b1", "b2", "a1"]
    bench.finish()
    assert seen == ["b1", "b2", "a1", "a2", "a3"]


def test_dead_letter_lets_the_next_start_and_comes_last_when_it_is_redriven(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []

    def handler(data: Any, ctx: Any) -> None:
        if data == 1 and not seen:
            raise ValueError
        seen.append(data)

    serve(step("Orders", handler, triggers=[queue("t", config=QueueConfig(type="fifo", max_retries=0))]))
    for number in (1, 2, 3):
        enqueue("t", number)
    worker.perform(all_runs()[0].id)
    worker.perform(all_runs()[1].id)
    assert states() == ["dead", "done", "ready"]
    redrive([all_runs()[0].id])
    bench.finish()
    assert seen == [2, 3, 1]


def test_numbers_of_a_lane_commit_in_order(bench: Bench, serve: Any) -> None:
    serve(step("Orders", lambda data, ctx: None, triggers=[queue("t", config=FIFO)]))
    together(*[lambda: [enqueue("t", number) for number in range(10)]] * 4)
    assert sorted(run.number for run in all_runs()) == list(range(1, 41))


def test_two_workers_never_have_two_runs_of_one_lane(bench: Bench, serve: Any) -> None:
    lock, seen = threading.Lock(), list[Any]()

    def handler(data: Any, ctx: Any) -> None:
        assert lock.acquire(blocking=False), "two at one time"
        seen.append(data)
        lock.release()

    serve(step("Orders", handler, triggers=[queue("t", config=FIFO)]))
    for number in range(20):
        enqueue("t", number)
    together(*[bench.work] * 3)
    bench.work()
    assert seen == list(range(20))
    assert set(states()) == {"done"}


def test_step_with_a_limit_has_no_more_runs_at_one_time(bench: Bench, serve: Any) -> None:
    serve(step("Limited", lambda data, ctx: None, triggers=[queue("t", config=QueueConfig(concurrency=2))]))
    for number in range(4):
        enqueue("t", number)
    one, two, three, four = all_runs()
    rows().filter(pk__in=[one.id, two.id]).update(state=Run.State.RUNNING, worker=bench.lease, fence=1)
    assert not worker.perform(three.id)
    rows().filter(pk=one.id).update(state=Run.State.DONE)
    assert worker.perform(three.id)
    assert worker.perform(four.id)


def test_lanes_that_nobody_is_in_are_dropped(bench: Bench, serve: Any) -> None:
    serve(step("Orders", lambda data, ctx: None, triggers=[queue("t", config=FIFO)]))
    enqueue("t", 1)
    bench.work()
    assert drop_lanes() == 0
    rows().all().delete()
    assert drop_lanes() == 1
    assert not Lane.objects.using(rows().db).exists()
