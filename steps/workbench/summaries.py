"""What a trace comes to: where it began, what became of it, how many runs it has."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..models import Run
from ..runs import rows
from . import traced
from .page import Json

SUMMED = 2000  # runs that the traces of one list are summed up from
LIGHT = (
    "id", "trace_id", "step", "trigger", "source", "state", "created_at", "due_at", "started_at", "finished_at",
)  # fmt: skip


def summaries(ids: Sequence[str]) -> list[dict[str, Json]]:
    """Sum up traces, in the order of *ids*."""
    by_trace: dict[str, list[dict[str, Any]]] = {id: [] for id in ids}
    found = list(rows().filter(trace_id__in=ids).order_by("-pk").values(*LIGHT)[:SUMMED]) if ids else []
    for one in reversed(found):
        by_trace[one["trace_id"]].append(one)
    return [_summary(id, runs, len(found) == SUMMED) for id, runs in by_trace.items() if runs]


def _summary(id: str, runs: Sequence[Mapping[str, Any]], cut: bool) -> dict[str, Json]:
    states = [one["state"] for one in runs]
    ends = [one["finished_at"] for one in runs]
    begun = any(one["started_at"] for one in runs)
    began = "due_at" if not begun else "started_at" if runs[0]["trigger"] == "http" else "created_at"
    return {
        "id": id,
        "first": runs[0]["id"],
        "step": runs[0]["step"],
        "source": f"{runs[0]['trigger']} {runs[0]['source']}",
        "state": _state(states),
        "runs": len(runs),
        "more": cut,
        "failed": sum(state in (Run.State.DEAD, Run.State.FAILED) for state in states),
        "begun": begun,
        "at": traced.milliseconds(runs[0][began] or runs[0]["created_at"]),
        "until": None if None in ends else traced.milliseconds(max(ends)),
    }


def _state(states: Iterable[str]) -> str:
    """Return the state of a whole trace."""
    known = set(states)
    order = ("running", "ready", "dead", "failed", "cancelled", "done", "skipped")
    return next(state for state in order if state in known)
