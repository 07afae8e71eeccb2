"""Traces: what one request, or one change, has led to, over all processes; the newest first."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from streams.models import Change

from ..database import alias
from ..models import Run
from ..registry import registry
from ..runs import rows
from . import traced
from .lookback import look_back, moment, of_text
from .page import Json, NotThere, Page, need, number_of, text_of
from .summaries import summaries

page = Page(
    name="traces",
    title="Traces",
    permission="steps.view_run",
    summary="What one request, schedule or change has led to, over all processes.",
    icon="M3 4h9v3H3zm4 5h9v3H7zm4 5h10v3H11zM3 19h6v2H3z",
    topics=("runs",),
)

WINDOW = 2000  # runs that one answer looks through
FOUND = 500  # matching ones
LISTED = 40  # traces of one answer
RUNS = 100  # of one trace at once
SHOWN = 200_000  # characters of an input
TEXTS = ("step", "source", "reason", "input", "logs", "operations", "history")


@page.context
def choices(request: HttpRequest) -> Mapping[str, Any]:
    """Offer the flows and steps that are declared."""
    steps = registry.all()
    flows = sorted({flow for step in steps for flow in step.flows})
    return {"flows": flows, "steps": sorted(step.name for step in steps), "states": Run.State.choices}


@page.data
def traces(request: HttpRequest) -> Json:
    """List the newest traces before the run ``before``, that have a run of the wanted kind."""
    wanted = {name: request.GET.get(name, "") for name in ("flow", "step", "state", "text", "slower", "before")}
    among = of_text(wanted["text"])
    text = "" if among is not None else wanted["text"].strip()
    among = rows() if among is None else among
    if wanted["step"]:
        among = among.filter(step=wanted["step"])
    window, further = look_back(among, wanted["before"], WINDOW)
    found = list(_matching(window, wanted, text).values_list("pk", "trace_id")[:FOUND])
    ids, last = _page(found)
    after = last or further
    until = moment(after) if after else None
    return {
        "traces": summaries(ids),
        "before": after,
        "until": None if until is None else traced.milliseconds(until),
        "now": traced.milliseconds(timezone.now()),
    }


@page.data
def trace(request: HttpRequest) -> Json:
    """Return the runs of the trace ``id`` after the run ``after``, the first one first, with what they wrote down."""
    of = rows().filter(trace_id=text_of(request.GET, "id"), pk__gt=request.GET.get("after", ""))
    found = list(of.defer("input").order_by("pk")[: RUNS + 1])
    return {
        "runs": [_run(run) for run in found[:RUNS]],
        "after": found[RUNS - 1].pk if len(found) > RUNS else None,
        "now": traced.milliseconds(timezone.now()),
    }


@page.data
def run(request: HttpRequest) -> Json:
    """Return what was left out of a run ``id`` in its trace: input and errors with their stacks."""
    found = rows().filter(pk=text_of(request.GET, "id")).first()
    if found is None:
        raise NotThere("The run is not there any more.")
    failed = [one for one in traced.attempts(found) if one.error]
    return {
        "id": found.pk,
        "state": found.state,
        "input": json.loads(found.input) if len(found.input) <= SHOWN else None,
        "size": len(found.input),
        "key": found.key,
        "errors": [{"number": one.number, "at": one.at, "error": one.error, "stack": one.traceback} for one in failed],
        "row": _address("steps_run_change", found.pk),
    }


@page.data
def change(request: HttpRequest) -> Json:
    """Return the value that an operation has written, as long as the log of its group has it."""
    need(request, "streams.view_change")
    stream, group = text_of(request.GET, "stream"), text_of(request.GET, "group")
    sequence = number_of(request.GET, "sequence", 0, 2**62)
    log = Change.objects.using(alias()).filter(group__stream=stream, group__key=group, sequence=sequence)
    found = log.values("kind", "value").first()
    if found is None:
        raise NotThere("The log does not go back so far any more, or the stream keeps none.")
    return {"kind": found["kind"], "value": json.loads(found["value"])}


def _matching(window: QuerySet[Run], wanted: Mapping[str, str], text: str) -> QuerySet[Run]:
    """Return those of *window* that the filters want."""
    found = window
    if wanted["flow"]:
        found = found.filter(step__in=[step.name for step in registry.all() if wanted["flow"] in step.flows])
    if wanted["state"]:
        # as an expression, lest SQLite take the index of the states: it would sort all runs of this one, however many
        found = found.annotate(known=Coalesce("state", Value(""))).filter(known=wanted["state"])
    if wanted["slower"]:
        took = timedelta(milliseconds=number_of(wanted, "slower", 1, 10**10))
        ended = Coalesce(F("finished_at"), Now())
        found = found.filter(started_at__isnull=False).annotate(ended=ended).filter(ended__gte=F("started_at") + took)
    if text:
        spelled = {text, json.dumps(text)[1:-1]}  # JSON columns have what is not ASCII escaped
        found = found.filter(reduce(or_, (Q(**{f"{name}__icontains": one}) for name in TEXTS for one in spelled)))
    return found


def _page(found: Sequence[tuple[str, str]]) -> tuple[list[str], str | None]:
    """Return the first traces of *found*, and the run to go on before when there are more of them."""
    ids: dict[str, None] = {}
    for place, (_, trace) in enumerate(found):
        if trace not in ids and len(ids) == LISTED:
            return list(ids), found[place - 1][0]
        ids[trace] = None
    return list(ids), found[-1][0] if len(found) == FOUND else None


def _run(run: Run) -> dict[str, Json]:
    return {
        "id": run.id,
        "parent": run.parent_id,
        "step": run.step,
        "trigger": run.trigger,
        "source": run.source,
        "state": run.state,
        "status": run.status,
        "reason": run.reason,
        "made": traced.milliseconds(run.created_at),
        "due": traced.milliseconds(run.due_at),
        "until": traced.milliseconds(run.finished_at),
        "attempts": [
            {"number": one.number, "at": one.at, "until": one.until, "error": one.error} for one in traced.attempts(run)
        ],
        "operations": traced.operations(run),
        "logs": traced.lines(run),
    }


def _address(name: str, *arguments: str) -> str | None:
    """Return the address of a page of the admin; None: this admin does not have it."""
    try:
        return reverse(f"admin:{name}", args=arguments)
    except NoReverseMatch:
        return None
