"""Hands the ids of runs to Celery, off the request: one thread per process, which may wait for a broker that hangs.

What it cannot hand over is not lost: the rows wait, and the dispatcher hands them over again.
"""

import atexit
import heapq
import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import count
from typing import Any

from celery import current_app

from .conf import conf

log = logging.getLogger(__name__)

TASK = "steps.run"
MOST = 10_000  # ids that wait here; the dispatcher knows of the rest
FAR_S = 90.0  # what is due later is the dispatcher's
DRAIN_S = 1.0
PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0  # after a failure


class Handover:
    """The queue of one process. Safe to use from any thread, and after a fork."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._heap: list[tuple[float, int, str]] = []
        self._numbers = count()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = self._ending = False
        self._connection: Any = None
        self._failures = 0
        self.dropped = 0

    def put(self, ids: Iterable[str], delay_s: float = 0.0) -> None:
        """Hand *ids* over *delay_s* from now; returns at once. What is far away is left to the dispatcher."""
        if delay_s > FAR_S:
            return
        if self._process != os.getpid():
            self._begin()
        due = time.monotonic() + max(0.0, delay_s)
        with self._news:
            for id in ids:
                if len(self._heap) >= MOST:
                    self.dropped += 1
                    continue
                heapq.heappush(self._heap, (due, next(self._numbers), id))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="steps-handover", daemon=True)
                self._thread.start()
            self._news.notify_all()

    def drain(self, within_s: float = DRAIN_S) -> bool:
        """Wait until what is due has been handed over; False if it was not *within_s*."""
        if self._process != os.getpid() or self._thread is None:
            return True
        with self._news:
            return self._news.wait_for(self._is_idle, within_s)

    def _is_idle(self) -> bool:
        return not self._busy and (not self._heap or self._heap[0][0] > time.monotonic())

    def _run(self) -> None:
        while True:
            with self._news:
                self._busy = False
                self._news.notify_all()
                while not self._heap or self._heap[0][0] > time.monotonic():
                    self._news.wait(self._heap[0][0] - time.monotonic() if self._heap else None)
                entry = heapq.heappop(self._heap)
                self._busy = True
            if not self._hand(entry[2]):
                with self._news:
                    heapq.heappush(self._heap, entry)
                    self._busy = False
                    self._news.notify_all()
                time.sleep(min(PAUSE_S * 2 ** min(self._failures, 10), LONGEST_PAUSE_S))

    def _hand(self, id: str) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connect()
            current_app.send_task(TASK, args=[id], connection=self._connection, retry=False, ignore_result=True)
        except Exception as error:  # noqa: BLE001 - whatever a broker or its client says, the row stays
            self._failures += 1
            if self._failures == 1:
                log.warning("broker not reached", extra={"action": "handover_failed", "reason": repr(error)})
            connection, self._connection = self._connection, None
            with suppress(Exception):  # it is broken
                if connection is not None:
                    connection.release()
            return False
        if self._failures:
            log.info("broker reached again", extra={"action": "handover_resumed", "failures": self._failures})
        self._failures = 0
        return True

    def _connect(self) -> Any:
        timeout = conf().hand_timeout_s
        options = {"socket_timeout": timeout, "socket_connect_timeout": timeout, "max_retries": 0}
        return current_app.connection_for_write(transport_options=options, connect_timeout=timeout)


handover = Handover()

atexit.register(lambda: handover.drain())
