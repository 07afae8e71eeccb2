"""Cron expressions: the moments that they name, also where clocks jump."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils import timezone as django_timezone

MINUTE = timedelta(minutes=1)
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
MONTHS = dict(
    zip(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], range(1, 13), strict=True)
)
DAYS = dict(zip(["sun", "mon", "tue", "wed", "thu", "fri", "sat"], range(7), strict=True))
_PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


class InvalidSchedule(ValueError):
    """The text is not a cron expression, or the time zone is not known."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. free: it restricts nothing, as ``*`` and ``*/n`` look at it."""

    values: frozenset[int]
    free: bool


class Slots:
    """The slots of an expression: local wall-clock times, as moments in UTC.

    Where clocks jump forward, a slot of a given hour that is jumped over comes at the jump, once. Where they go back,
    it comes at its first time only. A schedule for every hour just follows the time that passes.
    """

    def __init__(self, expression: str, zone: str | None = None) -> None:
        if not isinstance(expression, str):
            raise InvalidSchedule(f"an expression is a str, not {expression!r:.80}")
        self.expression, self._zone_name = expression.strip(), zone
        fields = MACROS.get(self.expression.lower(), self.expression).lower().split()
        if len(fields) not in (5, 6):
            raise InvalidSchedule(
                f"{expression!r:.80} has {len(fields)} fields; there are 5, or 6 with seconds in front"
            )
        if len(fields) == 5:
            fields = ["0", *fields]
        self._second = _field(fields[0], "second", 0, 59)
        self._minute = _field(fields[1], "minute", 0, 59)
        self._hour = _field(fields[2], "hour", 0, 23)
        self._day = _field(fields[3], "day", 1, 31)
        self._month = _field(fields[4], "month", 1, 12, MONTHS)
        weekday = _field(fields[5], "weekday", 0, 7, DAYS)
        self._weekday = Field(frozenset(value % 7 for value in weekday.values), weekday.free)
        if zone is not None:
            _zone(zone)

    def __str__(self) -> str:
        return self.expression if self._zone_name is None else f"{self.expression} {self._zone_name}"

    @cached_property
    def zone(self) -> tzinfo:
        """The time zone; the project's when none was named."""
        return django_timezone.get_default_timezone() if self._zone_name is None else _zone(self._zone_name)

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the slots later than *after* and not later than *until*, ascending, in UTC."""
        minute = after.astimezone(UTC).replace(second=0, microsecond=0)
        while minute <= until:
            for slot in self._in_minute(minute):
                if after < slot <= until:
                    yield slot
            minute += MINUTE

    def next(self, after: datetime, within: timedelta = timedelta(days=366)) -> datetime | None:
        """Return the first slot later than *after*; None if there is none *within*."""
        return next(self.between(after, after + within), None)

    def has(self, moment: datetime) -> bool:
        """Tell whether *moment* is a slot."""
        return next(self.between(moment - timedelta(microseconds=1), moment), None) == moment

    def _in_minute(self, minute: datetime) -> Iterator[datetime]:
        local = minute.astimezone(self.zone)
        if not self._hour.free and self._was_jumped_over(minute, local):
            yield minute
            if not self._names(local) or (local.fold and not self._hour.free):
                return
            seconds = self._second.values - {0}
        elif self._names(local) and not (local.fold and not self._hour.free):
            seconds = self._second.values
        else:
            return
        for second in sorted(seconds):
            yield minute + timedelta(seconds=second)

    def _names(self, local: datetime) -> bool:
        if local.minute not in self._minute.values or local.hour not in self._hour.values:
            return False
        if local.month not in self._month.values:
            return False
        day, weekday = local.day in self._day.values, local.isoweekday() % 7 in self._weekday.values
        return (day and weekday) if self._day.free or self._weekday.free else (day or weekday)

    def _was_jumped_over(self, minute: datetime, local: datetime) -> bool:
        before = (minute - MINUTE).astimezone(self.zone)
        jump = (local.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
        wall = before.replace(tzinfo=None, fold=0) + MINUTE
        return any(self._names(wall + number * MINUTE) for number in range(int(jump / MINUTE)))


def _field(text: str, name: str, low: int, high: int, names: dict[str, int] | None = None) -> Field:
    values: set[int] = set()
    free = False
    for part in text.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise InvalidSchedule(f"{part!r:.40} is not a {name}")
        first, last, step = found["first"], found["last"], int(found["step"] or 1)
        if step < 1 or (first == "*" and last is not None):
            raise InvalidSchedule(f"{part!r:.40} is not a {name}")
        if first == "*":
            start, end, free = low, high, True
        else:
            start = _number(first, name, low, high, names)
            end = _number(last, name, low, high, names) if last else high if found["step"] else start
        if name == "weekday" and last and end == 0 and start > 0:
            end = 7  # fri-sun
        if end < start:
            raise InvalidSchedule(f"{part!r:.40} runs backwards")
        values.update(range(start, end + 1, step))
    if name == "weekday" and free:
        values.discard(7)
    return Field(frozenset(values), free)


def _number(text: str, name: str, low: int, high: int, names: dict[str, int] | None) -> int:
    number = (names or {}).get(text[:3] if text.isalpha() else text)
    if number is None:
        if not text.isdecimal():
            raise InvalidSchedule(f"{text!r:.40} is not a {name}")
        number = int(text)
    if not low <= number <= high:
        raise InvalidSchedule(f"{text} is not a {name}: {low} to {high}")
    return number


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError, TypeError):  # not found, a folder, a path, not a name
        raise InvalidSchedule(f"there is no time zone {name!r:.80}") from None
