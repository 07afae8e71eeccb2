"""The WebSocket endpoint: Channels' consumer for connect, receive and disconnect, and nothing per frame."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from .access import current_access
from .conf import conf
from .connection import Connection
from .counters import counters
from .credentials import SUBPROTOCOL, of_scope
from .daphne import Pressure, pressure_of, servers_own
from .errors import Overloaded, StreamError, Unauthenticated, Unavailable
from .hub import current_hub
from .identity import Identity
from .outbox import Outbox
from .packets import Packet
from .protocol import dumps
from .reception import renew, welcome
from .roster import current_roster
from .shutdown import install

log = logging.getLogger(__name__)

CLOSE_S = 5.0


class StreamConsumer(AsyncConsumer):
    """One WebSocket."""

    channel_layer_alias = ""  # none is configured so: the process has one channel, sockets have none

    base_send: Any  # the server's own; the typed one knows no subprotocols
    connection: Connection | None = None
    pressure: Pressure | None = None
    _closing: asyncio.Task[None] | None = None

    async def websocket_connect(self, message: Mapping[str, Any]) -> None:
        """Accept who is authenticated, or nobody in particular; who may join what is asked at each join."""
        self.outbox = Outbox(
            self._send,
            self._too_slow,
            conflate_above=conf().conflate_bytes,
            longest=conf().outbox_bytes,
        )
        roster = current_roster()
        install(roster)
        credentials = of_scope(self.scope)

        def open(identity: Identity) -> Connection:
            renewal = partial(renew, credentials)
            return Connection(
                current_hub(), current_access(), roster, self.outbox, identity, self._close, renewal=renewal
            )

        try:
            self.connection = await welcome(credentials, open)
        except Exception as error:  # noqa: BLE001 - in doubt nobody comes in
            await self._refuse(error if isinstance(error, StreamError) else Unavailable(), error)
            return
        self.server_send = servers_own(self.base_send)
        self.pressure = pressure_of(self.server_send)
        offered = [name.strip() for name in ",".join(self.scope.get("subprotocols") or []).split(",")]
        # browsers abort when what they offered is not echoed
        await self.base_send(
            {"type": "websocket.accept", "subprotocol": SUBPROTOCOL if SUBPROTOCOL in offered else None}
        )

    async def websocket_receive(self, message: Mapping[str, Any]) -> None:
        """Hand a message to the connection."""
        text = message.get("text")
        if self.connection is not None:
            self.connection.take(text if text is not None else message.get("bytes") or b"")

    async def websocket_disconnect(self, message: Mapping[str, Any]) -> None:
        """Leave everything."""
        if self.connection is not None:
            self.connection.end()
            self.outbox.close()
        raise StopConsumer

    async def _refuse(self, error: StreamError, cause: Exception) -> None:
        """Refuse the handshake: with the error's status where the server can, else it says 403."""
        counters.add("handshake_refused", error.code)
        if error is cause:
            log.info("handshake refused", extra={"action": "handshake_refused", "reason": error.code})
        else:
            log.error("a handshake failed", exc_info=cause, extra={"action": "handshake_failed"})
        if "websocket.http.response" not in (self.scope.get("extensions") or {}):
            await self.base_send({"type": "websocket.close"})
            return
        body = dumps({"error": error.message, "code": error.code}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if isinstance(error, Unauthenticated):
            headers.append((b"www-authenticate", b"Bearer"))
        await self.base_send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
        await self.base_send({"type": "websocket.http.response.body", "body": body})

    async def _send(self, packet: Packet) -> None:
        if self.pressure is not None and self.pressure.paused:
            await self.pressure.relief()
        await self.server_send(packet.message)

    def _too_slow(self) -> None:
        if self.connection is not None:
            self.connection.shut(Overloaded.close or 0)

    def _close(self, code: int) -> None:
        """Close after what was pushed is sent; a peer that takes nothing is given a few seconds."""

        async def close() -> None:
            try:
                async with asyncio.timeout(CLOSE_S):
                    await self.outbox.drained()
                    await self.base_send({"type": "websocket.close", "code": code})
            except Exception as error:  # noqa: BLE001 - gone already, or it takes nothing: there is no more to do
                log.debug("close failed", extra={"action": "close_failed", "error": repr(error)})

        if self._closing is None:
            self._closing = current_roster().spawn(close())
