"""What people do to runs by hand beside trying dead letters again: not to wait, and to start a cron step now."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models.functions import Now

from .conf import conf
from .crons import CronTrigger
from .database import atomic, on_commit
from .handover import handover
from .listeners import Listener
from .models import Run
from .runs import READY, RUNNING, insert, rows, tell
from .spans import new_run_id, new_trace_id


def try_now(ids: Iterable[str]) -> int:
    """Let runs that wait for their time start at once; return how many. Slots of a schedule keep their times."""
    again = Now() + timedelta(seconds=conf().hand_again_s)
    done = 0
    for id in ids:
        with atomic():
            waiting = rows().filter(pk=id, state=READY, slot__isnull=True)
            if waiting.update(due_at=Now(), hand_at=again, handed=0):
                on_commit(lambda id=id: handover.put([id]))  # type: ignore[misc]
                on_commit(lambda id=id: tell(rows().filter(pk=id)))  # type: ignore[misc]
                done += 1
    return done


def start(listener: Listener) -> Run | None:
    """Run a cron step now, beside its slots; None where runs may not overlap and one goes on."""
    trigger, step = listener.trigger, listener.step.name
    if isinstance(trigger, CronTrigger) and trigger.overlap == "forbid":
        going_on = rows().filter(step=step, state=RUNNING, trigger=trigger.type, trigger_index=listener.index)
        if going_on.exists():
            return None
    run = Run(
        id=new_run_id(),
        trace_id=new_trace_id(),
        step=step,
        trigger=trigger.type,
        trigger_index=listener.index,
        source=trigger.source,
    )
    insert([run])
    return run
