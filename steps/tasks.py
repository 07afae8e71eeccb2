"""What Celery carries: the id of a run, and the ticks of the schedule."""

import logging
import threading

from celery import shared_task
from celery.signals import beat_embedded_init, beat_init, worker_ready
from django.db import Error, connections

from .dispatcher import tick
from .handover import TASK
from .listeners import listeners
from .planner import plan as plan_slots
from .timetable import DISPATCH, PLAN, is_switched_off, keep_rows
from .worker import perform

log = logging.getLogger(__name__)


@shared_task(name=TASK, ignore_result=True)
def run(id: str) -> None:
    """Do the run *id*."""
    perform(id)


@shared_task(name=DISPATCH, ignore_result=True)
def dispatch() -> None:
    """Keep every run going."""
    tick()


@shared_task(name=PLAN, ignore_result=True)
def plan(step: str, index: int) -> None:
    """Plan the coming slots of a cron step."""
    plan_slots(step, index)


def connect() -> None:
    """Let workers and beats do their part when they start; called once, by the app's ``ready()``."""
    worker_ready.connect(_worker_starts, dispatch_uid="steps.tasks.worker")
    beat_init.connect(_beat_starts, dispatch_uid="steps.tasks.beat")
    beat_embedded_init.connect(_beat_starts, dispatch_uid="steps.tasks.beat")


def _worker_starts(**_: object) -> None:
    # beside the worker, which is not to wait for a database that is away
    threading.Thread(target=_begin, name="steps-begin", daemon=True).start()


def _begin() -> None:
    try:
        keep_rows()
        for item in listeners().crons:
            if not is_switched_off(item):
                plan_slots(item.step.name, item.index)
        tick()
    except Error as error:
        log.warning("nothing dispatched at the start", extra={"action": "dispatch_failed", "reason": repr(error)})
    finally:
        connections.close_all()


def _beat_starts(**_: object) -> None:
    try:
        keep_rows()
    except Error as error:
        log.warning("schedules not brought in line", extra={"action": "schedules_failed", "reason": repr(error)})
