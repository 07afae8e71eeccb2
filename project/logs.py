"""How the project logs: one line per record, fixed words first, then the facts of ``extra`` as key=value."""

import logging

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OTHERS = frozenset({"request", "server_time"})  # Django hangs whole objects on its records


class LineFormatter(logging.Formatter):
    """``12:30:01 WARNING streams.hub: gap healed stream=todo missing=3``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is Python's
        """Return the line of *record*, without its traceback."""
        facts = {key: value for key, value in vars(record).items() if key not in _OWN and key not in _OTHERS}
        return " ".join([super().formatMessage(record), *(f"{key}={_quoted(value)}" for key, value in facts.items())])


class NotHealth(logging.Filter):
    """Drops Django's error for each 503 of ``/healthz``: whoever asks is told, and asks every second."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether *record* is worth a line."""
        path = getattr(getattr(record, "request", None), "path", None)
        return not (record.name == "django.request" and path == "/healthz")


def _quoted(value: object) -> str:
    """Return *value* so that it stays on its line and its end can be seen."""
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)
