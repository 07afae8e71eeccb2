"""The page at /flows/merge/: a form that starts merges, and a bar for each that grows as parts are done."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .steps import MAX_STEPS
from .streams import GROUP, parallel_merge

SHOWN = 12


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the last merges."""
    snapshot = parallel_merge.snapshot(GROUP)
    merges = [_shown(item) for item in reversed(snapshot.items[-SHOWN:])]
    context = {
        "merges": merges,
        "snapshot": snapshot.as_json(),
        "max_steps": MAX_STEPS,
        "shown": SHOWN,
        "section": "flows",
    }
    return render(request, "flows/merge.html", context)


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "percent": round(100 * item["completedSteps"] / item["totalSteps"])}
