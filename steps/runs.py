"""The rows of runs: insert, claim, hold, finish, put back. Rows only; nothing is executed here."""

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from .conf import conf
from .database import alias, atomic, connection, on_commit
from .errors import LeaseLost
from .feed import feed
from .handover import handover
from .lanes import hold as hold_lane
from .lanes import lane_of, next_number
from .models import Run
from .spans import Span

READY, RUNNING = Run.State.READY, Run.State.RUNNING
UNFINISHED = (READY, RUNNING)
SOON_S = 60.0

_CLAIM = (
    "UPDATE steps_run SET state = 'running', fence = fence + 1, attempts = attempts + 1, worker = %s, reason = '',"
    " started_at = {now} WHERE id = %s AND state = 'ready' AND due_at <= {now} AND (lane = '' OR NOT EXISTS ("
    "SELECT 1 FROM steps_run o WHERE o.lane = steps_run.lane AND o.lane > '' AND o.number < steps_run.number"
    " AND o.state IN ('ready', 'running'))) RETURNING *"
)
_NOW = {"sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')", "postgresql": "STATEMENT_TIMESTAMP()"}


def rows() -> QuerySet[Run]:
    """Return all runs."""
    return Run.objects.using(alias())


def insert(new: Sequence[Run], delay_s: float = 0.0) -> None:
    """Store *new* runs in the open transaction, or in one of their own, and hand them over after the commit.

    A run whose key is known already is left out. *new* have their ids; what is in a lane gets its number here.
    """
    with atomic():
        for run in new:
            if run.lane and run.state == READY:
                run.number = next_number(run.lane)
            if run.slot is None:
                run.due_at = _from_now(delay_s)
                run.hand_at = _from_now(delay_s + conf().hand_again_s)
        rows().bulk_create(new, ignore_conflicts=any(run.key for run in new), batch_size=100)
        on_commit(lambda: tell(new))
        waiting = [run for run in new if run.state == READY and run.slot is None]
        if ids := [run.id for run in waiting if not run.lane]:
            on_commit(lambda: handover.put(ids, delay_s))
        for run in waiting:
            if run.lane:
                on_commit(lambda run=run: _hand_first(run, delay_s))  # type: ignore[misc]


def _hand_first(run: Run, delay_s: float) -> None:
    """Hand *run* over if it is the first of its lane; else it is handed over when those before it have ended.

    Asked after the commit: whoever ended meanwhile did not see the new run, and whoever ends later does.
    """
    if not rows().filter(lane=run.lane, lane__gt="", number__lt=run.number, state__in=UNFINISHED).exists():
        handover.put([run.id], delay_s)


def claim(id: str, worker: int, limit: tuple[str, int] | None = None) -> Run | None:
    """Take a run that is due and, in its lane, first; None when it is not there to be taken.

    limit: a step and how many of its runs may go on at one time.
    """
    if limit is None:
        return _claim(id, worker)
    with atomic():
        hold_lane(lane_of("limit", limit[0]))
        if rows().filter(step=limit[0], state=RUNNING).count() >= limit[1]:
            return None
        return _claim(id, worker)


def _claim(id: str, worker: int) -> Run | None:
    sql = _CLAIM.format(now=_NOW[connection().vendor])
    found = list(rows().raw(sql, [worker, id]))
    tell(found)
    return found[0] if found else None


def tell(changed: Iterable[Run]) -> None:
    """Tell the workbench that these runs are what their rows say."""
    for run in changed:
        feed.run(run.id, run.state, run.step, run.trace_id)


def look_again(id: str) -> None:
    """Hand a run over once more when it is due, if that is soon and the reason why it was not taken."""
    due = rows().filter(pk=id, state=READY, due_at__gt=Now()).annotate(now=Now()).first()
    if due is not None:
        wait_s = (due.due_at - due.now).total_seconds()
        if wait_s <= SOON_S:
            handover.put([id], wait_s + 0.005)


def hold(span: Span) -> None:
    """Make sure that the run is still this attempt's, to the end of the open transaction. Raises: LeaseLost."""
    if span.fence is None:
        return
    if connection().vendor == "postgresql" and connection().in_atomic_block:
        # shared: operations of one run may go on side by side; a claim has to wait for them
        with connection().cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM steps_run WHERE id = %s AND fence = %s AND state = 'running' FOR SHARE",
                [span.run_id, span.fence],
            )
            found = cursor.fetchone() is not None
    else:
        found = _mine(span).exists()
    if not found:
        raise LeaseLost


def finish(span: Span, state: str, reason: str = "", *, limited: bool = False, **columns: Any) -> None:
    """End the run of this attempt and let those that waited for it start. Raises: LeaseLost - it is not ours.

    limited: the runs of its step are counted.
    """
    with atomic():
        mine = _mine(span)
        if not mine.update(state=state, reason=text(reason), worker=None, finished_at=Now(), **trace(span), **columns):
            raise LeaseLost
        on_commit(lambda: feed.run(span.run_id, state, span.step, span.trace_id))
        on_commit(lambda: succeed(span.run_id, limited=limited))


