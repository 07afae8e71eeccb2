"""Overview: how much is going on, whether all that is needed is there, and what went wrong last."""

from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone

from ..health import NAMES, findings
from ..heartbeats import FRESH, GONE
from ..models import Heartbeat, Run
from ..runs import rows
from .page import Json, Page

page = Page(
    name="overview",
    title="Overview",
    permission="steps.view_workbench",
    summary="What goes on, what it runs on, and what went wrong last.",
    icon="M4 13h6V4H4zm0 7h6v-5H4zm10 0h6v-9h-6zm0-16v5h6V4z",
    topics=("runs", "processes"),
)

COUNTED = 1000  # nothing is counted further than this
LATELY = timedelta(hours=1)
ERRORS = 8


@page.data
def numbers(request: HttpRequest) -> Json:
    """Count the unfinished runs, and those that ended in the last hour, each up to a bound."""
    unfinished = {state: _counted(rows().filter(state=state)) for state in (Run.State.READY, Run.State.RUNNING)}
    since = timezone.now() - LATELY  # our own clock is good enough, and a constant to the database
    ended = {
        state: _counted(rows().filter(state=state, finished_at__gt=since))
        for state in (Run.State.DONE, Run.State.SKIPPED, Run.State.FAILED, Run.State.DEAD, Run.State.CANCELLED)
    }
    return {"states": {**unfinished, **ended}, "counted": COUNTED}


@page.data
def health(request: HttpRequest) -> Json:
    """Ask database, layer, workers and beats; and list the processes of the last two."""
    found = async_to_sync(findings)()
    beats = Heartbeat.objects.filter(seen_at__gt=Now() - GONE).annotate(now=Now()).order_by("kind", "host", "pid")
    return {
        "parts": [{"name": name, "state": found[name].state, "detail": found[name].detail} for name in NAMES],
        "processes": [
            {
                "kind": beat.kind,
                "host": beat.host,
                "pid": beat.pid,
                "since": beat.started_at.isoformat(),
                "late": beat.now - beat.seen_at > FRESH,
            }
            for beat in beats
        ],
    }


@page.data
def errors(request: HttpRequest) -> Json:
    """List the newest dead letters and failed requests."""
    found: list[Run] = []
    for state in (Run.State.DEAD, Run.State.FAILED):
        found += rows().filter(state=state, finished_at__isnull=False).order_by("-finished_at")[:ERRORS]
    found.sort(key=_ended, reverse=True)
    return {
        "errors": [
            {
                "id": run.id,
                "trace": run.trace_id,
                "step": run.step,
                "state": run.state,
                "source": f"{run.trigger} {run.source}",
                "reason": run.reason.partition("\n")[0][:300],
                "at": run.finished_at.isoformat() if run.finished_at else None,
            }
            for run in found[:ERRORS]
        ]
    }


def _counted(found: Any) -> int:
    return int(found.order_by()[: COUNTED + 1].count())


def _ended(run: Run) -> Any:
    return run.finished_at
