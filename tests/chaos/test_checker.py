"""The checker itself: it is silent about a good history, and finds each way in which one can be bad."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import Excuses, check
from tests.chaos.database import Dump, Kept, Place, Row
from tests.chaos.ledger import Ledger

PLACE: Place = ("whole", "g")
CHANGES = ["create a", "create b", "update a", "delete b", "create c"]


def log(*texts: str, epoch: str = "e") -> list[Row]:
    rows: list[Row] = []
    for number, text in enumerate(texts, 1):
        kind, key = text.split()
        before = [row for row in rows if row.key == key]
        value = before[-1].value if kind == "delete" else {"id": key, "token": f"w:{number}"}
        previous = None if kind == "create" else before[-1].sequence
        last = rows[-1].epoch if rows else ""
        rows.append(Row(number, f"{epoch}{number}", last, 1000 + number, kind, key, previous, value))
    return rows


def kept(rows: list[Row]) -> Kept:
    items: dict[str, tuple[str, Any, int, int]] = {}
    for row in rows:
        if row.kind == "delete":
            del items[row.key]
        else:
            items[row.key] = (row.key, row.value, row.sequence, items.get(row.key, (0, 0, 0, row.sequence))[3])
    return Kept(rows[-1].sequence, rows[-1].epoch, rows[-1].clock, list(items.values()), rows)


ROWS = log(*CHANGES)


def frame(row: Row, **more: Any) -> dict[str, Any]:
    previous = {} if row.previous is None else {"previous": row.previous}
    return {
        "timestamp": row.clock / 1000,
        "streamName": PLACE[0],
        "groupId": PLACE[1],
        "id": row.key,
        "sequence": row.sequence,
        "epoch": row.epoch,
        "event": {"type": row.kind, "data": row.value},
        **(previous | more),
    }


def at(sequence: int) -> dict[str, Any]:
    epoch = ROWS[sequence - 1].epoch if sequence else ""
    return {"streamName": PLACE[0], "groupId": PLACE[1], "sequence": sequence, "epoch": epoch}


def sync(sequence: int, data: Any, **more: Any) -> dict[str, Any]:
    return {**at(sequence), "subscriptionId": "s1", "event": {"type": "sync", "data": data}, **more}


def event(token: str) -> dict[str, Any]:
    told = {"type": "event", "event": {"type": "note", "data": {"token": token}}}
    return {"streamName": PLACE[0], "groupId": PLACE[1], "event": told}


class Story:
    """A client's history that is written by hand."""

    def __init__(self, kind: str = "own", item: str | None = None, group: str = PLACE[1]) -> None:
        self.lines: list[dict[str, Any]] = [{"e": "client", "name": "c", "kind": kind, "pace": "fast"}, {"e": "open"}]
        self.data: dict[str, Any] = {"streamName": PLACE[0], "groupId": group, "subscriptionId": "s1"}
        if item is not None:
            self.data["id"] = item
        self.join()

    def join(self, since: Any = None) -> "Story":
        own = self.lines[0]["kind"] == "own"
        self.lines.append({"e": "join", "data": self.data | ({"since": since} if own else {})})
        return self

    def reconnect(self, since: Any) -> "Story":
        self.lines += [{"e": "shut"}, {"e": "open"}]
        return self.join(since)

    def got(self, *frames: dict[str, Any]) -> "Story":
        self.lines += [{"e": "frame", "text": json.dumps(one)} for one in frames]
        return self


Check = Callable[..., set[str]]


@pytest.fixture
def found(tmp_path: Path) -> Check:
    """Check a story: returns the invariants that do not hold."""

    def look(
        story: Story,
        rows: list[Row] = ROWS,
        journal: list[dict[str, Any]] | None = None,
        dumps: list[Dump] | None = None,
    ) -> set[str]:
        (tmp_path / "client-c.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in [*story.lines, {"e": "end"}])
        )
        (tmp_path / "journal-w.jsonl").write_text("".join(json.dumps(line) + "\n" for line in journal or []))
        ledger = Ledger([*(dumps or []), {PLACE: kept(rows)}])
        return {violation.invariant for violation in check(tmp_path, ledger, Excuses())}

    return look


def good(kind: str = "own") -> Story:
    return Story(kind).got(sync(0, []), *map(frame, ROWS))


@pytest.mark.parametrize("kind", ["own", "published"])
def test_a_good_history_has_no_violation(found: Check, kind: str) -> None:
    assert found(good(kind)) == set()


