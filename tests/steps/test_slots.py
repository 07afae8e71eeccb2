"""Cron expressions: which moments they name, also where clocks jump."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from steps.crons import cron
from steps.errors import InvalidStep
from steps.kinds import trigger
from steps.slots import InvalidSchedule, Slots

BERLIN = "Europe/Berlin"


def day(expression: str, start: str, zone: str | None = None, hours: int = 24) -> list[str]:
    """Local times of the slots in a day that begins at *start* (local)."""
    local = ZoneInfo(zone or "UTC")
    begin = datetime.fromisoformat(start).replace(tzinfo=local).astimezone(UTC)
    slots = Slots(expression, zone).between(
        begin - timedelta(microseconds=1), begin + timedelta(hours=hours, seconds=-1)
    )
    return [slot.astimezone(local).strftime("%H:%M:%S") for slot in slots]


@pytest.mark.parametrize(
    ("expression", "count", "first"),
    [
        ("* * * * *", 1440, ["00:00:00", "00:01:00"]),
        ("*/30 * * * * *", 2880, ["00:00:00", "00:00:30", "00:01:00"]),
        ("15 10 * * *", 1, ["10:15:00"]),
        ("5,35 */12 * * *", 4, ["00:05:00", "00:35:00", "12:05:00", "12:35:00"]),
        ("0-10/5 9-10 * * *", 6, ["09:00:00", "09:05:00", "09:10:00", "10:00:00"]),
        ("50/5 0 * * *", 2, ["00:50:00", "00:55:00"]),
        ("@daily", 1, ["00:00:00"]),
        ("@Hourly", 24, ["00:00:00", "01:00:00"]),
        ("0 0 * * fri", 1, ["00:00:00"]),
        ("0 0 * nov mon-fri", 1, ["00:00:00"]),
        ("0 0 * * 6,7", 0, []),
        ("0 0 21 * *", 0, []),
        ("0 0 1 * fri", 1, ["00:00:00"]),
        ("0 0 20 * mon", 1, ["00:00:00"]),
        ("0 0 20 * */2", 0, []),
        ("@yearly", 0, []),
    ],
)
def test_expression_names_its_moments(expression: str, count: int, first: list[str]) -> None:
    found = day(expression, "2026-11-20")  # a Friday
    assert len(found) == count
    assert found[: len(first)] == first


@pytest.mark.parametrize("sunday", ["0", "7", "sun", "SUNDAY", "0-0", "7,3"])
def test_sunday_has_two_numbers_and_a_name(sunday: str) -> None:
    assert day(f"0 12 * * {sunday}", "2026-11-22") == ["12:00:00"]


def test_range_may_end_with_sunday() -> None:
    slots = Slots("0 0 * * fri-sun").between(datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert [slot.day for slot in slots] == [20, 21, 22]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("30 2 * * *", ["03:00:00"]),  # jumped over: at the jump
        ("*/20 2 * * *", ["03:00:00"]),  # several jumped over: once
        ("0 2,3 * * *", ["03:00:00"]),
        ("30 2,3 * * *", ["03:00:00", "03:30:00"]),
        ("30 1 * * *", ["01:30:00"]),
        ("@daily", ["00:00:00"]),
        ("30 */2 * * *", ["00:30:00", "04:30:00", "06:30:00"]),  # what follows the time that passes skips it
    ],
)
def test_spring(expression: str, found: list[str]) -> None:
    assert day(expression, "2026-03-29", BERLIN, hours=23)[: len(found)] == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("30 2 * * *", ["02:30:00"]),  # once, though it is half past two twice
        ("0 2,3 * * *", ["02:00:00", "03:00:00"]),
        ("30 * * * *", ["00:30:00", "01:30:00", "02:30:00", "02:30:00", "03:30:00"]),
        ("@daily", ["00:00:00"]),
    ],
)
def test_autumn(expression: str, found: list[str]) -> None:
    assert day(expression, "2026-10-25", BERLIN, hours=25)[: len(found)] == found
    assert len(day("0 * * * *", "2026-10-25", BERLIN, hours=25)) == 25


def test_next_slot_and_whether_a_moment_is_one() -> None:
    slots = Slots("0 0 29 2 *")
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert slots.next(now) is None
    assert slots.next(now, timedelta(days=500)) == datetime(2028, 2, 29, tzinfo=UTC)
    assert slots.has(datetime(2028, 2, 29, tzinfo=UTC))
    assert not slots.has(datetime(2028, 2, 29, 0, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("@reboot", "has 1 fields"),
        ("60 * * * *", "60 is not a minute: 0 to 59"),
        ("* 24 * * *", "24 is not a hour"),
        ("* * 0 * *", "0 is not a day"),
        ("* * * 13 *", "13 is not a month"),
        ("* * * * 8", "8 is not a weekday"),
        ("a * * * *", "'a' is not a minute"),
        ("*/0 * * * *", "is not a minute"),
        ("10-5 * * * *", "runs backwards"),
        ("1,,2 * * * *", "is not a minute"),
        ("* * * foo *", "'foo' is not a month"),
        (None, "an expression is a str"),
    ],
)
def test_wrong_expression_is_refused_by_name(expression: Any, words: str) -> None:
    with pytest.raises(InvalidSchedule, match=words):
        Slots(expression)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "", "Europe"])
def test_wrong_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidStep, match="there is no time zone"):
        cron("@daily", timezone=zone)


@pytest.mark.feature("E17")
@pytest.mark.parametrize(
    ("options", "words"),
    [({"missed": "never"}, "missed is skip, one or all"), ({"overlap": "maybe"}, "overlap is forbid or allow")],
)
def test_wrong_policy_is_refused(options: Any, words: str) -> None:
    with pytest.raises(InvalidStep, match=words):
        cron("@daily", **options)


def test_dict_form() -> None:
    assert trigger({"type": "cron", "expression": "@daily", "timezone": BERLIN}).source == "@daily Europe/Berlin"
