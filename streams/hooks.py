"""Calls the rules and hooks of the project, plain or async, in the thread and the transaction of who asks."""

import asyncio
import inspect
import logging
from typing import Any

from asgiref.sync import async_to_sync

from .conf import conf
from .context import Context, Logger
from .definition import Hook


class HookExit(Exception):
    """A rule or hook ended with what ends programs or tasks: SystemExit, for example."""


def call_hook(hook: Hook, subscription: Any, auth: Any) -> Any:
    """Call ``hook(subscription, ctx, auth)``, plain or async, in this thread and its transaction."""
    logger = logging.getLogger(getattr(hook, "__module__", __name__))
    return call(hook, subscription, Context(asynchronous=is_async(hook), logger=Logger(logger)), auth)


def call(function: Hook, *arguments: Any) -> Any:
    """Call *function*, plain or async, in this thread; an async one is cancelled after ``hook_timeout_s``.

    Raises: what it raises, but nothing that would end the loop or the task of who asks.
    """
    try:
        return async_to_sync(_bounded)(function, arguments) if is_async(function) else function(*arguments)
    except Exception:
        raise
    except BaseException as error:
        raise HookExit(f"it ended with {error!r:.200}") from error


def is_async(function: Hook) -> bool:
    """Is it to be awaited? An instance whose ``__call__`` is async is, too."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


async def _bounded(function: Hook, arguments: tuple[Any, ...]) -> Any:
    async with asyncio.timeout(conf().hook_timeout_s):
        return await function(*arguments)
