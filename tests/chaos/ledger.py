"""What the database says happened, and whether that is a history in itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tests.chaos.database import Dump, Kept, Place, Row

BY_HAND = "~"  # an epoch that no change has: begun by `new-epoch`


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold. who: a client, a writer, or "database"."""

    invariant: str
    who: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.who}: {self.detail}"


class Ledger:
    """All that dumps tell; the last one is how it ended, those before were taken before a restore."""

    def __init__(self, dumps: Sequence[Dump]) -> None:
        self.dumps = dumps
        self.end: Dump = dumps[-1]
        self._rows: dict[Place, dict[tuple[int, str], Row]] = {}
        self._positions: dict[Place, set[tuple[int, str]]] = {}
        for dump in dumps:
            for place, kept in dump.items():
                rows = self._rows.setdefault(place, {})
                positions = self._positions.setdefault(place, {(0, "")})
                positions.add((kept.sequence, kept.epoch))
                for row in kept.log:
                    rows[row.sequence, row.epoch] = row
                    positions |= {(row.sequence, row.epoch), (row.sequence - 1, row.previous_epoch)}

    def row(self, place: Place, sequence: int, epoch: str) -> Row | None:
        """Return a change that was committed."""
        return self._rows.get(place, {}).get((sequence, epoch))

    def whole(self, place: Place) -> bool:
        """Is every change that ever was in the dumps?"""
        return all(place not in dump or _whole(dump[place]) for dump in self.dumps) and place in self._rows

    def is_position(self, place: Place, sequence: int, epoch: str) -> bool:
        """Was the group ever there? Only to be asked where the log is whole."""
        return (sequence, epoch) in self._positions.get(place, {(0, "")})

    def between(self, place: Place, after: int, until: tuple[int, str]) -> list[Row]:
        """Return the changes above *after* that led to *until*."""
        for dump in reversed(self.dumps):
            log = dump[place].log if place in dump else []
            if any((row.sequence, row.epoch) == until for row in log):
                return [row for row in log if after < row.sequence <= until[0]]
        return []

    def states(self, place: Place, wanted: set[tuple[int, str]]) -> Iterator[tuple[tuple[int, str], list[Any]]]:
        """Yield what the group held at each of the positions *wanted*."""
        for dump in self.dumps:
            values: dict[str, Any] = {}
            if place not in dump:
                continue
            log = dump[place].log
            for index, row in enumerate(log):
                if row.kind == "delete":
                    values.pop(row.key, None)
                else:
                    values[row.key] = row.value
                following = log[index + 1] if index + 1 < len(log) else None
                for at in {(row.sequence, row.epoch), *([_before(following)] if following else [])} & wanted:
                    yield at, list(values.values())
            if (dump[place].sequence, dump[place].epoch) in wanted:
                yield (dump[place].sequence, dump[place].epoch), dump[place].state


def _before(row: Row) -> tuple[int, str]:
    return row.sequence - 1, row.previous_epoch


def _whole(kept: Kept) -> bool:
    return kept.sequence == 0 or (bool(kept.log) and kept.log[0].sequence == 1)


def audit(place: Place, kept: Kept) -> Iterator[Violation]:
    """Look at one group: dense, chained, clocks increasing, and the items are what a replay of the log makes."""
    for before, after in pairwise(kept.log):
        where = f"{place} change {after.sequence}"
        if after.sequence != before.sequence + 1 and not after.previous_epoch.startswith(BY_HAND):
            yield Violation("I3", "database", f"{where} comes after {before.sequence}")
        if after.sequence == before.sequence + 1 and after.previous_epoch != before.epoch:
            yield Violation("I3", "database", f"{where} follows another history")
        if after.clock <= before.clock:
            yield Violation("I3", "database", f"{where} has the clock {after.clock} after {before.clock}")
        if after.epoch == before.epoch:
            yield Violation("I3", "database", f"{where} has the epoch of the change before")
    at_end = not kept.log or (kept.log[-1].sequence, kept.log[-1].epoch) == (kept.sequence, kept.epoch)
    if not at_end and not kept.epoch.startswith(BY_HAND):
        yield Violation("I3", "database", f"{place} is at {kept.sequence}, its log at {kept.log[-1].sequence}")
    yield from _replay(place, kept)


def _replay(place: Place, kept: Kept) -> Iterator[Violation]:
    values: dict[str, tuple[Any, int, int]] = {}
    last: dict[str, int] = {}
    for row in kept.log if _whole(kept) else ():
        there, where = row.key in values, f"{place} change {row.sequence} of {row.key}"
        if (row.kind == "create") == there:
            yield Violation("I3", "database", f"{where}: {row.kind} of what is {'' if there else 'not '}there")
        if row.previous != (last.get(row.key) if there else None):
            yield Violation("I3", "database", f"{where} names {row.previous} as the one before")
        last[row.key] = row.sequence
        if row.kind == "delete":
            values.pop(row.key, None)
        else:
            created = values[row.key][2] if there else row.sequence
            values[row.key] = (row.value, row.sequence, created)
    if kept.log and _whole(kept):
        replayed = sorted(((key, *value) for key, value in values.items()), key=lambda item: item[3])
        if replayed != kept.items:
            wrong = [item[0] for item in replayed if item not in kept.items]
            yield Violation("I5", "database", f"{place}: the items are not what the log says: {wrong}"[:300])
