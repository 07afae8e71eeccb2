"""What one connection has yet to be sent, and the sending: in order, bounded, never waited for by anyone else."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from functools import partial
from typing import Any

from .changes import Address
from .conflation import conflate
from .counters import counters
from .packets import Packet, Role

log = logging.getLogger(__name__)

Send = Callable[[Packet], Coroutine[Any, Any, None]]
BATCH_BYTES = 256 * 1024  # of one message that carries several frames
ANSWERS = 16  # times *longest* may wait of answers


class Outbox:
    """Sends packets to one connection.

    send: the connection's own; it blocks when the peer does not read. slow: called once, soon, when the outbox is over
    *longest* and conflation did not help; the connection is then to be closed. conflate_above, longest: in units of
    *measure* (characters), of everything but answers.

    batch: the peer takes several frames in one message, as a JSON array (it said so when it joined).
    """

    def __init__(
        self,
        send: Send,
        slow: Callable[[], None],
        *,
        conflate_above: int,
        longest: int,
        measure: Callable[[Packet], int] = len,
        slack: float = 1.25,
    ) -> None:
        self._send, self._slow, self._measure = send, slow, measure
        self._conflate_above = self._threshold = conflate_above
        self._longest, self._slack = longest, slack
        self._waiting: deque[Packet] = deque()
        self._size = self._answers = 0
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._behind_since = 0.0
        self.batch = False

    def push(self, packet: Packet) -> None:
        """Send *packet* now, or after what waits already."""
        if self._closed:
            return
        if self._task is None:
            self._step(packet)
            return
        self._waiting.append(packet)
        self._count(packet, 1)
        if self._size > self._threshold:
            self._shrink()

    def answer(self, packets: Sequence[Packet]) -> None:
        """Send the frames of one answer, whatever its size: it was asked for, and its texts are shared.

        Only the answers before it count, and generously: who asks for ever more without reading is too slow.
        """
        if self._answers > ANSWERS * self._longest:
            self._give_up()
        for packet in packets:
            self.push(packet)

    def drop(self, address: Address) -> None:
        """Throw away the changes of *address* that wait, and the skips in place of some: a resync follows."""
        gone = (Role.CHANGE, Role.SKIP)
        self._refill([packet for packet in self._waiting if packet.address != address or packet.role not in gone])

    def seal(self) -> None:
        """Take nothing more; what waits is still sent."""
        self._closed = True

    def close(self) -> None:
        """Send nothing more."""
        self._closed = True
        self._refill([])
        if self._task is not None:
            self._task.cancel()
            self._task = None  # cancelled before its first step it would not say so itself

    async def drained(self) -> None:
        """Wait until nothing waits."""
        while self._task is not None:
            await asyncio.wait([self._task])

    @property
    def size(self) -> int:
        """What waits, in units of *measure*."""
        return self._size + self._answers

    @property
    def lag_s(self) -> float:
        """For how long the peer has not taken all that there was for it; 0: it has."""
        return 0.0 if self._task is None else time.monotonic() - self._behind_since

    def _step(self, packet: Packet) -> None:
        """Step the send once; nearly always that is all it takes, and a task only costs when it blocks."""
        coroutine = self._send(packet)
        try:
            blocked_on = coroutine.send(None)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - a server may raise anything
            self._broken(error)
            return
        self._behind_since = time.monotonic()
        self._task = asyncio.get_running_loop().create_task(self._flush(_Begun(coroutine, blocked_on)))

    async def _flush(self, begun: Awaitable[None]) -> None:
        try:
            await begun
            while self._waiting:
                await self._send(self._next())
            self._threshold = self._conflate_above
        except Exception as error:  # noqa: BLE001 - a server may raise anything
            self._broken(error)
        finally:
            self._task = None

    def _next(self) -> Packet:
        """Take the next frame that waits, or as many as fit into one message."""
        packets: list[Packet] = []
        space = BATCH_BYTES - 2  # the brackets
        while self._waiting and (not packets or (self.batch and space >= _bytes(self._waiting[0]))):
            packet = self._waiting.popleft()
            self._count(packet, -1)
            space -= _bytes(packet) + 1
            packets.append(packet)
        if len(packets) == 1:
            return packets[0]
        return Packet(f"[{','.join(packet.text for packet in packets)}]")

    def _broken(self, error: Exception) -> None:
        """The connection is gone, and the server will say so; until then there is nobody to send to."""
        self._closed = True
        self._refill([])
        counters.add("send_failed", type(error).__name__)
        log.debug("send failed", extra={"action": "send_failed", "error": repr(error)})

    def _shrink(self) -> None:
        self._refill(conflate(list(self._waiting)))
        self._threshold = max(self._conflate_above, int(self._size * self._slack))
        if self._size > self._longest:
            self._give_up()

    def _give_up(self) -> None:
        if not self._closed:
            self.close()
            counters.add("connection_closed", "too slow")
            asyncio.get_running_loop().call_soon(self._slow)  # not now: a room is walking through its feeds

    def _refill(self, packets: list[Packet]) -> None:
        self._waiting = deque(packets)
        self._size = self._answers = 0
        for packet in packets:
            self._count(packet, 1)

    def _count(self, packet: Packet, sign: int) -> None:
        if packet.role is Role.FIXED and packet.address is not None:
            self._answers += sign * self._measure(packet)
        else:
            self._size += sign * self._measure(packet)


def _bytes(packet: Packet) -> int:
    return len(packet.text) if packet.text.isascii() else len(packet.text.encode())


class _Begun:
    """The rest of a coroutine that was stepped once outside of a task and blocks on a future."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], blocked_on: Any) -> None:
        self._coroutine, self._blocked_on = coroutine, blocked_on

    def __await__(self) -> Generator[Any, Any, None]:
        yielded = self._blocked_on
        while True:
            try:
                sent = yield yielded
            except BaseException as error:  # noqa: BLE001 - what is thrown into the task is the coroutine's
                step = partial(self._coroutine.throw, error)
            else:
                step = partial(self._coroutine.send, sent)
            try:
                yielded = step()
            except StopIteration:
                return
