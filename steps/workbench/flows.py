"""Flows: the steps as a diagram, as far as they declare who starts whom, and what goes on in it."""

import inspect
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from textwrap import dedent
from typing import Any

from django.http import HttpRequest

from ..crons import CronTrigger
from ..definition import Step
from ..diagram import diagram
from ..errors import StepNotFound
from ..models import Run
from ..queues import QueueTrigger
from ..registry import registry
from ..runs import rows
from ..triggers import HttpTrigger, Trigger
from ..watches import WatchTrigger
from .page import Json, NotThere, Page, text_of

page = Page(
    name="flows",
    title="Flows",
    permission="steps.view_workbench",
    summary="What starts what. Steps light up while they run.",
    icon="M5 3h5v5H5zm9 13h5v5h-5zM7 9h1v4h8v2h1v-1 1h-1v-1h-9zm7-6h5v5h-5z",
    topics=("runs",),
)

RECENT = 10
MOST_RUNNING = 500
LONGEST = 20_000  # characters of a step's source


@page.data
def graph(request: HttpRequest) -> Json:
    """Return the diagram of ``flow``, or of all steps."""
    flow = request.GET.get("flow") or None
    steps = registry.all()
    if flow is not None and flow not in _flows(steps):
        raise NotThere(f"There is no flow {flow!r:.80}.")
    found = diagram(steps, flow)
    by_name = {step.name: step for step in steps}
    return {
        "flows": _flows(steps),
        "nodes": [
            {"id": node.id, "kind": node.kind, "label": node.label, **_look(by_name.get(node.label), node.kind)}
            for node in found.nodes
        ],
        "edges": [{name: getattr(edge, name) for name in edge.__slots__} for edge in found.edges],
    }


@page.data
def running(request: HttpRequest) -> Json:
    """Return the runs that go on, each with its step."""
    if not request.user.has_perm("steps.view_run"):
        return {"running": []}
    found = rows().filter(state=Run.State.RUNNING).order_by().values("id", "step")
    return {"running": list(found[:MOST_RUNNING])}


@page.data
def details(request: HttpRequest) -> Json:
    """Return what is known of one ``step``."""
    try:
        step = registry.get(text_of(request.GET, "step"))
    except StepNotFound as error:
        raise NotThere(error.message) from None
    source, line = _source(step)
    return {
        "name": step.name,
        "description": step.description,
        "file": _file(step.file),
        "flows": step.flows,
        "async": step.is_async,
        "atomic": step.atomic,
        "enqueues": step.enqueues,
        "triggers": [_trigger(trigger) for trigger in step.triggers],
        "source": source,
        "line": line,
        "recent": _recent(step) if request.user.has_perm("steps.view_run") else None,
    }


def _flows(steps: Iterable[Step]) -> list[str]:
    return sorted({flow for step in steps for flow in step.flows})


def _look(step: Step | None, kind: str) -> dict[str, Json]:
    if step is None or kind != "step":
        return {}
    return {"triggers": sorted({trigger.type for trigger in step.triggers}), "flows": step.flows}


def _trigger(trigger: Trigger) -> dict[str, Json]:
    facts: dict[str, Json] = {}
    if isinstance(trigger, QueueTrigger):
        facts = {item.name: getattr(trigger.config, item.name) for item in fields(trigger.config)}
    elif isinstance(trigger, CronTrigger):
        facts = {"missed": trigger.missed, "overlap": trigger.overlap}
    elif isinstance(trigger, WatchTrigger):
        facts = {"group": trigger.group, "item": trigger.item, "event": trigger.event}
    elif isinstance(trigger, HttpTrigger):
        facts = {"body": _named(trigger.body), "query": _named(trigger.query), "permissions": _permissions(trigger)}
    return {
        "type": trigger.type,
        "source": trigger.source,
        "condition": _condition(trigger),
        "facts": {name: value for name, value in facts.items() if value is not None},
    }


def _condition(trigger: Trigger) -> str | None:
    """Return the name of the condition."""
    if trigger.condition is None:
        return None
    name = str(getattr(trigger.condition, "__name__", type(trigger.condition).__name__))
    return "a lambda" if name == "<lambda>" else name


def _named(schema: Any) -> str | None:
    if schema is None:
        return None
    return str(getattr(schema.source, "__name__", "JSON Schema"))


def _permissions(trigger: HttpTrigger) -> str | None:
    if trigger.permission_classes is None:
        return None
    return ", ".join(getattr(one, "__name__", str(one)) for one in trigger.permission_classes)


def _source(step: Step) -> tuple[str, int]:
    """Return the handler's source with its first line's number; empty where Python cannot tell."""
    handler: Any = inspect.unwrap(step.handler)
    if not inspect.isroutine(handler):
        handler = type(handler)
    try:
        lines, first = inspect.getsourcelines(handler)
    except (OSError, TypeError):
        return "", 0
    return dedent("".join(lines))[:LONGEST], first


def _file(place: str) -> str:
    """Return ``path:line`` below the working directory where it is there."""
    path, _, line = place.rpartition(":")
    try:
        return f"{Path(path).relative_to(Path.cwd())}:{line}"
    except ValueError:
        return place


def _recent(step: Step) -> list[Json]:
    found = rows().filter(step=step.name).order_by("-id")[:RECENT]
    columns = ("id", "trace_id", "state", "trigger", "source", "attempts", "created_at", "started_at", "finished_at")
    return [
        {
            "id": run["id"],
            "trace": run["trace_id"],
            "state": run["state"],
            "trigger": f"{run['trigger']} {run['source']}",
            "at": run["created_at"].isoformat(),
            "ms": _took(run["started_at"], run["finished_at"]),
        }
        for run in found.values(*columns)
    ]


def _took(started: Any, finished: Any) -> float | None:
    return None if started is None or finished is None else (finished - started).total_seconds() * 1000
