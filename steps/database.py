"""The database of the runs: that of the streams, so that a run commits with the change that caused it."""

from collections.abc import Callable
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from streams.conf import conf as streams_conf


def alias() -> str:
    """Return the alias of the database."""
    return streams_conf().database


def connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to it."""
    return connections[alias()]


def atomic() -> Any:
    """Open a transaction, or go on in the one that is open; use it with ``with``."""
    return transaction.atomic(using=alias(), savepoint=False)


def on_commit(hook: Callable[[], object]) -> None:
    """Call *hook* after the commit of the open transaction, at once when there is none; its errors are logged."""
    transaction.on_commit(hook, using=alias(), robust=True)


def is_open() -> bool:
    """Is a transaction open?"""
    current = connection()
    return current.in_atomic_block or not current.get_autocommit()
