"""The cron trigger: a schedule, and what becomes of slots that could not be kept."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from .errors import InvalidStep
from .slots import InvalidSchedule, Slots
from .triggers import Condition, Trigger, check_condition


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CronTrigger(Trigger):
    """A schedule; one run per slot."""

    type: ClassVar[str] = "cron"
    slots: Slots
    missed: Literal["skip", "one", "all"] = "skip"
    overlap: Literal["forbid", "allow"] = "forbid"

    @property
    def source(self) -> str:
        return str(self.slots)


def cron(
    expression: str,
    *,
    timezone: str | None = None,
    missed: Literal["skip", "one", "all"] = "skip",
    overlap: Literal["forbid", "allow"] = "forbid",
    condition: Condition | None = None,
) -> CronTrigger:
    """Start the step when *expression* says: ``minute hour day month weekday``, with seconds in front if there are six.

    Names (``mon``, ``jan``), lists, ranges, steps and ``@hourly @daily @weekly @monthly @yearly`` are known; weekday 0
    and 7 are Sunday. timezone: an IANA name; default: the project's. missed: of slots that passed while nothing ran,
    none is made up for, the last one, or all. overlap: is a slot left out while the run before goes on? Raises:
    InvalidStep.
    """
    check_condition(condition, "cron")
    if missed not in ("skip", "one", "all"):
        raise InvalidStep(f"cron: missed is skip, one or all, not {missed!r:.40}")
    if overlap not in ("forbid", "allow"):
        raise InvalidStep(f"cron: overlap is forbid or allow, not {overlap!r:.40}")
    return CronTrigger(slots=_slots(expression, timezone), missed=missed, overlap=overlap, condition=condition)


def _slots(expression: Any, timezone: Any) -> Slots:
    try:
        return Slots(expression, timezone)
    except InvalidSchedule as error:
        raise InvalidStep(f"cron: {error}") from None
