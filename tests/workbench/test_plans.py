"""What the workbench asks the database is answered by indexes, whatever the size of the tables."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from steps.models import Run
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
LARGE = ("steps_run", "streams_change", "streams_item")

ASKED: list[tuple[str, dict[str, str]]] = [
    ("steps_workbench_overview_numbers", {}),
    ("steps_workbench_overview_errors", {}),
    ("steps_workbench_flows_running", {}),
    ("steps_workbench_flows_details", {"step": "CreateTodo"}),
    ("steps_workbench_endpoints_trace", {"id": "0" * 32}),
    ("steps_run_changelist", {}),
    ("steps_run_changelist", {"step": "CreateTodo"}),
    ("steps_run_changelist", {"q": "0" * 32}),
    ("streams_change_changelist", {}),
    ("streams_item_changelist", {}),
]


def plan(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[3] for row in cursor.fetchall()]


@pytest.mark.parametrize(("name", "query"), ASKED)
def test_nothing_sorts_or_scans_a_large_table(person: Any, name: str, query: dict[str, str]) -> None:
    make_run(state=Run.State.DONE)
    client = person(superuser=True)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(f"{reverse(f'admin:{name}')}?{urlencode(query)}")
    assert answer.status_code == 200
    asked = [
        found["sql"] for found in captured.captured_queries if any(f'"{table}"' in found["sql"] for table in LARGE)
    ]
    assert asked
    for sql in asked:
        lines = plan(sql)
        if any(line.startswith(f"SCAN {table}") for line in lines for table in LARGE):
            # in the order of a key and up to a bound: it stops where it has enough
            assert " LIMIT " in sql or name.endswith("changelist"), (lines, sql)
            assert "USE TEMP B-TREE FOR ORDER BY" not in lines, sql
