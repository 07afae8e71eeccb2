"""Threads that keep their database connections, for work that belongs to no request."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import Error, connections

T = TypeVar("T")


class DatabaseThreads:
    """A few threads with a database connection each, which lives as long as the thread."""

    def __init__(self, count: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call *function* in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _call, function, *arguments)

    def submit(self, function: Callable[..., T], *arguments: object) -> "Future[T]":
        """Call *function* in one of the threads, soon."""
        return self._pool.submit(_call, function, *arguments)


def _call(function: Callable[..., T], *arguments: object) -> T:
    try:
        return function(*arguments)
    except Error:
        connections.close_all()  # perhaps it broke: the next call must not meet it again
        raise
