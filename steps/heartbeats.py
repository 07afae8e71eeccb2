"""How the workers and beats of every machine show that they are alive: one row each, renewed by a thread.

A worker's row is the lease of the runs that it has claimed: one write for all of them, which no transaction of a
handler can hold up. Who finds it stale takes the runs.
"""

import atexit
import logging
import os
import socket
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta

from celery.signals import beat_embedded_init, beat_init, worker_ready, worker_shutdown
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.db.models.functions import Now

from .models import Heartbeat

INTERVAL_S = 5.0
FRESH = timedelta(seconds=15)  # three beats missed: late
GONE = timedelta(seconds=60)  # nobody waits for it any more
STOP_S = 2.0  # how long a shutdown waits for the row to go

log = logging.getLogger(__name__)


class Pulse(threading.Thread):
    """Keeps the row of this process fresh until :meth:`stop`.

    A thread of its own, with a connection of its own: long tasks in the worker do not make it look dead. It survives
    a database that goes away; the row is written anew when it is back.
    """

    def __init__(self, kind: str, interval_s: float = INTERVAL_S) -> None:
        super().__init__(name=f"{kind}-heartbeat", daemon=True)
        self.kind = kind
        self._interval_s = interval_s
        self.id: int | None = None
        self._stopped = threading.Event()
        self._shown = threading.Event()
        self._failing = False

    def run(self) -> None:
        """Beat until told to stop, then remove the row."""
        self._try_to(_forget_gone)
        while not self._stopped.is_set():
            self._try_to(self._beat)
            self._stopped.wait(self._interval_s)
        self._try_to(self._remove)
        connection.close()

    def stop(self) -> None:
        """End the thread and remove the row; waits at most ``STOP_S``."""
        self._stopped.set()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(STOP_S)

    def lease(self, within_s: float) -> int | None:
        """Return the number of this process's row, waiting for it; None when it could not be written in time."""
        self._shown.wait(within_s)
        return self.id

    def _beat(self) -> None:
        # by its number: a row that somebody took for dead, or of another process with our pid, is not ours any more
        if self.id is None or not Heartbeat.objects.filter(pk=self.id).update(seen_at=Now()):
            self._mine().delete()
            self.id = Heartbeat.objects.create(kind=self.kind, host=socket.gethostname(), pid=os.getpid()).pk
        self._shown.set()

    def _remove(self) -> None:
        self._mine().delete()

    def _mine(self) -> QuerySet[Heartbeat]:
        return Heartbeat.objects.filter(kind=self.kind, host=socket.gethostname(), pid=os.getpid())

    def _try_to(self, act: Callable[[], object]) -> None:
        try:
            act()
        except DatabaseError as error:
            if not self._failing:
                log.warning("heartbeat not written", extra={"kind": self.kind, "reason": error})
            self._failing = True
            connection.close()
        else:
            self._failing = False


_worker: tuple[int, Pulse] | None = None
_worker_lock = threading.Lock()


def lease(within_s: float = 5.0) -> int | None:
    """Return the number under which this process claims runs; it begins to show that it is alive if it has not yet.

    None: the database could not be written within *within_s* seconds.
    """
    return _worker_pulse().lease(within_s)


def stale(ids: Collection[int]) -> set[int]:
    """Return those of the leases *ids* that have run out."""
    return set(ids) - set(Heartbeat.objects.filter(pk__in=ids, seen_at__gt=Now() - FRESH).values_list("pk", flat=True))


def connect() -> None:
    """Let every Celery worker and beat of this project show that it is alive; called once, by the app's ``ready()``."""
    worker_ready.connect(_worker_is_ready, dispatch_uid="steps.heartbeats.worker")
    beat_init.connect(_beat_starts, dispatch_uid="steps.heartbeats.beat")
    beat_embedded_init.connect(_beat_starts, dispatch_uid="steps.heartbeats.beat")


def sweep() -> None:
    """Remove the rows of processes of this host that are no more (killed: they could not do it themselves)."""
    for row in Heartbeat.objects.filter(host=socket.gethostname()):
        if not _lives(row.pid):
            row.delete()


def _worker_pulse() -> Pulse:
    global _worker
    with _worker_lock:
        if _worker is None or _worker[0] != os.getpid():  # a fork has none of its parent's threads
            pulse = Pulse(Heartbeat.Kind.WORKER)
            pulse.start()
            atexit.register(pulse.stop)
            _worker = (os.getpid(), pulse)
        return _worker[1]


def _worker_is_ready(**_: object) -> None:
    pulse = _worker_pulse()
    worker_shutdown.connect(lambda **_: pulse.stop(), weak=False, dispatch_uid="steps.heartbeats.shutdown")


def _beat_starts(**_: object) -> None:
    pulse = Pulse(Heartbeat.Kind.BEAT)
    atexit.register(pulse.stop)  # beat has no signal for its end
    pulse.start()


def _forget_gone() -> None:
    Heartbeat.objects.filter(seen_at__lt=Now() - 10 * GONE).delete()


def _lives(pid: int) -> bool:
    with suppress(ProcessLookupError):
        with suppress(PermissionError):  # it lives, and is somebody else's
            os.kill(pid, 0)
        return True
    return False
