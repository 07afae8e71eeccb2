"""The last changes of a room, from which those who come back can go on without a read: a storm of them is one."""

from collections import deque
from collections.abc import Sequence

from .changes import Change, Position
from .hints import Hint


class Recent:
    """Changes that follow one another up to where the room is. longest: characters of frames; 0 keeps none."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._size = 0
        self._hints: deque[Hint] = deque()

    def add(self, hint: Hint) -> None:
        """Take the next change, whose frame is known."""
        self._hints.append(hint)
        self._size += len(hint.frame or "")
        while self._hints and self._size > self._longest:
            self._size -= len(self._hints.popleft().frame or "")

    def forget(self) -> None:
        """Begin anew: the room jumped."""
        self._hints.clear()
        self._size = 0

    def fill(self, changes: Sequence[Change]) -> None:
        """Begin anew with *changes*, which end where the room is, as far as they follow one another."""
        self.forget()
        for change in changes:
            last = self._hints[-1] if self._hints else None
            if last is not None and (last.sequence + 1, last.epoch) != (change.sequence, change.previous_epoch):
                self.forget()
            self.add(Hint.of(change))

    def since(self, since: Position, at: Position) -> list[Hint] | None:
        """Return the changes after *since* up to *at*, where the room is; None when only a read can tell."""
        if self._longest and since == at:
            return []
        if not self._hints or self._hints[-1].position != at:
            return None
        if not self._hints[0].sequence <= since.sequence + 1 <= at.sequence:
            return None
        found = list(self._hints)[since.sequence + 1 - self._hints[0].sequence :]
        return found if found and found[0].previous_epoch == since.epoch else None
