"""Settings of the app: ``STEPS = {...}`` in the project's settings, ``conf()`` everywhere else."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

SETTING = "STEPS"


@dataclass(frozen=True, slots=True)
class Conf:
    """Every setting with its default; the unit is the end of the name (none: a count)."""

    check_responses: bool | None = None  # warn of answers that do not fit `response=`; None: with DEBUG


@cache
def conf() -> Conf:
    """Return the settings in force; unknown keys are left to the system check ``steps.E001``."""
    given: dict[str, Any] = getattr(settings, SETTING, {})
    return Conf(**{name: value for name, value in given.items() if name in names()})


def names() -> frozenset[str]:
    """Return the names of all settings."""
    return frozenset(item.name for item in fields(Conf))


def _forget(*, setting: str, **_: object) -> None:
    if setting == SETTING:
        conf.cache_clear()


setting_changed.connect(_forget, dispatch_uid="steps.conf")
