"""Clients that reconnect for ever, and note all they see: our own (they resume, over WebSockets or event streams) and
the published one (it does not).
"""

import asyncio
import json
import random
import socket as sockets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.chaos.history import Recorder
from tests.chaos.views import OwnView, PublishedView, Took
from tests.support.events import EventStream

Kind = Literal["own", "published"]
Pace = Literal["fast", "slow", "never"]

PING_S = 1.0
SILENCE_S = 4.0  # without a pong: the line is dead
NOISE: tuple[str | bytes, ...] = (
    *("{bad", "[]", "null", '{"type":"join"}', '{"type":"join","data":{"streamName":"whole"}}', b"\xff\xfe"),
    *('{"type":"leave","data":{"streamName":"whole","groupId":"g","subscriptionId":"never"}}', '{"type":"what"}'),
    '{"type":"join","data":{"streamName":"no-such","groupId":"g","subscriptionId":"n"}}',
    '{"type":"join","data":{"streamName":"whole","groupId":"' + "x" * 300 + '","subscriptionId":"n"}}',
    "[" * 500,
)


@dataclass
class Subscription:
    """What a client asks for, and what it shows of it."""

    name: str
    stream: str
    group: str
    item: str | None
    view: OwnView | PublishedView
    denied: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """What a join asks for."""
        item = {} if self.item is None else {"id": self.item}
        return {"streamName": self.stream, "groupId": self.group, "subscriptionId": self.name, **item}

    def matches(self, frame: dict[str, Any]) -> bool:
        """Would the client hand *frame* to this subscription?"""
        if (answered := frame.get("subscriptionId")) is not None and isinstance(self.view, OwnView):
            return bool(answered == self.name)
        if (frame.get("streamName"), frame.get("groupId")) != (self.stream, self.group):
            return False
        id = frame.get("id")
        if frame["event"]["type"] == "sync":  # an item's sync is for the item alone, a group's for the group
            return bool(id == self.item)
        if frame["event"]["type"] == "skip":
            return True
        return self.item is None or id == self.item


