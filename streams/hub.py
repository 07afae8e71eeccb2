"""The readers' side of a process: one hub per event loop, one room per group with subscribers."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from contextvars import Context

from .bus import bus
from .changes import Address, Position
from .conf import conf
from .gauges import gauges
from .hints import Message
from .identifiers import RESERVED
from .listener import Listener
from .outbox import Outbox
from .reads import Reads, StoreReads
from .room import Room, Timer
from .trimmer import Trimmer
from .verifier import Verifier

log = logging.getLogger(__name__)

TURN = 64 * 1024  # characters of frames: Twisted pauses a socket after as many bytes


class Hub:
    """Brings what is committed anywhere to the connections of this process.

    It hears of changes from writers of this process directly, from others through the channel layer, and finds with the
    verifier what neither told.
    """

    def __init__(self, reads: Reads | None = None, call_later: Timer | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._call_later: Timer = call_later or self._loop.call_later
        self._reads: Reads = reads or StoreReads()
        self.rooms: dict[Address, Room] = {}
        self.bells: dict[Address, Callable[[], None]] = {}  # rung by any news of an address that is no room's
        self.listener = Listener(self.heard)
        self.verifier = Verifier(self.rooms, self._reads.positions, self.listener.polled)
        self._entering: Counter[Address] = Counter()
        self._inbox: deque[Message] = deque()
        self._awake = False
        self._trimmer = Trimmer()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Attach to the bus and listen."""
        bus.attach(self)
        self.listener.start()
        self._tasks = [self._loop.create_task(work) for work in (self.verifier.run(), self._trimmer.run())]

    async def stop(self) -> None:
        """Detach; rooms are forgotten, connections are not told."""
        bus.detach(self)
        for task in self._tasks:
            task.cancel()
        for room in self.rooms.values():
            room.close()
        self.rooms.clear()
        await self.listener.stop()

    # -- subscribers ------------------------------------------------------------------------------------------------

    async def join(
        self,
        outbox: Outbox,
        address: Address,
        subscription: str,
        id: str | None,
        own: bool,
        since: Position | None,
        cancelled: Callable[[], bool],
    ) -> None:
        """Subscribe *outbox*; the answer, and all that follows it, is pushed there.

        id: of the item, None for the group. own: our own client, which holds *since*. cancelled: asked once more before
        the room is entered. When this returns no later change can be missed.
        """
        self._entering[address] += 1
        try:
            await self.listener.subscribe(address)  # before the snapshot is read: what follows it must be heard
        finally:
            self._entering[address] -= 1
        if cancelled():
            self._forsake(address)
            return
        room = self.rooms.get(address)
        if room is None:
            room = self.rooms[address] = Room(address, self._reads, self._call_later, conf().gap_wait_ms / 1000)
        room.join(outbox, subscription, id, own, since)

    def leave(self, outbox: Outbox, address: Address, subscription: str | None = None) -> None:
        """End a subscription, or (None) all that *outbox* has in this group; no answer comes after this."""
        room = self.rooms.get(address)
        if room is not None and room.leave(outbox, subscription):
            room.close()
            del self.rooms[address]
            self._forsake(address)

    def _forsake(self, address: Address) -> None:
        """Listen to *address* no longer, if nobody is in its room or on the way there."""
        if not self._entering[address]:
            del self._entering[address]
            if address not in self.rooms:
                self.listener.unsubscribe(address)

    # -- news -------------------------------------------------------------------------------------------------------

    def receive(self, message: Message) -> None:
        """Take a message of this process, in any thread (see ``bus.Reader``)."""
        self._inbox.extend(message.portions(TURN))
        if not self._awake:
            self._awake = True  # one wake-up for all that comes until the loop looks
            try:
                self._loop.call_soon_threadsafe(self._look)
            except RuntimeError:  # the loop is closed: nobody is left to be told
                bus.detach(self)

    def polled(self) -> int:
        """See ``bus.Reader``."""
        return sum(self.listener.polled(address) for address in list(self.rooms))

    def _look(self) -> None:
        """Deliver what came, a portion per turn of the loop: between two of them sockets get rid of what they were
        given.
        """
        self._awake = False
        portion = TURN
        while self._inbox and portion > 0:
            message = self._inbox.popleft()
            portion -= message.size
            self._deliver(message)
        if self._inbox and not self._awake:
            self._awake = True
            self._loop.call_soon(self._look)

    def heard(self, message: Message) -> None:
        """Take a message of the channel layer; the echo of our own events falls away, that of changes by its
        sequence.
        """
        if any(event.origin == bus.origin for event in message.events):
            events = [event for event in message.events if event.origin != bus.origin]
            message = Message(message.address, message.hints, events)
            if not message.hints and not events:
                return
        self.receive(message)

    def _deliver(self, message: Message) -> None:
        room = self.rooms.get(message.address)
        if room is None:
            if message.address in self.bells:
                self.bells[message.address]()
            return
        try:
            for hint in message.hints:
                room.hint(hint)
            for event in message.events:
                room.event(event)
            if not message.address.stream.startswith(RESERVED) and (message.hints or message.events):
                last = (message.events or message.hints)[-1].frame
                gauges.delivered(last, len(message.hints) + len(message.events), len(room.feeds))
            if not message.hints and not message.events:
                room.read_log()
        except Exception:  # one room must not end the loop that serves all
            log.exception("a room failed", extra={"action": "room_failed", "stream": message.address.stream})


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current_hub() -> Hub:
    """Return the hub of the running event loop; the first call starts it."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        for over in list(_hubs):
            if over.is_closed() and (gone := _hubs.pop(over, None)) is not None:
                bus.detach(gone)
        hub = _hubs[loop] = Hub()
        Context().run(hub.start)  # it outlives whoever came first, and all that is bound to a request
    return hub
