"""The page at /flows/pets/: a form that takes a pet in, and what its request goes on to tell."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from .profiles import QUESTIONS
from .streams import MESSAGE


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show the form; what happens then is told by the stream."""
    context = {"stages": list(QUESTIONS), "message_id": MESSAGE, "section": "flows"}
    return render(request, "flows/pets.html", context)
