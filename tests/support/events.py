"""Event streams as browsers read them, over a bare socket: what was told, and what would be named to go on."""

import asyncio
import json
import socket as sockets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from .sockets import Frame

BUFFER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Told:
    """What an EventSource hands to the page: type, data and the id it would send when it comes back."""

    kind: str
    text: str
    id: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)

    @property
    def frame(self) -> Frame:
        return Frame(self.text, self.data, time.monotonic())


class Source:
    """Reads an event stream as the HTML standard says; bytes may come in any pieces."""

    def __init__(self, last_id: str = "") -> None:
        self.last_id, self.retry, self.comments = last_id, 0, 0
        self._rest = b""
        self._kind, self._data = "", list[str]()

    def read(self, text: str | bytes) -> list[Told]:
        """Return what *text* completes."""
        *lines, self._rest = (self._rest + (text.encode() if isinstance(text, str) else text)).split(b"\n")
        found = [self._line(line.removesuffix(b"\r").decode()) for line in lines]
        return [told for told in found if told is not None]

    def _line(self, line: str) -> Told | None:
        if not line:
            kind, data = self._kind or "message", self._data
            self._kind, self._data = "", []
            return Told(kind, "\n".join(data), self.last_id) if data else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id":
            self.last_id = value
        elif name == "retry":
            self.retry = int(value)
        else:
            assert not name, f"an unknown field: {line!r}"
            self.comments += 1
        return None


@dataclass
class EventStream:
    """A response that does not end. told: everything so far."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int
    headers: Mapping[str, str]
    source: Source
    told: list[Told] = field(default_factory=list)
    read: int = 0  # what was told before this one was returned by until
    ended: bool = False

    @classmethod
    async def open(cls, url: str, *, since: str = "", window: int | None = None, **headers: str) -> Self:
        """Ask for *url* and return when the headers are there.

        since: Last-Event-ID. window: bytes of the receive buffer. headers: ``cookie="..."``, "_" for "-".
        """
        at = urlsplit(url)
        line = sockets.create_connection((at.hostname, at.port))
        if window is not None:
            line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, window)
        reader, writer = await asyncio.open_connection(sock=line, limit=BUFFER)
        sent = {"Host": at.netloc, "Accept": "text/event-stream"} | ({"Last-Event-ID": since} if since else {})
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [
            f"GET {at.path}{at.query and '?'}{at.query} HTTP/1.1",
            *(f"{name}: {value}" for name, value in sent.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(20):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        got = {name.lower(): value.strip() for name, _, value in (item.partition(":") for item in head[1:] if item)}
        return cls(reader, writer, int(head[0].split()[1]), got, Source(since))

    async def body(self) -> Any:
        """Return the JSON of a response that ends."""
        if "content-length" in self.headers:
            return json.loads(await self.reader.readexactly(int(self.headers["content-length"])))
        text = b""
        while chunk := await self._chunk():
            text += chunk
        return json.loads(text)

    async def until(self, wanted: Callable[[Told], bool], *, within: float = 30.0) -> list[Told]:
        """Return what was not returned before, up to and with the first that is *wanted*.

        AssertionError, with what came instead, after *within* seconds or at the end.
        """
        start = at = self.read
        try:
            async with asyncio.timeout(within):
                while True:
                    while at < len(self.told):
                        at += 1
                        if wanted(self.told[at - 1]):
                            self.read = at
                            return self.told[start:at]
                    assert not self.ended, f"it ended before{self._got(start)}"
                    await self.more()
        except TimeoutError:
            raise AssertionError(f"not within {within:g} s{self._got(start)}") from None

    async def next(self, number: int = 1, *, within: float = 30.0) -> list[Told]:
        """Return the next *number*."""
        last = self.read + number - 1
        return await self.until(lambda _: len(self.told) > last and _ is self.told[last], within=within)

    async def more(self) -> None:
        """Read what the next piece of the response brings."""
        try:
            chunk = await self._chunk()
        except (ConnectionError, asyncio.IncompleteReadError):
            chunk = b""  # the line is cut
        self.ended = not chunk
        self.told += self.source.read(chunk)

    async def end(self, within: float = 30.0) -> list[Told]:
        """Return what is told until the response ends."""
        start = self.read
        async with asyncio.timeout(within):
            while not self.ended:
                await self.more()
        self.read = len(self.told)
        return self.told[start:]

    def cut(self) -> None:
        """Go away without a word, as a lost line does."""
        self.writer.transport.abort()

    async def _chunk(self) -> bytes:
        size = int(await self.reader.readline() or b"0", 16)
        chunk = await self.reader.readexactly(size + 2)
        return chunk[:-2]

    def _got(self, start: int) -> str:
        return "; got:\n" + "\n".join(f"{told.kind} {told.id} {told.text[:300]}" for told in self.told[start:])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
