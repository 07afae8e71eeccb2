"""Cron steps: one run per slot, whoever plans; missed and overlapping slots; rows of the schedule."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from steps.crons import cron
from steps.definition import step
from steps.models import Run, Schedule
from steps.planner import plan
from steps.runs import rows
from steps.slots import Slots
from steps.timetable import keep_rows
from tests.steps.bench import DATABASES, Bench, all_runs
from tests.support.threads import together

pytestmark = pytest.mark.parametrize("database", DATABASES, indirect=True)
NOON = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


def ticking(expression: str, seen: list[Any] | None = None, **options: Any) -> Any:
    def handler(nothing: None, ctx: Any) -> None:
        (seen if seen is not None else []).append((nothing, ctx.trigger.type))

    return step("Tick", handler, triggers=[cron(expression, **options)])


def slots() -> list[datetime]:
    return sorted(run.slot for run in all_runs() if run.slot is not None)


def test_coming_minute_is_planned_once(bench: Bench, serve: Any) -> None:
    serve(ticking("*/30 * * * * *"))
    assert plan("Tick", 0, NOON) == 2
    assert plan("Tick", 0, NOON) == 0
    assert plan("Tick", 0, NOON + timedelta(seconds=20)) == 0
    assert plan("Tick", 0, NOON + timedelta(seconds=31)) == 1
    assert slots() == [NOON + timedelta(seconds=30 * number) for number in (1, 2, 3)]
    assert all(run.due_at == run.slot for run in all_runs())


def test_many_planners_plan_each_slot_once(bench: Bench, serve: Any) -> None:
    serve(ticking("*/5 * * * * *"))
    moments = [NOON + timedelta(seconds=7 * number) for number in range(20)]
    together(*[lambda: [plan("Tick", 0, moment) for moment in moments]] * 5)
    expected = Slots("*/5 * * * * *").between(NOON, moments[-1] + timedelta(seconds=60))
    assert slots() == list(expected)


def test_run_starts_in_its_slot_and_not_before(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    serve(ticking("* * * * * *", seen, overlap="allow"))
    plan("Tick", 0)
    bench.work()
    early = len(seen)
    rows().filter(pk=all_runs(state="ready")[0].pk).update(due_at=Now())
    bench.work()
    assert len(seen) == early + 1
    assert set(seen) == {(None, "cron")}


@pytest.mark.parametrize(("missed", "made_up"), [("skip", 0), ("one", 1), ("all", 9)])
def test_missed_slots_are_made_up_for_as_declared(bench: Bench, serve: Any, missed: Any, made_up: int) -> None:
    seen: list[Any] = []
    serve(ticking("* * * * *", seen, missed=missed))
    plan("Tick", 0)
    rows().all().delete()
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0)
    Schedule.objects.using(rows().db).update(planned_until=minute - timedelta(minutes=10))
    plan("Tick", 0, now)
    late = [slot for slot in slots() if slot < now - timedelta(seconds=60)]
    assert len(late) - (now - minute > timedelta(seconds=59)) <= made_up <= len(late) + 1
    bench.work()
    assert made_up <= len(seen) <= made_up + 2  # the slots of this minute are in time


def test_slot_that_waited_too_long_for_a_worker_was_missed(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    serve(ticking("* * * * *", seen))
    plan("Tick", 0, datetime.now(UTC) - timedelta(minutes=5))
    bench.work()
    assert seen == []
    assert [(run.state, run.reason) for run in all_runs()] == [("skipped", "missed")]


def test_slot_is_left_out_while_the_run_before_goes_on(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    serve(ticking("*/10 * * * * *", seen, missed="all"))
    plan("Tick", 0, datetime.now(UTC) - timedelta(seconds=90))
    first, second, third, *_ = all_runs()
    assert first.slot is not None
    rows().filter(pk=first.pk).update(
        state=Run.State.DONE, started_at=first.slot, finished_at=second.due_at + timedelta(seconds=5)
    )
    bench.work()
    states = {run.pk: (run.state, run.reason) for run in all_runs()}
    assert states[second.pk] == ("skipped", "the run before went on")
    assert states[third.pk][0] == "done"


def test_switching_the_row_off_stops_what_is_planned(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    made = ticking("* * * * * *", seen, missed="all")
    serve(made)
    keep_rows()
    plan("Tick", 0)
    PeriodicTask.objects.filter(name="steps: Tick").update(enabled=False)
    bench.hurry()
    bench.work()
    assert seen == []
    assert {run.reason for run in all_runs()} == {"its schedule is switched off"}
    keep_rows()
    assert PeriodicTask.objects.get(name="steps: Tick").enabled is False


def test_slots_of_an_older_schedule_are_left_out(bench: Bench, serve: Any) -> None:
    seen: list[Any] = []
    serve(ticking("*/20 * * * * *", seen))
    plan("Tick", 0)
    serve(ticking("*/30 * * * * *", seen))
    bench.hurry()
    bench.work()
    assert {run.state for run in all_runs()} <= {"dead", "skipped"}
    assert seen == []


def test_rows_follow_the_steps_and_leave_others_alone(bench: Bench, serve: Any) -> None:
    every = IntervalSchedule.objects.create(every=7, period=IntervalSchedule.SECONDS)
    mine = PeriodicTask.objects.create(name="mine", task="my.task", interval=every)
    serve(ticking("@daily"), step("Other", lambda nothing, ctx: None, triggers=[cron("@daily"), cron("@hourly")]))
    keep_rows()
    names = {"mine", "steps: dispatch", "steps: Tick", "steps: Other (1)", "steps: Other (2)"}
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == names
    row = PeriodicTask.objects.get(name="steps: Other (2)")
    assert (row.task, json.loads(row.args)) == ("steps.plan", ["Other", 1])
    assert "@hourly" in row.description
    serve(ticking("@hourly"))
    keep_rows()
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == {"mine", "steps: dispatch", "steps: Tick"}
    assert "@hourly" in PeriodicTask.objects.get(name="steps: Tick").description
    mine.refresh_from_db()
    assert (mine.task, mine.interval) == ("my.task", every)


def test_row_of_that_name_that_somebody_made_is_left_alone(bench: Bench, serve: Any) -> None:
    every = IntervalSchedule.objects.create(every=7, period=IntervalSchedule.SECONDS)
    PeriodicTask.objects.create(name="steps: Tick", task="my.task", interval=every)
    made = ticking("@daily")
    serve(made)
    keep_rows()
    assert PeriodicTask.objects.get(name="steps: Tick").task == "my.task"


class Scheduler:
    """One of several beats in a simulated day: it ticks, is killed in the midst of it, pauses and comes back."""

    def __init__(self, seed: int, clock: Callable[[], Iterator[datetime]], steps: list[tuple[str, int]]) -> None:
        self.dice = random.Random(seed)
        self.clock, self.steps = clock, steps
        self.faults: Counter[str] = Counter()

    def live(self) -> None:
        asleep_until = None
        for moment in self.clock():
            if asleep_until is not None and moment < asleep_until:
                continue
            chance = self.dice.random()
            if chance < 0.05:
                self.faults["paused"] += 1
                asleep_until = moment + timedelta(minutes=self.dice.uniform(1, 90))
                continue
            late = moment - timedelta(seconds=self.dice.uniform(0, 40))  # what it thinks the time is
            for name, index in self.steps:
                if self.dice.random() < 0.1:
                    self.faults["killed"] += 1
                    break
                plan(name, index, late)


@pytest.mark.feature("E15")
def test_five_schedulers_of_which_one_is_alive_plan_a_day_with_a_change_of_the_clocks(
    bench: Bench, serve: Any, database: str
) -> None:
    start = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)  # midnight in Berlin, the day has 25 hours
    end = start + timedelta(hours=24)
    expressions = ["*/10 * * * *", "30 2 * * *", "15 */3 * * *", "@hourly", "5 2,3 * * *"]
    made = [
        step(f"Tick{number}", lambda nothing, ctx: None, triggers=[cron(text, timezone="Europe/Berlin", missed="all")])
        for number, text in enumerate(expressions)
    ]
    serve(*made)
    names = [(item.name, 0) for item in made]
    pace = timedelta(minutes=10)

    def clock() -> Iterator[datetime]:
        moment = start
        while moment < end:
            yield moment
            moment += pace

    for name, index in names:
        plan(name, index, start)  # the first of them begins everything
    schedulers = [Scheduler(seed, clock, names) for seed in range(5)]
    together(*[scheduler.live for scheduler in schedulers])
    for name, index in names:
        plan(name, index, end)
    faults = sum((scheduler.faults for scheduler in schedulers), Counter())
    assert min(faults["killed"], faults["paused"]) > 10
    until = end + timedelta(seconds=60)
    for item, text in zip(made, expressions, strict=True):
        expected = list(Slots(text, "Europe/Berlin").between(start, until))
        planned = [run.slot for run in all_runs(step=item.name)]
        assert sorted(planned) == expected, text  # type: ignore[type-var]
