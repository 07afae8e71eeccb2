"""What starts a step. One frozen value per trigger, made by the helper of its name or from a dict with ``type``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from .errors import InvalidStep
from .paths import Path, compile_path
from .schemas import Schema, compile_responses, compile_schema

if TYPE_CHECKING:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.permissions import _PermissionClass
    from rest_framework.throttling import BaseThrottle

    Permissions = Sequence[_PermissionClass] | None
    Authentication = Sequence[type[BaseAuthentication]] | None
    Throttles = Sequence[type[BaseThrottle]] | None

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

Condition = Callable[[Any], Any]
"""Asked with the handler's input before the handler; only ``False`` says no. Plain or async."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trigger:
    """Anything that starts a step; ``type`` is its kind, as dict forms and ``ctx.trigger`` have it."""

    type: ClassVar[str]
    condition: Condition | None = None

    @property
    def source(self) -> str:
        """What it listens to, in a word: a route, topic, expression, stream or scope."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HttpTrigger(Trigger):
    """A method and a path. ``None`` for a policy means: as DRF's settings say."""

    type: ClassVar[str] = "http"
    method: str
    path: Path
    body: Schema | None = None
    query: Schema | None = None
    responses: Mapping[int, Schema] = field(default_factory=dict)
    permission_classes: "Permissions" = None
    authentication_classes: "Authentication" = None
    throttle_classes: "Throttles" = None

    @property
    def source(self) -> str:
        return f"{self.method} {self.path}"


def http(
    method: str,
    path: str,
    *,
    body: Any = None,
    response: Any = None,
    query: Any = None,
    permission_classes: "Permissions" = None,
    authentication_classes: "Authentication" = None,
    throttle_classes: "Throttles" = None,
    condition: Condition | None = None,
) -> HttpTrigger:
    """Start the step when *method* is called on *path*.

    path: ``/x/{id}`` or ``/x/:id``, a parameter being one raw segment. body, query: a pydantic model class, DRF
    serializer class or JSON Schema dict that the request has to fit. response: one of these (for 200), or a dict of
    them by status; goes to OpenAPI, and with DEBUG what does not fit is warned of. The three policies are DRF's;
    without one its default applies. condition: asked with the handler's input; if it says ``False`` the answer is 422.
    Raises: InvalidStep.
    """
    if not isinstance(method, str) or method.upper() not in METHODS:
        raise InvalidStep(f"http: the method is one of {', '.join(METHODS)}, not {method!r:.40}")
    check_condition(condition, "http")
    for name, classes in (
        ("permission_classes", permission_classes),
        ("authentication_classes", authentication_classes),
        ("throttle_classes", throttle_classes),
    ):
        if classes is not None and not isinstance(classes, list | tuple):
            raise InvalidStep(f"http: {name} must be a list")
    return HttpTrigger(
        method=method.upper(),
        path=compile_path(path),
        body=compile_schema(body, "body"),
        query=compile_schema(query, "query"),
        responses=compile_responses(response),
        permission_classes=permission_classes,
        authentication_classes=authentication_classes,
        throttle_classes=throttle_classes,
        condition=condition,
    )


def check_condition(condition: Any, kind: str) -> None:
    """Raise InvalidStep unless *condition* is a function or None."""
    if condition is not None and not callable(condition):
        raise InvalidStep(f"{kind}: condition must be callable")


def snake_case(name: Any) -> str:
    """Return *name*, which may be the documents' camelCase, in snake_case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: f"_{found[1].lower()}", str(name))
