"""Brings together what two people made of the same text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Splice:
    """One stretch of a text replaced: from *start* to *end* by *text*."""

    start: int
    end: int
    text: str


def merge(base: str, mine: str, theirs: str) -> str:
    """Return *theirs* with what changed from *base* to *mine*.

    Both started from *base*. What lies apart is kept of both; where both replaced the same stretch, mine follows theirs
    and what either removed is gone.
    """
    if theirs == base or mine == theirs:
        return mine
    change, other = _splice(base, mine), _splice(base, theirs)
    if change.start >= other.end and (change.start, change.end) != (other.start, other.end):
        shift = len(other.text) - (other.end - other.start)
        return theirs[: change.start + shift] + change.text + theirs[change.end + shift :]
    if change.end <= other.start and (change.start, change.end) != (other.start, other.end):
        return theirs[: change.start] + change.text + theirs[change.end :]
    start, end = min(change.start, other.start), max(change.end, other.end)
    before, after = base[start : other.start], base[other.end : end]
    kept_before = before[: max(0, change.start - start)]
    kept_after = after[max(0, change.end - other.end) :]
    return base[:start] + kept_before + other.text + change.text + kept_after + base[end:]


def _splice(old: str, new: str) -> Splice:
    """Return the shortest stretch that makes *new* of *old*."""
    most = min(len(old), len(new))
    start = next((i for i in range(most) if old[i] != new[i]), most)
    tail = next((i for i in range(most - start) if old[-1 - i] != new[-1 - i]), most - start)
    return Splice(start, len(old) - tail, new[start : len(new) - tail])
