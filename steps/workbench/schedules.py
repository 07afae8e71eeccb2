"""Schedules: the cron steps with what comes next, to be run now and switched off; and the rows of the beat."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from ..crons import CronTrigger
from ..listeners import Listener, listeners
from ..models import Run
from ..repairs import start
from ..runs import rows
from ..timetable import beat_rows, is_switched_off, switch
from .page import Json, NotThere, Page, Refused, need, text_of

page = Page(
    name="schedules",
    title="Schedules",
    permission="steps.view_run",
    summary="When steps run by themselves: what comes next, what came last, and the rows of the beat.",
    icon="M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 2a8 8 0 1 1 0 16 8 8 0 0 1 0-16zm-1 3v6l5 3 1-1.7-4-2.3V7z",
    topics=("runs",),
)

NEXT, WITHIN = 5, timedelta(days=400)
BEATS = 200
CHANGE = "django_celery_beat.change_periodictask"


@page.data
def schedules(request: HttpRequest) -> Json:
    """List the cron triggers with their next slots and their last run."""
    now = timezone.now()
    found = [(one, one.trigger) for one in listeners().crons if isinstance(one.trigger, CronTrigger)]
    return {"schedules": [_schedule(listener, trigger, now) for listener, trigger in found], "now": now.isoformat()}


@page.data
def beats(request: HttpRequest) -> Json:
    """List the rows of the beat: those of the steps and of the dispatcher, and those that people made."""
    need(request, "django_celery_beat.view_periodictask")
    found = list(beat_rows()[: BEATS + 1])
    return {
        "beats": [
            {
                "id": row.pk,
                "name": row.name,
                "task": row.task,
                "schedule": str(row.interval or row.crontab or row.solar or row.clocked or ""),
                "enabled": row.enabled,
                "last": None if row.last_run_at is None else row.last_run_at.isoformat(),
                "count": row.total_run_count,
                "url": reverse("admin:django_celery_beat_periodictask_change", args=[row.pk]),
            }
            for row in found[:BEATS]
        ],
        "more": len(found) > BEATS,
    }


@page.action("steps.add_run")
def run_now(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Run the step of a schedule at once, beside its slots."""
    run = start(_listener(body))
    if run is None:
        raise Refused("A run of it goes on, and its runs may not overlap.")
    return {"id": run.id, "trace": run.trace_id}


@page.action(CHANGE)
def turn(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Switch a schedule ``on`` or off."""
    on = body.get("on")
    if not isinstance(on, bool):
        raise Refused("on must be true or false.")
    if not switch(_listener(body), on):
        raise NotThere("Its row is not there: it comes when a worker starts.")
    return {"on": on}


def _schedule(listener: Listener, trigger: CronTrigger, now: datetime) -> dict[str, Json]:
    step = listener.step
    mine = rows().filter(step=step.name, trigger=trigger.type, trigger_index=listener.index)
    last = mine.exclude(state=Run.State.READY).order_by("-id").first()
    return {
        "step": step.name,
        "index": listener.index,
        "description": step.description,
        "flow": step.flows[0] if step.flows else None,
        "expression": trigger.slots.expression,
        "zone": str(trigger.slots.zone),
        "missed": trigger.missed,
        "overlap": trigger.overlap,
        "on": not is_switched_off(listener),
        "next": [slot.isoformat() for slot in islice(trigger.slots.between(now, now + WITHIN), NEXT)],
        "last": None if last is None else _last(last),
    }


def _last(run: Run) -> dict[str, Json]:
    at = run.finished_at or run.started_at or run.created_at
    reason = run.reason.partition("\n")[0][:300]
    return {"id": run.id, "trace": run.trace_id, "state": run.state, "reason": reason, "at": at.isoformat()}


def _listener(body: Mapping[str, Any]) -> Listener:
    step, index = text_of(body, "step"), body.get("index")
    for listener in listeners().crons:
        if listener.step.name == step and listener.index == index:
            return listener
    raise NotThere(f"There is no schedule of {step!r:.80}.")
