"""A group with subscribers in this process: its position, and everything that moves it.

Only ``_advance`` delivers a change and moves the position by one; only a resync jumps. What is read belongs to this
room object and to the jumps at its issue: if either is gone, the result is void.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .changes import Address, Position
from .conf import conf
from .counters import counters
from .feeds import Feed, Joining
from .hints import Event, Hint
from .joins import Joins
from .outbox import Outbox
from .packets import Packet, Role
from .pictures import Picture
from .reads import Reads, insist, other_history
from .recent import Recent
from .stash import Stash
from .stores.base import Log, Snapshot

log = logging.getLogger(__name__)

T = TypeVar("T")
Timer = Callable[[float, Callable[[], None]], asyncio.TimerHandle]

REMEMBERED_EVENTS = 256
TURN = 64 * 1024  # characters of frames delivered at once


class Room:
    """One group. reads, call_later: of the hub; gap_wait_s: how long a hole may be a straggler."""

    def __init__(self, address: Address, reads: Reads, call_later: Timer, gap_wait_s: float) -> None:
        self.address, self.reads = address, reads
        self.feeds: dict[Outbox, Feed] = {}
        self.position: Position | None = None
        self.jumps = 0
        self.resyncing = False
        self.stash = Stash()
        self.recent = Recent(conf().recent_bytes)
        self.joins = Joins(self)
        self._call_later, self._gap_wait_s = call_later, gap_wait_s
        self._timer: asyncio.TimerHandle | None = None
        self._draining: asyncio.TimerHandle | None = None
        self._reading = self._again = False
        self._events: deque[tuple[str, int]] = deque(maxlen=REMEMBERED_EVENTS)
        self._tasks: set[asyncio.Task[None]] = set()

    # -- subscribers ------------------------------------------------------------------------------------------------

    def join(self, outbox: Outbox, subscription: str, id: str | None, own: bool, since: Position | None) -> None:
        """Answer a join: from now on nothing the connection should see is missed."""
        feed = self.feeds.setdefault(outbox, Feed(self.address, outbox))
        join = Joining(feed, subscription, id, own, since)
        feed.joining.append(join)
        if len(feed.joining) == 1:
            self.joins.want(join)

    def leave(self, outbox: Outbox, subscription: str | None = None) -> bool:
        """End a subscription, or (None) all of the connection; tell whether the room is empty now."""
        feed = self.feeds.get(outbox)
        if feed is not None and subscription is not None:
            feed.leave(subscription)
            if (following := feed.cancel(subscription)) is not None:
                self.joins.want(following)
        if feed is not None and (subscription is None or feed.empty):
            feed.close()
            del self.feeds[outbox]
        return not self.feeds

    def close(self) -> None:
        """Forget everything; nobody is here any more."""
        for timer in (self._timer, self._draining):
            if timer is not None:
                timer.cancel()
        for task in self._tasks:
            task.cancel()

    # -- news -------------------------------------------------------------------------------------------------------

    def hint(self, hint: Hint) -> None:
        """Take a hint: deliver it if it is the next change, else keep it or look into the log."""
        position = self.position
        if position is None or self.resyncing:
            self.stash.keep(hint)
        elif hint.sequence == position.sequence + 1:
            if hint.frame is not None and hint.previous_epoch == position.epoch:
                self._advance(hint)
                self.drain()
            else:
                self.read_log()
        elif hint.sequence > position.sequence:
            self.stash.keep(hint)
            self.await_stragglers()
        elif hint.sequence == position.sequence and hint.epoch != position.epoch:
            self.read_log()

    def event(self, event: Event) -> None:
        """Deliver an ephemeral event once."""
        name = (event.origin, event.number)
        if name in self._events:
            return
        self._events.append(name)
        packet = Packet(event.frame, Role.EVENT, self.address)
        for feed in self.feeds.values():
            feed.event(event, packet)

    def verified(self, noted: Position, jumps: int, stored: Position) -> None:
        """Compare with what the verifier read when the room was at *noted*."""
        if self.position is None or jumps != self.jumps or self.resyncing:
            return
        if reason := other_history(noted, stored):
            self.resync(reason)
        elif stored.sequence > self.position.sequence:
            counters.add("gap_healed", "hint lost")
            self.read_log()

    # -- moving -----------------------------------------------------------------------------------------------------

    def _advance(self, hint: Hint) -> None:
        """Deliver the next change and move to it."""
        self.position = hint.position
        self.recent.add(hint)
        packets: dict[bool, Packet] = {}
        for feed in self.feeds.values():
            packet = packets.get(feed.own)
            if packet is None:
                packet = packets[feed.own] = Packet.change(self.address, hint, feed.own)
            feed.change(hint, packet)
        self.joins.settle()

    def drain(self) -> None:
        """Deliver the kept hints that follow, a portion per turn of the loop; look into the log where they do not
        fit.
        """
        portion = TURN
        while self.position is not None and not self.resyncing:
            if portion <= 0:
                self._draining = self._call_later(0, self._drain_on)
                return
            hint = self.stash.next(self.position.sequence)
            if hint is None:
                break
            if hint.frame is None or hint.previous_epoch != self.position.epoch:
                self.read_log()
                break
            portion -= len(hint.frame)
            self._advance(hint)
        self._draining = None

    def _drain_on(self) -> None:
        self.drain()
        self._go_on()

    def await_stragglers(self) -> None:
        """Give the changes that are missing before the kept hints a moment to arrive."""
        if self.stash and self._timer is None and self._draining is None:
            self._timer = self._call_later(self._gap_wait_s, self._stragglers_due)

    def _stragglers_due(self) -> None:
        self._timer = None
        if self.stash:
            counters.add("gap_healed", "straggler late")
            self.read_log()

    # -- the log ----------------------------------------------------------------------------------------------------

    def read_log(self) -> None:
        """Catch up with the log: at most one read at a time, and another one when news came meanwhile."""
        if self._reading:
            self._again = True
            return
        if self.resyncing or self.position is None:
            return
        self._reading, self._again = True, False
        order, jumps, noted = self.stash.tick(), self.jumps, self.position

        def then(found: Log) -> None:
            self._reading = False
            if jumps == self.jumps and not self.resyncing:
                self._log_read(order, noted, found)
            self._go_on()

        self.read(lambda: self.reads.log(self.address, noted.sequence), then)

    def _go_on(self) -> None:
        """Read the log again where what was read before did not settle everything."""
        if self._draining is None and (self.stash or self.joins.waiting or self._again):
            self.read_log()

    def _log_read(self, order: int, noted: Position, found: Log) -> None:
        if reason := other_history(noted, found.position) or self._follow(found):
            self.resync(reason)
        # what came before the read and is above its result belongs to a history that is lost
        self.stash.forget(order, found.position.sequence)
        self.joins.forget(order, found.position.sequence)
        self.drain()

    def _follow(self, found: Log) -> str | None:
        """Keep what the log has above the position, to be delivered next; return why it does not follow."""
        if self.position is None:
            return None
        at = self.position
        for change in found.changes:
            if change.sequence <= at.sequence:
                if change.sequence == at.sequence and change.epoch != at.epoch:
                    return "epoch"
                continue
            if change.sequence > at.sequence + 1:
                return "trimmed"
            if change.previous_epoch != at.epoch:
                return "epoch"
            at = change.position
            self.stash.keep(Hint.of(change))
        return "trimmed" if found.position.sequence > at.sequence else None

    # -- resync -----------------------------------------------------------------------------------------------------

    def resync(self, reason: str) -> None:
        """Jump to a fresh snapshot, the only way past what the log cannot tell."""
        if self.resyncing:
            return
        self.resyncing = True
        counters.add("resync", reason)
        log.warning("resync", extra={"action": "resync", "reason": reason, "stream": self.address.stream})
        order = self.stash.tick()

        def then(found: Snapshot) -> None:
            self.resyncing = False
            self.jumps += 1
            self.position = found.position
            self.recent.forget()
            picture = Picture(self.address, found, conf().sync_bytes)
            for feed in self.feeds.values():
                feed.resync(picture, reason)
            self.stash.forget(order, found.position.sequence)
            self.joins.repeat()
            self.drain()
            self.await_stragglers()

        self.read(lambda: self.reads.snapshot(self.address), then)

    def read(self, read: Callable[[], Awaitable[T]], then: Callable[[T], None]) -> None:
        """Read until it works, then go on in one step; void when the room is closed before."""

        async def run() -> None:
            then(await insist(read))

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a room failed", exc_info=error, extra={"action": "room_failed", "stream": self.address.stream})
