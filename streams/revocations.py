"""``revoke``: ends the connections of a user, a session or a token, in every process.

A revocation is a row, written in the transaction of its cause, and a hint after the commit. Each process with
connections looks for new rows (``bouncer``): a hint that is lost costs a moment, never the revocation.
"""

import logging
import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models.functions import Now

from .bus import bus
from .changes import Address
from .conf import conf
from .counters import counters
from .hints import Message
from .identity import session_key, token_key, user_key
from .models import Revocation

log = logging.getLogger(__name__)

NEWS = Address("streams:revocations", "all")
"""Where processes tell each other that there is something to look at; nobody can join it."""

LOOKBACK_S = 60.0
"""So far back a process looks for rows it has not seen: a transaction may commit long after its rows were written."""

_SLICE = 1000


def revoke(*, user: Any = None, session: Any = None, token: str | None = None) -> None:
    """End every open connection of a user, a session or a token; they may come back as what they are by then.

    user: a model instance, its primary key, or the ``userId`` that ``authenticate_stream`` gave; session: a session
    store or its key; token: the text of it. A session or token that was revoked is refused from now on, for the setting
    ``revocation_keep_s``; a user is not: what makes them unwelcome is for the project to know.
    Inside a transaction it takes effect with its commit.
    """
    keys = []
    if user is not None:
        keys.append(user_key(user))
    if session is not None:
        keys.append(session_key(session))
    if token is not None:
        keys.append(token_key(token))
    if not keys:
        raise TypeError("revoke() takes a user, a session or a token")
    announce(keys, "revoke")


async def arevoke(*, user: Any = None, session: Any = None, token: str | None = None) -> None:
    """Do what ``revoke`` does."""
    await sync_to_async(revoke)(user=user, session=session, token=token)


def announce(keys: Iterable[str], cause: str) -> None:
    """Revoke everything that has one of *keys*. cause: a fixed word, for logs and counters."""
    names = list(dict.fromkeys(keys))
    if not names:
        return
    _write(names)
    counters.add("revoked", cause, len(names))
    log.info("revoked", extra={"action": "revoked", "reason": cause, "keys": len(names)})
    database = conf().database
    began = time.monotonic() if transaction.get_connection(database).in_atomic_block else None
    transaction.on_commit(partial(_tell, names, began), using=database, robust=True)


def _write(keys: list[str]) -> None:
    rows = [Revocation(key=key, at=Now()) for key in keys]
    Revocation.objects.using(conf().database).bulk_create(rows, batch_size=_SLICE)


def _tell(keys: list[str], began: float | None) -> None:
    """Let every process look. began: when the rows were written in a transaction that was open already."""
    if began is not None and time.monotonic() - began > LOOKBACK_S / 2:
        _write(keys)  # nobody looks back as far as the others
    bus.broadcast(Message(NEWS))
