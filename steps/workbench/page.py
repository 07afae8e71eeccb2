"""What a page of the workbench is: a name, who may see it, the rows it reads and the things it does.

A page reads when its script asks: the feed only says that there is something new.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, JsonResponse

from streams.errors import StreamError

from ..errors import StepError
from ..feed import Topic

Json = Any

Read = Callable[[HttpRequest], Json]
"""Returns what the page's script asked for; the query string says of what."""

Act = Callable[[HttpRequest, Mapping[str, Any]], Json]
"""Does what was asked in the JSON body; what it returns is the answer."""


class Refused(StepError):
    """What was asked makes no sense."""

    code, status = "REFUSED", 400


class NotThere(Refused):
    """That is not there, or not there any more."""

    code, status = "NOT_THERE", 404


class NotAllowed(Refused):
    """You may not do that."""

    code, status = "NOT_ALLOWED", 403


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a page does. permission: of who may; noted: in the admin's history."""

    act: Act
    permission: str
    noted: bool = True


@dataclass(slots=True, eq=False)
class Page:
    """One page, with its template ``steps/workbench/<name>.html`` and its script of that name.

    permission: of who may see it and read its data. topics: of the feed that its script follows. icon: SVG path data in
    a square of 24.
    """

    name: str
    title: str
    permission: str
    summary: str
    icon: str
    topics: tuple[Topic, ...] = ()
    reads: dict[str, Read] = field(default_factory=dict)
    actions: dict[str, Action] = field(default_factory=dict)
    first: Callable[[HttpRequest], Mapping[str, Any]] | None = None

    def data(self, read: Read) -> Read:
        """Let the script read what *read* returns, as ``load("<its name>", {query})``."""
        self.reads[read.__name__] = read
        return read

    def action(self, permission: str, *, noted: bool = True) -> Callable[[Act], Act]:
        """Let the script do it, as ``act("<its name>", {body})``, for those with *permission*.

        noted: the admin's history says who did it; False for what changes nothing.
        """

        def register(act: Act) -> Act:
            self.actions[act.__name__] = Action(act, permission, noted)
            return act

        return register

    def context(self, function: Callable[[HttpRequest], Mapping[str, Any]]) -> Callable[[HttpRequest], Any]:
        """Give the template what *function* returns."""
        self.first = function
        return function

    def may_see(self, request: HttpRequest) -> bool:
        """May this user see the page?"""
        return bool(request.user.has_perm(self.permission))


def answer(read: Callable[[], Json]) -> JsonResponse:
    """Return what *read* returns as JSON; what it refuses as an error with its reason."""
    try:
        return JsonResponse(read(), safe=False)
    except (StreamError, StepError) as error:
        return JsonResponse({"error": error.message, "code": error.code, **_fields(error)}, status=error.status)


def problem(message: str, status: int) -> JsonResponse:
    """Return an error."""
    return JsonResponse({"error": message}, status=status)


def body_of(request: HttpRequest) -> Mapping[str, Any]:
    """Return the JSON object that was sent. Raises: Refused."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise Refused("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    return body


def text_of(values: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Return a text of the query or body. Raises: Refused - it is missing, or no text."""
    value = values.get(name, default)
    if not isinstance(value, str):
        raise Refused(f"{name} is missing.")
    return value


def need(request: HttpRequest, permission: str) -> None:
    """Ask for one more permission than the page's. Raises: NotAllowed."""
    if not request.user.has_perm(permission):
        raise NotAllowed(f"You need the permission {permission}.")


def number_of(values: Mapping[str, Any], name: str, default: int, most: int) -> int:
    """Return a whole number from 1 to *most* of the query or body. Raises: Refused."""
    try:
        number = int(values.get(name, default))
    except (TypeError, ValueError):
        raise Refused(f"{name} must be a number.") from None
    return max(1, min(number, most))


def _fields(error: Exception) -> dict[str, Json]:
    fields = getattr(error, "fields", None)
    return {"fields": fields} if fields else {}
