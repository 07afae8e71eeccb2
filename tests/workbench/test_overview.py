"""Overview: counts that stop at a bound, health, the last errors."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from steps.models import Heartbeat, Run
from steps.workbench import overview
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
NUMBERS, ERRORS, HEALTH = (
    reverse(f"admin:steps_workbench_overview_{name}") for name in ("numbers", "errors", "health")
)
LOGIN = 3  # session, user, permissions


def test_counts_stop_at_a_bound(
    person: Any, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(overview, "COUNTED", 2)
    for _ in range(4):
        make_run(state=Run.State.DEAD)
    make_run(state=Run.State.RUNNING)
    client = person(superuser=True)
    with django_assert_num_queries(LOGIN - 1 + len(Run.State)) as queries:
        answer = client.get(NUMBERS).json()
    assert answer["states"]["dead"] == 3  # "2+"
    assert answer["states"] | {"dead": 0} == {state: int(state == "running") for state in answer["states"]}
    counting = [query["sql"] for query in queries.captured_queries if "COUNT" in query["sql"]]
    assert all("LIMIT 3" in sql for sql in counting)


def test_the_last_errors_come_first(person: Any, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    make_run(state=Run.State.DEAD, reason="ValueError: no\nmore", step="First")
    make_run(state=Run.State.FAILED, reason="KeyError: x", step="Second", trigger="http", source="POST /x")
    make_run(state=Run.State.DONE)
    client = person("steps.view_workbench")
    with django_assert_num_queries(LOGIN + 1 + 2):  # permissions of the user and of their groups
        found = client.get(ERRORS).json()["errors"]
    assert [(error["step"], error["reason"]) for error in found] == [
        ("Second", "KeyError: x"),
        ("First", "ValueError: no"),
    ]
    assert found[0]["source"] == "http POST /x"


def test_health_names_what_is_missing(person: Any) -> None:
    Heartbeat.objects.create(kind=Heartbeat.Kind.WORKER, host="here", pid=7)
    answer = person("steps.view_workbench").get(HEALTH).json()
    parts = {part["name"]: part for part in answer["parts"]}
    assert parts["database"]["state"] == "ok"
    assert parts["beat"] == {"name": "beat", "state": "down", "detail": "none has shown a heartbeat"}
    assert [(one["host"], one["pid"], one["late"]) for one in answer["processes"]] == [("here", 7, False)]
