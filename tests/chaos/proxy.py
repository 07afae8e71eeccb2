"""A TCP proxy in front of the web processes: it can cut lines at any byte, freeze them, and send people elsewhere."""

import asyncio
import random
from dataclasses import dataclass, field

CHUNK = 4096


@dataclass(eq=False)
class Line:
    """One connection through the proxy. budget: bytes to the client after which it is cut; None: no end."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    port: int
    open: asyncio.Event
    budget: int | None = None

    def cut(self) -> None:
        """End it without a word, on both sides."""
        for side in (self.near, self.far):
            side.transport.abort()


@dataclass
class Proxy:
    """Listens at *port*; runs in the loop that ``start`` is called in.

    backends: ports of the web processes; those that refuse are passed over. cut_bytes: if set, new lines are cut after
    a random number of bytes up to it.
    """

    backends: list[int]
    dice: random.Random
    port: int = 0
    cut_bytes: int | None = None
    refusing: bool = False
    lines: set[Line] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=2048)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await self.cut(1.0)

    async def cut(self, share: float) -> int:
        """Cut a share of the lines; return how many."""
        chosen = [line for line in self.lines if self.dice.random() < share]
        for line in chosen:
            line.cut()
        return len(chosen)

    async def freeze(self, share: float) -> list[Line]:
        """Forward nothing more on a share of the lines, and say nothing: half-open to both sides."""
        chosen = [line for line in self.lines if self.dice.random() < share]
        for line in chosen:
            line.open.clear()
        return chosen

    async def thaw(self) -> None:
        """Forward again what was held."""
        for line in self.lines:
            line.open.set()

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        found = None if self.refusing else await self._connect()
        if found is None:
            near.transport.abort()
            return
        far_reader, far, port = found
        line = Line(near, far, port, asyncio.Event())
        line.open.set()
        if self.cut_bytes is not None:
            line.budget = self.dice.randrange(1, self.cut_bytes)
        self.lines.add(line)
        try:
            await asyncio.gather(self._pump(line, reader, far, False), self._pump(line, far_reader, near, True))
        finally:
            self.lines.discard(line)
            line.cut()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, int] | None:
        for port in self.dice.sample(self.backends, len(self.backends)):
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 5)
            except (OSError, TimeoutError):
                continue
            return reader, writer, port
        return None

    async def _pump(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, near: bool) -> None:
        try:
            while data := await reader.read(CHUNK):
                await line.open.wait()
                if near and line.budget is not None:
                    data = data[: line.budget]
                    line.budget -= len(data)
                writer.write(data)
                await writer.drain()
                if near and line.budget == 0:
                    line.cut()
                    return
            if writer.can_write_eof():
                writer.write_eof()
        except (ConnectionError, OSError):
            line.cut()
