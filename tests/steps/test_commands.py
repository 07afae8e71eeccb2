"""manage.py steps: list, graph, run, redrive."""

import io
import json
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from steps.crons import cron
from steps.definition import step
from steps.messages import enqueue
from steps.queues import QueueConfig, queue
from steps.triggers import http
from steps.watches import state, stream
from tests.steps.bench import DATABASES, Bench, all_runs

pytestmark = pytest.mark.parametrize("database", DATABASES[:1], indirect=True)


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("steps", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def some() -> list[Any]:
    def greet(data: Any, ctx: Any) -> Any:
        """Greet somebody.

        At length.
        """
        return {"hello": data, "as": ctx.trigger.type}

    return [
        step("Greet", greet, triggers=[queue("names"), http("POST", "/greet")], flows=["greetings"], enqueues=["done"]),
        step(
            "Note",
            lambda data, ctx: None,
            triggers=[queue("done"), stream("todo", group_id="inbox"), state("s"), cron("@daily")],
            flows=["greetings"],
            virtual_enqueues=["a mail"],
        ),
        step("Other", lambda data, ctx: None, triggers=[queue("others")], flows=["another"]),
    ]


@pytest.mark.feature("E20")
def test_list_says_what_starts_what(database: str, serve: Any) -> None:
    serve(*some())
    text = said("list")
    assert "Greet  Greet somebody.\n    queue names\n    http POST /greet\n    enqueues done\n" in text
    assert "cron @daily, next at " in text
    assert "Other" not in said("list", "--flow", "greetings")


@pytest.mark.feature("E19")
def test_graph_is_a_mermaid_flowchart(database: str, serve: Any) -> None:
    serve(*some())
    lines = said("graph", "greetings").splitlines()
    assert lines[0] == "flowchart LR"
    nodes = [line.strip() for line in lines[1:] if "->" not in line]

    def node(label: str) -> str:
        [found] = [line for line in nodes if f'"{label}"' in line]
        return re.split(r"\W", found)[0]

    greet, done, note, mail = node("Greet"), node("done"), node("Note"), node("a mail")
    for edge in (f"{greet} --> {done}", f"{done} --> {note}", f"{note} -.-> {mail}"):
        assert f"    {edge}" in lines
    assert not any("Other" in line for line in lines)
    with pytest.raises(CommandError, match="there are: another, greetings"):
        said("graph", "nothing")


def test_run_does_a_step_here_and_now(database: str, serve: Any) -> None:
    serve(*some())
    assert json.loads(said("run", "Greet", "--input", '"Max"')) == {"hello": "Max", "as": "queue"}
    assert json.loads(said("run", "Greet", "--trigger", "http")) == {"hello": None, "as": "http"}
    with pytest.raises(CommandError, match="there are: Greet, Note, Other"):
        said("run", "Nobody")
    with pytest.raises(CommandError, match="--input is not JSON"):
        said("run", "Greet", "--input", "{")
    with pytest.raises(CommandError, match="no such trigger"):
        said("run", "Greet", "--trigger", "cron")


def test_redrive_tries_dead_letters_again(bench: Bench, serve: Any) -> None:
    broken = [True]

    def handler(data: Any, ctx: Any) -> None:
        if broken:
            raise ValueError

    once = QueueConfig(max_retries=0)
    serve(
        step("One", handler, triggers=[queue("t", config=once)]),
        step("Two", handler, triggers=[queue("t", config=once)]),
    )
    enqueue("t", 1)
    enqueue("t", 2)
    bench.work()
    assert {run.state for run in all_runs()} == {"dead"}
    broken.clear()
    assert said("redrive", "--step", "One") == "2 runs will be tried again\n"
    bench.work()
    assert sorted(run.state for run in all_runs()) == ["dead", "dead", "done", "done"]
    assert said("redrive", all_runs(state="dead")[0].id) == "1 runs will be tried again\n"
    assert said("redrive", "--all") == "1 runs will be tried again\n"
    with pytest.raises(CommandError, match="which"):
        said("redrive")
