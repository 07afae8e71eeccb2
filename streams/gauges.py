"""How much this process does: numbers that only grow, counted once per message and never per socket."""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = '{"timestamp":'
_KEPT = 512  # times of the newest messages


@dataclass(frozen=True, slots=True)
class Reading:
    """What the gauges show.

    changes: ephemeral events among them. frames: handed to sockets. times: milliseconds from write to hand-over, since
    the last reading.
    """

    changes: int
    frames: int
    times: Sequence[float]


class Gauges:
    """Counts of this process; safe in any thread, and after a fork."""

    def __init__(self) -> None:
        self.forget()

    def wrote(self, changes: int) -> None:
        """Count changes that this process has committed, or events that it has sent."""
        with self._lock:
            self._changes += changes

    def delivered(self, frame: str | None, changes: int, sockets: int) -> None:
        """Count news handed to *sockets*. frame: of the last of them; it begins with the time of the write."""
        written = _written(frame)
        with self._lock:
            self._frames += changes * sockets
            if written is not None and sockets:
                self._times.append(max(0.0, time.time() * 1000 - written))

    def read(self) -> Reading:
        """Return the counts, and the times since they were read last."""
        with self._lock:
            reading = Reading(self._changes, self._frames, tuple(self._times))
            self._times.clear()
            return reading

    def counts(self) -> tuple[int, int]:
        """Return how many changes and frames there were."""
        with self._lock:
            return self._changes, self._frames

    def forget(self) -> None:
        """Start anew in a fork: the lock may be held by a thread that stayed with the parent."""
        self._changes = self._frames = 0
        self._times: deque[float] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()


def _written(frame: str | None) -> float | None:
    if frame is None or not frame.startswith(_HEAD):
        return None
    return float(frame[len(_HEAD) : frame.index(",")])


gauges = Gauges()
os.register_at_fork(after_in_child=gauges.forget)
