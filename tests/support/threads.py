"""Threads of a test: started together, each with its own database connections, ended with the test."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connections

Value = TypeVar("Value")
WITHIN = 60.0


def together(*works: Callable[[], Value]) -> list[Value]:
    """Run *works* in a thread each, begun at one moment; return their results. Raises what the first of them raised."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], Value]) -> Value:
        start.wait(WITHIN)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        futures = [pool.submit(connected, begin, work) for work in works]
        _, late = wait(futures, WITHIN)
        assert not late, f"{len(late)} of {len(works)} threads are not done after {WITHIN:g} s"
        return [future.result() for future in futures]


def connected(function: Callable[..., Value], *arguments: Any) -> Value:
    """Call *function* and close the database connections that it opened in this thread."""
    try:
        return function(*arguments)
    finally:
        connections.close_all()


@contextmanager
def aside(work: Callable[[], Value]) -> Iterator["Future[Value]"]:
    """Run *work* in another thread beside the body; gives its future, and waits for it in the end."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(connected, work)
        yield future
        future.result(WITHIN)


class Steps:
    """Named moments that threads reach and wait for: the order of a story."""

    def __init__(self, *names: str) -> None:
        self._events = {name: threading.Event() for name in names}

    def reach(self, name: str) -> None:
        """Say that *name* has happened."""
        self._events[name].set()

    def wait(self, name: str) -> None:
        """Wait for *name*; AssertionError when it does not come."""
        assert self._events[name].wait(WITHIN), f"{name} did not happen"
