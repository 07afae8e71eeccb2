"""Endpoints: the routes of the steps, to be tried; what they answer, and the trace of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from ..errors import InvalidStepInput
from ..routes import Route, table
from . import traces
from .examples import described, example
from .page import Json, NotThere, Page, text_of

page = Page(
    name="endpoints",
    title="Endpoints",
    permission="steps.view_workbench",
    summary="Every route of the steps, to be called from here.",
    icon="M2 4h20v16H2zm2 2v12h16V6zm2 3 3 3-3 3 1.4 1.4L11.8 12 7.4 7.6zm6 5h6v2h-6z",
    topics=("runs",),
)

BODIES = ("POST", "PUT", "PATCH", "DELETE")


@page.data
def endpoints(request: HttpRequest) -> Json:
    """List all routes with what they take and answer, by flow."""
    try:
        prefix = reverse("steps:dispatch", kwargs={"path": ""}).rstrip("/")
    except NoReverseMatch:
        return {"served": False, "endpoints": []}
    return {"served": True, "endpoints": [_endpoint(route, prefix) for route in table().routes]}


@page.action("steps.view_workbench", noted=False)
def check(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Say what is wrong with ``value`` as the body of the endpoint ``id``; no fields: it fits."""
    trigger = _route(text_of(body, "id")).trigger
    if trigger.body is None:
        return {"fields": {}}
    try:
        trigger.body.read(body.get("value"), {"request": request, "view": None})
    except InvalidStepInput as error:
        return {"fields": error.fields}
    return {"fields": {}}


@page.data
def trace(request: HttpRequest) -> Json:
    """Return the runs of the trace ``id``, as its own page has them; None for who may not see runs."""
    return traces.trace(request) if traces.page.may_see(request) else {"runs": None}


page.data(traces.change)


def _endpoint(route: Route, prefix: str) -> dict[str, Json]:
    trigger, step = route.trigger, route.step
    body, query = described(trigger.body, "validation"), described(trigger.query, "validation")
    return {
        "id": trigger.source,
        "method": trigger.method,
        "path": f"{prefix}{trigger.path}",
        "parameters": trigger.path.parameters,
        "takes_body": trigger.method in BODIES,
        "body": body,
        "example": example(body) if body is not None else None,
        "query": query,
        "answers": {status: described(schema, "serialization") for status, schema in sorted(trigger.responses.items())},
        "conditional": trigger.condition is not None,
        "streams": step.is_streaming,
        "step": step.name,
        "description": step.description,
        "flows": step.flows,
    }


def _route(id: str) -> Route:
    routes: Iterable[Route] = table().routes
    for route in routes:
        if route.trigger.source == id:
            return route
    raise NotThere(f"There is no endpoint {id!r:.80}.")
