"""Steps for Django: functions that requests, messages, time and changes start, and that read and write streams.

The front door. Names are loaded when they are first asked for: Django imports this package before its models are ready.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context
    from .crons import cron
    from .definition import Step, step
    from .errors import InvalidMessage, InvalidStep, LeaseLost, StepError, UndeclaredTopic
    from .messages import aenqueue, enqueue
    from .occasions import StateInput, StreamInput
    from .queues import QueueConfig, queue
    from .requests import Request
    from .runs import redrive
    from .streaming import SSE
    from .triggers import http
    from .watches import state, stream

_HOME = {
    "Context": "context",
    "InvalidMessage": "errors",
    "InvalidStep": "errors",
    "LeaseLost": "errors",
    "QueueConfig": "queues",
    "Request": "requests",
    "SSE": "streaming",
    "StateInput": "occasions",
    "Step": "definition",
    "StepError": "errors",
    "StreamInput": "occasions",
    "UndeclaredTopic": "errors",
    "aenqueue": "messages",
    "cron": "crons",
    "enqueue": "messages",
    "http": "triggers",
    "queue": "queues",
    "redrive": "runs",
    "state": "watches",
    "step": "definition",
    "stream": "watches",
}

__all__ = [
    "SSE",
    "Context",
    "InvalidMessage",
    "InvalidStep",
    "LeaseLost",
    "QueueConfig",
    "Request",
    "StateInput",
    "Step",
    "StepError",
    "StreamInput",
    "UndeclaredTopic",
    "aenqueue",
    "cron",
    "enqueue",
    "http",
    "queue",
    "redrive",
    "state",
    "step",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
