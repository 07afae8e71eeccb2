"""What hooks and handlers get as ``ctx``: the streams, the state and a logger, in their own colour."""

import logging
from collections.abc import Mapping
from typing import Any

from .registry import registry
from .state import state


class Context:
    """The context of one hook call. asynchronous: methods of ``streams`` are awaited."""

    def __init__(self, *, asynchronous: bool, logger: "Logger") -> None:
        self.streams = Streams(asynchronous=asynchronous)
        self.state: Any = Awaitable(state) if asynchronous else state
        self.logger = logger


class Streams:
    """The project's streams: ``ctx.streams.todo`` or ``ctx.streams["any-name"]``."""

    def __init__(self, *, asynchronous: bool) -> None:
        self._asynchronous = asynchronous

    def __getitem__(self, name: str) -> Any:
        """Return the stream *name*; raises StreamNotFound."""
        stream = registry.get(name)
        return Awaitable(stream) if self._asynchronous else stream

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python itself asks for, when copying or printing
            raise AttributeError(name)
        return self[name]


class Awaitable:
    """A stream as async code sees it: each method is its async twin, so that ``set`` is awaited."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, f"a{name}", None) or getattr(self._stream, name)

    def __repr__(self) -> str:
        return f"<async {self._stream!r}>"


class Logger:
    """The documents' logger over a standard one: ``info("message", {"todoId": id})`` or ``extra=``.

    The data is one attribute of the record, ``data``: a key of it cannot clash with the record's own. facts: go along
    with every line.
    """

    def __init__(self, logger: logging.Logger, **facts: Any) -> None:
        self._logger, self._facts = logger, facts

    def debug(self, message: str, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._log(logging.DEBUG, message, data, options)

    def info(self, message: str, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._log(logging.INFO, message, data, options)

    def warning(self, message: str, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._log(logging.WARNING, message, data, options)

    warn = warning

    def error(self, message: str, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._log(logging.ERROR, message, data, options)

    def exception(self, message: str, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        self._log(logging.ERROR, message, data, {"exc_info": True, **options})

    def _log(self, level: int, message: str, data: Mapping[str, Any] | None, options: dict[str, Any]) -> None:
        self._write(level, message, {**(data or {}), **(options.pop("extra", None) or {})}, options)

    def _write(self, level: int, message: str, data: dict[str, Any], options: dict[str, Any]) -> None:
        options = {"stacklevel": 4, **options, "extra": {**self._facts, "data": data}}
        self._logger.log(level, "%s", message, **options)  # the message is the user's text, not a format
