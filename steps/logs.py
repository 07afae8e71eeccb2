"""Log lines of runs: whatever is logged while one goes on, by the standard library, is written down with it."""

import logging

from .spans import current_span


class RunHandler(logging.Handler):
    """Writes records down with the run that goes on where they are made."""

    def emit(self, record: logging.LogRecord) -> None:
        span = current_span()
        if span is None:
            return
        data = getattr(record, "data", None)
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a wrong format is the caller's; logging itself says so on stderr
            self.handleError(record)
            return
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            message = f"{message}\n{type(error).__name__}: {error}"
        span.log(record.levelname.lower(), message, data if isinstance(data, dict) else None)


_handler = RunHandler(logging.INFO)


def connect() -> None:
    """Listen to all loggers that pass their records on; called once, by the app's ``ready()``."""
    logging.getLogger().addHandler(_handler)
