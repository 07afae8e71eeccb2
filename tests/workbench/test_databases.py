"""The workbench reads the database that runs and streams are in, whichever it is."""

from typing import Any

import pytest
from django.urls import reverse
from pytest_django import Settings

from steps.models import Run
from streams.models import Group
from tests.workbench.conftest import make_run

READ: list[tuple[str, dict[str, str]]] = [
    ("overview_numbers", {}),
    ("overview_errors", {}),
    ("flows_graph", {}),
    ("flows_running", {}),
    ("flows_details", {"step": "CreateTodo"}),
    ("endpoints_endpoints", {}),
]


@pytest.mark.django_db(databases=["default", "postgres"])
@pytest.mark.parametrize("database", ["default", "postgres"])
def test_runs_are_read_where_they_are(person: Any, settings: Settings, database: str) -> None:
    settings.STREAMS = {**settings.STREAMS, "database": database}
    client = person(superuser=True)
    dead = make_run(using=database, state=Run.State.DEAD, step="CreateTodo", reason="ValueError: no")
    make_run(using=database, state=Run.State.RUNNING, step="CreateTodo", trace_id=dead.trace_id)
    found = {}
    for name, query in [*READ, ("endpoints_trace", {"id": dead.trace_id})]:
        answer = client.get(reverse(f"admin:steps_workbench_{name}"), query)
        assert answer.status_code == 200, (name, answer.content)
        found[name] = answer.json()
    assert found["overview_numbers"]["states"]["dead"] == 1
    assert [error["id"] for error in found["overview_errors"]["errors"]] == [dead.pk]
    assert len(found["flows_running"]["running"]) == 1
    assert len(found["flows_details"]["recent"]) == 2
    assert len(found["endpoints_trace"]["runs"]) == 2
    assert dead.pk in client.get(reverse("admin:steps_run_changelist"), {"q": "CreateTodo"}).content.decode()


@pytest.mark.django_db(databases=["default", "postgres"])
@pytest.mark.parametrize("database", ["default", "postgres"])
def test_rows_of_streams_are_listed_from_where_they_are(person: Any, settings: Settings, database: str) -> None:
    settings.STREAMS = {**settings.STREAMS, "database": database}
    client = person(superuser=True)
    group = Group.objects.using(database).create(
        stream="todo", key="kept", sequence=1, epoch="a", previous_epoch="b", clock=1
    )
    for name in ("group", "item", "change"):
        page = client.get(reverse(f"admin:streams_{name}_changelist"), {"stream": "todo"})
        assert page.status_code == 200
        assert ("kept" in page.content.decode()) == (name == "group")
    assert client.get(reverse("admin:streams_group_change", args=[group.pk])).status_code == 200
