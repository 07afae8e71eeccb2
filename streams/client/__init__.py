"""The client for Python programs: groups and items kept in sync, from anywhere a WebSocket reaches. Needs no Django.

::

    from streams.client import StreamClient

    async with StreamClient("ws://127.0.0.1:8000", token="...") as client:
        todos = client.group("todo", "inbox")
        todos.on("*", show)
        async for type, data in todos:
            ...

``pip install django-millrace[client]`` brings what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .connection import Token
    from .refusal import ConnectionRefused
    from .streamclient import StreamClient
    from .subscription import Subscription

__all__ = ["ConnectionRefused", "StreamClient", "Subscription", "Token"]

_HOME = {"ConnectionRefused": "refusal", "StreamClient": "streamclient", "Subscription": "subscription"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # not before it is asked for: only the connection needs the extra package
    value = globals()[name] = getattr(import_module(f".{_HOME.get(name, 'connection')}", __name__), name)
    return value
