"""The rows of HTTP runs: written after the response, by one thread per process, many at once."""

import atexit
import json
import logging
import os
import threading
import time
from collections import deque
from datetime import UTC, datetime

from django.db import connections

from .conf import conf
from .database import alias
from .models import Run
from .runs import tell, text, trace
from .spans import Span

log = logging.getLogger(__name__)

GATHER_S = 0.2  # how long the first of a batch waits for others
BATCH, MOST = 200, 5000
DRAIN_S = 1.0


class Journal:
    """What this process has yet to write. Safe to use from any thread, and after a fork."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._waiting: deque[Run] = deque()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._busy = False
        self.dropped = 0

    def add(self, span: Span, status: int, reason: str = "", error_id: str = "") -> None:
        """Write *span* down soon, as an HTTP run that was answered with *status*; returns at once."""
        failed = status >= 500
        if not conf().trace_http or not (span.sampled or failed):
            return
        run = Run(
            id=span.run_id,
            trace_id=span.trace_id,
            parent_id=span.parent_id,
            step=span.step,
            trigger=span.trigger,
            trigger_index=span.trigger_index,
            source=span.source,
            state=Run.State.FAILED if failed else Run.State.DONE,
            status=status,
            attempts=1,
            created_at=span.started_at,
            started_at=span.started_at,
            finished_at=datetime.now(UTC),
            reason=text(reason),
            error_id=error_id,
            history=json.dumps(span.failures),
            **trace(span),
        )
        if self._process != os.getpid():
            self._begin()
        with self._news:
            if len(self._waiting) >= MOST:
                self.dropped += 1
                return
            self._waiting.append(run)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="steps-journal", daemon=True)
                self._thread.start()
            self._news.notify_all()

    def drain(self, within_s: float = DRAIN_S) -> bool:
        """Wait until everything is written; False if it was not *within_s*."""
        if self._process != os.getpid() or self._thread is None:
            return True
        with self._news:
            return self._news.wait_for(lambda: not self._waiting and not self._busy, within_s)

    def _run(self) -> None:
        while True:
            with self._news:
                self._busy = False
                self._news.notify_all()
                while not self._waiting:
                    self._news.wait()
            time.sleep(GATHER_S)
            with self._news:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                self._busy = True
            self._write(batch)

    def _write(self, batch: list[Run]) -> None:
        try:
            Run.objects.using(alias()).bulk_create(batch, ignore_conflicts=True)
        except Exception as error:  # noqa: BLE001 - this thread must not end, whatever a database says
            # what is lost is a trace, not work; to keep it for a database that is away would only fill the memory
            self.dropped += len(batch)
            facts = {"action": "trace_lost", "count": len(batch), "reason": repr(error)}
            log.warning("traces of requests not written", extra=facts)
        else:
            tell(batch)
        finally:
            connections.close_all()


journal = Journal()

atexit.register(lambda: journal.drain())
