"""Waiting for something to become true, with a deadline and a reason; the tests never just sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def eventually(
    look: Callable[[], Value], *, what: str, within: float = 30.0, detail: Callable[[], str] | None = None
) -> Value:
    """Return the first true value of *look*; AssertionError naming *what* after *within* seconds.

    detail: asked once, for the error only: what the reader will want to see (the tail of a log).
    """
    deadline = time.monotonic() + within
    pause = 0.005
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > deadline:
            more = f"\n{detail()}" if detail else ""
            raise AssertionError(f"not within {within:g} s: {what}; last seen: {value!r}{more}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
