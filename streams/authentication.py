"""Who is there: asks the ticket, the session and the project's ``authenticate_stream``; in doubt it is nobody.

The same for WebSocket handshakes, SSE and REST. A raise, an answer that comes too late or one that nobody knows the
meaning of: refused.
"""

import asyncio
import logging
import math
import os
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import TimeoutError as TooLate
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.db import Error, connections
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from .conf import conf
from .context import Context, Logger
from .counters import counters
from .credentials import TOKEN_LENGTH, Credentials, same_origin
from .errors import TokenExpired, Unauthenticated
from .hooks import call, is_async
from .identity import Auth, Identity, session_key, token_key, user_key
from .models import Revocation
from .threads import DatabaseThreads
from .tickets import is_ticket, redeem

__all__ = ["Auth", "auth_of", "authenticate", "authenticate_here", "same_origin", "says_nothing"]

log = logging.getLogger(__name__)


def auth_of(user: Any) -> Auth:
    """Return what rules and hooks are told of *user*: nothing, unless it is somebody."""
    if user is None or not user.is_authenticated:
        return None
    return {"userId": str(user.pk)}


async def authenticate(credentials: Credentials) -> Identity:
    """Return who *credentials* say it is; waits at most ``authenticate_timeout_s``.

    Raises: Unauthenticated, TokenExpired - they are refused.
    """
    if says_nothing(credentials):
        return Identity(client=credentials.client)
    work = asyncio.wrap_future(_threads().submit(_identify, credentials))
    done, _ = await asyncio.wait([work], timeout=conf().authenticate_timeout_s)
    if not done:
        work.cancel()
        raise _refused("too late")
    return work.result()


def authenticate_here(credentials: Credentials) -> Identity:
    """Do what ``authenticate`` does, for code that is not async."""
    if says_nothing(credentials):
        return Identity(client=credentials.client)
    try:
        return _threads().submit(_identify, credentials).result(conf().authenticate_timeout_s)
    except TooLate:
        raise _refused("too late") from None


def says_nothing(credentials: Credentials) -> bool:
    """Is there nothing to look at and nobody to ask?"""
    nothing = credentials.token is None and credentials.session is None and credentials.user is None
    return nothing and conf().authenticate_stream is None


@cache
def _threads() -> DatabaseThreads:
    return DatabaseThreads(conf().authenticate_threads, "streams-authentication")


os.register_at_fork(after_in_child=_threads.cache_clear)  # the threads stay with the parent


# -- in a thread ------------------------------------------------------------------------------------------------------


def _identify(credentials: Credentials) -> Identity:
    """Return who it is; whatever else happens is a refusal."""
    try:
        identity = _find(credentials)
    except Unauthenticated:
        raise
    except Exception:
        connections.close_all()  # perhaps one of them broke
        log.exception("authentication failed", extra={"action": "authentication_failed"})
        raise _refused("failed") from None
    if identity.expires_at is not None and identity.expires_at <= time.time():
        _refused("expired")
        raise TokenExpired
    return identity


def _find(credentials: Credentials) -> Identity:
    """Find the user of a ticket or session, then ask the project."""
    keys: set[str] = set()
    expires_at: float | None = None
    token = credentials.token
    if token is not None:
        keys.add(token_key(token))
        if len(token) > TOKEN_LENGTH:
            raise _refused("too long")
        if _revoked(token_key(token)):
            raise _refused("revoked")
        if is_ticket(token):
            user = redeem(token)
            if user is None:
                raise _refused("ticket")
            credentials = credentials.without_token().with_user(user)
    elif credentials.user is None and credentials.session is not None:
        user, expires_at = _session_user(credentials.session)
        credentials = credentials.with_user(user)
    if credentials.session is not None and credentials.user is not None:
        keys.add(session_key(credentials.session))
    if credentials.user is not None:
        keys.add(user_key(credentials.user))
    auth, given = _ask(credentials, token)
    if auth is not None and type(auth.get("userId")) in (str, int):
        keys.add(user_key(auth["userId"]))
    return Identity(auth, frozenset(keys), _earlier(expires_at, given), credentials.client)


def _ask(credentials: Credentials, token: str | None) -> tuple[Auth, float | None]:
    """Ask ``authenticate_stream``; return what rules and hooks get, and when it ends."""
    path = conf().authenticate_stream
    if path is None:
        return auth_of(credentials.user), None
    from django.contrib.auth.models import AnonymousUser  # a project without sessions may lack that app

    request = credentials.with_user(credentials.user or AnonymousUser())
    try:
        function = import_string(path)
        logger = logging.getLogger(getattr(function, "__module__", __name__))
        answer = call(function, request, Context(asynchronous=is_async(function), logger=Logger(logger)))
        allowed, auth = _understood(answer)
        expires_at = _moment(auth)
    except Exception as error:
        if isinstance(error, Error):
            connections.close_all()  # the next call must not meet a broken one
        # what it raised may say the token, which belongs in no log
        text = "".join(traceback.format_exception(error))
        known = token is None or token not in text
        log.warning(
            "authenticate_stream failed",
            exc_info=error if known else None,
            extra={"action": "authenticate_failed", "error": type(error).__name__},
        )
        raise _refused("failed") from None
    if not allowed:
        raise _refused("by authenticate_stream")
    return auth, expires_at


def _understood(answer: Any) -> tuple[bool, Auth]:
    """Return what an answer means; what is not known to allow refuses."""
    if answer is None or answer is True:
        return True, None
    if not isinstance(answer, Mapping):
        return False, None
    if "unauthorized" not in answer and "authorized" not in answer:
        return True, dict(answer)
    context = answer.get("context")
    allowed = answer.get("unauthorized", False) is False and answer.get("authorized", True) is True
    if not (context is None or isinstance(context, Mapping)):
        return False, None
    return allowed, None if context is None else dict(context)


def _moment(auth: Auth) -> float | None:
    """Return when *auth* ends, in Unix seconds; the dict has it so too, since it may have to travel as JSON."""
    if auth is None or auth.get("expires_at") is None:
        return None
    value = auth["expires_at"]
    if isinstance(value, datetime):
        value = value.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError("expires_at is in Unix seconds, or a datetime")
    auth["expires_at"] = value
    return float(value)


def _session_user(key: str) -> tuple[Any, float | None]:
    """Return the user of a session, as Django's own middleware finds it, and when the session ends at the latest."""
    session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key)
    try:
        pk, path = session[SESSION_KEY], session[BACKEND_SESSION_KEY]
    except KeyError:
        return None, None
    if path not in settings.AUTHENTICATION_BACKENDS or _revoked(session_key(key)):
        return None, None
    backend = load_backend(path)
    user = backend.get_user(pk)
    if user is None or not _verified(user, session.get(HASH_SESSION_KEY)):
        return None, None
    return user, session.get_expiry_date().timestamp()


def _verified(user: Any, given: str | None) -> bool:
    """Was the session begun with the password that the user still has?"""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return given is not None and any(constant_time_compare(given, known) for known in hashes)


def _revoked(key: str) -> bool:
    return Revocation.objects.using(conf().database).filter(key=key).exists()


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _refused(reason: str) -> Unauthenticated:
    """Count and log a refusal; *reason* is a fixed word."""
    counters.add("authentication_refused", reason)
    log.warning("authentication refused", extra={"action": "authentication_refused", "reason": reason})
    return Unauthenticated()
