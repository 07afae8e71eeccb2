"""Packets as the text of an event stream (server-sent events), with the ids from which a client can resume."""

import re
from collections.abc import Iterable

from .changes import Position
from .packets import Packet, Role

RETRY = "retry: 2000\n\n"
COMMENT = ": still here\n\n"

_LINE_END = re.compile(r"\r\n|\r|\n")
_NOWHERE = "id:\n"  # empties what the client would name when it comes back


class Transcript:
    """What one client is told. It knows whether the client holds a position that it could name."""

    def __init__(self) -> None:
        self._until = 0  # the sequence of what replaces the changes that were left out

    def write(self, packets: Iterable[Packet]) -> str:
        """Return *packets* as events."""
        return "".join(map(self._write, packets))

    def _write(self, packet: Packet) -> str:
        if packet.role is Role.EVENT:
            return _event("event", "", packet.text)
        if packet.role is Role.CHANGE and packet.hint is not None:
            at = Position(packet.hint.sequence, packet.hint.epoch)
            return _event(packet.hint.kind, self._id(at), packet.text)
        if packet.role is Role.SKIP and packet.skipped is not None:
            _, last, until = packet.skipped
            self._until = max(self._until, until)
            return _event("skip", self._id(last), packet.text)
        self._until = 0
        if packet.missed is None:
            return _event("sync", _id(packet.at), packet.text)
        events = [_event(change.kind, _id(change.position), change.frame or "") for change in packet.missed]
        if not packet.missed or packet.missed[-1].position != packet.at:  # the group has gone on without the item
            events.append(f"{_id(packet.at)}\n")
        return "".join(events)

    def _id(self, at: Position) -> str:
        return _id(at) if at.sequence >= self._until else _NOWHERE


def parse_id(text: str) -> Position | None:
    """Return the position that the id of an event names; None if it names none."""
    epoch, colon, sequence = text.rpartition(":")
    if not colon or len(epoch) > 64 or not (sequence.isascii() and sequence.isdigit() and len(sequence) < 19):
        return None
    return Position(int(sequence), epoch)


def _id(at: Position | None) -> str:
    return _NOWHERE if at is None else f"id: {at.epoch}:{at.sequence}\n"


def _event(kind: str, id: str, text: str) -> str:
    if "\n" in text or "\r" in text:  # between JSON's tokens, in rows that somebody wrote by hand
        text = _LINE_END.sub("\ndata: ", text)
    return f"event: {kind}\n{id}data: {text}\n\n"
