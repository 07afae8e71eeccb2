"""Counts what was refused, dropped or healed, each with its reason, for health pages and metrics."""

import os
import threading
from collections import Counter


class Counters:
    """Counts by (name, reason), since the start of the process; safe in any thread."""

    def __init__(self) -> None:
        self.forget()

    def add(self, name: str, reason: str = "", by: int = 1) -> None:
        """Count *by* more of *name* for *reason*."""
        with self._lock:
            self._counts[name, reason] += by

    def get(self, name: str, reason: str = "") -> int:
        """Return the count of *name* for *reason*."""
        with self._lock:
            return self._counts[name, reason]

    def all(self) -> dict[tuple[str, str], int]:
        """Return all counts as they are now."""
        with self._lock:
            return dict(self._counts)

    def forget(self) -> None:
        """Start anew in a fork: the lock may be held by a thread that stayed with the parent."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()


counters = Counters()
os.register_at_fork(after_in_child=counters.forget)
