"""Flows: the diagram has what is declared, and a step's details what it is."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from steps.crons import cron
from steps.definition import step
from steps.kinds import queue
from steps.models import Run
from steps.registry import registry
from steps.triggers import http
from steps.watches import state, stream
from tests.workbench.conftest import make_run

pytestmark = pytest.mark.django_db
GRAPH, RUNNING, DETAILS = (reverse(f"admin:steps_workbench_flows_{name}") for name in ("graph", "running", "details"))


def is_big(input: Any) -> bool:
    return bool(input)


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """A flow with every kind of trigger, and a step that is in none."""
    before = registry.all()

    @step(
        "Order", triggers=[http("POST", "/order")], enqueues=["ordered"], flows=["shop"], virtual_enqueues=["a parcel"]
    )
    def order(request: Any, ctx: Any) -> None:
        """Take an order."""

    def nothing(input: Any, ctx: Any) -> None: ...

    registry.replace(
        [
            order,
            step("Pack", nothing, triggers=[queue("ordered", condition=is_big)], flows=["shop", "depot"]),
            step("Sweep", nothing, triggers=[cron("@daily")], flows=["depot"]),
            step("Tell", nothing, triggers=[stream("parcels", group_id="g"), state(scope="shop")], flows=["shop"]),
            step("Alone", nothing, triggers=[], virtual_subscribes=["a parcel"]),
        ]
    )
    yield
    registry.replace(before)


@pytest.mark.feature("E19", "H11")
def test_nodes_and_edges_are_as_declared(person: Any) -> None:
    graph = person("steps.view_workbench").get(GRAPH, {"flow": "shop"}).json()
    assert graph["flows"] == ["depot", "shop"]
    assert {(node["id"], node["kind"]) for node in graph["nodes"]} == {
        ("step:Order", "step"),
        ("step:Pack", "step"),
        ("step:Tell", "step"),
        ("http:POST /order", "http"),
        ("topic:ordered", "topic"),
        ("label:a parcel", "label"),
        ("stream:stream/parcels/g", "stream"),
        ("state:state/shop", "state"),
    }
    plain = {"conditional": False, "virtual": False}
    edges = sorted(graph["edges"], key=lambda edge: (edge["source"], edge["target"]))
    assert edges == [
        {"source": "http:POST /order", "target": "step:Order", **plain},
        {"source": "state:state/shop", "target": "step:Tell", **plain},
        {"source": "step:Order", "target": "label:a parcel", **plain, "virtual": True},
        {"source": "step:Order", "target": "topic:ordered", **plain},
        {"source": "stream:stream/parcels/g", "target": "step:Tell", **plain},
        {"source": "topic:ordered", "target": "step:Pack", **plain, "conditional": True},
    ]


@pytest.mark.feature("E19")
def test_each_flow_has_a_diagram_of_its_own(person: Any) -> None:
    client = person("steps.view_workbench")

    def steps(**query: str) -> set[str]:
        return {node["label"] for node in client.get(GRAPH, query).json()["nodes"] if node["kind"] == "step"}

    assert steps(flow="depot") == {"Pack", "Sweep"}
    assert steps() == {"Order", "Pack", "Sweep", "Tell", "Alone"}
    assert client.get(GRAPH, {"flow": "nowhere"}).status_code == 404


def test_details_of_a_step(person: Any) -> None:
    client = person("steps.view_workbench", "steps.view_run")
    run = make_run(step="Order", state=Run.State.DONE, trigger="http", source="POST /order")
    make_run(step="Pack")
    found = client.get(DETAILS, {"step": "Order"}).json()
    assert found["description"] == "Take an order."
    assert '\ndef order(request: Any, ctx: Any) -> None:\n    """Take an order."""\n' in found["source"]
    assert found["file"].startswith("tests/workbench/test_flows.py:")
    assert found["enqueues"] == ["ordered"]
    assert [recent["id"] for recent in found["recent"]] == [run.id]
    [pack] = client.get(DETAILS, {"step": "Pack"}).json()["triggers"]
    assert (pack["type"], pack["source"], pack["condition"]) == ("queue", "ordered", "is_big")
    assert pack["facts"]["max_retries"] == 3
    assert client.get(DETAILS, {"step": "Nobody"}).status_code == 404
    assert client.get(DETAILS).status_code == 400


def test_runs_are_for_those_who_may_see_runs(person: Any) -> None:
    running = make_run(step="Pack", state=Run.State.RUNNING)
    looking, both = person("steps.view_workbench"), person("steps.view_workbench", "steps.view_run")
    assert looking.get(RUNNING).json() == {"running": []}
    assert looking.get(DETAILS, {"step": "Pack"}).json()["recent"] is None
    assert both.get(RUNNING).json() == {"running": [{"id": running.id, "step": "Pack"}]}


def test_the_last_runs_of_a_rare_step_are_read_by_an_index(
    person: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = person(superuser=True)
    with django_assert_num_queries(3) as queries:
        client.get(DETAILS, {"step": "Pack"})
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries.captured_queries[-1]['sql']}")
        assert "steps_run_step (step=?)" in str(cursor.fetchall())
