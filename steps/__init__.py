"""Steps for Django: functions that HTTP requests start, and that read and write streams.

The front door. Names are loaded when they are first asked for: Django imports this package before its models are ready.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context
    from .definition import Step, step
    from .errors import InvalidStep, StepError
    from .requests import Request
    from .triggers import http

_HOME = {
    "Context": "context",
    "InvalidStep": "errors",
    "Request": "requests",
    "Step": "definition",
    "StepError": "errors",
    "http": "triggers",
    "step": "definition",
}

__all__ = ["Context", "InvalidStep", "Request", "Step", "StepError", "http", "step"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
