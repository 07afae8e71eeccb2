"""The rows of django-celery-beat that drive cron steps and the dispatcher, kept in line with the steps.

They are known by their task; rows that people make have another one and are left alone. Switching a row off stops its
step until it is switched on again.
"""

import json
import logging
from typing import Any

from django.db import IntegrityError, transaction

from .crons import CronTrigger
from .listeners import Listener, listeners

log = logging.getLogger(__name__)

PLAN, DISPATCH = "steps.plan", "steps.dispatch"
PLAN_EVERY_S, DISPATCH_EVERY_S = 20, 5


def keep_rows() -> None:
    """Make, change and remove rows so that there is one for each cron trigger and one for the dispatcher."""
    wanted = {row_name(item): item for item in listeners().crons}
    _row("steps: dispatch", DISPATCH, [], DISPATCH_EVERY_S, "Hands runs over again that were lost on the way.")
    for name, item in wanted.items():
        what = f"Plans the runs of step {item.step.name}: {item.trigger.source}. Switch it off to stop them."
        _row(name, PLAN, [item.step.name, item.index], PLAN_EVERY_S, what)
    gone, _ = _rows().filter(task=PLAN).exclude(name__in=wanted).delete()
    if gone:
        log.info("schedules of steps removed", extra={"action": "schedules_removed", "count": gone})


def row_name(listener: Listener) -> str:
    """Return the name of the row of a cron trigger."""
    several = sum(isinstance(trigger, CronTrigger) for trigger in listener.step.triggers) > 1
    name = f"steps: {listener.step.name}"[:180]
    return f"{name} ({listener.index + 1})" if several else name


def is_switched_off(listener: Listener) -> bool:
    """Tell whether somebody has switched the row of a cron trigger off."""
    return bool(_rows().filter(name=row_name(listener), task=PLAN, enabled=False).exists())


def switch(listener: Listener, on: bool) -> bool:
    """Switch the row of a cron trigger on or off, so that the beat hears of it; False: there is no row."""
    row = _rows().filter(name=row_name(listener), task=PLAN).first()
    if row is None:
        return False
    if row.enabled != on:
        row.enabled = on
        row.save()
    return True


def beat_rows() -> Any:
    """Return all rows of the beat with their schedules, sorted by name."""
    kinds = ("interval", "crontab", "solar", "clocked")
    return _rows().select_related(*kinds).order_by("name")


def _rows() -> Any:
    from django_celery_beat.models import PeriodicTask  # not before the apps are loaded

    return PeriodicTask.objects


def _row(name: str, task: str, arguments: list[Any], every_s: int, description: str) -> None:
    from django_celery_beat.models import IntervalSchedule

    every, period = every_s, IntervalSchedule.SECONDS
    interval = IntervalSchedule.objects.filter(every=every, period=period).first()
    interval = interval or IntervalSchedule.objects.create(every=every, period=period)
    args = json.dumps(arguments)
    found = _rows().filter(name=name).first()
    if found is None:
        try:
            with transaction.atomic():
                _rows().create(name=name, task=task, args=args, interval=interval, description=description)
        except IntegrityError:  # another process was faster
            return
    elif found.task == task and (found.args, found.description) != (args, description):
        found.args, found.description = args, description
        found.save()
