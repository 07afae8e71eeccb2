"""The page at /flows/todo/: rendered with its todos, usable by plain forms, kept live by the script."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateformat import format as format_date
from django.views.decorators.http import require_http_methods
from pydantic import ValidationError

from streams import InvalidId

from .steps import INBOX, NewTodo, assign, now
from .streams import MAX_LENGTH, inbox, todo


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show the inbox. A POST is the forms of the page without scripts; it writes to the stream as everybody does."""
    problem = _act(request.POST) if request.method == "POST" else ""
    if request.method == "POST" and not problem:
        return redirect("todo:page")
    snapshot = todo.snapshot(INBOX)
    done = sum(1 for item in snapshot.items if item.get("completedAt"))
    context = {
        "todos": [_shown(item) for item in snapshot.items],
        "snapshot": snapshot,
        "summary": f"{len(snapshot.items) - done} open, {done} done" if snapshot.items else "",
        "watching": (inbox.get("watching", INBOX) or {"watching": 0})["watching"],
        "problem": problem,
        "entered": request.POST,
        "max_length": MAX_LENGTH,
        "section": "flows",
    }
    return render(request, "flows/todo.html", context, status=400 if problem else 200)


def _act(data: Mapping[str, str]) -> str:
    """Do what the button that was pressed says; return what is wrong, or nothing. A todo that is gone stays gone."""
    try:
        if "check" in data:
            todo.update(INBOX, data["check"], [assign("completedAt", now())], if_exists=True)
        elif "uncheck" in data:
            todo.update(INBOX, data["uncheck"], [assign("completedAt", None)], if_exists=True)
        elif "delete" in data:
            todo.delete(INBOX, data["delete"])
        else:
            new = NewTodo(description=data.get("description", ""), dueDate=data.get("dueDate") or None)
            todo.set(INBOX, uuid4().hex, new.model_dump(exclude_none=True) | {"createdAt": now()})
    except ValidationError as error:
        return " · ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
    except InvalidId:
        return "There is no such todo."
    return ""


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    """Return a todo as the template shows it: ``due`` for people, and whether that is past."""
    due = item.get("dueDate")
    try:
        day = date.fromisoformat(due or "")
    except ValueError:  # the API takes any text
        return {**item, "due": due}
    overdue = not item.get("completedAt") and day < timezone.localdate()
    return {**item, "due": format_date(day, "j M Y"), "overdue": overdue}