def test_an_item_resuming_and_a_skip_are_good(found: Check) -> None:
    assert found(Story(item="a").got(sync(1, {"id": "a", "token": "w:1"}, id="a"), frame(ROWS[2]))) == set()
    resumed = {**at(5), "subscriptionId": "s1", "event": {"type": "resumed", "data": [*map(frame, ROWS[2:])]}}
    story = Story().got(sync(0, []), *map(frame, ROWS[:2])).reconnect({"epoch": "e2", "sequence": 2}).got(resumed)
    assert found(story) == set()
    skip = {**at(3), "event": {"type": "skip", "from": 2, "until": 4}}
    skipped = [frame(ROWS[0]), skip, frame(ROWS[3]), frame(ROWS[4])]
    assert "I6" not in found(Story().got(sync(0, []), *skipped))


BAD: dict[str, tuple[str, Callable[[], Story]]] = {
    "the last change never came": ("I1", lambda: Story().got(sync(0, []), *map(frame, ROWS[:4]))),
    "no answer": ("I1", lambda: Story()),
    "a change that never was": (
        "I2",
        lambda: Story().got(sync(0, []), *map(frame, [*ROWS, *log(*CHANGES, "create d", epoch="x")[5:]])),
    ),
    "the frame of another history": ("I2", lambda: Story().got(sync(0, []), frame(ROWS[0], epoch="x1"))),
    "a position that never was": ("I2", lambda: Story().got(sync(0, [], epoch="x9"), *map(frame, ROWS))),
    "one after a later one": ("I3", lambda: Story().got(sync(0, []), *map(frame, [ROWS[0], ROWS[2], ROWS[1]]))),
    "another value": (
        "I3",
        lambda: Story().got(sync(0, []), frame(ROWS[0], event={"type": "create", "data": {"id": "a", "token": "?"}})),
    ),
    "a sync older than what was sent": ("I3", lambda: good().got(sync(3, []))),
    "a change twice": ("I4", lambda: Story().got(sync(0, []), *map(frame, [ROWS[0], *ROWS]))),
    "an event twice": ("I4", lambda: good().got(event("w:9"), event("w:9"))),
    "a sync of another state": ("I5", lambda: Story().got(sync(1, []), *map(frame, ROWS[1:]))),
    "a hole": ("I6", lambda: Story().got(sync(0, []), *map(frame, [ROWS[0], *ROWS[2:]]))),
    "a hole for a published client": (
        "I6", lambda: Story("published").got(sync(0, []), frame(ROWS[2]), frame(ROWS[4]))
    ),
    "a partial resumption": (
        "I6",
        lambda: Story().got(sync(0, [])).reconnect({"epoch": "", "sequence": 0}).got(
            {**at(5), "subscriptionId": "s1", "event": {"type": "resumed", "data": [*map(frame, ROWS[1:])]}}
        ),
    ),
    "frames before the answer": ("I7", lambda: Story().got(frame(ROWS[0]), sync(1, []))),
    "frames of another item": (
        "I7", lambda: Story(item="a").got(sync(1, {"id": "a", "token": "w:1"}, id="a"), frame(ROWS[1]))
    ),
    "a closed group": ("I7", lambda: Story(group="closed-g").got(sync(0, [], groupId="closed-g"))),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_the_checker_finds(found: Check, name: str) -> None:
    invariant, story = BAD[name]
    assert invariant in found(story())


JOURNALS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "what was rolled back and seen": ("I2", [{"undone": ["w:3"]}]),
    "what was committed and is not there": (
        "I1",
        [{"try": ["w:77"]}, {"done": ["w:77"], "work": "put", "stream": "whole", "group": "g", "at": 1.0}],
    ),
    "a write that failed for no reason": ("I1", [{"unknown": ["w:8"], "error": "OperationalError()"}]),
    "a count that is not there": ("I1", [{"done": ["w:8"], "work": "count", "stream": "whole", "group": "g", "at": 1}]),
    "poison that was taken": ("I5", [{"accepted": "nan"}]),
}


@pytest.mark.parametrize("name", JOURNALS)
def test_the_checker_finds_in_journals(found: Check, name: str) -> None:
    invariant, journal = JOURNALS[name]
    assert invariant in found(good(), journal=journal)


def test_the_checker_looks_at_the_log_itself(found: Check) -> None:
    rows = list(ROWS)
    rows[3] = Row(**{**{name: getattr(rows[3], name) for name in Row.__annotations__}, "clock": 1001})
    assert "I3" in found(good(), rows)
    assert "I3" in found(good(), [*ROWS[:2], *ROWS[3:]])


def test_what_a_restore_took_back_is_known_from_the_dump_before(found: Check) -> None:
    before: Dump = {PLACE: kept(log(*CHANGES, "create x", "create y"))}
    story = good().got(*map(frame, before[PLACE].log[5:]))
    value = [value for _, value, _, _ in kept(ROWS).items]
    assert found(story.got({**sync(5, value), "resync": "ahead"}), dumps=[before]) == set()
