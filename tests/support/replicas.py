"""What clients make of frames, written down a second time: by the rules of the wire protocol, without the product.

``Published`` is the unmodified client as it is observed to be; ``Own`` is what our own client must be. That they are
right is shown by the same vectors that the clients themselves are tested with.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

Frame = dict[str, Any]


MISSING = float("nan")  # of timestamps: neither older nor newer than anything


def number(time: Any) -> float:
    """Return a timestamp as JavaScript compares it: null is 0."""
    return 0.0 if time is None else float(time)


@dataclass
class PublishedGroup:
    """A group as the published client keeps it."""

    state: list[Any] = field(default_factory=list)
    events: list[Any] = field(default_factory=list)
    last: float = 0
    times: dict[str, float] = field(default_factory=dict)

    def take(self, frame: Frame) -> None:
        """Do what the client does with a frame of its room."""
        event, time = frame["event"], number(frame.get("timestamp", MISSING))
        if event["type"] == "event":
            self.events.append(event["event"])
            return
        data = event.get("data")
        ids = [item["id"] for item in self.state]
        if event["type"] == "sync":
            if not time < self.last:
                self.state, self.last, self.times = list(data), time, {}
        elif event["type"] == "create":
            if data["id"] not in ids:
                self.state = [*self.state, data]
        elif event["type"] == "update":
            if not self.times.get(data["id"], MISSING) >= time:
                self.last = self.times[data["id"]] = time
                self.state = [data if item["id"] == data["id"] else item for item in self.state]
        elif event["type"] == "delete":
            self.last = self.times[data["id"]] = time
            self.state = [item for item in self.state if item["id"] != data["id"]]


@dataclass
class PublishedItem:
    """An item as the published client keeps it."""

    state: Any = None
    events: list[Any] = field(default_factory=list)
    last: float = 0

    def take(self, frame: Frame) -> None:
        event, time = frame["event"], number(frame.get("timestamp", MISSING))
        if time <= self.last:
            return
        self.last = time
        if event["type"] in ("sync", "create", "update"):
            self.state = event["data"]
        elif event["type"] == "delete":
            self.state = None
        elif event["type"] == "event":
            self.events.append(event["event"])


class Published:
    """A published client with its subscriptions; it outlives its sockets, and so do the timestamps it remembers."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[PublishedGroup | PublishedItem]] = {}

    def subscribe(self, stream: str, group: str, item: str | None = None) -> "PublishedGroup | PublishedItem":
        """Return what is kept for a new subscription."""
        kept = PublishedGroup() if item is None else PublishedItem()
        self.rooms.setdefault(_room(stream, group, item), []).append(kept)
        return kept

    def close(self, subscription: "PublishedGroup | PublishedItem") -> None:
        """End a subscription."""
        for kept in self.rooms.values():
            kept[:] = [other for other in kept if other is not subscription]

    def take(self, frame: Frame) -> None:
        """Hand a frame of the socket to the subscriptions it concerns."""
        if "event" not in frame:
            return
        stream, group, item = frame.get("streamName"), frame.get("groupId"), frame.get("id")
        rooms = [_room(stream, group, item)]
        if item and frame["event"]["type"] != "sync":
            rooms.append(_room(stream, group, None))
        for room in rooms:
            for kept in list(self.rooms.get(room, ())):
                kept.take(frame)


def _room(stream: Any, group: Any, item: Any) -> str:
    return f"{stream}:group:{group}:item:{item}" if item else f"{stream}:group:{group}"


@dataclass
class Own:
    """One subscription of our own client. item: None for the group; position: (sequence, epoch).

    seen: below this an item misses nothing; until: up to there changes are left out that a skip has declared.
    """

    subscription: str
    item: str | None = None
    state: Any = None
    position: tuple[int, str] | None = None
    pending: bool = True
    parts: list[Any] | None = None
    seen: int = 0
    until: int = 0
    events: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.state is None and self.item is None:
            self.state = []

    @property
    def since(self) -> dict[str, Any] | None:
        """The position to name when joining; None when there is none that can be proven."""
        if self.position is None or self.position[0] < self.until:
            return None
        return {"sequence": self.position[0], "epoch": self.position[1]}

    def ask(self) -> None:
        """A join is on its way: until its answer only events count."""
        self.pending, self.parts = True, None

    def take(self, frame: Frame) -> str:
        """Apply a frame of the group; return what came of it, in the words of the vectors."""
        if "event" not in frame or not self._concerned(frame):
            return "dropped"
        kind = frame["event"]["type"]
        if kind == "event":
            self.events.append(frame["event"]["event"])
            return "event"
        if kind == "sync":
            return self._sync(frame)
        if kind == "resumed":
            return self._resumed(frame)
        if self.pending:
            return "dropped"
        return self._skip(frame) if kind == "skip" else self._change(frame)

    def _concerned(self, frame: Frame) -> bool:
        if frame.get("subscriptionId") is not None:
            return bool(frame["subscriptionId"] == self.subscription)
        if frame["event"]["type"] == "skip":
            return True
        if self.item is not None:
            return bool(frame.get("id") == self.item)
        return frame["event"]["type"] != "sync" or frame.get("id") is None

    def _sync(self, frame: Frame) -> str:
        if self.pending and frame.get("subscriptionId") is None:
            return "dropped"
        data = copy.deepcopy(frame["event"]["data"])
        value = [*(self.parts or []), *data] if self.item is None else data
        if frame.get("more"):
            self.parts = value
            return "part"
        self._settle(value, frame)
        return "synced"

    def _resumed(self, frame: Frame) -> str:
        if not self.pending or frame.get("subscriptionId") is None:
            return "dropped"
        for missed in frame["event"]["data"]:
            self._apply(missed)
        self._settle(self.state, frame)
        return "resumed"

    def _settle(self, value: Any, frame: Frame) -> None:
        self.state, self.position = value, (frame["sequence"], frame["epoch"])
        self.pending, self.parts, self.seen, self.until = False, None, frame["sequence"], 0

    def _skip(self, frame: Frame) -> str:
        first, until, last = frame["event"]["from"], frame["event"]["until"], frame["sequence"]
        if self.item is not None:
            self.seen, self.until = max(self.seen, last), max(self.until, until)
            return "skipped"
        at = self.position[0] if self.position else 0
        if last <= at:
            return "dropped"
        if first > at + 1:
            return "need_resync"
        self.position, self.until = (last, frame["epoch"]), max(self.until, until)
        return "skipped"

    def _change(self, frame: Frame) -> str:
        at = self.position[0] if self.position else 0
        if frame["sequence"] <= at:
            return "dropped"
        known = at + 1 == frame["sequence"] if self.item is None else frame.get("previous", 0) <= max(at, self.seen)
        if not known:
            return "need_resync"
        self._apply(frame)
        self.position = (frame["sequence"], frame["epoch"])
        return "applied"

    def _apply(self, frame: Frame) -> None:
        gone, data = frame["event"]["type"] == "delete", copy.deepcopy(frame["event"]["data"])
        if self.item is not None:
            self.state = None if gone else data
            return
        items = {item["id"]: item for item in self.state}
        if gone:
            items.pop(frame["id"], None)
        else:
            items[frame["id"]] = data
        self.state = list(items.values())
