"""Logs: the lines of all runs as they are written, and those before."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from ..models import Run
from ..runs import rows
from . import traced
from .lookback import look_back, moment
from .page import Json, Page, Refused

page = Page(
    name="logs",
    title="Logs",
    permission="steps.view_run",
    summary="What the runs of all processes log, as they log it.",
    icon="M3 4h18v16H3zm2 3v2h3V7zm5 0v2h9V7zm-5 4v2h3v-2zm5 0v2h9v-2zm-5 4v2h3v-2zm5 0v2h6v-2z",
    topics=("runs",),
)

LEVELS = ("info", "warning", "error", "critical")
WINDOW = 300  # runs that one answer looks through
LINES = 500  # of one answer, and those of the last run
ASKED = 100  # runs that are asked for by their ids
CHUNK = 50  # runs in memory at once


@page.context
def choices(request: HttpRequest) -> Mapping[str, Any]:
    """Offer the levels."""
    return {"levels": LEVELS}


@page.data
def lines(request: HttpRequest) -> Json:
    """List log lines: of the newest runs before the run ``before``, or of those in ``runs``.

    trace, level (at least), text: which lines.
    """
    query = request.GET
    among = rows().filter(trace_id=query["trace"]) if query.get("trace") else rows()
    if "runs" in query:
        ids = query["runs"].split(",")
        if len(ids) > ASKED:
            raise Refused(f"At most {ASKED} runs at once.")
        found, further = among.filter(pk__in=ids).order_by("-pk"), None
    else:
        found, further = look_back(among, query.get("before", ""), WINDOW)
    levels = LEVELS[LEVELS.index(query["level"]) :] if query.get("level") in LEVELS else LEVELS
    shown, last = _lines(found, frozenset(levels), query.get("text", "").strip().casefold())
    after = last or further
    until = moment(after) if after else None
    return {"lines": shown, "before": after, "until": None if until is None else traced.milliseconds(until)}


def _lines(found: QuerySet[Run], levels: frozenset[str], text: str) -> tuple[list[dict[str, Json]], str | None]:
    """Return the wanted lines, and the run before which to go on when there were too many."""
    shown: list[dict[str, Json]] = []
    runs = found.exclude(logs="[]").defer("input", "operations")
    for run in runs.iterator(chunk_size=CHUNK):
        shown += _wanted(run, levels, text)
        if len(shown) >= LINES:
            return shown, run.pk
    return shown, None


def _wanted(run: Run, levels: frozenset[str], text: str) -> Iterable[dict[str, Json]]:
    for number, line in enumerate(traced.lines(run)):
        level = line["level"] if line["level"] in LEVELS else "info"
        words = f"{line['message']} {run.step} {line['data'] or ''}".casefold()
        if level in levels and text in words:
            yield {"id": f"{run.pk}.{number}", "run": run.pk, "trace": run.trace_id, "step": run.step} | line
