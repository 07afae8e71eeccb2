"""Which view answers a path: one for each number of segments, and event streams for those who ask for them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from .errors import InvalidId
from .renderers import EVENT_STREAM, JSON
from .rest import StreamsAPIView, refusal
from .segments import segments_of
from .sse import EventStreamView
from .views import GroupListView, GroupView, ItemView, StreamListView

NAMES = ("stream", "group", "id")
VIEWS = [view.as_view() for view in (StreamListView, GroupListView, GroupView, ItemView)]
EVENTS = EventStreamView.as_view()


@csrf_exempt  # like every view of DRF: its session authentication asks for the token itself
@login_not_required  # and its permissions for users
@transaction.non_atomic_requests  # a write is a transaction, and a subscription must not be one
def dispatch(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer *request*. path: decoded, from where ``streams.urls`` is included; the raw one decides."""
    segments = segments_of(request, path)
    if segments is None:
        return JsonResponse(refusal(InvalidId.code, "the path is not UTF-8"), status=InvalidId.status)
    if segments[-1] == "":
        segments.pop()
    if len(segments) >= len(VIEWS):
        return JsonResponse(refusal("NOT_FOUND", "a path has a stream, a group and an id"), status=404)
    view = EVENTS if len(segments) > 1 and _wants_events(request) else VIEWS[len(segments)]
    return view(request, **dict(zip(NAMES, segments, strict=False)))


def documented(view: type[StreamsAPIView]) -> Callable[..., HttpResponseBase]:
    """Return a view for ``path()`` that looks like *view* to whoever reads the URL configuration, and dispatches."""

    @wraps(view.as_view())
    @transaction.non_atomic_requests
    def callback(request: HttpRequest, **segments: Any) -> HttpResponseBase:
        return dispatch(request, "".join(f"{segment}/" for segment in segments.values()))

    return callback


def _wants_events(request: HttpRequest) -> bool:
    if request.method != "GET":
        return False
    return (
        request.GET.get("format") == "sse"
        or request.get_preferred_type([JSON, "text/html", EVENT_STREAM]) == EVENT_STREAM
    )
