"""Looks at whether what a store keeps of a group is a history: what ``manage.py streams verify`` reports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .changes import START, Address, Change, Position
from .definition import Definition
from .stores import store_for
from .stores.base import BY_HAND, Current
from .values import loads

Flaw = Literal["hole", "epoch", "clock", "chain", "position", "item"]
"""What is wrong. hole: a change is not in the log; epoch: a change does not follow the one before it; clock: it stands
or runs back; chain: a change's kind or ``previous`` is not what its item's changes before say; position: the group is
not where its log ends; item: what is kept is not what the log comes to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. sequence: of the change or of the item's last one; None: of the group."""

    flaw: Flaw
    address: Address
    sequence: int | None
    detail: str

    def __str__(self) -> str:
        at = "" if self.sequence is None else f"@{self.sequence}"
        return f"{self.address.stream}/{self.address.group}{at} {self.flaw}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Record:
    """A group as it is kept, at one moment. items: in creation order; clock: microseconds since 1970."""

    address: Address
    position: Position
    clock: int
    items: dict[str, Current]
    changes: Sequence[Change]


def record(definition: Definition, group: str) -> Record:
    """Read a group under its lock, so that items, position and log are of one moment."""
    store, address = store_for(definition.storage), Address(definition.name, group)
    with store.transaction():
        held = store.lock(address, None, make=False)
        return Record(address, held.position, held.clock, held.items, store.log(address, 0).changes)


def audit(kept: Record) -> list[Finding]:
    """Return what is wrong with a group, the changes in their order first."""
    return [*_log(kept), *_end(kept), *_items(kept)]


def _log(kept: Record) -> Iterator[Finding]:
    """Look at each change and the one before."""
    for before, after in pairwise(kept.changes):
        at = after.sequence
        if at != before.sequence + 1:
            if not after.previous_epoch.startswith(BY_HAND):  # `new-epoch` takes a sequence that no change has
                yield Finding("hole", kept.address, at, f"the change before it is {before.sequence}")
        elif after.previous_epoch != before.epoch:
            yield Finding("epoch", kept.address, at, f"follows {after.previous_epoch}, not {before.epoch}")
        if after.clock <= before.clock:
            yield Finding("clock", kept.address, at, f"{after.clock} after {before.clock}")


def _end(kept: Record) -> Iterator[Finding]:
    """Look at whether the log ends where the group is; a history begun by hand has no change yet."""
    if not kept.changes:
        return
    last = kept.changes[-1]
    if last.sequence == kept.position.sequence:
        if last.epoch != kept.position.epoch:
            yield Finding("position", kept.address, None, f"epoch {kept.position.epoch}, its last change {last.epoch}")
        if last.clock != kept.clock:
            yield Finding("position", kept.address, None, f"clock {kept.clock}, its last change {last.clock}")
    elif last.sequence > kept.position.sequence or not kept.position.epoch.startswith(BY_HAND):
        yield Finding("position", kept.address, None, f"at {kept.position.sequence}, its last change {last.sequence}")
    if kept.clock < last.clock:
        yield Finding("position", kept.address, None, f"clock {kept.clock} is before its last change")


def _items(kept: Record) -> Iterator[Finding]:
    """Replay the log, which may begin anywhere, and compare."""
    whole = bool(kept.changes) and kept.changes[0].sequence == 1
    said: dict[str, Change] = {}
    created: dict[str, int] = {}
    for change in kept.changes:
        before = said.get(change.id)
        if before is not None or whole:
            yield from _chain(change, before)
        if change.kind == "create":
            created[change.id] = change.sequence
        said[change.id] = change
    for id, change in said.items():
        yield from _item(kept, id, change, created.get(id))
    for id, item in kept.items.items():
        if item.sequence > kept.position.sequence or item.created > item.sequence:
            detail = f"{id!r:.80} was created by {item.created} and changed last by {item.sequence}"
            yield Finding("item", kept.address, item.sequence, detail)
        elif whole and id not in said and kept.position != START:
            yield Finding("item", kept.address, item.sequence, f"{id!r:.80} is in no change")


def _chain(change: Change, before: Change | None) -> Iterator[Finding]:
    there = before is not None and before.kind != "delete"
    if (change.kind == "create") == there:
        yield Finding("chain", change.address, change.sequence, f"{change.kind} of {change.id!r:.80} cannot be")
    expected = before.sequence if there and before is not None else None
    if change.previous != expected:
        detail = f"the change of {change.id!r:.80} before is {expected}, not {change.previous}"
        yield Finding("chain", change.address, change.sequence, detail)


def _item(kept: Record, id: str, last: Change, created: int | None) -> Iterator[Finding]:
    item, at = kept.items.get(id), last.sequence
    if last.kind == "delete":
        if item is not None:
            yield Finding("item", kept.address, at, f"{id!r:.80} was deleted, and is there")
    elif item is None:
        yield Finding("item", kept.address, at, f"{id!r:.80} is missing")
    elif item.sequence != at or (created is not None and item.created != created):
        detail = f"{id!r:.80} is of changes {item.created} and {item.sequence}, not of {created} and {at}"
        yield Finding("item", kept.address, at, detail)
    elif item.value != last.value and loads(item.value) != loads(last.value):
        yield Finding("item", kept.address, at, f"{id!r:.80} is not what its last change made it")
