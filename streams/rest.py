"""What all views of streams have in common: who asks, for what, and how they are refused."""

import logging
from functools import cached_property
from typing import Any, cast

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.response import Response
from rest_framework.views import APIView

from .authentication import authenticate_here
from .counters import counters
from .credentials import of_request
from .errors import FrameTooLarge, InvalidInput, InvalidItem, StreamError, Unauthenticated
from .identity import Auth, Identity
from .registry import registry
from .renderers import BROWSABLE, JSON, ExactParser, ExactRenderer
from .requests import Refused, StreamAuthentication
from .values import Json, loads
from .writer import Stream

log = logging.getLogger(__name__)

PROJECTS: list[type[BaseAuthentication]] = list(APIView.authentication_classes)


class StreamsAPIView(APIView):
    """Authentication, permissions and throttles are DRF's, as for any view; the stream's own rules are asked beside."""

    # the project's own ways to say who asks, and then those of sockets
    authentication_classes = [
        *(kind for kind in PROJECTS if not issubclass(kind, SessionAuthentication)),
        StreamAuthentication,
    ]
    renderer_classes = [ExactRenderer, *BROWSABLE]
    parser_classes = [ExactParser]

    @property
    def default_response_headers(self) -> dict[str, str]:
        # event streams are found under the same URLs, and all of it may be other in a moment
        return {**super().default_response_headers, "Vary": "Accept", "Cache-Control": "no-cache"}

    @property
    def auth(self) -> Auth:
        """Who asks, as rules and hooks are told."""
        return self._identity.auth

    @cached_property
    def _identity(self) -> Identity:
        if isinstance(self.request.auth, Identity):
            return self.request.auth
        return authenticate_here(of_request(self.request._request).with_user(self.request.user))

    def stream(self, name: str) -> Stream:
        """Return a stream. Raises: StreamNotFound."""
        return cast(Stream, registry.get(name))

    def body(self) -> tuple[bytes, Json]:
        """Return what was sent, and its JSON value.

        Raises: UnsupportedMediaType, InvalidInput - it is not JSON; FrameTooLarge.
        """
        http = self.request._request
        kind = http.content_type or ""
        if kind != JSON and not kind.endswith("+json"):
            raise exceptions.UnsupportedMediaType(kind)
        try:
            return http.body, loads(http.body)
        except RequestDataTooBig:
            raise FrameTooLarge("the body is too large") from None
        except ValueError:
            raise InvalidInput("the body is not JSON") from None

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what is known to go wrong; anything else is the server's to report, as in any view."""
        if isinstance(exc, Refused):
            exc = exc.error
        if isinstance(exc, StreamError):
            return self._refuse(exc)
        if isinstance(exc, Http404):
            exc = exceptions.NotFound()
        elif isinstance(exc, PermissionDenied):
            exc = exceptions.PermissionDenied()
        response = super().handle_exception(exc)
        if isinstance(exc, exceptions.APIException):
            response.data = refusal(str(exc.default_code).upper(), _text(exc.detail))
        return response

    def _refuse(self, error: StreamError) -> Response:
        counters.add("refused", error.code)
        if error.status >= 500 and not error.retry:
            log.error("a request failed", exc_info=error, extra={"action": "request_failed", "code": error.code})
        fields = error.fields if isinstance(error, InvalidItem) else None
        headers = {"Retry-After": "1"} if error.retry else {}
        if isinstance(error, Unauthenticated):
            headers["WWW-Authenticate"] = "Bearer"
        response = Response(refusal(error.code, error.message, fields), error.status, headers=headers)
        response.exception = True
        return response


def refusal(code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict[str, Json]:
    """Return the body of a refusal."""
    error: dict[str, Json] = {"code": code, "message": message}
    return {"error": {**error, "fields": fields} if fields else error}


def _text(detail: Any) -> str:
    if isinstance(detail, str):
        return detail
    return "; ".join(map(_text, detail if isinstance(detail, list) else detail.values()))
