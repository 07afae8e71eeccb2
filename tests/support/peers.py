"""Connections inside the test's own process: hub, access, threads and database are real, there is no web server."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.db import connections
from websockets.asyncio.client import ClientConnection

from streams import reads as streams_reads
from streams.access import Access
from streams.conf import conf
from streams.connection import Connection
from streams.errors import Overloaded, Restarting
from streams.hub import Hub
from streams.identity import Identity
from streams.lifetime import Renewal
from streams.outbox import Outbox
from streams.packets import Packet
from streams.reads import Reads
from streams.roster import Roster
from streams.threads import DatabaseThreads

from .sockets import Frame, Socket
from .threads import connected


class Peer(Socket):
    """A connection without a network, in the words of a ``Socket``.

    reading: while it is clear, the peer takes nothing, as a client that does not read.
    """

    def __init__(self, hub: Hub, access: Access, roster: Roster, identity: Identity, renewal: Renewal | None) -> None:
        super().__init__(cast("ClientConnection", None))
        self.reading = asyncio.Event()
        self.reading.set()
        self._code: int | None = None
        self.outbox = Outbox(self._take, self._slow, conflate_above=conf().conflate_bytes, longest=conf().outbox_bytes)
        self.server = Connection(hub, access, roster, self.outbox, identity, self._closed_by_server, renewal=renewal)

    async def _take(self, packet: Packet) -> None:
        await self.reading.wait()
        self.frames.append(Frame(packet.text, json.loads(packet.text), time.monotonic()))
        self._news.set()

    def _slow(self) -> None:
        self.server.shut(Overloaded.close or 0)

    def _closed_by_server(self, code: int) -> None:
        if self._code is None:
            self._code = code
        self._news.set()

    async def send(self, message: object) -> None:
        """Let the server's side take *message*, in this very step."""
        self.server.take(message if isinstance(message, str | bytes) else json.dumps(message))

    @property
    def closed(self) -> bool:
        return self._code is not None

    @property
    def close_code(self) -> int | None:
        return self._code

    async def wait_closed(self, within: float = 30.0) -> int | None:
        async with asyncio.timeout(within):
            while self._code is None:
                self._news.clear()
                await self._news.wait()
        return self._code

    async def cut(self) -> None:
        """End as a lost line does: the server's side is told, nothing more arrives."""
        self.server.end()
        self.outbox.close()

    async def close(self) -> None:
        await self.cut()

    async def settled(self) -> None:
        """Wait until everything said so far is taken, whatever came of it: joins may still be in progress."""
        await self.send({"type": "ping"})
        await self.recv_until(lambda frame: frame.kind == "pong")


class House:
    """What one process with connections is made of; two of them are to each other as two processes are."""

    def __init__(self, reads: Reads | None = None) -> None:
        self.hub, self.access, self.roster = Hub(reads), Access(), Roster()
        self._peers: list[Peer] = []

    def peer(self, auth: dict[str, Any] | None = None) -> Peer:
        """Open a connection of somebody who was authenticated as *auth*."""
        return self.guest(Identity(auth))

    def guest(self, identity: Identity, renewal: Renewal | None = None) -> Peer:
        """Open a connection of *identity*."""
        peer = Peer(self.hub, self.access, self.roster, identity, renewal)
        self._peers.append(peer)
        return peer

    async def gone(self) -> None:
        """End all connections as lost lines do, and wait until everything is done that they leave behind."""
        for peer in self._peers:
            await peer.cut()
        await self.roster.close(Restarting.close or 0, 10.0)


@asynccontextmanager
async def house(reads: Reads | None = None) -> AsyncIterator[House]:
    """A process with connections, until the end of the block."""
    opened = House(reads)
    opened.hub.start()
    opened.access.leases.start()
    try:
        yield opened
    finally:
        await opened.gone()
        opened.access.leases.stop()
        await opened.hub.stop()
        # an open session would keep a test database from being dropped
        await sync_to_async(connections.close_all)()
        leases = opened.access.leases
        for threads in (
            *(opened.access._threads, opened.hub._trimmer._threads, streams_reads._threads),
            *(leases._threads, leases._reaper._threads),
        ):
            await each_thread(threads, connections.close_all)


async def each_thread(threads: DatabaseThreads, function: Callable[[], Any]) -> None:
    """Call *function* in each of *threads*, when all of them are free."""
    count = threads._pool._max_workers
    barrier = threading.Barrier(count)

    def call() -> None:
        barrier.wait(10)
        function()

    await asyncio.gather(*(threads.run(call) for _ in range(count)))


async def aeventually(look: Callable[[], Any], *, what: str, within: float = 30.0) -> Any:
    """Return the first true value of *look*, which another thread calls; AssertionError naming *what* if none comes."""
    deadline = time.monotonic() + within
    while True:
        value = await asyncio.to_thread(connected, look)
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}; last seen: {value!r}"
        await asyncio.sleep(0.01)
