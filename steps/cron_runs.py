"""Runs of cron steps: why a planned one may not start after all."""

from datetime import timedelta

from django.db.models.functions import Now

from .conf import conf
from .crons import CronTrigger
from .lanes import lane_of
from .listeners import Listener
from .models import Run
from .runs import rows
from .timetable import is_switched_off


def objection(run: Run, listener: Listener) -> str:
    """Return why the slot of *run* is left out; nothing if it is not."""
    trigger, slot = listener.trigger, run.slot
    if not isinstance(trigger, CronTrigger) or slot is None:
        return ""
    if is_switched_off(listener):
        return "its schedule is switched off"
    if not trigger.slots.has(slot):
        return "its schedule has changed"
    if run.failures == 0 and run.attempts == 1 and (why := _missed(run, trigger)):
        return why
    if trigger.overlap == "forbid" and _overlaps(run):
        return "the run before went on"
    return ""


def cron_lane(listener: Listener) -> str:
    """Return the lane in which the runs of a trigger start one after another."""
    return lane_of("cron", listener.step.name, str(listener.index))


def _missed(run: Run, trigger: CronTrigger) -> str:
    if trigger.missed == "all" or run.slot is None:
        return ""
    late = rows().filter(pk=run.pk, slot__lt=Now() - timedelta(seconds=conf().late_s))
    if not late.exists():
        return ""
    if trigger.missed == "skip":
        return "missed"
    newer = rows().filter(step=run.step, trigger_index=run.trigger_index, slot__gt=run.slot, slot__lte=Now())
    return "missed, and there is a later one" if newer.exists() else ""


def _overlaps(run: Run) -> bool:
    earlier = rows().filter(step=run.step, trigger_index=run.trigger_index, slot__lt=run.slot)
    at_that_time = earlier.filter(started_at__lte=run.slot, finished_at__gt=run.slot)
    return at_that_time.exclude(state=Run.State.SKIPPED).exists()
