"""Logs: whose lines are listed, which fit, and how far one answer looks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from steps.models import Run
from steps.workbench import logs
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
LINES = reverse("admin:steps_workbench_logs_lines")
BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def client(person: Any) -> Client:
    logged_in: Client = person("steps.view_run")
    return logged_in


def talk(*messages: tuple[str, str], **columns: Any) -> Run:
    """Store a run that has logged (level, message), one a second."""
    lines = [
        {"at": 1000 * number, "attempt": 1, "level": level, "message": message, "data": {"petId": str(number)}}
        for number, (level, message) in enumerate(messages)
    ]
    return make_run(state="running", started_at=BEGIN, attempts=1, logs=json.dumps(lines), **columns)


def said(client: Client, **query: Any) -> list[str]:
    return [line["message"] for line in client.get(LINES, query).json()["lines"]]


def test_lines_have_their_time_and_their_run(client: Client) -> None:
    run = talk(("info", "🐾 Pet created"), ("error", "broken"), step="CreatePet")
    make_run()  # has said nothing
    first, second = client.get(LINES).json()["lines"]
    assert first == {
        "id": f"{run.id}.0", "run": run.id, "trace": run.trace_id, "step": "CreatePet", "attempt": 1,
        "at": BEGIN.timestamp() * 1000, "level": "info", "message": "🐾 Pet created", "data": {"petId": "0"},
    }  # fmt: skip
    assert second["at"] == first["at"] + 1000


def test_lines_are_filtered(client: Client) -> None:
    one = talk(("info", "Ärger"), ("warning", "hot"), ("error", "burnt"), ("critical", "gone"), step="Cook")
    other = talk(("info", "🐾 calm"), step="Walk")
    assert said(client, level="warning") == ["hot", "burnt", "gone"]
    assert said(client, level="nonsense") == ["🐾 calm", "Ärger", "hot", "burnt", "gone"]
    assert said(client, text="äRGER") == ["Ärger"]
    assert said(client, text="🐾") == ["🐾 calm"]
    assert said(client, text="walk") == ["🐾 calm"]  # the step
    assert said(client, text="'petid': '3'") == ["gone"]  # the data
    assert said(client, trace=other.trace_id) == ["🐾 calm"]
    assert said(client, runs=f"{one.id},{'0' * 32}", level="critical") == ["gone"]
    assert said(client, runs=one.id, trace=other.trace_id) == []
    assert client.get(LINES, {"runs": ",".join(["0" * 32] * 101)}).status_code == 400


def test_one_answer_looks_only_so_far(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(logs, "WINDOW", 4)
    monkeypatch.setattr(logs, "LINES", 3)
    runs = [talk(("info", f"{number}a"), ("info", f"{number}b")) for number in range(3)]
    quiet = [make_run() for _ in range(6)]
    with django_assert_num_queries(6):  # session, user and its permissions; how far, and the rows
        empty = client.get(LINES).json()
    assert (empty["lines"], empty["before"]) == ([], quiet[2].id)
    full = client.get(LINES, {"before": empty["before"]}).json()
    assert [line["message"] for line in full["lines"]] == ["2a", "2b", "1a", "1b"]
    assert full["before"] == runs[1].id
    last = client.get(LINES, {"before": full["before"]}).json()
    assert ([line["message"] for line in last["lines"]], last["before"]) == (["0a", "0b"], None)
