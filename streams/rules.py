"""Asks the rules that are asked without a subscription: who may read and write by requests, and who sees what.

They are asked in the thread and the transaction of the request. A rule that raises, takes too long or returns anything
but ``True`` denies.
"""

import logging
import time
from typing import Any, Literal

from .conf import conf
from .counters import counters
from .definition import Definition, Hook
from .errors import AccessDenied
from .hooks import call
from .identity import Auth
from .leases import Subscription

log = logging.getLogger(__name__)

Operation = Literal["set", "update", "delete", "send"]


def may_read(definition: Definition, group: str | None, id: str | None, auth: Auth) -> bool:
    """Ask ``can_access``; without one, only a public stream may be read. group: None when groups are listed.

    Hooks are not asked: a request is no subscription.
    """
    if definition.can_access is None:
        return definition.public
    return _asked(definition, definition.can_access, _request(definition, group, id), auth)


def may_write(definition: Definition, group: str, id: str | None, auth: Auth, operation: Operation) -> bool:
    """Ask ``can_write``; without one nobody may."""
    if definition.can_write is None:
        return False
    return _asked(definition, definition.can_write, _request(definition, group, id), auth, operation)


def denied(definition: Definition) -> AccessDenied:
    """Count a refusal; return the error to raise."""
    counters.add("access_denied", definition.name)
    log.info("access denied", extra={"action": "access_denied", "stream": definition.name})
    return AccessDenied()


def _request(definition: Definition, group: str | None, id: str | None) -> Subscription:
    return Subscription(definition.name, group, id, subscription_id="", connection_id="")


def _asked(definition: Definition, rule: Hook, *arguments: Any) -> bool:
    started = time.monotonic()
    try:
        answer = call(rule, *arguments)
        if time.monotonic() - started > conf().hook_timeout_s:
            raise TimeoutError(f"no answer within {conf().hook_timeout_s:g} s")  # noqa: TRY301 - handled as what it raises
    except Exception as error:
        counters.add("hook_failed", type(error).__name__)
        log.exception("a rule failed; access denied", extra={"action": "hook_failed", "stream": definition.name})
        return False
    return answer is True
