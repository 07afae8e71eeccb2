"""Traces: what is listed, what is found, what a run has written down when, and what it costs among 100,000 runs."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from steps.definition import step
from steps.kinds import queue
from steps.models import Run
from steps.registry import registry
from steps.workbench import traces
from streams.registry import registry as streams_registry
from streams.writer import Stream
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
LIST, TRACE, RUN, CHANGE = (
    reverse(f"admin:steps_workbench_traces_{name}") for name in ("traces", "trace", "run", "change")
)
BEGIN = datetime(2026, 11, 20, 12, tzinfo=UTC)
MANY = 100_000


@pytest.fixture
def client(person: Any) -> Client:
    logged_in: Client = person("steps.view_run")
    return logged_in


def after(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def ms(moment: datetime) -> float:
    return moment.timestamp() * 1000


def steps_of(client: Client, **query: Any) -> list[str]:
    return [trace["step"] for trace in client.get(LIST, query).json()["traces"]]


def test_runs_are_summed_up_by_trace(client: Client) -> None:
    first = make_run(
        step="Take",
        trigger="http",
        source="POST /x",
        state="done",
        created_at=BEGIN,
        started_at=BEGIN,
        finished_at=after(1),
    )
    make_run(step="Work", trace_id=first.trace_id, parent_id=first.id, state="dead", finished_at=after(4))
    other = make_run(step="Wait", due_at=after(60))
    found = client.get(LIST).json()["traces"]
    assert [trace["id"] for trace in found] == [other.trace_id, first.trace_id]
    planned, worked = found
    assert (planned["state"], planned["begun"], planned["at"], planned["until"]) == (
        "ready",
        False,
        ms(after(60)),
        None,
    )
    assert (worked["step"], worked["source"], worked["state"]) == ("Take", "http POST /x", "dead")
    assert (worked["runs"], worked["failed"], worked["more"]) == (2, 1, False)
    assert (worked["at"], worked["until"]) == (ms(BEGIN), ms(after(4)))


@pytest.fixture
def shop() -> Iterator[None]:
    before = registry.all()

    def nothing(input: Any, ctx: Any) -> None: ...

    registry.replace([step("Pack", nothing, triggers=[queue("ordered")], flows=["shop"])])
    yield
    registry.replace(before)


def test_traces_are_found_by_any_of_their_runs(client: Client, shop: None) -> None:
    order = make_run(step="Order", state="done", started_at=BEGIN, finished_at=after(0.2))
    make_run(
        step="Pack", trace_id=order.trace_id, state="dead", started_at=BEGIN, finished_at=after(5), reason="no box"
    )
    make_run(step="Slow", state="running", started_at=BEGIN)
    make_run(step="Other", state="skipped", logs=json.dumps([{"message": "🐾 found"}]))
    assert steps_of(client) == ["Other", "Slow", "Order"]
    assert steps_of(client, flow="shop") == ["Order"]
    assert steps_of(client, flow="no such flow") == []
    assert steps_of(client, step="Pack") == ["Order"]
    assert steps_of(client, state="dead") == ["Order"]
    assert steps_of(client, state="dead", step="Slow") == []
    assert steps_of(client, slower="1000") == ["Slow", "Order"]  # the running one has taken longer already
    assert steps_of(client, slower="5001") == ["Slow"]
    assert steps_of(client, text="NO BOX") == ["Order"]
    assert steps_of(client, text="🐾") == ["Other"]
    assert steps_of(client, text=f" {order.trace_id} ") == ["Order"]
    assert steps_of(client, text=order.id) == ["Order"]
    assert client.get(LIST, {"slower": "soon"}).status_code == 400


def test_what_was_written_down_has_the_time_of_its_attempt(client: Client) -> None:
    def failed(number: int, at: float, until: float) -> dict[str, Any]:
        moments = {"started_at": after(at).isoformat(), "ended_at": after(until).isoformat()}
        return {"attempt": number, **moments, "error": f"Oops: {number}", "traceback": f"stack {number}"}

    entries = [(1, 100), (1, 200), (2, 50), (1, 30), (2, 10)]  # the last two after it was redriven
    run = make_run(
        state="done", attempts=2, created_at=BEGIN, started_at=after(40), finished_at=after(41),
        history=json.dumps([failed(1, 10, 11), failed(2, 20, 21), failed(1, 30, 31)]),
        logs=json.dumps([{"at": at, "attempt": number, "level": "info", "message": "x"} for number, at in entries]),
        operations=json.dumps([{"at": 5, "attempt": 2, "operation": "state.set", "group": "g", "id": "i"}]),
    )  # fmt: skip
    (shown,) = client.get(TRACE, {"id": run.trace_id}).json()["runs"]
    assert [(one["number"], one["at"], one["error"]) for one in shown["attempts"]] == [
        (1, ms(after(10)), "Oops: 1"),
        (2, ms(after(20)), "Oops: 2"),
        (1, ms(after(30)), "Oops: 1"),
        (2, ms(after(40)), ""),
    ]
    assert [line["at"] for line in shown["logs"]] == [
        ms(after(seconds)) for seconds in (10.1, 10.2, 20.05, 30.03, 40.01)
    ]
    (operation,) = shown["operations"]
    assert (operation["stream"], operation["where"], operation["at"]) == ("streams:state", "g/i", ms(after(20.005)))
    more = client.get(RUN, {"id": run.id}).json()
    assert [error["stack"] for error in more["errors"]] == ["stack 1", "stack 2", "stack 1"]
    assert client.get(RUN, {"id": "0" * 32}).status_code == 404


def test_a_run_that_waits_for_its_next_attempt_does_not_go_on(client: Client) -> None:
    waiting = make_run(started_at=BEGIN, attempts=1)  # its worker was lost
    dead = make_run(state="dead", started_at=BEGIN, finished_at=after(1), attempts=3)
    never = make_run(state="dead", started_at=None)
    found = [client.get(TRACE, {"id": run.trace_id}).json()["runs"][0]["attempts"] for run in (waiting, dead, never)]
    assert [len(attempts) for attempts in found] == [0, 1, 0]


def test_a_long_trace_is_read_in_parts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "RUNS", 2)
    runs = [make_run(trace_id="a" * 32) for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        part = client.get(TRACE, {"id": "a" * 32, "after": cursor}).json()
        seen += [run["id"] for run in part["runs"]]
        cursor = part["after"]
    assert seen == [run.id for run in runs]
    assert client.get(TRACE, {"id": "b" * 32}).json()["runs"] == []


def test_the_value_that_an_operation_has_written_is_shown(person: Any, client: Client) -> None:
    before = streams_registry.all()
    notes = Stream("notes")
    streams_registry.replace([*before, notes])
    try:
        for text in ("first", "second"):
            notes.set("inbox", "42", {"text": text})
    finally:
        streams_registry.replace(before)
    place = {"stream": "notes", "group": "inbox", "sequence": "1"}
    allowed = person("steps.view_run", "streams.view_change")
    assert allowed.get(CHANGE, place).json() == {"kind": "create", "value": {"id": "42", "text": "first"}}
    assert allowed.get(CHANGE, place | {"sequence": "3"}).status_code == 404
    assert client.get(CHANGE, place).json()["error"] == "You need the permission streams.view_change."


def test_a_large_input_is_left_out(client: Client) -> None:
    run = make_run(input=json.dumps("x" * traces.SHOWN))
    answer = client.get(RUN, {"id": run.id}).json()
    assert (answer["input"], answer["size"]) == (None, traces.SHOWN + 2)


@pytest.fixture
def many() -> str:
    """100,000 runs, five to a trace, among which one is dead; its trace."""
    model = make_run(state="done")  # the database makes the others from it: bulk_create takes half a minute
    values = {
        "id": f"printf('%%014x%%018x', {time.time_ns() // 1000} + n, n)",
        "trace_id": "printf('%%032x', n / 5)",
        "step": "'Step' || (n %% 7)",
        "state": f"CASE n WHEN {MANY // 2} THEN 'dead' ELSE 'done' END",
    }
    columns = [field.column for field in Run._meta.concrete_fields]
    sources = [values.get(column, column) for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < %s)"
            f" INSERT INTO steps_run ({', '.join(columns)}) SELECT {', '.join(sources)} FROM steps_run, numbers"
            " WHERE id = %s",
            [MANY, model.pk],
        )
    model.delete()
    return Run.objects.get(state="dead").trace_id


def plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        return [row[3] for row in cursor.fetchall()]


def test_among_100000_runs_only_so_many_are_read(client: Client, many: str) -> None:
    def ask(url: str, queries: int, **query: Any) -> Any:
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(url, query).json()
        asked = [one["sql"] for one in captured.captured_queries if "steps_run" in one["sql"]]
        assert len(asked) == queries, asked
        assert all("LIMIT" in sql for sql in asked)
        assert not any("COUNT(" in sql or "DISTINCT" in sql for sql in asked)
        assert [step for sql in asked for step in plan(sql) if "state=" in step] == []  # would read all of that state
        return answer

    first = ask(LIST, 3)
    assert len(first["traces"]) == traces.LISTED
    second = ask(LIST, 3, before=first["before"])
    assert second["traces"][0]["id"] == Run.objects.order_by("-pk")[traces.LISTED * 5].trace_id
    looked = ask(LIST, 2, state="dead")  # not among the newest 2,000: it says how far it has looked
    assert looked["traces"] == []
    assert looked["before"] == Run.objects.order_by("-pk")[traces.WINDOW - 1].pk
    assert looked["until"] > 0
    assert len(ask(LIST, 3, state="done")["traces"]) == traces.LISTED
    assert ask(LIST, 3, step="Step3", before=looked["before"])["traces"] != []
    assert ask(LIST, 2, text="nothing has this")["before"] == looked["before"]
    assert [trace["id"] for trace in ask(LIST, 3, text=many)["traces"]] == [many]
    assert len(ask(TRACE, 1, id=many)["runs"]) == 5
    cursor, rounds = None, 0
    while not (found := client.get(LIST, {"state": "dead", **({"before": cursor} if cursor else {})}).json())["traces"]:
        cursor, rounds = found["before"], rounds + 1
    assert (found["traces"][0]["id"], rounds) == (many, MANY // 2 // traces.WINDOW - 1)
