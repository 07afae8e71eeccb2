"""The joins of a room that are not answered yet: read for, and answered when the room has got to what was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .changes import Position
from .conf import conf
from .counters import counters
from .feeds import Joining
from .hints import Hint
from .packets import Packet
from .pictures import Picture
from .protocol import resumed_frame
from .reads import JoinRead, missed, other_history
from .stores.base import Log

if TYPE_CHECKING:
    from .room import Room


@dataclass(slots=True)
class _Answer:
    """What was read for a join. noted: where the room was when the read was issued as its *order*."""

    join: Joining
    at: Position
    packets: list[Packet]
    noted: Position | None
    order: int


class Joins:
    """One read in flight; who asks meanwhile shares the next one, never the one that runs."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self._unread: list[Joining] = []
        self._answers: list[_Answer] = []
        self._reading = False

    @property
    def waiting(self) -> bool:
        """Has something been read that the room has not got to?"""
        return bool(self._answers)

    def want(self, join: Joining) -> None:
        """Answer *join* from memory where that can tell, else read for it."""
        following: Joining | None = join
        while following is not None and self._recall(following):
            following = following.feed.joining[0] if following.feed.joining else None
        if following is not None:
            self._unread.append(following)
            self._read()

    def _recall(self, join: Joining) -> bool:
        """Answer a client that comes back and has missed only what the room has just been through."""
        at = self._room.position
        if at is None or join.since is None or self._room.resyncing or join.feed.held:
            return False
        changes = self._room.recent.since(join.since, at)
        if changes is None:
            return False
        join.feed.answer(join, at.sequence, [self._resumed(join, at, changes)])
        return True

    def repeat(self) -> None:
        """The room jumped: what was read is void."""
        void, self._answers = self._answers, []
        self._unread += [answer.join for answer in void]
        self._read()

    def forget(self, order: int, above: int) -> None:
        """Read again for what was read before *order* and is above *above*: that history is lost."""
        lost = [answer for answer in self._answers if answer.at.sequence > above and answer.order < order]
        if lost:
            self._answers = [answer for answer in self._answers if answer not in lost]
            self._unread += [answer.join for answer in lost]
            self._read()

    def settle(self) -> None:
        """Give the answers that the room has got to; read again where it got there on another history."""
        if not self._answers:
            return
        waiting, self._answers = self._answers, []
        for answer in waiting:
            join, position = answer.join, self._room.position
            if join.cancelled:
                continue
            if position is None or answer.at.sequence > position.sequence or self._room.resyncing:
                self._answers.append(answer)
            elif self._passed(answer, position):
                join.feed.answer(join, answer.at.sequence, answer.packets)
                if join.feed.joining:
                    self.want(join.feed.joining[0])
            else:
                self.want(join)
                self._room.read_log()

    @staticmethod
    def _passed(answer: _Answer, position: Position) -> bool:
        """Did the room go through this very point of history? What came since the issue is held by the feed."""
        if answer.at in (position, answer.noted):
            return True
        return any(Position(hint.sequence, hint.epoch) == answer.at for hint in answer.join.feed.held)

    def _read(self) -> None:
        joins = [join for join in self._unread if not join.cancelled]
        if self._reading or not joins:
            return
        self._reading, self._unread = True, []
        room = self._room
        order, jumps, noted = room.stash.tick(), room.jumps, room.position
        ids = {join.id for join in joins}
        wanted = None if None in ids else {id for id in ids if id is not None}
        since = [join.since for join in joins]

        def then(found: JoinRead) -> None:
            self._reading = False
            if room.resyncing or jumps != room.jumps:
                self._unread += joins
            else:
                self._found(joins, order, noted, found)
            if not room.resyncing:  # after a resync repeat() will
                self._read()

        room.read(lambda: room.reads.join(room.address, wanted, since), then)

    def _found(self, joins: list[Joining], order: int, noted: Position | None, found: JoinRead) -> None:
        room, snapshot = self._room, found.snapshot
        first = found.log.position if found.log else snapshot.position if snapshot else None
        assert first is not None
        if room.position is None:
            room.position = first
            room.stash.forget(order, first.sequence)
            if found.log is not None:
                room.recent.fill(found.log.changes)
        elif noted is not None and (reason := other_history(noted, first)):
            self._unread += joins
            room.resync(reason)
            return
        picture = Picture(room.address, snapshot, conf().sync_bytes) if snapshot else None
        for join in joins:
            if not join.cancelled:
                at, packets = self._prepare(join, found.log, picture)
                self._answers.append(_Answer(join, at, packets, noted, order))
        self.settle()
        room.drain()
        if self._answers:
            room.read_log()
        else:
            room.await_stragglers()

    def _prepare(self, join: Joining, log: Log | None, picture: Picture | None) -> tuple[Position, list[Packet]]:
        reason = None
        if join.since is not None and log is not None:
            changes = missed(log, join.since)
            if not isinstance(changes, str):
                return log.position, [self._resumed(join, log.position, [Hint.of(change) for change in changes])]
            reason = changes
            counters.add("resume_refused", reason)
        assert picture is not None
        if join.id is None:
            return picture.position, picture.group(join.subscription, reason, join.own)
        return picture.position, picture.item(join.id, join.subscription, reason, join.own)

    def _resumed(self, join: Joining, at: Position, changes: Sequence[Hint]) -> Packet:
        counters.add("resumed")
        own = [change for change in changes if join.id in (None, change.id)]
        frames = [change.frame or "" for change in own]
        text = resumed_frame(self._room.address, join.id, at, join.subscription, frames)
        return Packet(text, address=self._room.address, own=True, at=at, missed=own)
