"""One WebSocket, opened again whenever it is lost."""

import asyncio
import inspect
import logging
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Literal, NamedTuple, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException

from ..values import Json, dumps, loads
from .probe import refuses
from .refusal import ConnectionRefused

log = logging.getLogger(__name__)

Status = Literal["idle", "connecting", "live", "offline", "closed"]

LONGEST_WAITS_S = (0.25, 0.5, 1, 2, 4, 8, 15)
"""Before each try anything up to this: the clients of a restarted server do not come back all at once."""
GOOD_AFTER_S = 5.0
"""After a connection that held so long the waits are short again."""
OPENING_S = 10.0
STAY_AWAY = range(4500, 5000)
EXPIRED = 4401
MAX_FRAME_BYTES = 64 * 2**20


class Token(NamedTuple):
    """A token that is renewed, over the open connection, before it expires (seconds since 1970)."""

    text: str
    expires_at: float


Said = str | Token | None
TokenSource = str | Callable[[], Said | Awaitable[Said]] | None


class Owner(Protocol):
    """Who is told."""

    def changed(self, status: Status) -> None: ...
    def received(self, frames: list[Any]) -> None: ...


class Connection:
    """heartbeat_s: a silent server is asked whether it is there, and given half of that to answer."""

    def __init__(self, url: str, token: TokenSource, heartbeat_s: float, owner: Owner) -> None:
        self._url = url.replace("http", "ws", 1) if url.startswith("http") else url
        self._token, self._heartbeat_s, self._owner = token, heartbeat_s, owner
        self._socket: ClientConnection | None = None
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self.status: Status = "idle"
        self.refusal: ConnectionRefused | None = None

    def open(self) -> None:
        """Connect, and stay so; to be called in the loop."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Disconnect and stay so."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._become("idle")

    def send(self, message: Json) -> None:
        """Send *message*; without a connection it is dropped: what matters is said again when there is one."""
        if self.status == "live":
            self._outgoing.put_nowait(dumps(message))

    async def _run(self) -> None:
        tries = 0
        while True:
            self._become("connecting")
            started = time.monotonic()
            try:
                await self._once()
            except ConnectionRefused as refusal:
                self.refusal = refusal
                self._become("closed")
                return
            if self.status == "live" and time.monotonic() - started >= GOOD_AFTER_S:
                tries = 0
            self._become("offline")
            await asyncio.sleep(random.uniform(0, LONGEST_WAITS_S[min(tries, len(LONGEST_WAITS_S) - 1)]))  # noqa: S311
            tries += 1

    async def _once(self) -> None:
        """Connect and read to the end of the connection. Raises: ConnectionRefused - it is for good."""
        try:
            async with asyncio.timeout(OPENING_S):
                token = await self._said()
                socket = await self._dial(token)
        except InvalidURI as error:
            raise ConnectionRefused(str(error)) from None
        except (OSError, WebSocketException, TimeoutError) as error:
            if await self._hopeless(error):
                raise ConnectionRefused("the server takes neither this token nor nobody", EXPIRED) from None
            log.debug("no connection", extra={"action": "connect_failed", "error": repr(error)})
            return
        self._outgoing = asyncio.Queue()
        helpers = [asyncio.create_task(self._write(socket)), asyncio.create_task(self._renew(token))]
        try:
            self._become("live")
            async for text in socket:
                self._take(text)
        except ConnectionClosed:
            pass  # as every end; the code is looked at below
        finally:
            for helper in helpers:
                helper.cancel()
            await socket.close()
        hopeless = socket.close_code == EXPIRED and not callable(self._token)  # there is no other token to be had
        if socket.close_code in STAY_AWAY or hopeless:
            raise ConnectionRefused(
                socket.close_reason or f"the server closed the connection ({socket.close_code})", socket.close_code
            )

    async def _hopeless(self, error: Exception) -> bool:
        """Is this handshake refused for a token that is the only one?"""
        if callable(self._token) or not isinstance(error, InvalidStatus):
            return False
        if (status := error.response.status_code) != HTTPStatus.FORBIDDEN or self._token is None:
            return status == HTTPStatus.UNAUTHORIZED
        return await asyncio.to_thread(refuses, self._url, self._token)

    async def _dial(self, token: Said) -> ClientConnection:
        text = token.text if isinstance(token, Token) else token
        return await connect(
            self._url,
            additional_headers=None if text is None else {"Authorization": f"Bearer {text}"},
            ping_interval=self._heartbeat_s,
            ping_timeout=self._heartbeat_s / 2,
            open_timeout=None,
            close_timeout=1,
            max_size=MAX_FRAME_BYTES,
        )

    async def _said(self) -> Said:
        """Return the token, of the callback if there is one. Raises: TimeoutError - it failed, which is logged."""
        if not callable(self._token):
            return self._token
        try:
            said = self._token()
            return await said if inspect.isawaitable(said) else said
        except Exception:
            log.exception("no token", extra={"action": "token_failed"})
            raise TimeoutError from None

    async def _renew(self, token: Said) -> None:
        while isinstance(token, Token):
            await asyncio.sleep(max(0.0, 0.8 * (token.expires_at - time.time())))
            try:
                token = await self._said()
            except TimeoutError:
                return  # the server will close, and it is asked for again
            if token is not None:
                text = token.text if isinstance(token, Token) else token
                self.send({"type": "refresh", "data": {"token": text}})

    async def _write(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await socket.send(await self._outgoing.get())

    def _take(self, text: str | bytes) -> None:
        try:
            said = loads(text)
        except ValueError:
            log.warning("a frame is not JSON", extra={"action": "bad_frame"})
            return
        self._owner.received(said if isinstance(said, list) else [said])

    def _become(self, status: Status) -> None:
        if status != self.status:
            self.status = status
            if status != "closed":
                self.refusal = None
            self._owner.changed(status)
