"""An event loop whose clock jumps to the next timer instead of waiting: what takes seconds takes no time."""

import asyncio
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Never waits; what it would have waited is added to the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class WarpLoop(asyncio.SelectorEventLoop):
    """For programs without threads and sockets."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    @property
    def ready(self) -> bool:
        """Is anything left to do that waits for no timer?"""
        return bool(self._ready)  # type: ignore[attr-defined]


def run(work: Any) -> Any:
    """Run the coroutine *work* in such a loop."""
    with asyncio.Runner(loop_factory=WarpLoop) as runner:
        return runner.run(work)
