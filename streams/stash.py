"""Hints that came too early, and the order in which hints came and reads were issued."""

from .hints import Hint

MAX_HINTS = 10_000  # the log has them all: what is not kept is read there


class Stash:
    """Early hints by sequence."""

    def __init__(self) -> None:
        self._order = 0
        self._hints: dict[int, tuple[int, Hint]] = {}

    def __bool__(self) -> bool:
        return bool(self._hints)

    def tick(self) -> int:
        """Return the next place in the order of arrivals and issues."""
        self._order += 1
        return self._order

    def keep(self, hint: Hint) -> None:
        """Keep *hint*; of two with one sequence the later one, whose history is the present one."""
        if len(self._hints) < MAX_HINTS or hint.sequence in self._hints:
            self._hints[hint.sequence] = (self.tick(), hint)

    def next(self, sequence: int) -> Hint | None:
        """Take out the hint that follows *sequence*; forget those that do not."""
        found = self._hints.pop(sequence + 1, None)
        if found is None and self._hints:
            self._hints = {number: entry for number, entry in self._hints.items() if number > sequence}
        return found[1] if found else None

    def forget(self, order: int, above: int) -> None:
        """Drop what came before *order* and is above the sequence *above*."""
        self._hints = {n: entry for n, entry in self._hints.items() if n <= above or entry[0] > order}
