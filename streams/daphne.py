"""Back-pressure on Daphne, which never pushes back: a socket that is not read grew by 125 MB without a word.

``patient`` gives it to responses, which Django sends by itself; it belongs around Django's application in ``asgi.py``.

Twisted knows when a transport's buffer is full and tells the producer that is registered there. Daphne hands
applications a ``partial`` whose first argument is the protocol, which has the transport.
"""

import asyncio
import sys
from functools import partial
from typing import Any


class Pressure:
    """A Twisted push producer that remembers whether the transport takes more."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def paused(self) -> bool:
        """Is the transport's buffer full?"""
        return not self._writable.is_set()

    async def relief(self) -> None:
        """Wait until the transport takes more, or is gone."""
        await self._writable.wait()

    # the names are Twisted's (IPushProducer)

    def pauseProducing(self) -> None:  # noqa: N802
        """The buffer is full."""
        self._writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        """The buffer is empty."""
        self._writable.set()
        if self._transport.disconnecting:
            self._transport.unregisterProducer()  # a transport that closes waits for its producer to end

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone."""
        self._writable.set()


def servers_own(send: Any) -> Any:
    """Return the server's own ``send`` behind Channels' session middleware, which only looks at the first message."""
    while (wrapper := getattr(send, "__self__", None)) is not None and hasattr(wrapper, "real_send"):
        send = wrapper.real_send
    return send


def pressure_of(send: Any) -> Pressure | None:
    """Return the pressure of the connection that the server's *send* belongs to; None if the server is not Daphne."""
    if "daphne.server" not in sys.modules or not isinstance(send, partial) or not send.args:
        return None
    transport = getattr(send.args[0], "transport", None)
    if transport is None or not hasattr(transport, "registerProducer"):
        return None
    pressure = Pressure(transport)
    transport.unregisterProducer()  # the HTTP channel, which has handed the connection over
    transport.registerProducer(pressure, True)
    return pressure


def patient(application: Any) -> Any:
    """Return the ASGI *application* for HTTP with responses that wait for slow readers on Daphne, as elsewhere."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        request = send.args[0] if isinstance(send, partial) and send.args else None
        if "daphne.server" in sys.modules and hasattr(request, "registerProducer"):
            send = _Patience(send, request)
        await application(scope, receive, send)

    return serve


class _Patience:
    """``send`` of a request that waits while the transport takes no more. Only responses in parts are worth it."""

    def __init__(self, send: Any, request: Any) -> None:
        self._send, self._request = send, request
        self._pressure: Pressure | None = None

    async def __call__(self, message: dict[str, Any]) -> None:
        more = message.get("more_body", False)
        if more and self._pressure is None and self._request.channel is not None:
            self._pressure = Pressure(self._request.transport)
            self._request.registerProducer(self._pressure, True)
        if self._pressure is not None:
            if self._pressure.paused:
                await self._pressure.relief()
            if not more and self._request.channel is not None:
                self._request.unregisterProducer()  # Twisted wants it before the end
        await self._send(message)
