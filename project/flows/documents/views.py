"""The page at /flows/documents/: whoever opens it writes along as a guest."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from .members import DOCUMENT, OPEN
from .streams import documents


@require_safe
@ensure_csrf_cookie
def page(request: HttpRequest) -> HttpResponse:
    """Show the document of the open workspace as it is; the script lets people in."""
    document = documents.get(OPEN, DOCUMENT) or {"title": "Welcome", "content": ""}
    context = {"document": document, "place": {"workspace": OPEN, "document": DOCUMENT}, "section": "flows"}
    return render(request, "flows/documents.html", context)
