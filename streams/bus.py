"""Where writers and readers meet: what was committed is told here, and whoever reads has attached here.

Two signals carry a write on. ``changed`` is sent inside its transaction: a receiver that raises undoes the write.
``committed`` is sent after it, robustly: the bus itself listens and broadcasts.
"""

import logging
import os
import secrets
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from itertools import count
from typing import Protocol

from django.dispatch import Signal

from .changes import Address, Change
from .errors import StreamError
from .gauges import gauges
from .hints import Event, Hint, Message
from .identifiers import RESERVED
from .publisher import publisher

log = logging.getLogger(__name__)

changed = Signal()
"""sender: the stream's Definition; change: Change; old: JSON text before, or None. In the transaction of the change."""

committed = Signal()
"""sender: the stream's Definition; address: Address; changes: Sequence[Change], ascending, empty when they are not
known (a stream without history in somebody else's transaction). After the commit."""

attached = Signal()
"""sender: the Bus. A reader was attached: this process serves subscribers from now on. In any thread."""


class Reader(Protocol):
    """Somebody in this process who wants to hear: a hub."""

    def receive(self, message: Message) -> None:
        """Take *message*, in any thread, and return at once."""

    def polled(self) -> int:
        """How many groups with subscribers are looked at often, because no layer is known to serve them? In any
        thread.
        """


class Bus:
    """Tells every reader of this process, and through the publisher every other process."""

    def __init__(self) -> None:
        self._readers: tuple[Reader, ...] = ()
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._origin = (0, "")
        self.reader: Callable[[Address, str | None], AsyncGenerator[str, None]] | None = None

    def attach(self, reader: Reader) -> None:
        """Let *reader* hear everything from now on."""
        with self._lock:
            self._readers = (*self._readers, reader)
        attached.send_robust(self)

    def detach(self, reader: Reader) -> None:
        """Let *reader* hear nothing more."""
        with self._lock:
            self._readers = tuple(other for other in self._readers if other is not reader)

    def polled(self) -> int:
        """Return how many groups this process has to poll for its subscribers, because no layer serves them."""
        return sum(reader.polled() for reader in self._readers)

    def follow(self, address: Address, id: str | None) -> AsyncGenerator[str, None]:
        """Return the frames of *address* (id: of one item) as a subscriber in the running loop gets them."""
        if self.reader is None:
            raise StreamError("the app streams is not installed")
        return self.reader(address, id)

    @property
    def origin(self) -> str:
        """The name of this process, other in every fork: by it hubs know the echo of their own events."""
        process, name = self._origin
        if process != os.getpid():
            process, name = self._origin = (os.getpid(), secrets.token_urlsafe(9))
        return name

    def send(self, address: Address, id: str | None, frame: str) -> None:
        """Broadcast an ephemeral event."""
        if not address.stream.startswith(RESERVED):
            gauges.wrote(1)
        self.broadcast(Message(address, events=(Event(id, frame, self.origin, next(self._numbers)),)))

    def broadcast(self, message: Message) -> None:
        """Tell the hubs of this process and all others; never raises, never waits."""
        for reader in self._readers:
            try:
                reader.receive(message)
            except Exception:
                log.exception("a reader failed", extra={"action": "reader_failed"})
        try:
            publisher.publish(message)
        except Exception:
            log.exception("publishing failed", extra={"action": "publish_failed"})


bus = Bus()


def _broadcast(address: Address, changes: Sequence[Change], **_: object) -> None:
    bus.broadcast(Message(address, tuple(Hint.of(change) for change in changes)))


committed.connect(_broadcast, dispatch_uid="streams.bus")
