"""Queues: runs by step and state, dead letters with their reason; to be tried again, hurried and cancelled."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from .. import repairs, runs
from ..models import Run
from ..registry import registry
from ..runs import rows
from .page import Json, NotThere, Page, Refused, text_of

page = Page(
    name="queues",
    title="Queues",
    permission="steps.view_run",
    summary="Runs that wait, go on or have failed for good, by step; and what to do about them.",
    icon="M3 4h18v4H3zm0 6h18v4H3zm0 6h11v4H3z",
    topics=("runs",),
)

COUNTED = 1000  # runs of one state that are told apart by step
LISTED = 50
AT_ONCE = 500  # runs of one action
SHORT = 300  # characters of a reason in the list


@page.data
def steps(request: HttpRequest) -> Json:
    """Count the runs of each step that wait, go on or are dead letters, among the first 1,000 of each state."""
    counts: dict[str, Counter[str]] = {}
    for state in (Run.State.READY, Run.State.RUNNING, Run.State.DEAD):
        found = rows().filter(state=state).order_by("-finished_at").values_list("step", flat=True)  # as an index has it
        counts[state.value] = Counter(found[: COUNTED + 1])
    known = {step.name for step in registry.all()}
    names = sorted(known.union(*counts.values()))
    return {
        "steps": [
            {"step": name, "gone": name not in known, **{state: found[name] for state, found in counts.items()}}
            for name in names
        ],
        "more": [state for state, found in counts.items() if found.total() > COUNTED],
    }


@page.data
def listed(request: HttpRequest) -> Json:
    """List runs of ``state``, of ``step``, both if given, after the cursor ``after``."""
    state, step = request.GET.get("state", ""), request.GET.get("step", "")
    if state and state not in Run.State.values:
        raise Refused(f"There is no state {state!r:.40}.")
    found = rows().filter(**({"state": state} if state else {}), **({"step": step} if step else {}))
    column, sign = _order(state)
    found = _after(found, column, sign, request.GET.get("after", ""))
    page_of = list(found.order_by(f"{sign}{column}", f"{sign}id")[: LISTED + 1])
    more = len(page_of) > LISTED
    return {
        "runs": [_row(run) for run in page_of[:LISTED]],
        "after": _cursor(page_of[LISTED - 1], column) if more else None,
    }


@page.data
def run(request: HttpRequest) -> Json:
    """Return what is known of the run ``id``."""
    found = rows().filter(pk=text_of(request.GET, "id")).first()
    if found is None:
        raise NotThere("The run is not there any more.")
    return {
        **_row(found),
        "reason": found.reason,
        "error": found.error_id,
        "input": json.loads(found.input),
        "history": json.loads(found.history),
        "lane": found.lane,
        "url": reverse("admin:steps_run_change", args=[found.pk], current_app=getattr(request, "current_app", None)),
    }


@page.action("steps.change_run")
def redrive(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Let the dead letters ``ids`` be tried again, with all their attempts."""
    return _each(body, runs.redrive)


@page.action("steps.change_run")
def retry(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Let the waiting runs ``ids`` not wait any longer for their next attempt."""
    return _each(body, repairs.try_now)


@page.action("steps.change_run")
def cancel(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """End the unfinished runs ``ids``."""
    return _each(body, runs.cancel)


@page.action("steps.change_run")
def redrive_all(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Redrive the oldest 500 dead letters of ``step``; of all steps if it is empty."""
    step = text_of(body, "step", "")
    dead = rows().filter(state=Run.State.DEAD, **({"step": step} if step else {})).order_by("finished_at")
    ids = list(dead.values_list("pk", flat=True)[: AT_ONCE + 1])
    return {"done": runs.redrive(ids[:AT_ONCE]), "more": len(ids) > AT_ONCE}


def _each(body: Mapping[str, Any], do: Callable[[Iterable[str]], int]) -> Json:
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(id, str) for id in ids):
        raise Refused("ids must be a list of texts.")
    if len(ids) > AT_ONCE:
        raise Refused(f"At most {AT_ONCE} runs at once.")
    return {"done": do(ids), "asked": len(ids)}


def _order(state: str) -> tuple[str, str]:
    """Return by what a list is paged, each time an index: who is next, or what ended last."""
    if state == Run.State.READY:
        return "hand_at", ""
    if not state or state == Run.State.RUNNING:
        return "id", "-"
    return "finished_at", "-"


def _cursor(run: Run, column: str) -> str:
    value = getattr(run, column)
    return f"{value.isoformat() if isinstance(value, datetime) else ''}~{run.pk}"


def _after(found: QuerySet[Run], column: str, sign: str, cursor: str) -> QuerySet[Run]:
    if not cursor:
        return found
    way = "lt" if sign else "gt"
    moment, _, id = cursor.partition("~")
    if column == "id":
        return found.filter(**{f"id__{way}": id})
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        raise Refused("That is no cursor.") from None
    return found.filter(Q(**{f"{column}__{way}": at}) | Q(**{column: at, f"id__{way}": id}))


def _row(run: Run) -> dict[str, Json]:
    return {
        "id": run.id,
        "trace": run.trace_id,
        "step": run.step,
        "state": run.state,
        "trigger": run.trigger,
        "source": run.source,
        "reason": run.reason.partition("\n")[0][:SHORT],
        "attempts": run.attempts,
        "failures": run.failures,
        "created": _time(run.created_at),
        "due": _time(run.due_at),
        "started": _time(run.started_at),
        "finished": _time(run.finished_at),
        "planned": run.slot is not None,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
