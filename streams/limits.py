"""How often something may happen."""

import time
from collections import deque


class Window:
    """Allows *limit* events within any *seconds*."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self._limit, self._seconds = limit, seconds
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Count one more event; tell whether it is within the limit."""
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._limit:
            return False
        self._times.append(now)
        return True
