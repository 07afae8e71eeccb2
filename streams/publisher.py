"""Hands messages to the channel layer for all other processes: one thread per process, which no writer waits for."""

import asyncio
import atexit
import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from .changes import Address
from .conf import conf
from .counters import counters
from .hints import Message
from .layers import channel_group, shared_layer

log = logging.getLogger(__name__)

MAX_WAITING = 100_000  # messages; a hint that is dropped is found by the verifiers
MAX_HINTS = 100  # of one message to the layer
IN_FLIGHT = 8
DRAIN_S = 1.0  # at exit


class Publisher:
    """Publishes from any thread of any process; a fork gets a thread and a connection of its own."""

    def __init__(self) -> None:
        self._thread: _Thread | None = None
        self._lock = threading.Lock()

    def publish(self, message: Message) -> None:
        """Send *message* to the Channels group of its address, soon; without a shared layer do nothing."""
        if shared_layer() is None:
            return
        thread = self._thread
        if thread is None or not thread.is_alive():
            thread = self._start()
        thread.put(message)

    def flush(self, timeout_s: float = DRAIN_S) -> bool:
        """Wait until everything is handed over, at most *timeout_s*; tell whether it was."""
        thread = self._thread
        return thread is None or thread.flush(timeout_s)

    def forget(self) -> None:
        """Start anew in a fork: thread and connection stayed with the parent, the lock may be held by nobody."""
        self._thread, self._lock = None, threading.Lock()

    def _start(self) -> "_Thread":
        with self._lock:
            thread = self._thread
            if thread is None or not thread.is_alive():
                thread = _Thread()
                thread.start()
                thread.ready.wait()
                self._thread = thread  # now: others put into it without asking
            return thread


class _Thread(threading.Thread):
    def __init__(self) -> None:
        super().__init__(name="streams-publisher", daemon=True)
        self.ready = threading.Event()
        self._waiting: deque[tuple[float, Message]] = deque(maxlen=MAX_WAITING)
        self._idle = threading.Event()
        self._idle.set()
        self._loop: asyncio.AbstractEventLoop
        self._wake: asyncio.Event
        self._failing = False

    def put(self, message: Message) -> None:
        if len(self._waiting) == MAX_WAITING:
            counters.add("hint_dropped", "publisher full")
        self._waiting.append((time.monotonic(), message))
        if self._idle.is_set():  # one wake-up for all that comes until the thread looks again
            self._idle.clear()
            self._loop.call_soon_threadsafe(self._wake.set)

    def flush(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while self._idle.wait(max(0.0, deadline - time.monotonic())):
            if not self._waiting:
                return True
        return False

    def run(self) -> None:
        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(self._main())

    async def _main(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._send(self._take())
            self._idle.set()
            if self._waiting:  # put() saw "busy" just before: nobody else will wake us
                self._idle.clear()
                self._wake.set()

    def _take(self) -> list[Message]:
        """Take what waits, one message per address where that is possible; what is too old to be of use is dropped."""
        oldest = time.monotonic() - 2 * conf().publish_timeout_s
        merged: dict[Address, list[Message]] = {}
        for _ in range(len(self._waiting)):
            put_at, message = self._waiting.popleft()
            if put_at < oldest:
                counters.add("hint_dropped", "layer too slow")
            else:
                merged.setdefault(message.address, []).append(message)
        return [part for messages in merged.values() for part in _merge(messages)]

    async def _send(self, messages: list[Message]) -> None:
        for start in range(0, len(messages), IN_FLIGHT):
            await asyncio.gather(*(self._send_one(message) for message in messages[start : start + IN_FLIGHT]))

    async def _send_one(self, message: Message) -> None:
        layer = shared_layer()
        if layer is None:
            return
        try:
            async with asyncio.timeout(conf().publish_timeout_s):
                await layer.group_send(channel_group(message.address), message.pack(conf().hint_bytes))
        except Exception as error:  # noqa: BLE001 - a layer may raise anything; the verifiers find what is lost
            counters.add("publish_failed", type(error).__name__)
            if not self._failing:
                log.warning("publishing fails", extra={"action": "publish_failed", "error": repr(error)})
            self._failing = True
        else:
            if self._failing:
                log.info("publishing works again", extra={"action": "publish_recovered"})
            self._failing = False


class _Loop(asyncio.SelectorEventLoop):
    """Resolves names in its own thread: while a process ends there are no others to be had, and nobody waits here."""

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        return socket.getaddrinfo(host, port, **options)


def _merge(messages: Iterable[Message]) -> list[Message]:
    merged: list[Message] = []
    for message in messages:
        last = merged[-1] if merged else None
        if last is not None and message.hints and last.hints and len(last.hints) + len(message.hints) <= MAX_HINTS:
            merged[-1] = Message(last.address, (*last.hints, *message.hints), (*last.events, *message.events))
        else:
            merged.append(message)
    return merged


publisher = Publisher()
atexit.register(publisher.flush)
os.register_at_fork(after_in_child=publisher.forget)