def put_back(span: Span, delay_s: float, reason: str, *, limited: bool = False, **columns: Any) -> None:
    """Let the run be tried again *delay_s* from now. Raises: LeaseLost - it is not ours."""
    with atomic():
        mine = _mine(span)
        due, again = _from_now(delay_s), _from_now(delay_s + conf().hand_again_s)
        columns |= {"state": READY, "worker": None, "handed": 0, "due_at": due, "hand_at": again}
        if not mine.update(fence=F("fence") + 1, reason=text(reason), **trace(span), **columns):
            raise LeaseLost
        on_commit(lambda: feed.run(span.run_id, READY, span.step, span.trace_id))
        on_commit(lambda: handover.put([span.run_id], delay_s))
        if limited:
            on_commit(lambda: succeed(span.run_id, limited=True))


def flush(span: Span) -> None:
    """Write down what is known of a run that goes on, for those who look at it, if nobody holds its row."""
    with atomic():
        if not is_held(span):
            span.changed = False
            _mine(span).update(**trace(span))
            on_commit(lambda: feed.run(span.run_id, RUNNING, span.step, span.trace_id))


def is_held(span: Span) -> bool:
    """Tell whether a transaction of the handler holds the run's row; else it is ours to the end of the open one."""
    held = _mine(span).select_for_update(skip_locked=True).values_list("pk", flat=True)
    return not list(held) and _mine(span).exists()


def trace(span: Span) -> dict[str, Any]:
    """Return the columns that hold the trace of *span*."""
    logs, operations = list(span.logs), list(span.operations)
    return {"logs": json.dumps(logs, default=str), "operations": json.dumps(operations, default=str)}


def text(value: str) -> str:
    """Return *value* as a text that every database takes."""
    return value.encode(errors="replace").decode().replace("\0", "\ufffd")


def succeed(id: str, *, limited: bool = False) -> None:
    """Hand over the run that may start because *id* has ended: the next of its lane, or of its step if *limited*."""
    ended = rows().filter(pk=id).values("lane", "step").first()
    if ended is None:
        return
    waiting, next_ones = rows().filter(state=READY, due_at__lte=Now()), list[str]()
    if ended["lane"]:
        next_ones += waiting.filter(lane=ended["lane"]).order_by("number").values_list("pk", flat=True)[:1]
    if limited:
        next_ones += waiting.filter(step=ended["step"]).order_by("hand_at").values_list("pk", flat=True)[:1]
    handover.put(next_ones)


def first_in_lane() -> models.expressions.Combinable:
    """Return the condition that a run is the first unfinished one of its lane."""
    earlier = Run.objects.filter(
        lane=OuterRef("lane"), lane__gt="", number__lt=OuterRef("number"), state__in=UNFINISHED
    )
    return Q(lane="") | ~Exists(earlier)


def redrive(ids: Iterable[str]) -> int:
    """Let dead letters be tried again, with all their attempts; return how many. In a lane they go to its end."""
    done = 0
    for id in ids:
        with atomic():
            run = rows().select_for_update().filter(pk=id, state=Run.State.DEAD).first()
            if run is None:
                continue
            number = next_number(run.lane) if run.lane else 0
            rows().filter(pk=id).update(
                state=READY, failures=0, attempts=0, handed=0, number=number, reason="", error_id="",
                finished_at=None, due_at=Now(), hand_at=_from_now(conf().hand_again_s),
            )  # fmt: skip
            on_commit(lambda id=id: handover.put([id]))  # type: ignore[misc]
            on_commit(lambda run=run: feed.run(run.id, READY, run.step, run.trace_id))  # type: ignore[misc]
            done += 1
    return done


def cancel(ids: Iterable[str]) -> int:
    """End unfinished runs; one that goes on may change nothing more. Return how many."""
    done = 0
    for id in ids:
        with atomic():
            unfinished = rows().filter(pk=id, state__in=UNFINISHED)
            cancelled = {"state": Run.State.CANCELLED, "worker": None, "reason": "cancelled", "finished_at": Now()}
            if unfinished.update(fence=F("fence") + 1, **cancelled):
                on_commit(lambda id=id: succeed(id))  # type: ignore[misc]
                on_commit(lambda id=id: feed.run(id, Run.State.CANCELLED))  # type: ignore[misc]
                done += 1
    return done


def _from_now(seconds: float) -> models.expressions.Combinable | Now:
    return Now() + timedelta(seconds=seconds) if seconds else Now()


def _mine(span: Span) -> QuerySet[Run]:
    return rows().filter(pk=span.run_id, fence=-1 if span.fence is None else span.fence, state=RUNNING)
