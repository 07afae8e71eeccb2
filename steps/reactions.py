"""What follows from a change, inside its transaction: the runs of the triggers that it matches.

Also where the operations of runs are fenced and written down, however they were called.
"""

from typing import Any

from django.db.models.functions import Now

from streams.bus import changed
from streams.changes import Change
from streams.protocol import dumps

from .conf import conf
from .database import on_commit
from .errors import DepthExceeded
from .lanes import lane_of
from .listeners import Listener, listeners
from .models import Run
from .runs import hold, insert
from .spans import Span, current_span, new_run_id, new_trace_id
from .tracing import method
from .watches import STATE, WatchTrigger


def connect() -> None:
    """Listen to all changes; called once, by the app's ``ready()``."""
    changed.connect(react, dispatch_uid="steps.reactions")


def react(sender: Any, change: Change, old: str | None, **_: Any) -> None:
    """Insert the runs that *change* causes. What it raises undoes the change."""
    span = current_span()
    if span is not None:
        hold(span)
        _trace(span, change)
    found = listeners().streams.get(change.stream)
    if not found:
        return
    matching = [item for item in found if _matches(item, change)]
    if matching:
        insert([_run(item, change, old, span) for item in matching])


def _matches(listener: Listener, change: Change) -> bool:
    trigger = listener.trigger
    return isinstance(trigger, WatchTrigger) and trigger.matches(change.group, change.id, change.kind)


def _run(listener: Listener, change: Change, old: str | None, span: Span | None) -> Run:
    step, depth = listener.step.name, 1 if span is None else span.depth + 1
    run = Run(
        id=new_run_id(),
        trace_id=new_trace_id() if span is None else span.trace_id,
        parent_id="" if span is None else span.run_id,
        depth=depth,
        step=step,
        trigger=listener.trigger.type,
        trigger_index=listener.index,
        source=listener.trigger.source,
        input=_input(change, old),
        lane=lane_of("item", step, str(listener.index), change.stream, change.group, change.id),
    )
    if depth > conf().max_depth:
        run.state, run.reason = Run.State.DEAD, f"DepthExceeded: {DepthExceeded().message}"
        run.finished_at = Now()
    return run


def _input(change: Change, old: str | None) -> str:
    # the values are JSON already
    return (
        f'{{"stream":{dumps(change.stream)},"group":{dumps(change.group)},"id":{dumps(change.id)},'
        f'"kind":"{change.kind}","clock":{change.clock},"value":{change.value},"old":{"null" if old is None else old}}}'
    )


def _trace(span: Span, change: Change) -> None:
    label = "state" if change.stream == STATE else f"streams.{change.stream}"
    operation, facts = f"{label}.{method(change.kind)}", {"group": change.group, "id": change.id, "event": change.kind}
    if change.sequence:
        facts["sequence"] = str(change.sequence)
    if span.atomic:  # all of it stands or falls with the run
        span.operation(operation, **facts)
    else:
        on_commit(lambda: span.operation(operation, **facts))
