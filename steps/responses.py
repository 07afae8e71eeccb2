"""From what a handler returned to an HTTP response."""

import logging
from collections.abc import Mapping
from decimal import Decimal
from inspect import isawaitable
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from pydantic import BaseModel
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from streams.errors import InvalidItem
from streams.protocol import Json, dumps, normalise

from .conf import conf
from .errors import InvalidResult
from .routes import Route

log = logging.getLogger(__name__)

FORM = {"status", "body", "headers"}
NO_BODY = (204, 304)

_encoder = JSONEncoder()


class ExactRenderer(JSONRenderer):
    """JSON as steps write it: what DRF's renderer would escape or round stays as it is."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else dumps(to_json(data)).encode()


def respond(result: Any, route: Route) -> HttpResponseBase:
    """Return *result* as a response.

    result: ``{"status", "body", "headers"}``, a response of Django or DRF, ``None`` (204) or any other value (200).
    Bodies are JSON, exactly: what a write returned becomes the item with its ``__stream``; text and bytes under a
    media type of their own go out as they are. Raises: InvalidResult.
    """
    if isinstance(result, Response):
        result.data = None if result.data is None else to_json(result.data)
        _compare(route, result.status_code, result.data)
        return result
    if isinstance(result, HttpResponseBase):
        return result
    if result is None:
        return HttpResponse(status=204)
    if not _is_form(result):
        result = {"body": result}
    status = status_of(result.get("status", 200))
    headers = result.get("headers") or {}
    if not isinstance(headers, Mapping) or not all(isinstance(name, str) for name in headers):
        raise InvalidResult("headers must be a dict of str")
    try:
        return _response(route, status, result, headers)
    except (ValueError, TypeError) as error:  # Django's word on a header it does not send
        raise InvalidResult(str(error)) from error


def to_json(value: Any) -> Json:
    """Return *value* as plain JSON; what JSON has no type for becomes what DRF makes of it.

    Raises: InvalidResult.
    """
    try:
        return normalise(_plain(value))
    except InvalidItem as error:
        raise InvalidResult(f"the body is not JSON: {error.message}") from None
    except RecursionError:
        raise InvalidResult("the body is not JSON: it contains itself, or is nested too deeply") from None


def _response(route: Route, status: int, form: Mapping[str, Any], headers: Mapping[str, Any]) -> HttpResponse:
    if "body" not in form or status in NO_BODY:
        return HttpResponse(status=status, headers=headers)
    body = form["body"]
    named = next((str(value) for name, value in headers.items() if name.lower() == "content-type"), None)
    if isinstance(body, bytes):
        return HttpResponse(body, status=status, headers={"Content-Type": "application/octet-stream", **headers})
    if isinstance(body, str) and named is not None and "json" not in named.lower():
        return HttpResponse(body, status=status, headers=headers)
    body = to_json(body)
    _compare(route, status, body)
    return HttpResponse(
        dumps(body), status=status, headers=headers if named else {"Content-Type": "application/json", **headers}
    )


def _is_form(result: Any) -> bool:
    # {"status": "open"} is somebody's value, {"status": 404} and {"status": ..., "body": ...} are answers
    if not isinstance(result, dict) or "status" not in result or set(result) - FORM:
        return False
    return len(result) > 1 or isinstance(result["status"], int)


def status_of(status: Any) -> int:
    """Return *status* if it can be one. Raises: InvalidResult."""
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise InvalidResult(f"status must be a number from 200 to 599, not {status!r:.40}")
    return int(status)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "as_response"):  # what a write returned: the item, and where to listen for it
        return _plain(value.as_response())
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isawaitable(value) or hasattr(value, "__next__") or hasattr(value, "__anext__"):
        raise InvalidResult(f"{type(value).__name__} is not JSON; was an await forgotten?")
    if isinstance(value, Decimal):
        return str(value)  # DRF would make a float of it
    try:
        made = _encoder.default(value)
    except TypeError:
        made = None
    if made is None:  # DRF's answer to what it tried and could not read
        raise InvalidResult(f"{type(value).__name__} is not JSON")
    return _plain(made)


def _key(key: Any) -> Any:
    return str(key) if not isinstance(key, str | bool | float) and key is not None else key


def _compare(route: Route, status: int, body: Json) -> None:
    wanted = settings.DEBUG if conf().check_responses is None else conf().check_responses
    schema = route.trigger.responses.get(status) if wanted else None
    if schema is not None and (fields := schema.faults(_without_address(body))):
        log.warning(
            "response does not fit its schema",
            extra={"action": "response_mismatch", "step": route.step.name, "status": status, "fields": fields},
        )


def _without_address(body: Json) -> Json:
    """Return *body* without ``__stream``, which is added on the way out and in no schema."""
    if isinstance(body, dict):
        return {key: _without_address(item) for key, item in body.items() if key != "__stream"}
    return [_without_address(item) for item in body] if isinstance(body, list) else body
