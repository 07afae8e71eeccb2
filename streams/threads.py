"""Threads that keep their database connections, for work that belongs to no request."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar
from weakref import WeakSet

from django.db import Error, connections

T = TypeVar("T")

CLOSING_S = 10.0


class DatabaseThreads:
    """A few threads with a database connection each, which lives as long as the thread - or goes back to a pool."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        _all.add(self)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call *function* in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _call, function, *arguments)

    def submit(self, function: Callable[..., T], *arguments: object) -> "Future[T]":
        """Call *function* in one of the threads, soon."""
        return self._pool.submit(_call, function, *arguments)

    def close_connections(self) -> None:
        """Close the connection of each thread, when all of them are free; the next call opens another."""
        met = Barrier(self._count)  # each thread takes one of the calls

        def close() -> None:
            met.wait(CLOSING_S)
            connections.close_all()

        for done in [self._pool.submit(close) for _ in range(self._count)]:
            done.result(CLOSING_S)


_all: "WeakSet[DatabaseThreads]" = WeakSet()


def close_connections() -> None:
    """Close the connections of all such threads of this process: an open one keeps a test database from being dropped.

    Raises: TimeoutError, BrokenBarrierError - a thread was busy for too long.
    """
    for threads in list(_all):
        threads.close_connections()


def _call(function: Callable[..., T], *arguments: object) -> T:
    try:
        return function(*arguments)
    except Error:
        connections.close_all()  # perhaps it broke: the next call must not meet it again
        raise
    finally:
        for connection in connections.all(initialized_only=True):
            if connection.settings_dict["OPTIONS"].get("pool"):
                connection.close()  # gives it back; requests wait for it
