"""What clients make of frames, as the wire protocol describes them: models, written apart from every client.

``tests/streams/test_client_models.py`` holds them to the same vectors as the real ones.
"""

from dataclasses import dataclass, field
from typing import Any

Json = Any
CHANGES = ("create", "update", "delete")
MISSING: Any = object()


@dataclass
class Own:
    """One subscription of our own client (W13). id: of the item; None: the group."""

    name: str = "s1"
    id: str | None = None
    state: Json = None
    position: tuple[int, str] | None = None
    pending: bool = True
    parts: list[Json] = field(default_factory=list)
    until: int = 0
    seen: int = 0

    def __post_init__(self) -> None:
        if self.state is None and self.id is None:
            self.state = []
        self.seen = self.position[0] if self.position else 0

    @property
    def since(self) -> tuple[int, str] | None:
        """The position to name in a join."""
        return self.position if self.position and self.position[0] >= self.until else None

    def take(self, frame: dict[str, Json]) -> str:
        """Take a frame; return what became of it: "need_resync" is a hole that nobody declared."""
        event, name = frame.get("event") or {}, frame.get("subscriptionId")
        kind = event.get("type")
        if kind in ("sync", "resumed") and name not in (None, self.name):
            return "dropped"
        if kind == "sync" and (frame.get("id") != self.id or (self.pending and name is None)):
            return "dropped"
        if kind in (*CHANGES, "event") and self.id not in (None, frame.get("id")):
            return "dropped"
        if kind == "event":
            return "event"
        if self.pending and kind not in ("sync", "resumed"):
            return "dropped"
        taken: dict[str, Any] = {"sync": self._sync, "resumed": self._resumed, "skip": self._skip}
        result: str = taken.get(kind, self._change)(frame)
        return result

    def _sync(self, frame: dict[str, Json]) -> str:
        data = frame["event"]["data"]
        if self.id is None:
            self.parts += data
            if frame.get("more"):
                return "part"
            data, self.parts = self.parts, []
        self.state = data
        self._settle(frame)
        return "synced"

    def _resumed(self, frame: dict[str, Json]) -> str:
        for change in frame["event"]["data"]:
            self._apply(change)
        self._settle(frame)
        return "resumed"

    def _settle(self, frame: dict[str, Json]) -> None:
        self.position, self.pending = (frame["sequence"], frame["epoch"]), False
        self.until, self.seen = 0, frame["sequence"]

    def _skip(self, frame: dict[str, Json]) -> str:
        sequence, event = frame["sequence"], frame["event"]
        if self.id is None:
            at = self.position[0] if self.position else 0
            if sequence <= at:
                return "dropped"
            if event["from"] > at + 1:
                return "need_resync"
            self.position = (sequence, frame["epoch"])
        self.seen, self.until = max(self.seen, sequence), max(self.until, event["until"])
        return "skipped"

    def _change(self, frame: dict[str, Json]) -> str:
        at = self.position[0] if self.position else 0
        if frame["sequence"] <= at:
            return "dropped"
        hole = frame["sequence"] != at + 1 if self.id is None else frame.get("previous", 0) > self.seen
        if hole:
            return "need_resync"
        self._apply(frame)
        self.position, self.seen = (frame["sequence"], frame["epoch"]), max(self.seen, frame["sequence"])
        return "applied"

    def _apply(self, frame: dict[str, Json]) -> None:
        kind, data = frame["event"]["type"], frame["event"]["data"]
        if self.id is not None:
            self.state = None if kind == "delete" else data
        elif kind == "delete":
            self.state = [item for item in self.state if item["id"] != frame["id"]]
        elif any(item["id"] == frame["id"] for item in self.state):
            self.state = [data if item["id"] == frame["id"] else item for item in self.state]
        else:
            self.state = [*self.state, data]


@dataclass
class Published:
    """One subscription of the published client. It knows timestamps only; a frame without one is always taken."""

    id: str | None = None
    state: Json = None
    last: Any = 0
    lasts: dict[str, Any] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.state is None and self.id is None:
            self.state = []

    def take(self, frame: dict[str, Json]) -> None:
        """Take a frame that concerns this subscription's group."""
        kind = (frame.get("event") or {}).get("type")
        if kind == "sync" and frame.get("id") != self.id:
            return
        if self.id is not None and frame.get("id") != self.id:
            return
        if kind == "event" and self.id is None:
            self.events.append(frame["event"]["event"]["data"])
        elif kind in (*CHANGES, "sync", "event"):
            (self._item if self.id is not None else self._group)(kind, frame)

    def _item(self, kind: str, frame: dict[str, Json]) -> None:
        at = frame.get("timestamp", MISSING)
        if _newer(at, self.last):
            self.last = at
            if kind == "event":
                self.events.append(frame["event"]["event"]["data"])
            else:
                self.state = None if kind == "delete" else frame["event"]["data"]

    def _group(self, kind: str, frame: dict[str, Json]) -> None:
        data, at = frame["event"]["data"], frame.get("timestamp", MISSING)
        if kind == "sync":
            if not _older(at, self.last):
                self.state, self.last, self.lasts = list(data), at, {}
            return
        known = any(item["id"] == frame["id"] for item in self.state)
        if kind == "create":
            self.state = self.state if known else [*self.state, data]
            return
        self.last = at
        if kind == "delete":
            self.state = [item for item in self.state if item["id"] != frame["id"]]
        elif known and _newer(at, self.lasts.get(frame["id"], MISSING)):
            self.lasts[frame["id"]] = at
            self.state = [data if item["id"] == frame["id"] else item for item in self.state]


def _older(at: Any, last: Any) -> bool:
    return MISSING not in (at, last) and (at or 0) < (last or 0)


def _newer(at: Any, last: Any) -> bool:
    return MISSING in (at, last) or (at or 0) > (last or 0)
