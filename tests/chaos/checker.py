"""Do the invariants hold? Reads histories, journals and dumps; imports nothing of the product.

I1 nothing committed is lost; I2 nothing rolled back is seen; I3 one order; I4 never twice; I5 clients = database in the
end; I6 a gap is declared; I7 nothing without permission. (I11, what is left behind, is looked at by the runner.)
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.database import Place
from tests.chaos.history import read
from tests.chaos.ledger import Ledger, Violation, audit
from tests.chaos.session import Walk

MOST = 40  # violations of one client that are told
SURE = ("put", "batch", "transact", "savepoint", "nested")  # what they say they did must be in the log
UNLOGGED, TRIMMED = "unlogged", "brief"


@dataclass
class Excuses:
    """What a fault makes legitimate. errors: writes may fail; restored: committed changes may be gone (before this
    monotonic moment); holes: a published client may have been too slow, and then is told of no hole.
    """

    errors: bool = False
    restored: float | None = None
    holes: bool = False


@dataclass
class Journals:
    """What the writers say."""

    undone: set[str] = field(default_factory=set)
    sure: dict[str, Place] = field(default_factory=dict)
    counted: Counter[Place] = field(default_factory=Counter)
    perhaps: int = 0
    tried: int = 0
    done: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    @classmethod
    def of(cls, directory: Path, excuses: Excuses) -> "Journals":
        """Read all journals of *directory*."""
        told = cls()
        for path in sorted(directory.glob("journal-*.jsonl")):
            for line in read(path):
                told._take(path.stem, line, excuses)
            told.perhaps = told.tried - told.done
        return told

    def _take(self, who: str, line: dict[str, Any], excuses: Excuses) -> None:
        self.tried += "try" in line
        self.undone.update(line.get("undone", ()))
        if "done" in line:
            self.done += 1
            place = (line["stream"], line["group"])
            lost = excuses.restored is not None and line["at"] < excuses.restored
            if line.get("work") in SURE and not lost:
                self.sure[line["done"][0]] = place
            if line.get("work") == "count" and excuses.restored is None:
                self.counted[place] += 1
        if "accepted" in line:
            self.violations.append(Violation("I5", who, f"took {line['accepted']}"))
        if "wrong" in line:
            self.violations.append(Violation("I1", who, f"a write failed: {line['wrong']}"))
        if "conflict" in line:
            self.failed[line["conflict"]] += 1
        if "error" in line:
            self.failed[line["error"].partition("(")[0]] += 1
            if not excuses.errors:
                self.violations.append(Violation("I1", who, f"a write failed without a fault: {line['error']}"))


def check(directory: Path, ledger: Ledger, excuses: Excuses) -> list[Violation]:
    """Return every violation in the histories and journals of *directory*."""
    found = [violation for place, kept in ledger.end.items() for violation in audit(place, kept)]
    journals = Journals.of(directory, excuses)
    found += journals.violations
    found += _kept(journals, ledger)
    syncs: dict[Place, dict[tuple[int, str], list[tuple[str, str | None, Any]]]] = defaultdict(dict)
    for path in sorted(directory.glob("client-*.jsonl")):
        walk = Walk(ledger, journals.undone, excuses.holes)
        for line in read(path):
            walk.take(line)
        found += [*walk.violations[:MOST], *walk.end()]
        for place, at, item, data in walk.syncs:
            syncs[place].setdefault(at, []).append((walk.name, item, data))
    found += _pictures(ledger, syncs)
    return found


def _kept(journals: Journals, ledger: Ledger) -> Iterator[Violation]:
    """What a writer was told is done must be there, and counters must have counted."""
    tokens = {
        token
        for dump in ledger.dumps
        for kept in dump.values()
        for row in kept.log
        if isinstance(row.value, dict) and (token := row.value.get("token")) is not None
    }
    for token, place in journals.sure.items():
        if place[0] not in (UNLOGGED, TRIMMED) and token not in tokens:
            yield Violation("I1", "database", f"{token} was committed in {place} and is not in the log")
    for token in journals.undone & tokens:
        yield Violation("I2", "database", f"{token} was rolled back and is in the log")
    for place, count in journals.counted.items():
        kept = ledger.end.get(place)
        value = next((value for key, value, _, _ in kept.items if key == "counter"), {}) if kept else {}
        if not count <= value.get("count", 0) <= count + journals.perhaps:
            yield Violation("I1", "database", f"{place}: {count} increments, the counter says {value.get('count', 0)}")


def _pictures(
    ledger: Ledger, syncs: dict[Place, dict[tuple[int, str], list[tuple[str, str | None, Any]]]]
) -> Iterator[Violation]:
    """Every sync must show what the group held at its position."""
    for place, by_position in syncs.items():
        if not ledger.whole(place):
            continue
        for at, state in ledger.states(place, set(by_position)):
            texts = {value["id"]: value for value in state}
            for who, item, data in by_position[at]:
                expected: Any = state if item is None else texts.get(item)
                if data != expected:
                    told = json.dumps(data)[:120]
                    yield Violation("I5", who, f"a sync of {place} {item or ''} at {at} shows another state: {told}")
