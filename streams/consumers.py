"""The WebSocket endpoint: Channels' consumer for connect, receive and disconnect, and nothing per frame."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from channels.consumer import AsyncConsumer
from channels.exceptions import StopConsumer

from .access import current_access
from .authentication import Auth, auth_of, same_origin
from .conf import conf
from .connection import Connection
from .daphne import Pressure, pressure_of, servers_own
from .errors import Overloaded
from .hub import current_hub
from .outbox import Outbox
from .packets import Packet
from .roster import current_roster
from .shutdown import install

log = logging.getLogger(__name__)

SUBPROTOCOL = "Authorization"
CLOSE_S = 5.0


class StreamConsumer(AsyncConsumer):
    """One WebSocket."""

    channel_layer_alias = ""  # none is configured so: the process has one channel, sockets have none

    base_send: Any  # the server's own; the typed one knows no subprotocols
    connection: Connection | None = None
    pressure: Pressure | None = None
    _closing: asyncio.Task[None] | None = None

    async def websocket_connect(self, message: Mapping[str, Any]) -> None:
        """Accept everyone: who may join what is asked at each join."""
        self.outbox = Outbox(
            self._send,
            self._too_slow,
            conflate_above=conf().conflate_bytes,
            longest=conf().outbox_bytes,
        )
        roster = current_roster()
        if roster.closing:
            await self.base_send({"type": "websocket.close"})
            return
        install(roster)
        self.server_send = servers_own(self.base_send)
        self.pressure = pressure_of(self.server_send)
        self.connection = Connection(
            current_hub(), current_access(), roster, self.outbox, _authenticated(self.scope), self._close
        )
        offered = self.scope.get("subprotocols") or []
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


def _authenticated(scope: Mapping[str, Any]) -> Auth:
    """Return who a handshake is: the session's user, unless another site's page opened the connection."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
    return auth_of(scope.get("user")) if same_origin(headers) else None
