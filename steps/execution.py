"""One run of a step: may it run, and what comes of it."""

import asyncio
import inspect
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from asgiref.sync import async_to_sync

from .database import atomic
from .definition import Step, is_async, is_streaming
from .errors import InvalidResult, TimedOut
from .logs import listen
from .triggers import Trigger


def admits(trigger: Trigger, input: Any) -> bool:
    """Ask the trigger's condition about *input*; only ``False`` says no. What it raises is raised."""
    return trigger.condition is None or _call(trigger.condition, (input,)) is not False


def execute(
    step: Step, input: Any, ctx: Any, *, timeout_s: float | None = None, complete: Callable[[], None] | None = None
) -> Any:
    """Call the handler and return what it returned; what it raises is raised.

    The thread waits for an async handler, whose database work comes back to this thread and its connection. timeout_s:
    an async handler that takes longer is cancelled (TimedOut). complete: called at the end, in the handler's
    transaction if the step is atomic.
    """
    listen()
    with atomic() if step.atomic else nullcontext():
        result = _call(step.handler, (input, ctx), timeout_s)
        if complete is not None:
            complete()
        return result


def _call(function: Callable[..., Any], arguments: tuple[Any, ...], timeout_s: float | None = None) -> Any:
    if is_async(function):
        return async_to_sync(_limited)(function, arguments, timeout_s)
    if is_streaming(function):
        return function(*arguments)  # nothing of it runs before it is asked for its first chunk
    result = function(*arguments)
    if inspect.iscoroutine(result):
        result.close()
        raise InvalidResult(f"{function!r} is a plain function, yet it returned a coroutine: declare it with async def")
    return result


async def _limited(function: Callable[..., Any], arguments: tuple[Any, ...], timeout_s: float | None) -> Any:
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            return await function(*arguments)
    except TimeoutError:
        if limit.expired():
            raise TimedOut(f"the handler took longer than {timeout_s:g} s and was cancelled") from None
        raise
