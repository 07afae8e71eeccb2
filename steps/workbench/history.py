"""Who did what: the workbench's actions in the admin's own history, where its recent actions are read from."""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest

from ..models import Workbench
from .page import Page

NAMED = ("stream", "scope", "group", "id", "key", "step", "index", "on")
"""What an action was about. Values that were written are not noted: they may be nobody's business."""

LONGEST = 80  # characters of one name


def note(request: HttpRequest, page: Page, name: str, body: Mapping[str, Any]) -> None:
    """Note that the user of *request* has done the action *name* of *page*."""
    about = [f"{key} {body[key]!s:.{LONGEST}}" for key in NAMED if body.get(key) not in (None, "")]
    if isinstance(ids := body.get("ids"), list):
        about.append(f"{len(ids)} runs: {', '.join(str(id) for id in ids[:5])}")
    assert request.user.pk is not None  # nobody else is let in
    LogEntry.objects.create(
        user_id=request.user.pk,
        content_type=ContentType.objects.get_for_model(Workbench, for_concrete_model=False),
        object_repr=f"{page.title}: {name.replace('_', ' ')}",
        action_flag=CHANGE,
        change_message=", ".join(about)[:1000],
    )
