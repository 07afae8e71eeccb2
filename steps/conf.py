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
    # runs
    hand_timeout_s: float = 1.0  # of one attempt to reach the broker, off the request
    hand_again_s: float = 5.0  # a run that nobody has started by then is handed over again, then ever later
    hand_again_most_s: float = 30.0
    hand_batch: int = 2000  # runs that one tick of the dispatcher hands over again
    max_losses: int = 10  # a run whose worker died so often is a dead letter
    max_depth: int = 16  # of a chain of stream and state triggers
    retry_most_s: float = 3600.0  # no back-off is longer
    # traces
    trace_http: bool = True  # keep a row of each HTTP run
    trace_sample: float = 1.0  # part of the traces that is kept with its log lines and operations; errors always are
    trace_entries: int = 200  # log lines, and operations, of one run
    trace_text: int = 2000  # characters of one log line
    keep_s: float = 7 * 86_400.0  # finished runs
    keep_dead_s: float = 30 * 86_400.0  # dead letters
    # cron
    plan_s: float = 60.0  # how far ahead slots are planned
    late_s: float = 60.0  # a slot that could not start so long was missed


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
