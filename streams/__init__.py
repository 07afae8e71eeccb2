"""Real-time streams for Django: stream -> group -> item, written anywhere, in sync everywhere.

The front door. Names are loaded when they are first asked for: Django imports this package before its models are ready.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bus import changed, committed
    from .changes import Written
    from .definition import History
    from .errors import (
        AccessDenied,
        DefinitionError,
        InvalidCursor,
        InvalidEvent,
        InvalidId,
        InvalidInput,
        InvalidItem,
        InvalidUpdate,
        StreamError,
        StreamNotFound,
        Unavailable,
        WriteConflict,
    )
    from .locking import lock
    from .requests import StreamAuthentication
    from .revocations import arevoke, revoke
    from .tickets import aticket, ticket
    from .writer import Stream, StreamConfig, stream

_HOME = {
    "AccessDenied": "errors",
    "DefinitionError": "errors",
    "History": "definition",
    "InvalidCursor": "errors",
    "InvalidEvent": "errors",
    "InvalidId": "errors",
    "InvalidInput": "errors",
    "InvalidItem": "errors",
    "InvalidUpdate": "errors",
    "Stream": "writer",
    "StreamAuthentication": "requests",
    "StreamConfig": "writer",
    "StreamError": "errors",
    "StreamNotFound": "errors",
    "Unavailable": "errors",
    "WriteConflict": "errors",
    "Written": "changes",
    "arevoke": "revocations",
    "aticket": "tickets",
    "changed": "bus",
    "committed": "bus",
    "lock": "locking",
    "revoke": "revocations",
    "stream": "writer",
    "ticket": "tickets",
}

__all__ = [
    "AccessDenied",
    "DefinitionError",
    "History",
    "InvalidCursor",
    "InvalidEvent",
    "InvalidId",
    "InvalidInput",
    "InvalidItem",
    "InvalidUpdate",
    "Stream",
    "StreamAuthentication",
    "StreamConfig",
    "StreamError",
    "StreamNotFound",
    "Unavailable",
    "WriteConflict",
    "Written",
    "arevoke",
    "aticket",
    "changed",
    "committed",
    "lock",
    "revoke",
    "stream",
    "ticket",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOME[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
