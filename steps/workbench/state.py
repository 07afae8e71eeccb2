"""State: the values that steps keep, by scope and key; to be looked at, edited and deleted by hand."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from streams.state import state

from .listing import list_groups, list_items
from .page import Json, NotThere, Page, Refused, need, text_of

page = Page(
    name="state",
    title="State",
    permission="streams.view_group",
    summary="What steps remember, by scope and key. Steps with a state trigger hear of what is changed here, too.",
    icon="M4 5h16v4H4zm0 5h16v4H4zm0 5h16v4H4zM6 6v2h2V6zm0 5v2h2v-2zm0 5v2h2v-2z",
    topics=("streams",),
)


@page.data
def scopes(request: HttpRequest) -> Json:
    """List the scopes that begin with ``find``, those after ``after``."""
    return list_groups(state, request.GET)


@page.data
def values(request: HttpRequest) -> Json:
    """List the keys of ``group`` with their values, those that were made after the cursor ``after``."""
    need(request, "streams.view_item")
    if not state.store.transactional:
        raise Refused("The state is kept in memory, where its keys cannot be listed.")
    return list_items(state, text_of(request.GET, "group"), request.GET)


@page.action("streams.add_item")
def create(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Write a value under a new key. Refused: there is one already."""
    scope, key = _place(body)
    if state.get(scope, key) is not None:
        raise Refused(f"There is a value {key!r:.80} already.")
    return {"item": state.set(scope, key, body.get("value")).new_value}


@page.action("streams.change_item")
def edit(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Replace a value."""
    scope, key = _place(body)
    if state.get(scope, key) is None:
        raise NotThere("The value is not there any more.")
    return {"item": state.set(scope, key, body.get("value")).new_value}


@page.action("streams.delete_item")
def delete(request: HttpRequest, body: Mapping[str, Any]) -> Json:
    """Delete a value."""
    scope, key = _place(body)
    return {"deleted": state.delete(scope, key) is not None}


def _place(body: Mapping[str, Any]) -> tuple[str, str]:
    return text_of(body, "group"), text_of(body, "id")
