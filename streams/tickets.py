"""Tickets: one-use tokens for who is logged in on one host and opens a stream on another, or without cookies."""

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner, b64_decode, b64_encode
from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare, salted_hmac

from .conf import conf
from .identity import digest, user_key
from .models import Revocation, UsedTicket
from .values import dumps, loads

PREFIX = "ticket."
LONGEST_S = 24 * 3600.0
CLOCKS = timedelta(hours=1)  # so much may those of web servers and database differ
_SALT = "streams.tickets"

# ":" and "=" are no characters of a token: a browser refuses them in a subprotocol
_signer = TimestampSigner(sep=".", salt=_SALT)


def ticket(user: AbstractBaseUser, ttl: float = 60) -> str:
    """Return a token that opens one stream connection, or makes one request, as *user*, within *ttl* seconds.

    It is void once it was used, and when the user logs out everywhere: password changed, deactivated, revoked.
    Raises: ValueError - nobody in particular, or *ttl* is not between 0 and a day.
    """
    if user.pk is None or not user.is_active:
        raise ValueError("a ticket is for a user that exists and is active")
    if not 0 < ttl <= LONGEST_S:
        raise ValueError(f"ttl is more than 0 and at most {LONGEST_S:g} seconds")
    said = dumps([str(user.pk), time.time(), ttl, _seal(user), secrets.token_hex(8)])
    return _signer.sign(PREFIX + b64_encode(said.encode()).decode())


async def aticket(user: AbstractBaseUser, ttl: float = 60) -> str:
    """Do what ``ticket`` does."""
    return await sync_to_async(ticket)(user, ttl)


def is_ticket(token: str) -> bool:
    """Does *token* look like one of ours?"""
    return token.startswith(PREFIX)


def redeem(token: str) -> Any | None:
    """Return the user of a ticket and use it up; None when it is not valid, or not valid any more."""
    try:
        unsigned = _signer.unsign(token, max_age=int(LONGEST_S))
        pk, issued, ttl, seal, _ = loads(b64_decode(unsigned.removeprefix(PREFIX).encode()))
        _signer.unsign(token, max_age=timedelta(seconds=ttl))
    except (BadSignature, ValueError, TypeError):
        return None
    user = _user(pk)
    if user is None or not constant_time_compare(seal, _seal(user)) or _revoked(user, issued):
        return None
    try:
        expires = Now() + timedelta(seconds=ttl) + CLOCKS
        UsedTicket.objects.using(conf().database).create(digest=digest(token), expires_at=expires)
    except IntegrityError:
        return None
    return user


def _user(pk: str) -> Any | None:
    users = get_user_model()._default_manager
    try:
        user = users.get(pk=pk)
    except (users.model.DoesNotExist, ValueError, TypeError, ValidationError):
        return None
    return user if user.is_active else None


def _seal(user: AbstractBaseUser) -> str:
    """Return what changes with the user's password."""
    return salted_hmac(_SALT, f"{user.pk}\0{user.get_session_auth_hash()}", algorithm="sha256").hexdigest()[:16]


def _revoked(user: AbstractBaseUser, issued: float) -> bool:
    """Was the user revoked since the ticket was *issued* (Unix seconds)?"""
    since = datetime.fromtimestamp(issued, UTC) - timedelta(milliseconds=2)  # SQLite's clock cuts off the rest
    return Revocation.objects.using(conf().database).filter(key=user_key(user), at__gte=since).exists()
