"""How the workers and beats of every machine show that they are alive: one row each, renewed by a thread."""

import atexit
import logging
import os
import socket
import threading
from collections.abc import Callable
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
        self._stopped = threading.Event()
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

    def _beat(self) -> None:
        if not self._mine().update(seen_at=Now()):
            Heartbeat.objects.create(kind=self.kind, host=socket.gethostname(), pid=os.getpid())

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


def _worker_is_ready(**_: object) -> None:
    pulse = Pulse(Heartbeat.Kind.WORKER)
    worker_shutdown.connect(lambda **_: pulse.stop(), weak=False, dispatch_uid="steps.heartbeats.shutdown")
    pulse.start()


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
