"""A WebSocket client that writes down everything it is told, in order.

In async tests use it directly; elsewhere run its coroutines with ``LoopThread.run``.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came: its text, its JSON, and when (monotonic seconds)."""

    text: str
    data: dict[str, Any]
    received: float

    @property
    def address(self) -> tuple[str | None, str | None, str | None]:
        """Stream, group and item it speaks of; None where it does not say."""
        return self.data.get("streamName"), self.data.get("groupId"), self.data.get("id")

    @property
    def kind(self) -> str:
        """Type of its event (create, update, delete, sync, event, ...); of ``{"type": "pong"}`` that type."""
        kind: str = self.data["event"]["type"] if "event" in self.data else self.data["type"]
        return kind

    @property
    def value(self) -> Any:
        """What its event carries: an item, a list of items, or for custom events ``{"type", "data"}``."""
        event = self.data["event"]
        return event["event"] if event["type"] == "event" else event["data"]

    @property
    def sequence(self) -> int | None:
        """Number of the stored change or snapshot; None for events."""
        return self.data.get("sequence")

    @property
    def error(self) -> str | None:
        """Code of an error frame, else None."""
        if self.kind != "event" or self.value["type"] != "error":
            return None
        code: str = self.value["data"]["code"]
        return code


@dataclass
class Socket:
    """A connection that records: ``frames`` is everything received since it was opened."""

    connection: ClientConnection
    frames: list[Frame] = field(default_factory=list)
    read: int = 0  # frames before this one were returned by recv_until
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _reader: asyncio.Task[None] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        subprotocols: Sequence[str] = (),
        origin: str | None = None,
    ) -> Self:
        """Open a connection to *url* (ws://...). Raises websockets' InvalidStatus when the server refuses."""
        connection = await connect(
            url,
            additional_headers=headers,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            origin=origin,  # type: ignore[arg-type]  # a NewType of str
            compression=None,
            max_size=None,
            max_queue=None,  # this client never pushes back: what is sent is recorded
            proxy=None,
        )
        socket = cls(connection)
        socket._reader = asyncio.create_task(socket._record())
        return socket

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _record(self) -> None:
        try:
            async for text in self.connection:
                self.frames.append(Frame(str(text), json.loads(text), time.monotonic()))
                self._news.set()
        except ConnectionClosed:
            pass  # its code is read from the connection
        finally:
            self._news.set()

    async def send(self, message: object) -> None:
        """Send *message* as JSON; a str or bytes goes out as it is."""
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def join(
        self, stream: str, group: str, item: str | None = None, *, subscription: str | None = None, **more: object
    ) -> str:
        """Send a join and return its subscription id; *more* are further keys of its data (``since=...``)."""
        subscription = subscription or f"s{next(self._numbers)}"
        await self.send({"type": "join", "data": _data(stream, group, item, subscription) | more})
        return subscription

    async def leave(self, stream: str, group: str, item: str | None = None, *, subscription: str) -> None:
        """Send a leave for a subscription of this socket."""
        await self.send({"type": "leave", "data": _data(stream, group, item, subscription)})

    async def joined(self, stream: str, group: str, item: str | None = None, *, within: float = 30.0) -> Frame:
        """Join and return the answer; frames before it are passed over (they stay in ``frames``)."""
        name = await self.join(stream, group, item)
        answers = await self.recv_until(
            lambda frame: frame.data.get("subscriptionId") == name or frame.error is not None, within=within
        )
        assert answers[-1].error is None, f"join refused: {answers[-1].text}"
        return answers[-1]

    async def recv_until(self, wanted: Callable[[Frame], bool], *, within: float = 30.0) -> list[Frame]:
        """Return the frames not returned before, up to and with the first that is *wanted*.

        AssertionError, with what came instead, after *within* seconds or when the connection ends.
        """
        start = at = self.read
        deadline = time.monotonic() + within
        while True:
            self._news.clear()
            while at < len(self.frames):
                at += 1
                if wanted(self.frames[at - 1]):
                    self.read = at
                    return self.frames[start:at]
            if self.closed:
                raise AssertionError(
                    f"connection closed with {self.close_code} before the frame came{self._got(start)}"
                )
            try:
                await asyncio.wait_for(self._news.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise AssertionError(f"no such frame within {within:g} s{self._got(start)}") from None

    async def recv(self, number: int = 1, *, within: float = 30.0) -> list[Frame]:
        """Return the next *number* frames."""
        seen = count(1)
        return await self.recv_until(lambda _: next(seen) == number, within=within)

    def _got(self, start: int) -> str:
        came = self.frames[start:]
        return f"; of {len(came)} frames the last were:\n" + "\n".join(frame.text[:300] for frame in came[-12:])

    @property
    def closed(self) -> bool:
        """Whether the connection has ended and everything it brought is recorded."""
        return self._reader is not None and self._reader.done()

    @property
    def close_code(self) -> int | None:
        """Close code received or, where the line was cut, 1006; None while it is open."""
        return self.connection.close_code

    async def wait_closed(self, within: float = 30.0) -> int | None:
        """Wait for the end of the connection and return its close code."""
        assert self._reader is not None
        await asyncio.wait_for(asyncio.shield(self._reader), within)
        return self.close_code

    async def cut(self) -> None:
        """End the TCP connection without a word, as a lost line does."""
        self.connection.transport.abort()
        await self.wait_closed()

    async def close(self) -> None:
        """Close politely."""
        await self.connection.close()
        if self._reader is not None:
            await self._reader


def _data(stream: str, group: str, item: str | None, subscription: str) -> dict[str, object]:
    data: dict[str, object] = {"streamName": stream, "groupId": group, "subscriptionId": subscription}
    return data if item is None else data | {"id": item}


class LoopThread:
    """An event loop in a thread, for tests that are not async themselves and for sockets that outlive a test."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="sockets", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Result], within: float = 60.0) -> Result:
        """Run *work* in the loop and return its result."""
        future: Future[Result] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(within)

    def stop(self) -> None:
        """Stop the loop and the thread."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
