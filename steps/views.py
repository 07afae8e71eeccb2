"""The HTTP face of steps: one DRF view per HTTP trigger, and the one Django view in front of them.

The views are synchronous, so that one request is one thread and one database connection; async handlers run to
their end inside.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, ClassVar, NoReturn, cast
from uuid import uuid4

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request as ParsedRequest
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from streams.segments import segments_of

from .context import Context
from .errors import InvalidStepInput
from .execution import admits, execute
from .journal import journal
from .requests import read_request
from .responses import ExactRenderer, respond
from .routes import Route, table
from .spans import Span, new_run_id, new_trace_id, read_traceparent
from .streaming import respond_streaming

log = logging.getLogger(__name__)


class AnyAccept(DefaultContentNegotiation):
    """The handler decides what it answers, so no Accept header is refused."""

    def select_renderer(
        self, request: ParsedRequest, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


class StepView(APIView):
    """Runs one step for one HTTP trigger; authentication, permissions and throttles are DRF's, or the trigger's."""

    route: ClassVar[Route]
    renderer_classes = [ExactRenderer]
    content_negotiation_class = AnyAccept

    @property
    def default_response_headers(self) -> dict[str, str]:
        """None: DRF would say which methods this view allows, and the path may have others."""
        return {}

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> ParsedRequest:
        # one argument until here, lest a parameter's name collide with one of Django's
        self.kwargs = kwargs.get("params", {})
        trace_id, parent_id = read_traceparent(request.headers.get("traceparent", ""))
        self.span = Span(
            run_id=new_run_id(),
            trace_id=trace_id or new_trace_id(),
            parent_id=parent_id,
            step=self.route.step.name,
            trigger=self.route.trigger.type,
            source=self.route.trigger.source,
            trigger_index=self.route.step.triggers.index(self.route.trigger),
        )
        self.reason = self.error_id = ""
        return super().initialize_request(request, *args, **kwargs)

    def handle(self, request: ParsedRequest, params: Mapping[str, str]) -> HttpResponseBase:
        """Answer *request*; what goes wrong inside the step is left to ``handle_exception``."""
        trigger, step = self.route.trigger, self.route.step
        try:
            input = read_request(request, trigger, params, self)
        except InvalidStepInput as error:
            return Response({"error": error.message, "fields": error.fields}, error.status)
        except RequestDataTooBig:
            return Response({"error": "Body too large"}, 413)
        if not admits(trigger, input):
            return Response({"error": "The condition of this step is not met", "skipped": True}, 422)
        with self.span.current():
            result = execute(step, input, Context(step, trigger, self.span, input))
        if self.route.step.is_streaming:
            return respond_streaming(result, self.span, partial(journal.add, self.span))
        return respond(result, self.route)

    def finalize_response(self, request: ParsedRequest, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("traceparent", self.span.traceparent)
        if not isinstance(response, StreamingHttpResponse):  # a stream says itself when it ends
            journal.add(self.span, response.status_code, self.reason, self.error_id)
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """Let DRF answer what it knows: its own exceptions, Http404, PermissionDenied.

        Anything else is a 500, which says nothing but where to look in the log.
        """
        try:
            return super().handle_exception(exc)
        except Exception as error:  # noqa: BLE001 - whatever it is, the request is answered, and it is logged
            return self._fail(error)

    def raise_uncaught_exception(self, exc: Exception) -> NoReturn:
        raise exc

    def _fail(self, error: Exception) -> Response:
        set_rollback()  # of ATOMIC_REQUESTS: Django will see a response, not the exception
        error_id, name = uuid4().hex, self.route.step.name
        self.error_id, self.reason = error_id, f"{type(error).__name__}: {error}"
        self.span.fail(error, self.reason)
        facts = {"action": "step_failed", "step": name, "error_id": error_id, "trace_id": self.span.trace_id}
        with self.span.current():
            log.error("step failed", exc_info=error, extra=facts)
        return Response({"error": "Internal server error", "error_id": error_id}, 500)


@csrf_exempt  # like every view of DRF: its session authentication asks for the token itself
@login_not_required
def dispatch(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer *request* with the step whose method and path it has.

    path: decoded, from where ``steps.urls`` is included. Raises: Http404. A path known for other methods gives 405.
    """
    segments = segments_of(request, path)
    matches = table().find(segments) if segments is not None else []
    if not matches:
        raise Http404("No step has this path.")
    for match in matches:
        if route := match.route(request.method or ""):
            return view_of(route)(request, params=match.params(route))
    methods = {method for match in matches for method in match.routes} | {"OPTIONS"}
    allow = {"Allow": ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))}
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=allow)
    return JsonResponse({"error": "Method not allowed"}, status=405, headers=allow)


@cache
def view_of(route: Route) -> Callable[..., HttpResponseBase]:
    """Return the DRF view of *route*, made on first use: it takes the request and ``params``."""
    trigger, method = route.trigger, route.trigger.method.lower()
    policies = {
        "permission_classes": trigger.permission_classes,
        "authentication_classes": trigger.authentication_classes,
        "throttle_classes": trigger.throttle_classes,
    }
    attributes = {
        "__doc__": route.step.description,
        "__module__": __name__,
        "route": route,
        "http_method_names": [method, "head"] if method == "get" else [method],
        method: StepView.handle,
        **{name: classes for name, classes in policies.items() if classes is not None},
    }
    return cast(type[StepView], type(route.step.name, (StepView,), attributes)).as_view()
