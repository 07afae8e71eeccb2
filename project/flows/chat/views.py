"""The page at /flows/chat/: rendered with what was said, kept live by the script."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from .streams import LOBBY, LONGEST, chat_message


@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """Show the lobby."""
    context = {"room": LOBBY, "history": chat_message.snapshot(LOBBY), "longest": LONGEST, "section": "flows"}
    return render(request, "flows/chat.html", context)
