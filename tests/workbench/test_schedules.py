"""The workbench's Schedules without a browser: what comes next, running now, switching off, the rows of the beat."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from steps.crons import cron
from steps.definition import step
from steps.models import Run
from steps.registry import registry
from steps.timetable import keep_rows
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def steps() -> Iterator[None]:
    before = registry.all()

    @step("Tick", triggers=[cron("*/10 * * * *"), cron("0 9 * * mon", timezone="Asia/Tokyo", overlap="allow")])
    def tick(_: None, ctx: Any) -> None:
        """Do what is due."""

    registry.replace([tick])
    keep_rows()
    yield
    registry.replace(before)


def read(client: Client, name: str) -> Any:
    answer = client.get(reverse(f"admin:steps_workbench_schedules_{name}"))
    assert answer.status_code == 200, answer.content
    return answer.json()


def do(client: Client, name: str, **body: Any) -> Any:
    return client.post(reverse(f"admin:steps_workbench_schedules_do_{name}"), body, content_type="application/json")


def test_the_next_firings_are_those_of_the_expression(person: Any) -> None:
    first, second = read(person("steps.view_run"), "schedules")["schedules"]
    moments = [datetime.fromisoformat(slot) for slot in first["next"]]
    assert len(moments) == 5
    assert all(moment.minute % 10 == 0 and moment.second == 0 for moment in moments)
    assert {later - sooner for sooner, later in pairwise(moments)} == {timedelta(minutes=10)}
    assert timedelta(0) < moments[0] - datetime.now(UTC) <= timedelta(minutes=10)
    mondays = [datetime.fromisoformat(slot) for slot in second["next"]]
    assert {(slot.weekday(), slot.hour, slot.minute) for slot in mondays} == {(0, 0, 0)}  # 9 in Tokyo
    assert (second["expression"], second["zone"], second["overlap"]) == ("0 9 * * mon", "Asia/Tokyo", "allow")


def test_the_last_run_is_the_newest_that_has_begun(person: Any) -> None:
    for state in ("done", "dead", "ready"):
        make_run(step="Tick", trigger="cron", state=state, reason="ValueError: late\n..." if state == "dead" else "")
    make_run(step="Tick", trigger="cron", trigger_index=1, state="skipped")
    first, second = read(person("steps.view_run"), "schedules")["schedules"]
    assert (first["last"]["state"], first["last"]["reason"]) == ("dead", "ValueError: late")
    assert second["last"]["state"] == "skipped"


def test_a_step_is_run_now_by_those_who_may(person: Any) -> None:
    assert do(person("steps.view_run"), "run_now", step="Tick", index=0).status_code == 403
    client = person("steps.view_run", "steps.add_run")
    started = do(client, "run_now", step="Tick", index=1).json()
    run = Run.objects.get(pk=started["id"])
    assert (run.trigger, run.trigger_index, run.slot, run.state) == ("cron", 1, None, "ready")
    assert run.due_at <= datetime.now(UTC)
    assert do(client, "run_now", step="Tick", index=2).status_code == 404
    assert do(client, "run_now", step="Other", index=0).status_code == 404


def test_runs_that_may_not_overlap_are_not_started_beside_one(person: Any) -> None:
    client = person("steps.view_run", "steps.add_run")
    for index in (0, 1):
        make_run(step="Tick", trigger="cron", trigger_index=index, state="running")
    refused = do(client, "run_now", step="Tick", index=0)
    assert (refused.status_code, "goes on" in refused.json()["error"]) == (400, True)
    assert do(client, "run_now", step="Tick", index=1).status_code == 200


def test_a_schedule_is_switched_off_and_on(person: Any) -> None:
    assert do(person("steps.view_run"), "turn", step="Tick", index=0, on=False).status_code == 403
    client = person("steps.view_run", "django_celery_beat.change_periodictask")
    before = PeriodicTasks.last_change()
    assert do(client, "turn", step="Tick", index=0, on=False).json() == {"on": False}
    assert [one["on"] for one in read(client, "schedules")["schedules"]] == [False, True]
    assert PeriodicTasks.last_change() != before  # the beat is told
    assert do(client, "turn", step="Tick", index=0, on=True).json() == {"on": True}
    assert do(client, "turn", step="Tick", index=0, on="yes").status_code == 400
    PeriodicTask.objects.all().delete()
    assert do(client, "turn", step="Tick", index=0, on=False).status_code == 404


def test_the_rows_of_the_beat_are_listed_for_those_who_may_see_them(person: Any) -> None:
    every = IntervalSchedule.objects.create(every=3, period="hours")
    PeriodicTask.objects.create(name="mine", task="my.task", interval=every, enabled=False)
    assert person("steps.view_run").get(reverse("admin:steps_workbench_schedules_beats")).status_code == 403
    client = person("steps.view_run", "django_celery_beat.view_periodictask")
    found = {one["name"]: one for one in read(client, "beats")["beats"]}
    assert sorted(found) == ["mine", "steps: Tick (1)", "steps: Tick (2)", "steps: dispatch"]
    mine = found["mine"]
    assert (mine["schedule"], mine["enabled"], mine["last"]) == ("every 3 hours", False, None)
    assert client.get(mine["url"]).status_code == 200
