"""What a run has written down, at the moments at which it happened: attempts, operations, log lines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..models import Run
from ..watches import STATE
from .page import Json


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a run. error: why it failed, empty if it did not; times in milliseconds since 1970."""

    number: int
    at: float
    until: float | None = None
    error: str = ""
    traceback: str = ""


def milliseconds(moment: datetime | None) -> float | None:
    """Return a time as scripts have it."""
    return None if moment is None else moment.timestamp() * 1000


def attempts(run: Run) -> list[Attempt]:
    """Return the attempts that are known, in their order; the last one may still go on.

    Of one whose worker was lost only what it had written down is left.
    """
    found = [
        Attempt(
            number=entry["attempt"],
            at=datetime.fromisoformat(entry["started_at"]).timestamp() * 1000,
            until=datetime.fromisoformat(entry["ended_at"]).timestamp() * 1000,
            error=entry["error"],
            traceback=entry["traceback"],
        )
        for entry in json.loads(run.history)
    ]
    begun, ended = milliseconds(run.started_at), milliseconds(run.finished_at)
    if (
        begun is None
        or run.state == Run.State.READY
        or (_has_failed(run) and found and found[-1].number == run.attempts)
    ):
        return found
    return [*found, Attempt(run.attempts, begun, ended)]


def operations(run: Run) -> list[dict[str, Json]]:
    """Return the operations on streams, state and topics, each with its name, its place and what is known of it."""
    return [
        {
            "at": at,
            "attempt": entry.get("attempt"),
            "name": entry.get("operation"),
            "where": _where(entry),
            "stream": _stream(str(entry.get("operation"))),
            "facts": {name: value for name, value in entry.items() if name not in ("at", "attempt", "operation")},
        }
        for at, entry in _timed(run, json.loads(run.operations))
    ]


def lines(run: Run) -> list[dict[str, Json]]:
    """Return the log lines."""
    return [
        {"at": at, **{name: entry.get(name) for name in ("attempt", "level", "message", "data")}}
        for at, entry in _timed(run, json.loads(run.logs))
    ]


def _timed(run: Run, entries: Sequence[Mapping[str, Any]]) -> list[tuple[float, Mapping[str, Any]]]:
    """Return *entries* with their times; they say how long after the begin of their attempt they were written."""
    begins = [(one.number, one.at) for one in attempts(run)]
    begins = begins or [(run.attempts, milliseconds(run.started_at or run.created_at) or 0.0)]
    place, before, found = 0, 0.0, []
    for entry in entries:
        number, after = entry.get("attempt", 1), float(entry.get("at", 0))
        # a run that was redriven counts its attempts anew: the same number comes again, and its clock begins at 0
        first = place + 1 if number == begins[place][0] and after < before else place
        later = (index for index in range(first, len(begins)) if begins[index][0] == number)
        place, before = next(later, place), after
        found.append((begins[place][1] + after, entry))
    return found


def _stream(operation: str) -> str | None:
    """Return the stream that ``streams.<name>.<method>`` or ``state.<method>`` is about."""
    label, _, _ = operation.rpartition(".")
    return STATE if label == "state" else label.partition("streams.")[2] or None


def _is_last(found: Sequence[Attempt], number: int) -> bool:
    return bool(found) and found[-1].number == number


def _has_failed(run: Run) -> bool:
    return run.state in (Run.State.DEAD, Run.State.FAILED, Run.State.CANCELLED)


def _where(entry: Mapping[str, Any]) -> str:
    return "/".join(str(entry[name]) for name in ("group", "id", "topic") if entry.get(name))
