"""One run of a step: may it run, and what comes of it."""

import inspect
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from asgiref.sync import async_to_sync
from django.db import transaction

from .definition import Step, is_async
from .errors import InvalidResult
from .triggers import Trigger


def admits(trigger: Trigger, input: Any) -> bool:
    """Ask the trigger's condition about *input*; only ``False`` says no. What it raises is raised."""
    return trigger.condition is None or _call(trigger.condition, input) is not False


def execute(step: Step, input: Any, ctx: Any) -> Any:
    """Call the handler and return what it returned; what it raises is raised.

    The thread waits for an async handler, whose database work comes back to this thread and its connection.
    """
    with transaction.atomic() if step.atomic else nullcontext():
        return _call(step.handler, input, ctx)


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    if is_async(function):
        return async_to_sync(function)(*arguments)
    result = function(*arguments)
    if inspect.iscoroutine(result):
        result.close()
        raise InvalidResult(f"{function!r} is a plain function, yet it returned a coroutine: declare it with async def")
    return result
