"""What a subscription shows its user: our own client and the published one, written again from the wire protocol."""

from dataclasses import dataclass, field
from typing import Any, Literal

Item = dict[str, Any]
Took = Literal["applied", "dropped", "resync"]


@dataclass
class OwnView:
    """One subscription of our own client (W13). item: None for the group."""

    item: str | None
    values: dict[str, Item] = field(default_factory=dict)
    sequence: int = 0
    epoch: str = ""
    live: bool = False
    behind: int = 0  # a skip's ``until`` that the position has not reached
    parts: list[Item] = field(default_factory=list)

    @property
    def since(self) -> dict[str, Any] | None:
        """The position to join with; None when there is none to name."""
        if not (self.epoch or self.sequence) or self.behind > self.sequence:
            return None
        return {"epoch": self.epoch, "sequence": self.sequence}

    @property
    def state(self) -> list[Item]:
        """The items, in order."""
        return list(self.values.values())

    def go_on(self) -> None:
        """Go on where it was: an event stream says nothing of what it resumes, and begins with what was missed."""
        self.live = self.since is not None

    def take(self, frame: dict[str, Any]) -> Took:
        """Take a frame that is for this subscription; its answer is among them."""
        event = frame["event"]
        match event["type"]:
            case "sync":
                return self._sync(frame, event)
            case "resumed":
                for missed in event["data"]:
                    self._apply(missed)
                self._at(frame)
                self.live, self.behind = True, 0
                return "applied"
            case "skip":
                return self._skip(frame, event) if self.live else "dropped"
            case "event":
                return "dropped"
        return self._stored(frame) if self.live else "dropped"

    def _sync(self, frame: dict[str, Any], event: dict[str, Any]) -> Took:
        data = event["data"]
        if self.item is None:
            self.parts += data
            if frame.get("more"):
                return "applied"
            data, self.parts = self.parts, []
        else:
            data = [] if data is None else [data]
        self.values = {value["id"]: value for value in data}
        self._at(frame)
        self.live, self.behind = True, 0
        return "applied"

    def _skip(self, frame: dict[str, Any], event: dict[str, Any]) -> Took:
        if self.item is None:
            if frame["sequence"] <= self.sequence:
                return "dropped"
            if event["from"] > self.sequence + 1:
                return "resync"
        self.behind = max(self.behind, event["until"])
        if self.item is None or frame["sequence"] > self.sequence:
            self._at(frame)
        return "applied"

    def _stored(self, frame: dict[str, Any]) -> Took:
        if frame["sequence"] <= self.sequence:
            return "dropped"
        if self.item is None:
            if frame["sequence"] != self.sequence + 1:
                return "resync"
        elif frame.get("previous", 0) > self.sequence:
            return "resync"
        self._apply(frame)
        self._at(frame)
        return "applied"

    def _apply(self, frame: dict[str, Any]) -> None:
        if frame["event"]["type"] == "delete":
            self.values.pop(frame["id"], None)
        else:
            self.values[frame["id"]] = frame["event"]["data"]

    def _at(self, frame: dict[str, Any]) -> None:
        self.sequence, self.epoch = frame["sequence"], frame["epoch"]


@dataclass
class PublishedView:
    """One subscription of the published client, as it is."""

    item: str | None
    values: dict[str, Item] = field(default_factory=dict)
    last: float | None = None
    lasts: dict[str, float | None] = field(default_factory=dict)
    live: bool = False

    @property
    def state(self) -> list[Item]:
        """The items, in order."""
        return list(self.values.values())

    def take(self, frame: dict[str, Any]) -> Took:
        """Take a frame that the client's socket hands to this subscription's listener."""
        event, at = frame["event"], frame.get("timestamp")
        if event["type"] not in ("sync", "create", "update", "delete"):
            if self.item is not None:
                self.last = at
            return "dropped"
        took = self._group(event, frame, at) if self.item is None else self._item(event, at)
        return "applied" if took else "dropped"

    def _group(self, event: dict[str, Any], frame: dict[str, Any], at: float | None) -> bool:
        match event["type"]:
            case "sync":
                if at is not None and self.last is not None and at < self.last:
                    return False
                self.values = {value["id"]: value for value in event["data"]}
                self.lasts, self.last, self.live = {}, at, True
                return True
            case "create":
                if frame["id"] in self.values:
                    return False
                self.values[frame["id"]] = event["data"]
            case "update":
                seen = self.lasts.get(frame["id"])
                if frame["id"] not in self.values or (at is not None and seen is not None and at <= seen):
                    return False
                self.values[frame["id"]] = event["data"]
                self.last = at
            case "delete":
                self.values.pop(frame["id"], None)
                self.last = at
        self.lasts[frame["id"]] = at
        return True

    def _item(self, event: dict[str, Any], at: float | None) -> bool:
        if at is not None and self.last is not None and at <= self.last:
            return False
        self.last = at
        data = event["data"]
        self.live = self.live or event["type"] == "sync"
        self.values = {} if data is None or event["type"] == "delete" else {data["id"]: data}
        return True
