"""The request as an HTTP step gets it: read with DRF's parsers, validated by the trigger's schemas."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, QueryDict
from rest_framework.exceptions import ParseError, UnsupportedMediaType

from .errors import InvalidStepInput
from .forms import plain
from .inputs import Input
from .triggers import HttpTrigger

if TYPE_CHECKING:
    from rest_framework.request import Request as ParsedRequest
    from rest_framework.views import APIView

CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request(Input):
    """What a handler with an HTTP trigger is given.

    body: the validated body; without ``body=`` the parsed one, None where no parser takes its media type. path_params:
    decoded text by name. query_params: validated; without ``query=`` a dict, a list where a name stands several times.
    headers: by name in any case. user: as DRF's authentication says.
    """

    also: ClassVar[tuple[str, ...]] = ("raw_body", "request")

    body: Any
    path_params: Mapping[str, str]
    query_params: Any
    headers: Mapping[str, str]
    method: str
    user: Any
    _http: HttpRequest = field(repr=False)

    @property
    def request(self) -> "Request":
        """Itself: the documents' handlers write ``input.request.body``."""
        return self

    @property
    def raw_body(self) -> bytes:
        """The body as it came.

        Raises: RawPostDataException - it was multipart: Django reads such a stream once, the parts are in ``body``.
        """
        return self._http.body

    async def stream(self) -> AsyncIterator[bytes]:
        """Iterate over the raw body in chunks of at most 64 KiB; Django has read it before the handler runs."""
        body = self.raw_body
        for start in range(0, len(body), CHUNK_BYTES):
            yield body[start : start + CHUNK_BYTES]


def read_request(
    parsed: "ParsedRequest", trigger: HttpTrigger, path_params: Mapping[str, str], view: "APIView"
) -> Request:
    """Return the input for *trigger*.

    Raises: InvalidStepInput - body or query do not fit; UnsupportedMediaType - a body schema, and no parser for what
    came; RequestDataTooBig.
    """
    http: HttpRequest = parsed._request
    context = {"request": parsed, "view": view}
    return Request(
        body=_read_body(parsed, trigger, context),
        path_params=dict(path_params),
        query_params=_read_query(http, trigger, context),
        headers=http.headers,
        method=http.method or "",
        user=parsed.user,
        _http=http,
    )


def _read_body(parsed: "ParsedRequest", trigger: HttpTrigger, context: Mapping[str, Any]) -> Any:
    _measure(parsed._request)
    try:
        data = parsed.data
    except UnsupportedMediaType:
        if trigger.body is not None:
            raise
        return None
    except ParseError as error:
        raise InvalidStepInput("Invalid body", fields={"": [str(error.detail)]}) from None
    except RecursionError:
        raise InvalidStepInput("Invalid body", fields={"": ["JSON parse error - nested too deeply"]}) from None
    except (TooManyFieldsSent, TooManyFilesSent) as error:
        raise InvalidStepInput("Invalid body", fields={"": [str(error)]}) from None
    if trigger.body is None:
        return plain(data) if isinstance(data, QueryDict) else data
    try:
        return trigger.body.read(data, context)
    except InvalidStepInput as error:
        raise InvalidStepInput("Invalid body", fields=error.fields) from None


def _read_query(http: HttpRequest, trigger: HttpTrigger, context: Mapping[str, Any]) -> Any:
    if trigger.query is None:
        return plain(http.GET)
    try:
        return trigger.query.read(http.GET, context)
    except InvalidStepInput as error:
        raise InvalidStepInput("Invalid query", fields=error.fields) from None


def _measure(http: HttpRequest) -> None:
    # A chunked request has no Content-Length, and DRF takes that for an empty body; an ASGI server has read it by now.
    if not http.META.get("CONTENT_LENGTH") and hasattr(http, "scope"):
        http.META["CONTENT_LENGTH"] = str(len(http.body))
