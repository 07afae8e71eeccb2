"""Asks the rules and hooks of a stream in the thread, and the transaction, of a test."""

from typing import Any

from django.db import transaction

from ..access import Verdict, verdict_of
from ..conf import conf
from ..definition import Definition
from ..errors import AccessDenied
from ..hooks import call, call_hook
from ..leases import Subscription


def admit(definition: Definition, asked: Subscription, auth: Any) -> Any:
    """Ask ``can_access``, then ``on_join``; return what ``on_leave`` will get.

    Raises: AccessDenied - a rule that raises denies, as for everybody; what it raised is the cause.
    """
    try:
        verdict = _asked(definition, asked, auth)
    except Exception as error:
        raise AccessDenied(f"a rule failed: {error!r}") from error
    if not verdict.allowed:
        raise AccessDenied(verdict.reason)
    return auth if verdict.context is None else verdict.context


def dismiss(definition: Definition, asked: Subscription, context: Any) -> None:
    """Run ``on_leave``."""
    if definition.on_leave is not None:
        with transaction.atomic(using=conf().database):
            call_hook(definition.on_leave, asked, context)


def _asked(definition: Definition, asked: Subscription, auth: Any) -> Verdict:
    if not definition.open:
        return Verdict(False)
    if definition.can_access is not None and call(definition.can_access, asked, auth) is not True:
        return Verdict(False)
    if definition.on_join is None:
        return Verdict(True)
    with transaction.atomic(using=conf().database):
        return verdict_of(call_hook(definition.on_join, asked, auth))
