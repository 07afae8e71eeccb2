"""Who may: asks the rules and hooks of a stream, and lets nobody in by mistake.

No rule at all, a rule that raises, takes too long or returns something odd: denied.
"""

import asyncio
import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from asgiref.sync import async_to_sync

from .conf import conf
from .context import Context
from .counters import counters
from .definition import Definition, Hook
from .errors import AccessDenied
from .threads import DatabaseThreads

log = logging.getLogger(__name__)

Auth = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is asked for. id: the item; None: the whole group."""

    stream_name: str
    group_id: str
    id: str | None
    subscription_id: str
    connection_id: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    allowed: bool
    context: Any = None
    reason: str | None = None


async def admit(definition: Definition, subscription: Subscription, auth: Auth) -> Any:
    """Return the context that ``on_join`` gave this subscription.

    Raises: AccessDenied - with the hook's reason where it gave one.
    """
    verdict = await _decide(definition, subscription, auth)
    if not verdict.allowed:
        counters.add("access_denied", definition.name)
        log.info("access denied", extra={"action": "access_denied", "stream": definition.name})
        raise AccessDenied(verdict.reason)
    return verdict.context


async def dismiss(definition: Definition, subscription: Subscription, auth: Auth) -> None:
    """Run ``on_leave`` of a subscription that was admitted; what it raises is logged."""
    if definition.on_leave is not None:
        try:
            await _call(definition.on_leave, subscription, auth, with_context=True)
        except Exception:
            counters.add("hook_failed", "on_leave")
            log.exception("on_leave failed", extra={"action": "hook_failed", "stream": definition.name})


async def _decide(definition: Definition, subscription: Subscription, auth: Auth) -> _Verdict:
    if not definition.open:
        return _Verdict(False)
    try:
        rule = definition.can_access
        if rule is not None and await _call(rule, subscription, auth, with_context=False) is not True:
            return _Verdict(False)
        if definition.on_join is not None:
            return _verdict(await _call(definition.on_join, subscription, auth, with_context=True))
    except Exception as error:  # fail closed, whatever it was
        counters.add("hook_failed", type(error).__name__)
        log.exception("a rule failed; access denied", extra={"action": "hook_failed", "stream": definition.name})
        return _Verdict(False)
    return _Verdict(True)


def _verdict(answer: Any) -> _Verdict:
    """Return what the answer of ``on_join`` means; what is not known to allow denies."""
    if answer is None or answer is True:
        return _Verdict(True)
    if not isinstance(answer, Mapping):
        return _Verdict(False)
    unauthorized, authorized = answer.get("unauthorized", False), answer.get("authorized", True)
    decided = "unauthorized" in answer or "authorized" in answer
    reason = answer.get("reason")
    return _Verdict(
        allowed=decided and unauthorized is False and authorized is True,
        context=answer.get("context"),
        reason=reason if isinstance(reason, str) and reason else None,
    )


@cache
def _threads() -> DatabaseThreads:
    return DatabaseThreads(conf().hook_threads, "streams-hooks")


async def _call(hook: Hook, subscription: Subscription, auth: Auth, *, with_context: bool) -> Any:
    """Call *hook*, plain or async, in a thread with a database connection; at most ``hook_timeout_s``."""
    async with asyncio.timeout(conf().hook_timeout_s):
        return await _threads().run(_run, hook, subscription, auth, with_context)


def _run(hook: Hook, subscription: Subscription, auth: Auth, with_context: bool) -> Any:
    asynchronous = inspect.iscoroutinefunction(inspect.unwrap(hook)) or inspect.iscoroutinefunction(
        getattr(hook, "__call__", None)  # noqa: B004  (an instance whose __call__ is async)
    )
    arguments: list[Any] = [subscription]
    if with_context:
        logger = logging.getLogger(getattr(hook, "__module__", __name__))
        arguments.append(Context(asynchronous=asynchronous, logger=logger))
    arguments.append(auth)
    if asynchronous:
        return async_to_sync(_bounded)(hook, arguments)
    return hook(*arguments)


async def _bounded(hook: Hook, arguments: list[Any]) -> Any:
    async with asyncio.timeout(conf().hook_timeout_s):
        return await hook(*arguments)