@dataclass
class Client:
    """One client. url: (ws://...) of the proxy; wanted: (stream, group, item or None) of each subscription; switching:
    its one subscription comes now over a WebSocket, now as an event stream.
    """

    name: str
    kind: Kind
    url: str
    wanted: list[tuple[str, str, str | None]]
    directory: Path
    dice: random.Random
    pace: Pace = "fast"
    noisy: bool = False
    switching: bool = False
    batch: bool = False
    subscriptions: list[Subscription] = field(default_factory=list)
    connection: ClientConnection | None = None
    sessions: int = 0
    code: int | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.batch = self.kind == "own" and self.dice.random() < 0.5
        self.recorder = Recorder(self.directory / f"client-{self.name}.jsonl")
        self.recorder.note("client", name=self.name, kind=self.kind, pace=self.pace, noisy=self.noisy)
        for stream, group, item in self.wanted:
            view = OwnView(item) if self.kind == "own" else PublishedView(item)
            self.subscriptions.append(Subscription(f"s{next(self._numbers)}", stream, group, item, view))

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Go away; what was noted can be read."""
        self.recorder.note("end")
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self.connection is not None:
            self.connection.transport.abort()
        self.recorder.close()

    @property
    def joined(self) -> bool:
        """Has everything been answered, on the connection there is?"""
        return all(subscription.view.live or subscription.denied for subscription in self.subscriptions)

    async def _run(self) -> None:
        while True:
            streams = self.switching and self.dice.random() < 0.5
            with suppress(OSError, WebSocketException, TimeoutError, EOFError):
                await (self._event_stream() if streams else self._session())
            await asyncio.sleep(self.dice.uniform(0.02, 0.3))

    async def _session(self) -> None:
        line = None
        if self.pace != "fast":
            line = sockets.socket()
            line.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 16 * 1024)
            line.setblocking(False)
            port = int(self.url.rpartition(":")[2])
            await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
        self.connection = connection = await connect(
            self.url, sock=line, compression=None, max_size=None, max_queue=4 if line else None, ping_interval=None,
            proxy=None, open_timeout=8, close_timeout=1,
        )  # fmt: skip
        self.sessions += 1
        self.recorder.note("open")
        watch = None
        try:
            for subscription in self.subscriptions:
                await self._join(subscription)
            watch = asyncio.get_running_loop().create_task(self._watch(connection))
            await self._read(connection)
        finally:
            if watch is not None:
                watch.cancel()
            connection.transport.abort()
            self.code = connection.close_code
            self.recorder.note("shut", code=self.code)
            for subscription in self.subscriptions:
                subscription.view.live = subscription.denied = False

    async def _event_stream(self) -> None:
        """One request for the subscription, until it ends, says nothing for too long, or shows a gap."""
        [subscription] = self.subscriptions
        view = subscription.view
        assert isinstance(view, OwnView)
        path = "/".join(["streams", *filter(None, (subscription.stream, subscription.group, subscription.item)), ""])
        since = view.since
        last = f"{since['epoch']}:{since['sequence']}" if since else ""
        async with asyncio.timeout(SILENCE_S):
            stream = await EventStream.open(f"{self.url.replace('ws:', 'http:')}/{path}", since=last)
        try:
            if stream.status != 200:
                return  # it is not there yet
            self.sessions += 1
            self.recorder.note("open")
            view.live, view.parts = False, []
            view.go_on()
            self.recorder.note("join", data=subscription.data | {"since": since}, over="sse")
            took: Took = "applied"
            while not stream.ended and took != "resync":
                async with asyncio.timeout(SILENCE_S):
                    await stream.more()
                told, stream.told = stream.told, []
                for frame in [one.data for one in told]:
                    if "subscriptionId" in frame:  # the server made one up
                        frame["subscriptionId"] = subscription.name
                    self.recorder.note("frame", text=json.dumps(frame))
                    if subscription.matches(frame) and (took := view.take(frame)) == "resync":
                        break  # it asks anew
        finally:
            stream.cut()
            self.recorder.note("shut", code=None)
            view.live = False

    async def _join(self, subscription: Subscription) -> None:
        data = subscription.data
        if isinstance(subscription.view, OwnView):
            data["since"] = subscription.view.since
            if self.batch:
                data["batch"] = True
            subscription.view.live, subscription.view.parts = False, []
        self.recorder.note("join", data=data)
        assert self.connection is not None
        await self.connection.send(json.dumps({"type": "join", "data": data}))

    async def _read(self, connection: ClientConnection) -> None:
        if self.pace == "never":
            connection.transport.pause_reading()
            await self.woken.wait()
            connection.transport.resume_reading()
        while True:
            async with asyncio.timeout(SILENCE_S):
                text = str(await connection.recv())
            for one in [json.dumps(frame) for frame in json.loads(text)] if text.startswith("[") else [text]:
                await self._take(one)
            if self.pace == "slow":
                await asyncio.sleep(0.02)

    async def _take(self, text: str) -> None:
        frame = json.loads(text)
        if "event" not in frame:  # a pong
            return
        self.recorder.note("frame", text=text)
        error = frame["event"].get("event", {}) if frame["event"]["type"] == "event" else {}
        for subscription in self.subscriptions:
            if error.get("type") == "error":
                address = (frame.get("streamName"), frame.get("groupId"))
                subscription.denied |= address == (subscription.stream, subscription.group)
            elif subscription.matches(frame) and subscription.view.take(frame) == "resync":
                await self._join(subscription)

    async def _watch(self, connection: ClientConnection) -> None:
        """Say that one is there, and now and then what nobody understands."""
        with suppress(WebSocketException, OSError):
            while True:
                await asyncio.sleep(PING_S)
                await connection.send('{"type":"ping"}')
                if self.noisy:
                    await connection.send(self.dice.choice(NOISE))
