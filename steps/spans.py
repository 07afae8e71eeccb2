"""What is known in this process of the run that is going on: a span of its trace, written down bit by bit."""

import re
import secrets
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from .conf import conf

TRACEBACK = 8000  # characters kept of one
FAILURES = 20  # attempts, the last ones

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")

_last_moment, _moments = 0, threading.Lock()  # microseconds; two runs of one process never have the same

_current: ContextVar["Span | None"] = ContextVar("steps.run", default=None)


class Span:
    """A run as it goes on. fence: of its claim; None: nobody else can take it (an HTTP request)."""

    def __init__(
        self,
        *,
        run_id: str,
        trace_id: str,
        parent_id: str = "",
        step: str,
        trigger: str,
        source: str = "",
        trigger_index: int = 0,
        depth: int = 0,
        attempt: int = 1,
        fence: int | None = None,
    ) -> None:
        self.run_id, self.trace_id, self.parent_id = run_id, trace_id, parent_id
        self.step, self.trigger, self.source, self.trigger_index = step, trigger, source, trigger_index
        self.depth, self.attempt, self.fence = depth, attempt, fence
        self.sampled = is_sampled(trace_id)
        self.atomic = False  # does everything it does commit with its end?
        self.started_at = datetime.now(UTC)
        self.logs: list[dict[str, Any]] = []
        self.operations: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []
        self.dropped: Counter[str] = Counter()
        self.changed = False  # since it was last written down
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._began = time.monotonic()

    @property
    def span_id(self) -> str:
        """The run's name in W3C trace context."""
        return self.run_id[16:]

    @property
    def traceparent(self) -> str:
        """The header that makes what it is sent to part of this trace."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def count(self, name: str) -> int:
        """Return how often *name* was counted before, in this attempt."""
        with self._lock:
            self._counts[name] += 1
            return self._counts[name] - 1

    def log(self, level: str, message: str, data: Mapping[str, Any] | None = None) -> None:
        """Write down a log line."""
        entry = {"level": level, "message": message[: conf().trace_text]}
        self._add("logs", self.logs, entry | ({"data": data} if data else {}))

    def operation(self, name: str, **facts: Any) -> None:
        """Write down what was done to a stream, the state or a topic."""
        self._add("operations", self.operations, {"operation": name, **facts})

    def fail(self, error: BaseException, reason: str) -> None:
        """Write down that this attempt has come to nothing, and where."""
        entry = {
            "attempt": self.attempt,
            "started_at": self.started_at.isoformat(),
            "ended_at": datetime.now(UTC).isoformat(),
            "error": reason[:TRACEBACK],
            "traceback": "".join(traceback.format_exception(error))[-TRACEBACK:],
        }
        self.failures = [*self.failures, entry][-FAILURES:]

    def _add(self, kind: str, entries: list[dict[str, Any]], entry: dict[str, Any]) -> None:
        with self._lock:
            if not self.sampled or len(entries) >= conf().trace_entries:
                self.dropped[kind] += 1
                return
            entries.append({"at": round((time.monotonic() - self._began) * 1000, 1), "attempt": self.attempt, **entry})
            self.changed = True

    def current(self) -> AbstractContextManager[None]:
        """Be the current run in the body, and in what it awaits and starts."""
        return _currently(self)


def current_span() -> Span | None:
    """Return the run that is going on here, if there is one."""
    return _current.get()


def no_span() -> AbstractContextManager[None]:
    """Let no run go on in the body: what is done there is written down by the caller, or not at all."""
    return _currently(None)


@contextmanager
def _currently(span: Span | None) -> Iterator[None]:
    token = _current.set(span)
    try:
        yield
    finally:
        _current.reset(token)


def new_run_id() -> str:
    """Return an id for a run: 32 hex digits that grow with the time, the last 16 being random as W3C wants them."""
    global _last_moment
    with _moments:
        _last_moment = moment = max(_last_moment + 1, time.time_ns() // 1000)
    return f"{moment:014x}{secrets.token_hex(9)}"


def new_trace_id() -> str:
    """Return an id for a new trace, as W3C trace context has them."""
    return secrets.token_hex(16)


def read_traceparent(header: str) -> tuple[str, str]:
    """Return trace id and span id of a W3C ``traceparent``; empty texts if it is not one."""
    found = _TRACEPARENT.fullmatch(header.strip())
    if found is None or not found[1].strip("0") or not found[2].strip("0"):
        return "", ""
    return found[1], found[2]


def is_sampled(trace_id: str) -> bool:
    """Tell whether the trace is kept: every process says the same."""
    return int(trace_id[-8:], 16) < conf().trace_sample * 0x1_0000_0000
