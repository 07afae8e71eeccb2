"""Keeps tokens out of logs: servers write the address of each request, with its query, and a token may be in it."""

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(r"(authToken=)[^&\s\"'<>]+")
_HIDDEN = r"\1***"


def redacted(text: str) -> str:
    """Return *text* without the tokens that are in query strings."""
    return _TOKEN.sub(_HIDDEN, text) if "authToken=" in text else text


def install() -> None:
    """Redact every record of this process, whichever logger it is of, and what Daphne writes past all loggers."""
    daphne = sys.modules.get("daphne.access")
    if daphne is not None:
        _redact_daphne(daphne.AccessLogGenerator)
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def make_redacted(*arguments: Any, **options: Any) -> logging.LogRecord:
        record = make(*arguments, **options)
        record.msg = _value(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_value(value) for value in record.args)
        elif isinstance(record.args, Mapping):
            record.args = {name: _value(value) for name, value in record.args.items()}
        return record

    make_redacted.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_redacted)


def _redact_daphne(generator: Any) -> None:
    """Redact the access log of Daphne, which is a stream of its own."""
    write = generator.write_entry
    if getattr(write, "redacts", False):
        return

    def write_redacted(self: Any, *arguments: Any, **options: Any) -> None:
        write(self, *map(_value, arguments), **{name: _value(value) for name, value in options.items()})

    write_redacted.redacts = True  # type: ignore[attr-defined]
    generator.write_entry = write_redacted


def _value(value: object) -> Any:
    return redacted(value) if isinstance(value, str) else value
