"""Lets a client repeat a write whose answer it did not get: ``Idempotency-Key``.

The answer is a row that commits with the write. The same key for the same thing gets it again, and nothing is written.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from django.db import Error, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from . import models
from .conf import conf
from .counters import counters
from .errors import InvalidInput, KeyReused, WriteConflict
from .stores import Store
from .stores.database import DatabaseStore
from .values import Json, dumps

log = logging.getLogger(__name__)

Rows: TypeAlias = "QuerySet[models.Answer]"

LONGEST_KEY = 255
PURGE_S = 60.0  # between two looks for answers that are too old
SLICE = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write is answered. body: JSON text, "" when there is none; repeated: it was given before."""

    status: int
    body: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class KeyedWrite:
    """A write with a key. about: who asks for what; sent: the body.

    Raises: InvalidInput - the key is empty or too long.
    """

    key: str
    about: Sequence[Json]
    sent: bytes

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= LONGEST_KEY:
            raise InvalidInput(f"an Idempotency-Key has 1 to {LONGEST_KEY} characters")

    def once(self, store: Store, write: Callable[[], Answer]) -> Answer:
        """Return the answer that was given before, or *write* to *store* and keep its answer, in one transaction.

        Two with one key come one after another. What raises is not kept, so that it may be tried again. A store that
        is not transactional commits a moment before the answer does.
        Raises: KeyReused - something else was sent then; WriteConflict - try again.
        """
        alias = store.alias if isinstance(store, DatabaseStore) else conf().database
        rows = models.Answer.objects.using(alias)
        try:
            with transaction.atomic(using=alias):
                answer = self._answer(rows, write)
        except Error as error:
            if store.is_conflict(error):
                raise WriteConflict from error
            raise
        _purger.look(rows)
        return answer

    def _answer(self, rows: Rows, write: Callable[[], Answer]) -> Answer:
        name, fingerprint = _digest(dumps([self.key, *self.about]).encode()), _digest(self.sent)
        rows.filter(_expired(), name=name).delete()
        new = {"fingerprint": fingerprint, "status": 0, "created_at": Now()}
        row, fresh = rows.get_or_create(name=name, defaults=new)  # who is second waits for the first to commit
        if not fresh:
            if row.fingerprint != fingerprint:
                raise KeyReused
            counters.add("repeated")
            return Answer(row.status, row.body, repeated=True)
        answer = write()
        rows.filter(name=name).update(status=answer.status, body=answer.body)
        return answer


class _Purger:
    """Deletes old answers, some at a time, now and then."""

    def __init__(self) -> None:
        self._next = 0.0

    def look(self, rows: Rows) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PURGE_S
        try:
            names = list(rows.filter(_expired()).values_list("name", flat=True)[:SLICE])
            rows.filter(name__in=names).delete()
        except Error as error:  # what was asked for is done, and others will delete them
            counters.add("purge_failed", type(error).__name__)
            log.warning("old answers stay", extra={"action": "purge_failed", "error": repr(error)})


_purger = _Purger()


def _expired() -> Q:
    return Q(created_at__lt=Now() - timedelta(seconds=conf().idempotency_s))


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
