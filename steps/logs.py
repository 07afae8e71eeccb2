"""Log lines of runs: whatever is logged while one goes on is written down with it."""

import logging
import sys
from typing import Any

from streams.context import Logger

from .spans import Span, current_span, no_span


class RunLogger(Logger):
    """``ctx.logger``: what it is given is written down with the run, whatever the project's LOGGING lets through."""

    def __init__(self, logger: logging.Logger, span: Span) -> None:
        super().__init__(logger, step=span.step, trace_id=span.trace_id, run_id=span.run_id)
        self._span = span

    def _write(self, level: int, message: str, data: dict[str, Any], options: dict[str, Any]) -> None:
        error = sys.exc_info()[1] if options.get("exc_info") else None
        _keep(self._span, level, str(message), data, error)
        with no_span():  # once is enough
            super()._write(level, message, data, {**options, "stacklevel": 5})


class RunHandler(logging.Handler):
    """Writes down what others log, with the run that goes on where they do."""

    def emit(self, record: logging.LogRecord) -> None:
        span = current_span()
        if span is None:
            return
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a wrong format is the caller's; logging itself says so on stderr
            self.handleError(record)
            return
        data = getattr(record, "data", None)
        error = record.exc_info[1] if record.exc_info else None
        _keep(span, record.levelno, message, data if isinstance(data, dict) else {}, error)


def _keep(span: Span, level: int, message: str, data: dict[str, Any], error: BaseException | None) -> None:
    if error is not None:
        message = f"{message}\n{type(error).__name__}: {error}"
    if level >= logging.INFO:
        span.log(logging.getLevelName(level).lower(), message, data)


_handler = RunHandler(logging.INFO)


def listen() -> None:
    """Listen to all loggers that pass their records on. Called at the start of every run: whoever configures logging,
    as Celery's worker does, takes away the root logger's handlers.
    """
    root = logging.getLogger()
    if _handler not in root.handlers:
        root.addHandler(_handler)
