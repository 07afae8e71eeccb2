"""System checks: what is wrong with the settings or the declarations, and how to put it right."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.urls import NoReverseMatch, reverse

from .conf import SETTING, names
from .registry import registry
from .routes import Route, table

RESERVED = ("admin", "streams", "static", "schema", "healthz", "metrics", "flows")
"""First segments of paths that are not for steps; nor is ``/``."""

HOOK = "steps.openapi.add_steps"


@register("steps")
def check_settings(**_: Any) -> Sequence[CheckMessage]:
    """steps.E001: unknown settings."""
    given = getattr(settings, SETTING, {})
    if not isinstance(given, dict):
        return [Error(f"{SETTING} must be a dict.", id="steps.E001")]
    return [
        Error(f"{SETTING} has no setting {name!r}.", hint=f"Known are {', '.join(sorted(names()))}.", id="steps.E001")
        for name in sorted(set(given) - names())
    ]


@register("steps")
def check_imports(**_: Any) -> Sequence[CheckMessage]:
    """steps.E002: modules with steps that cannot be imported (without DEBUG start-up has failed already)."""
    return [
        Error(
            f"{failure.module} cannot be imported: {failure.error!r}",
            hint="None of its steps is served until it can be.",
            id="steps.E002",
        )
        for failure in registry.discovery.failures
    ]


@register("steps")
def check_reserved_routes(**_: Any) -> Sequence[CheckMessage]:
    """steps.E003: a step on a path that belongs to the project."""
    return [
        Error(
            f"{route.step.file}: step {route.step.name!r} wants {_label(route)}, which is not for steps.",
            hint=f'Taken are "/" and everything under {", ".join(f"/{name}" for name in RESERVED)}.',
            id="steps.E003",
        )
        for route in table().routes
        if _is_reserved(route)
    ]


@register("steps")
def check_route_clashes(**_: Any) -> Sequence[CheckMessage]:
    """steps.E004: two steps, or two triggers of one, on one method and path."""
    return [
        Error(
            f"{second.step.file}: step {second.step.name!r} wants {_label(second)}, "
            f"which step {first.step.name!r} has ({first.step.file}).",
            hint="Names of parameters do not tell two paths apart. The first is served.",
            id="steps.E004",
        )
        for first, second in table().clashes
    ]


@register("steps")
def check_openapi(**_: Any) -> Sequence[CheckMessage]:
    """steps.W001: drf-spectacular is installed and does not know the steps."""
    hooks = getattr(settings, "SPECTACULAR_SETTINGS", {}).get("PREPROCESSING_HOOKS", [])
    if "drf_spectacular" not in settings.INSTALLED_APPS or HOOK in hooks:
        return []
    hint = f'SPECTACULAR_SETTINGS = {{"PREPROCESSING_HOOKS": ["{HOOK}"], ...}}'
    return [Warning("Steps are missing in the OpenAPI schema.", hint=hint, id="steps.W001")]


@register("steps")
def check_urls(**_: Any) -> Sequence[CheckMessage]:
    """steps.W002: there are HTTP triggers, and no URL leads to them."""
    if not table().routes or not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        reverse("steps:dispatch", kwargs={"path": ""})
    except NoReverseMatch:
        hint = 'Add it to the end of urlpatterns: path("", include("steps.urls"))'
        return [Warning("steps.urls is not included.", hint=hint, id="steps.W002")]
    return []


def _is_reserved(route: Route) -> bool:
    segments = route.trigger.path.segments
    return not segments or segments[0] in RESERVED


def _label(route: Route) -> str:
    return f"{route.trigger.method} {route.trigger.path}"
