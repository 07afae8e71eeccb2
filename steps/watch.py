"""Looks after the runs that go on in this process: their time, what is shown of them, and those that were dropped."""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.models import F
from django.db.models.functions import Now

from .attempts import Attempt
from .database import atomic
from .heartbeats import lease
from .runs import READY, RUNNING, flush, is_held, rows

log = logging.getLogger(__name__)

TICK_S, SWEEP_S = 1.0, 5.0
GRACE_S = 2.0  # that an async handler has to take its cancellation


class Watch:
    """One thread per process, begun with its first run. ticking: False for who calls ``look`` by itself."""

    def __init__(self, *, ticking: bool = True) -> None:
        self._ticking = ticking
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._attempts: dict[str, Attempt] = {}
        self._claiming = 0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._swept_at = time.monotonic()

    @contextmanager
    def claiming(self) -> Iterator[None]:
        """Say that a run may be claimed in the body: it is not to be taken for a dropped one."""
        if self._process != os.getpid():
            self._begin()
        with self._lock:
            self._claiming += 1
            if self._ticking and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="steps-watch", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._claiming -= 1

    def add(self, attempt: Attempt) -> None:
        """Look after *attempt*."""
        with self._lock:
            self._attempts[attempt.run.id] = attempt

    def remove(self, attempt: Attempt) -> None:
        """Stop that."""
        with self._lock:
            if self._attempts.get(attempt.run.id) is attempt:
                del self._attempts[attempt.run.id]

    def _run(self) -> None:
        while True:
            time.sleep(TICK_S)
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - this thread must not end, whatever a database says
                log.warning("runs not looked after", extra={"action": "watch_failed", "reason": repr(error)})
                connections.close_all()

    def look(self) -> None:
        """Do what is due now."""
        with self._lock:
            attempts = list(self._attempts.values())
        now = time.monotonic()
        for attempt in attempts:
            grace = GRACE_S if attempt.listener is not None and attempt.listener.step.is_async else 0.0
            if attempt.ends_at is not None and now > attempt.ends_at + grace:
                self._end(attempt)
            elif attempt.span.changed:
                flush(attempt.span)
        if now - self._swept_at > SWEEP_S:
            self._swept_at = now
            self._sweep()

    def _end(self, attempt: Attempt) -> None:
        with atomic():
            if is_held(attempt.span):
                return  # by a transaction of the handler: to wait for it would keep all others waiting
        self.remove(attempt)
        attempt.time_out()

    def _sweep(self) -> None:
        """Put runs back that are ours by their row and that nobody here works at: their end could not be written."""
        worker = lease(0)
        mine = rows().filter(state=RUNNING, worker=worker) if worker is not None else rows().none()
        found = list(mine.values_list("pk", "fence"))
        with self._lock:
            if self._claiming:
                return  # one of them may be on its way to us
            dropped = [(pk, fence) for pk, fence in found if pk not in self._attempts]
        for pk, fence in dropped:
            released = {"state": READY, "worker": None, "due_at": Now(), "hand_at": Now(), "reason": "dropped"}
            rows().filter(pk=pk, fence=fence, state=RUNNING).update(fence=F("fence") + 1, **released)
            log.warning("a dropped run was put back", extra={"action": "run_dropped", "run_id": pk})


watch = Watch()
