"""Plans the coming slots of a cron step as runs that are not due yet; any number of planners makes each slot once."""

from datetime import datetime, timedelta

from django.db.models.functions import Now

from .conf import conf
from .cron_runs import cron_lane
from .crons import CronTrigger
from .database import alias, atomic, on_commit
from .handover import handover
from .lanes import lane_of, next_number
from .listeners import Listener, listeners
from .models import Run, Schedule
from .runs import rows, tell
from .spans import new_run_id, new_trace_id

MOST = 2000  # slots that are made up for at once


def plan(step: str, index: int, now: datetime | None = None) -> int:
    """Plan what comes within ``plan_s``; return how many runs. now: default the database's clock."""
    for listener in listeners().crons:
        if listener.step.name == step and listener.index == index and isinstance(listener.trigger, CronTrigger):
            return _plan(listener, listener.trigger, now)
    return 0


def _plan(listener: Listener, trigger: CronTrigger, now: datetime | None) -> int:
    expression = trigger.source[:255]
    with atomic():
        schedule, clock = _locked(listener)
        now = now or clock
        until = now + timedelta(seconds=conf().plan_s)
        if schedule.expression == expression:
            slots = _slots(trigger, schedule, now, until)
            until = max(until, schedule.planned_until)
        else:  # new, or changed: what was before is not made up for
            slots = list(trigger.slots.between(now, until))
        _insert(listener, trigger, slots, now)
        mine = Schedule.objects.using(alias()).filter(pk=schedule.pk)
        mine.update(planned_until=until, expression=expression)
    return len(slots)


def _locked(listener: Listener) -> tuple[Schedule, datetime]:
    """Return the schedule's row, locked to the end of the transaction, and the database's clock."""
    schedules = Schedule.objects.using(alias())
    key = lane_of("schedule", listener.step.name, str(listener.index))
    new = Schedule(key=key, step=listener.step.name, expression="", planned_until=Now())
    schedules.bulk_create([new], ignore_conflicts=True)
    found = schedules.select_for_update().annotate(now=Now()).get(pk=key)
    return found, found.now


def _slots(trigger: CronTrigger, schedule: Schedule, now: datetime, until: datetime) -> list[datetime]:
    after = schedule.planned_until
    if trigger.missed == "skip":
        after = max(after, now - timedelta(seconds=conf().late_s))
    slots = list(trigger.slots.between(after, until))
    if trigger.missed == "one":
        past = [slot for slot in slots if slot < now - timedelta(seconds=conf().late_s)]
        slots = slots[max(0, len(past) - 1) :]
    return slots[-MOST:]


def _insert(listener: Listener, trigger: CronTrigger, slots: list[datetime], now: datetime) -> None:
    lane, new = cron_lane(listener) if trigger.overlap == "forbid" else "", list[Run]()
    for slot in slots:
        run = Run(
            id=new_run_id(),
            trace_id=new_trace_id(),
            step=listener.step.name,
            trigger=trigger.type,
            trigger_index=listener.index,
            source=trigger.source,
            key=lane_of("slot", listener.step.name, str(listener.index), slot.isoformat()),
            slot=slot,
            due_at=slot,
            hand_at=slot + timedelta(seconds=conf().hand_again_s),
            lane=lane,
            number=next_number(lane) if lane else 0,
        )
        new.append(run)
    rows().bulk_create(new, ignore_conflicts=True, batch_size=100)
    on_commit(lambda: tell(new))
    for run in new:
        on_commit(lambda id=run.id, slot=run.slot: handover.put([id], (slot - now).total_seconds() + 0.005))  # type: ignore[misc]
