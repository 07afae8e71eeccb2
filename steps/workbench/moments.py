"""The kept log of a group: its changes with what each of them replaced, and the group as it was at a moment."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Max, QuerySet

from streams.models import Change, Group, Item

from ..database import alias
from .page import Json, Refused

PAGE = 50  # changes at once
FAR = 10_000  # changes that are looked through for one answer
LARGE = 1000  # items of a group that is replayed
CHUNK = 500  # values of one IN


def kept(group: Group) -> tuple[int, int]:
    """Return the first and the last sequence that the log of *group* has; the first is the greater when it has none."""
    first = _log(group).order_by("sequence").values_list("sequence", flat=True).first()
    return (group.sequence + 1 if first is None else first), group.sequence


def entries(group: Group, item: str, before: int) -> tuple[list[dict[str, Json]], int | None]:
    """Return the newest changes before a sequence, each with the value that it replaced, and where to go on.

    item: only changes of this one; then so few may be found that it is none at all, and still there are more.
    """
    low = max(0, before - FAR)
    found = _log(group).filter(sequence__lt=before, sequence__gte=low)
    rows = list((found.filter(key=item) if item else found).order_by("-sequence")[: PAGE + 1])
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    old = _values(group, (row.previous for row in rows if row.previous is not None and row.kind == "update"))
    further = rows[-1].sequence if more else low
    return [_entry(row, old) for row in rows], further if more or (low > 0 and kept(group)[0] < low) else None


def moment(group: Group, sequence: int) -> list[dict[str, Json]]:
    """Return the items of *group* as they were after the change *sequence*; ``kept`` says whether a value is known.

    They are what is there now, minus what has happened since: the first change of each item tells what was before it.
    Raises: Refused - the log does not tell.
    """
    now = list(Item.objects.using(alias()).filter(group=group)[: LARGE + 1])
    if len(now) > LARGE:
        raise Refused(f"The group has more than {LARGE} items: look at the log of one of them.")
    since = _log(group).filter(sequence__gt=sequence).order_by("sequence")
    changes = list(since.values_list("sequence", "kind", "key", "previous")[: FAR + 1])
    if len(changes) > FAR:
        raise Refused(f"That is more than {FAR} changes ago.")
    if changes and changes[0][0] != sequence + 1:
        raise Refused("The log does not go back so far any more.")
    first: dict[str, tuple[int, str, int | None]] = {}
    for number, kind, key, previous in changes:
        first.setdefault(key, (number, kind, previous))
    stayed = [(item.created, item.key, item.value) for item in now if item.key not in first]
    found = stayed + _before(group, sequence, first, {item.key: item.created for item in now})
    return [_shown(key, value) for _, key, value in sorted(found, key=lambda one: one[0])]


def _before(
    group: Group, sequence: int, first: dict[str, tuple[int, str, int | None]], created: dict[str, int]
) -> list[tuple[int, str, str | None]]:
    """Return the items that were there before their *first* change, as they were: place, id and value."""
    there = {key: one for key, one in first.items() if one[1] != "create"}
    deleted = [one[0] for one in there.values() if one[1] == "delete"]  # has the old value itself
    updated = [one[2] for one in there.values() if one[1] == "update" and one[2] is not None]
    values = _values(group, [*deleted, *updated])
    unknown = [key for key in there if created.get(key, sequence + 1) > sequence]
    places = created | _creations(group, sequence, unknown)
    found = []
    for key, (number, kind, previous) in there.items():
        place = places.get(key, sequence + 1)
        at = number if kind == "delete" else previous
        found.append((place if place <= sequence else previous or 0, key, None if at is None else values.get(at)))
    return found


def _creations(group: Group, until: int, keys: Collection[str]) -> dict[str, int]:
    """Return when items were created that are not there any more, as far as the log tells."""
    made = _log(group).filter(kind="create", sequence__gt=until - FAR, sequence__lte=until)
    if not keys:
        return {}
    last = made.order_by().values("key").annotate(last=Max("sequence")).values_list("key", "last")
    wanted = set(keys)
    return {key: number for key, number in last if key in wanted}


def _log(group: Group) -> QuerySet[Change]:
    return Change.objects.using(alias()).filter(group=group)


def _values(group: Group, sequences: Iterable[int]) -> dict[int, str]:
    wanted, found = sorted(set(sequences)), dict[int, str]()
    for start in range(0, len(wanted), CHUNK):
        rows = _log(group).filter(sequence__in=wanted[start : start + CHUNK])
        found.update(rows.values_list("sequence", "value"))
    return found


def _entry(row: Change, old: dict[int, str]) -> dict[str, Json]:
    before = row.value if row.kind == "delete" else old.get(row.previous or 0)
    return {
        "sequence": row.sequence,
        "kind": row.kind,
        "id": row.key,
        "at": row.clock / 1000,
        "value": None if row.kind == "delete" else _parsed(row.value),
        "before": _parsed(before),
        "kept": row.kind == "create" or before is not None,
    }


def _shown(key: str, value: str | None) -> dict[str, Json]:
    return {"id": key, "value": _parsed(value), "kept": value is not None}


def _parsed(text: str | None) -> Any:
    return json.loads(text) if text else None
