"""The workbench's Queues without a browser: counts and lists at a bounded cost, and what is done to runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from steps.models import Run
from steps.workbench import queues
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def read(client: Client, name: str, **query: Any) -> Any:
    answer = client.get(reverse(f"admin:steps_workbench_queues_{name}"), query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def do(client: Client, name: str, **body: Any) -> Any:
    return client.post(reverse(f"admin:steps_workbench_queues_do_{name}"), body, content_type="application/json")


@pytest.fixture
def client(person: Any) -> Iterator[Client]:
    return person("steps.view_run", "steps.change_run")


def many(count: int, **columns: Any) -> None:
    """Store runs of which two at a time ended in the same second, past the ORM: that takes long."""
    first = make_run(**{"created_at": BEGAN, "due_at": BEGAN, **columns})
    moment = "strftime('%%Y-%%m-%%d %%H:%%M:%%S', '2026-01-01', (nth / 2) || ' seconds')"
    own = {"id": f"printf('{first.id[:20]}%%012x', nth)", "hand_at": moment, "finished_at": moment}
    names = [field.column for field in Run._meta.fields]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE numbers(nth) AS (SELECT 1 UNION ALL SELECT nth + 1 FROM numbers WHERE nth < %s)"
            f" INSERT INTO steps_run ({', '.join(names)}) SELECT {', '.join(own.get(name, name) for name in names)}"
            " FROM numbers, steps_run WHERE id = %s",
            [count - 1, first.id],
        )
    Run.objects.filter(pk=first.pk).update(hand_at=BEGAN, finished_at=BEGAN)


def test_runs_are_counted_by_step_and_state(client: Client) -> None:
    for state in ("ready", "ready", "running", "dead", "done"):
        make_run(step="Pack", state=state)
    make_run(step="Ship", state="dead")
    found = {one["step"]: one for one in read(client, "steps")["steps"]}
    assert {"ready": 2, "running": 1, "dead": 1, "gone": True}.items() <= found["Pack"].items()
    assert {"ready": 0, "running": 0, "dead": 1}.items() <= found["Ship"].items()
    assert not found["CreateTodo"]["gone"]


@pytest.mark.parametrize("state", ["", "ready", "running", "dead", "done"])
def test_every_list_is_paged_to_its_end(client: Client, state: str) -> None:
    many(120, state=state or "done")
    pages = [read(client, "listed", state=state)]
    while pages[-1]["after"]:
        pages.append(read(client, "listed", state=state, after=pages[-1]["after"]))
    ids = [run["id"] for page in pages for run in page["runs"]]
    assert [len(page["runs"]) for page in pages] == [50, 50, 20]
    assert len(set(ids)) == 120


def test_a_list_is_that_of_a_step_and_a_state(client: Client) -> None:
    wanted = make_run(step="Pack", state="dead", reason="ValueError: lost\nat the counter")
    make_run(step="Pack", state="done")
    make_run(step="Ship", state="dead")
    [found] = read(client, "listed", step="Pack", state="dead")["runs"]
    assert (found["id"], found["reason"]) == (wanted.id, "ValueError: lost")
    assert len(read(client, "listed", step="Pack")["runs"]) == 2
    assert client.get(reverse("admin:steps_workbench_queues_listed"), {"state": "odd"}).status_code == 400
    odd = {"state": "dead", "after": "yesterday~1"}
    assert client.get(reverse("admin:steps_workbench_queues_listed"), odd).status_code == 400


def test_a_run_is_shown_with_its_input_and_its_attempts(client: Client) -> None:
    run = make_run(state="dead", input='{"petId": "7"}', history='[{"attempt": 1, "error": "ValueError: lost"}]')
    found = read(client, "run", id=run.id)
    assert found["input"] == {"petId": "7"}
    assert found["history"][0]["error"] == "ValueError: lost"
    assert client.get(found["url"]).status_code == 200
    assert client.get(reverse("admin:steps_workbench_queues_run"), {"id": "nothing"}).status_code == 404


def test_a_hundred_thousand_runs_cost_what_a_hundred_do(client: Client) -> None:
    many(100_000, state="done")
    many(2_000, state="dead", step="Pack")
    many(2_000, state="ready")
    for name, query, most in (
        ("steps", {}, 3),
        ("listed", {}, 1),
        ("listed", {"state": "dead", "step": "Pack"}, 1),
        ("listed", {"state": "done", "after": f"{BEGAN.isoformat()}~x"}, 1),
    ):
        with CaptureQueriesContext(connection) as asked:
            read(client, name, **query)
        ours = [one["sql"] for one in asked.captured_queries if "steps_run" in one["sql"]]
        assert len(ours) <= most, ours
        assert all("LIMIT" in sql and "COUNT(" not in sql for sql in ours)
        with connection.cursor() as cursor:
            for sql in ours:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(row[-1] for row in cursor.fetchall())
                assert "USING" in plan, (sql, plan)
                assert "B-TREE FOR ORDER BY" not in plan, (sql, plan)  # the last term of one may be sorted
    found = {one["step"]: one for one in read(client, "steps")["steps"]}
    assert found["Pack"]["dead"] == queues.COUNTED + 1
    assert read(client, "steps")["more"] == ["ready", "dead"]


def test_dead_letters_are_tried_again(client: Client) -> None:
    dead, done = make_run(state="dead", failures=4), make_run(state="done")
    assert do(client, "redrive", ids=[dead.id, done.id]).json() == {"done": 1, "asked": 2}
    dead.refresh_from_db()
    assert (dead.state, dead.failures) == ("ready", 0)


def test_all_dead_letters_of_a_step_are_tried_again(client: Client) -> None:
    for step in ("Pack", "Pack", "Ship"):
        make_run(step=step, state="dead")
    assert do(client, "redrive_all", step="Pack").json() == {"done": 2, "more": False}
    assert Run.objects.get(state="dead").step == "Ship"
    assert do(client, "redrive_all").json()["done"] == 1


def test_what_waits_for_its_time_need_not(client: Client) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    waiting, slot = make_run(due_at=later), make_run(due_at=later, slot=later)
    assert do(client, "retry", ids=[waiting.id, slot.id]).json() == {"done": 1, "asked": 2}
    waiting.refresh_from_db()
    slot.refresh_from_db()
    assert waiting.due_at < later
    assert slot.due_at == later


def test_unfinished_runs_are_cancelled(client: Client) -> None:
    waiting, running, done = (make_run(state=state) for state in ("ready", "running", "done"))
    assert do(client, "cancel", ids=[waiting.id, running.id, done.id]).json() == {"done": 2, "asked": 3}
    assert set(Run.objects.filter(state="cancelled").values_list("pk", flat=True)) == {waiting.id, running.id}


@pytest.mark.parametrize("ids", [None, "all", [1], ["x"] * 501])
def test_odd_lists_of_ids_are_refused(client: Client, ids: Any) -> None:
    assert do(client, "cancel", ids=ids).status_code == 400
