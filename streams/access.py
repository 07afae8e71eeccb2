"""Who may: asks the rules and hooks of a stream, and lets nobody in by mistake.

No rule at all, a rule that raises, takes too long or returns something odd: denied.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from django.db import IntegrityError, transaction

from .conf import conf
from .counters import counters
from .definition import Definition
from .errors import AccessDenied
from .hooks import call, call_hook
from .identity import Auth
from .leases import Leases, Subscription, undisturbed
from .threads import DatabaseThreads

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Grant:
    """A granted join. lease: of the ``on_leave`` that is due; None when the stream has none."""

    lease: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule said. context: for ``on_leave``; reason: for who was refused."""

    allowed: bool
    context: Any = None
    reason: str | None = None


_DENIED = Verdict(False)


class Access:
    """Asks on behalf of the connections of one event loop."""

    def __init__(self) -> None:
        self._threads = DatabaseThreads(conf().hook_threads, "streams-hooks")
        self.leases = Leases()

    async def admit(self, definition: Definition, subscription: Subscription, auth: Auth) -> Grant:
        """Ask ``can_access``, then ``on_join``.

        Raises: AccessDenied - with the hook's reason where it gave one.
        """
        verdict, grant = await self._decide(definition, subscription, auth)
        if grant is None:
            counters.add("access_denied", definition.name)
            log.info("access denied", extra={"action": "access_denied", "stream": definition.name})
            raise AccessDenied(verdict.reason)
        return grant

    async def dismiss(self, grant: Grant) -> None:
        """Run ``on_leave`` for what was granted, unless others have done so; what it raises is logged."""
        if grant.lease is None:
            return
        self.leases.release(grant.lease)
        while True:
            try:
                await self._threads.run(self.leases.end, grant.lease)
            except Exception as error:  # noqa: BLE001 - the lease is still there; when this process ends, others end it
                counters.add("hook_failed", "on_leave")
                log.warning("on_leave waits", extra={"action": "hook_failed", "error": repr(error)})
                await asyncio.sleep(conf().lease_renew_s)
            else:
                return

    async def _decide(
        self, definition: Definition, subscription: Subscription, auth: Auth
    ) -> tuple[Verdict, Grant | None]:
        if not definition.open:
            return _DENIED, None
        if definition.can_access is None and definition.on_join is None and definition.on_leave is None:
            return Verdict(True), Grant()
        try:
            try:
                return await self._in_time(definition, subscription, auth)
            except IntegrityError:
                if definition.on_leave is None or await self.leases.confirm():
                    raise
            return await self._in_time(definition, subscription, auth)  # others thought this process dead: it is new
        except Exception as error:
            counters.add("hook_failed", type(error).__name__)
            log.exception("a rule failed; access denied", extra={"action": "hook_failed", "stream": definition.name})
            return _DENIED, None

    async def _in_time(
        self, definition: Definition, subscription: Subscription, auth: Auth
    ) -> tuple[Verdict, Grant | None]:
        """Ask in a thread and wait for the answer; one that comes too late is undone there."""
        if definition.on_leave is not None:
            await self.leases.ready()
        gate = _Gate()
        work = asyncio.ensure_future(self._threads.run(self._ask, definition, subscription, auth, gate))
        done, _ = await asyncio.wait([work], timeout=conf().hook_timeout_s)
        if not done and gate.close():
            # how it ends is known; nobody awaits it any more
            work.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise TimeoutError(f"no answer within {conf().hook_timeout_s:g} s")
        return await work

    def _ask(
        self, definition: Definition, subscription: Subscription, auth: Auth, gate: "_Gate"
    ) -> tuple[Verdict, Grant | None]:
        """Ask the rules, in a thread."""
        if definition.can_access is not None and call(definition.can_access, subscription, auth) is not True:
            return _DENIED, None
        if definition.on_join is None and definition.on_leave is None:
            return Verdict(True), Grant()
        return undisturbed(partial(self._enter, definition, subscription, auth, gate))

    def _enter(
        self, definition: Definition, subscription: Subscription, auth: Auth, gate: "_Gate"
    ) -> tuple[Verdict, Grant | None]:
        """Let the hook decide; what it did, and the lease, commit together or not at all."""
        with transaction.atomic(using=conf().database):
            verdict, grant = Verdict(True), None
            if definition.on_join is not None:
                verdict = verdict_of(call_hook(definition.on_join, subscription, auth))
            if verdict.allowed:
                leaving = auth if verdict.context is None else verdict.context
                grant = Grant(self.leases.take(subscription, leaving) if definition.on_leave is not None else None)
            if not gate.enter():
                raise TimeoutError("the answer came too late")
        return verdict, grant


class _Gate:
    """Decides between a hook that is about to commit and the connection that gives it up: one of them is first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = self._entered = False

    def enter(self) -> bool:
        """Commit? Not when the connection has given up."""
        with self._lock:
            self._entered = not self._closed
            return self._entered

    def close(self) -> bool:
        """Give up? Not when the commit has begun."""
        with self._lock:
            self._closed = not self._entered
            return self._closed


def verdict_of(answer: Any) -> Verdict:
    """Return what the answer of ``on_join`` means; what is not known to allow denies."""
    if answer is None or answer is True:
        return Verdict(True)
    if not isinstance(answer, Mapping):
        return _DENIED
    decided = "unauthorized" in answer or "authorized" in answer
    allowed = answer.get("unauthorized", False) is False and answer.get("authorized", True) is True
    reason = answer.get("reason")
    return Verdict(decided and allowed, answer.get("context"), reason if isinstance(reason, str) else None)


_of_loops: "WeakKeyDictionary[asyncio.AbstractEventLoop, Access]" = WeakKeyDictionary()


def current_access() -> Access:
    """Return the access of the running event loop; the first call starts its leases."""
    loop = asyncio.get_running_loop()
    access = _of_loops.get(loop)
    if access is None:
        access = _of_loops[loop] = Access()
        Context().run(access.leases.start)  # they outlive whoever came first
    return access
