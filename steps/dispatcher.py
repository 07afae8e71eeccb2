"""What keeps every run going: those that were lost on the way are handed over again, those of dead workers are freed.

Any number of processes may do it at the same time; each run is one's.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import Case, F, Max, Value, When
from django.db.models.functions import Now

from .conf import conf
from .database import alias, atomic, on_commit
from .errors import WorkerLost
from .feed import feed
from .handover import handover
from .heartbeats import stale
from .models import Run
from .retention import trim
from .runs import READY, RUNNING, first_in_lane, rows

log = logging.getLogger(__name__)

LATELY_S = 5.0  # the time between two ticks


def tick() -> tuple[int, int]:
    """Free what dead workers hold and hand over what waits; return how many of each."""
    freed = free()
    handed = hand_again()
    trim()
    return freed, handed


def free() -> int:
    """Take the runs of workers whose lease has run out: to be tried again, or dead letters if it happened too often."""
    running = rows().filter(state=RUNNING).order_by().values_list("worker", flat=True).distinct()
    workers = [worker for worker in running if worker is not None]
    lost = stale(workers)  # looked at second: who claims has shown a heartbeat before
    if not lost:
        return 0
    with atomic():
        held = rows().select_for_update(skip_locked=True).filter(state=RUNNING, worker__in=lost)
        ids = list(held.values_list("pk", flat=True)[:1000])
        mine, most = rows().filter(pk__in=ids, state=RUNNING), conf().max_losses
        again = {"state": READY, "due_at": Now(), "hand_at": Now(), "handed": 0, "reason": WorkerLost().message}
        mine.filter(attempts__lt=F("failures") + most).update(fence=F("fence") + 1, worker=None, **again)
        dead = {"state": Run.State.DEAD, "finished_at": Now()}
        reason = f"WorkerLost: {WorkerLost().message} ({most} times)"
        mine.update(fence=F("fence") + 1, worker=None, reason=reason, **dead)
    for id in ids:
        feed.run(id, READY)
    log.warning("runs of lost workers freed", extra={"action": "runs_freed", "count": len(ids)})
    return len(ids)


def hand_again() -> int:
    """Hand over the runs that are due and were not started, each the later the more often that happened.

    The broker keeps the order: while younger runs have not been started either, the queue is just long, and to hand its
    runs over again would make it longer.
    """
    reached = _reached()
    with atomic():
        waiting = rows().select_for_update(skip_locked=True, of=("self",)).filter(state=READY, hand_at__lte=Now())
        if reached is not None:
            waiting = waiting.filter(due_at__lt=reached)
        first = waiting.filter(first_in_lane()).order_by("hand_at")
        ids = list(first.values_list("pk", flat=True)[: conf().hand_batch])
        if ids:
            rows().using(alias()).filter(pk__in=ids).update(handed=F("handed") + 1, hand_at=_later())
            on_commit(lambda: handover.put(ids))
    return len(ids)


def _reached() -> datetime | None:
    """Return how young the runs are that were started lately; None if none was: then all may be lost."""
    lately = Now() - timedelta(seconds=LATELY_S)
    states = (Run.State.DONE, Run.State.SKIPPED, Run.State.DEAD)
    ended = rows().filter(state__in=states, finished_at__gt=lately, started_at__gt=lately)
    begun = rows().filter(state=RUNNING, started_at__gt=lately)
    found = [runs.exclude(trigger="http").order_by().aggregate(due=Max("due_at"))["due"] for runs in (ended, begun)]
    return max((due for due in found if due is not None), default=None)


def _later() -> Case:
    again, most = conf().hand_again_s, conf().hand_again_most_s
    steps = [min(again * 2**number, most) for number in range(8)]
    cases = [When(handed=number, then=Now() + timedelta(seconds=step)) for number, step in enumerate(steps)]
    return Case(*cases, default=Now() + Value(timedelta(seconds=most)))
