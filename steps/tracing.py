"""Streams and state as a run uses them: operations are fenced, written down and, with ``key=``, applied once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async

from .effects import apply_once
from .runs import hold
from .spans import Span

KEYED = frozenset({"set", "update", "delete", "clear"})

_method: ContextVar[str] = ContextVar("steps.method", default="")


def method(kind: str) -> str:
    """Return the name of the method that makes a change of *kind*; of one called past ``ctx``, the likely one."""
    return _method.get() or ("delete" if kind == "delete" else "set")


class Traced:
    """A stream, or the state, in the colour of the handler. label: its name in traces."""

    def __init__(self, target: Any, label: str, span: Span, *, asynchronous: bool) -> None:
        self._target, self._label, self._span, self._asynchronous = target, label, span, asynchronous

    def __getattr__(self, name: str) -> Any:
        if name in KEYED:
            return self._in_colour(partial(self._write, name))
        if name == "send" and hasattr(self._target, name):
            return self._in_colour(self._send)
        if self._asynchronous:
            return getattr(self._target, f"a{name}", None) or getattr(self._target, name)
        return getattr(self._target, name)

    def __repr__(self) -> str:
        return repr(self._target)

    def _in_colour(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return sync_to_async(function) if self._asynchronous else function

    def _write(self, name: str, /, *arguments: Any, key: str | None = None, **options: Any) -> Any:
        call = partial(getattr(self._target, name), *arguments, **options)
        with _named(name), self._span.current():  # also in threads that know nothing of the run
            return call() if key is None else apply_once(self._span, f"key:{self._label}:{key}", call)

    def _send(self, *arguments: Any, **options: Any) -> Any:
        hold(self._span)
        self._target.send(*arguments, **options)
        self._span.operation(f"{self._label}.send", channel=arguments[0] if arguments else None)


@contextmanager
def _named(name: str) -> Iterator[None]:
    token = _method.set(name)
    try:
        yield
    finally:
        _method.reset(token)
