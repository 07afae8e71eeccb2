"""Callbacks by event type; one that raises is logged and does not keep the others from being called."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

Listener = Callable[..., Any]


class Listeners:
    """Plain functions are called at once, in order; what an ``async def`` returns runs as a task."""

    def __init__(self) -> None:
        self._by_type: dict[str, list[Listener]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def on(self, type: str, listener: Listener) -> Callable[[], None]:
        """Call *listener* for every event of *type*; return what takes it off again."""
        listeners = self._by_type.setdefault(type, [])
        if listener not in listeners:
            listeners.append(listener)
        return lambda: self.off(type, listener)

    def off(self, type: str, listener: Listener) -> None:
        """Take *listener* off; one that is not there is fine."""
        if listener in (listeners := self._by_type.get(type, [])):
            listeners.remove(listener)

    def emit(self, type: str, *values: Any) -> int:
        """Call the listeners of *type*; return how many there were."""
        listeners = tuple(self._by_type.get(type, ()))
        for listener in listeners:
            try:
                returned = listener(*values)
            except Exception:
                log.exception("a listener failed", extra={"action": "listener_failed", "event": type})
            else:
                if inspect.iscoroutine(returned):
                    task = asyncio.get_running_loop().create_task(returned)
                    self._tasks.add(task)
                    task.add_done_callback(self._done)
        return len(listeners)

    def clear(self) -> None:
        """Take all listeners off."""
        self._by_type.clear()

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a listener failed", exc_info=error, extra={"action": "listener_failed"})
