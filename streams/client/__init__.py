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

from .connection import Token
from .refusal import ConnectionRefused
from .streamclient import StreamClient
from .subscription import Subscription

__all__ = ["ConnectionRefused", "StreamClient", "Subscription", "Token"]
