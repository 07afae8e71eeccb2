"""Goes through the history of one client, line by line, with the rules of the wire protocol."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.database import Place
from tests.chaos.ledger import Ledger, Violation
from tests.chaos.views import OwnView, PublishedView

STORED = ("create", "update", "delete")


@dataclass
class Joined:
    """A subscription on the present socket. answered: its answer came, so that frames are due."""

    name: str
    place: Place
    item: str | None
    view: OwnView | PublishedView
    since: dict[str, Any] | None = None
    answered: bool = False
    denied: bool = False
    at: int = 0  # of a published group subscription, the last sequence


@dataclass
class Walk:
    """One client. syncs: (place, position, item, data) of each whole sync, to be compared with the log's states."""

    ledger: Ledger
    undone: set[str]
    holes: bool
    name: str = ""
    own: bool = True
    pace: str = "fast"
    noisy: bool = False
    open: bool = False
    ended: bool = False
    violations: list[Violation] = field(default_factory=list)
    syncs: list[tuple[Place, tuple[int, str], str | None, Any]] = field(default_factory=list)
    views: dict[str, OwnView | PublishedView] = field(default_factory=dict)
    joined: dict[str, Joined] = field(default_factory=dict)
    sent: dict[Place, int] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)

    def take(self, line: dict[str, Any]) -> None:
        """Take the next line of the history; what comes after its end, which is when all should be right, is not."""
        self.ended |= line["e"] == "end"
        if self.ended:
            return
        match line["e"]:
            case "client":
                self.name, self.own, self.pace = line["name"], line["kind"] == "own", line["pace"]
                self.noisy = line.get("noisy", False)
            case "open":
                self.joined, self.sent, self.events, self.open = {}, {}, set(), True
            case "shut":
                self.open = False
            case "join":
                self._join(line["data"], streams=line.get("over") == "sse")
            case "frame":
                self._frame(line["text"])

    def wrong(self, invariant: str, detail: str) -> None:
        """Note a violation."""
        self.violations.append(Violation(invariant, self.name, detail[:400]))

    def _join(self, data: dict[str, Any], *, streams: bool) -> None:
        name, item = data["subscriptionId"], data.get("id")
        if name not in self.views:
            self.views[name] = OwnView(item) if self.own else PublishedView(item)
        view = self.views[name]
        if isinstance(view, OwnView):
            view.live, view.parts = False, []
        before = self.joined.get(name)
        answered = before.answered if before else False
        if streams and isinstance(view, OwnView):
            view.go_on()
            answered = view.live
        place = (data["streamName"], data["groupId"])
        self.joined[name] = Joined(name, place, item, view, data.get("since"), answered)

    def _frame(self, text: str) -> None:
        frame = json.loads(text)
        event = frame["event"]
        place = (frame.get("streamName"), frame.get("groupId"))
        here = [sub for sub in self.joined.values() if sub.place == place]
        if event["type"] == "event" and event["event"]["type"] == "error":
            for sub in here:
                sub.denied = True
            return
        if str(place[1]).startswith("closed-"):
            self.wrong("I7", f"got {text}")
        self._news(here, place, frame, event)

    def _news(self, here: list[Joined], place: Place, frame: dict[str, Any], event: dict[str, Any]) -> None:
        match event["type"]:
            case "event":
                self._event(here, frame, event["event"])
            case "sync":
                self._sync(here, place, frame, event)
            case "resumed":
                self._resumed(here, place, frame, event)
            case "skip":
                for sub in here:
                    self._view(sub, frame)
                self.sent[place] = max(self.sent.get(place, 0), frame["sequence"])
            case _ if "sequence" in frame:
                self._stored(here, place, frame)
            case _:  # a create without a number: the rest of a snapshot, for published clients
                for sub in here:
                    sub.view.take(frame)

    def _event(self, here: list[Joined], frame: dict[str, Any], event: dict[str, Any]) -> None:
        token = event["data"].get("token")
        if token in self.events:
            self.wrong("I4", f"the event {token} came twice")
        if token in self.undone:
            self.wrong("I2", f"the event {token} was rolled back")
        if not any(sub.item is None or sub.item == frame.get("id") for sub in here):
            self.wrong("I7", f"an event for nobody here: {frame}")
        self.events.add(token)

    def _stored(self, here: list[Joined], place: Place, frame: dict[str, Any]) -> None:
        sequence, last = frame["sequence"], self.sent.get(place, 0)
        if not any(sub.answered and sub.item in (None, frame["id"]) for sub in here):
            self.wrong("I7", f"a frame without an answered subscription: {frame}")
        if sequence == last:
            self.wrong("I4", f"{place}@{sequence} came twice")
        elif sequence < last:
            self.wrong("I3", f"{place}@{sequence} after {last}")
        self.sent[place] = max(last, sequence)
        self._content(place, frame)
        for sub in here:
            if sub.item in (None, frame["id"]):
                self._view(sub, frame)

    def _content(self, place: Place, frame: dict[str, Any]) -> None:
        """A frame is a change as the log has it, and nothing that was rolled back."""
        data = frame["event"]["data"]
        if isinstance(data, dict) and data.get("token") in self.undone:
            self.wrong("I2", f"{place}@{frame['sequence']} {data['token']} was rolled back")
        row = self.ledger.row(place, frame["sequence"], frame["epoch"])
        if row is None:
            if self.ledger.whole(place):
                self.wrong("I2", f"{place}@{frame['sequence']} {frame['epoch']} was never committed")
        elif (row.kind, row.key, row.value, row.previous) != (
            *(frame["event"]["type"], frame["id"], data),
            frame.get("previous"),
        ):
            self.wrong("I3", f"{place}@{frame['sequence']} is {row}, came as {frame}")

    def _view(self, sub: Joined, frame: dict[str, Any]) -> None:
        if isinstance(sub.view, OwnView):
            if sub.view.live and sub.view.take(frame) == "resync":
                at = f"{sub.view.sequence} (skip until {sub.view.behind})" if sub.view.behind else sub.view.sequence
                self.wrong("I6", f"{sub.place} {sub.item or ''} is at {at}, came {json.dumps(frame)[:200]}")
            return
        if sub.item is None and sub.answered:
            sequence = frame["sequence"]
            if sub.at and sequence > sub.at + 1 and self.pace == "fast" and not self.holes:
                self.wrong("I6", f"{sub.place} was at {sub.at}, came {sequence}")
            sub.at = sequence
        sub.view.take(frame)

    def _sync(self, here: list[Joined], place: Place, frame: dict[str, Any], event: dict[str, Any]) -> None:
        sequence, last = frame["sequence"], self.sent.get(place, 0)
        flagged = "resync" in event or "resync" in frame
        if sequence < last and not flagged:
            self.wrong("I3", f"a sync of {place} at {sequence} after {last}")
        self.sent[place] = sequence if flagged else max(sequence, last)
        if self.ledger.whole(place) and not self.ledger.is_position(place, sequence, frame["epoch"]):
            self.wrong("I2", f"a sync of {place} at {sequence} {frame['epoch']}, where it never was")
        answers = frame.get("subscriptionId")
        chosen = [sub for sub in here if sub.item == frame.get("id") and answers in (None, sub.name)]
        if answers is not None and not self.own:  # the published client hands it to all listeners of the room
            chosen += [sub for sub in here if sub.item == frame.get("id") and sub not in chosen]
        if not chosen:
            self.wrong("I7", f"a sync for nobody: {frame}"[:300])
        for sub in chosen:
            sub.answered, sub.at = True, sequence
            sub.view.take(frame)
        if not frame.get("more") and not frame.get("more", event.get("more")) and chosen:
            data = event["data"]
            if frame.get("id") is None and isinstance(chosen[0].view, OwnView):
                data = chosen[0].view.state  # it may have come in parts
            self.syncs.append((place, (sequence, frame["epoch"]), frame.get("id"), data))

    def _resumed(self, here: list[Joined], place: Place, frame: dict[str, Any], event: dict[str, Any]) -> None:
        [sub] = [sub for sub in here if sub.name == frame["subscriptionId"]]
        sequences = [missed["sequence"] for missed in event["data"]]
        start = (sub.since or {}).get("sequence", 0)
        until = (frame["sequence"], frame["epoch"])
        if sub.since is None or sub.since["sequence"] > frame["sequence"]:
            self.wrong("I6", f"resumed {place} at {until} for since={sub.since}")
        if self.ledger.whole(place):
            due = [row.sequence for row in self.ledger.between(place, start, until) if sub.item in (None, row.key)]
            if sequences != due:
                self.wrong("I6", f"{place} resumed from {start} to {until} with {sequences} instead of {due}")
        if sub.item is None and sequences != list(range(start + 1, frame["sequence"] + 1)):
            self.wrong("I6", f"{place} resumed from {start} to {until} with {sequences}")
        for missed in event["data"]:
            self._content(place, missed)
        self.sent[place] = max(self.sent.get(place, 0), frame["sequence"])
        sub.answered = True
        sub.view.take(frame)

    # -- the end --------------------------------------------------------------------------------------------------

    def end(self) -> list[Violation]:
        """Compare what the client shows with what the database holds, now that nothing happens any more."""
        self.violations = []
        if self.pace == "never" or (self.noisy and not self.open):  # closed for its noise a moment ago
            return []
        if not self.open:
            self.wrong("I1", "is not connected in the end")
        for sub in self.joined.values():
            self._compare(sub)
        return self.violations

    def _compare(self, sub: Joined) -> None:
        where = f"{sub.place} {sub.item or ''}"
        if sub.denied:
            if not sub.place[1].startswith("closed-"):
                self.wrong("I1", f"{where} was refused")
            return
        if sub.place[1].startswith("closed-"):
            self.wrong("I7", f"{where} was not refused")
        kept = self.ledger.end.get(sub.place)
        expected = [value for key, value, _, _ in kept.items if sub.item in (None, key)] if kept else []
        if not sub.answered:
            self.wrong("I1", f"{where} was not answered")
        elif (
            isinstance(sub.view, OwnView)
            and kept
            and sub.item is None
            and (sub.view.sequence, sub.view.epoch) != (*(kept.sequence, kept.epoch),)
        ):
            self.wrong("I1", f"{where} is at {sub.view.sequence} {sub.view.epoch}, not {kept.sequence} {kept.epoch}")
        elif sub.view.state != expected:
            wrong = [
                value.get("id")
                for value in (*sub.view.state, *expected)
                if (value in expected) != (value in sub.view.state)
            ]
            self.wrong("I5", f"{where} differs in {wrong[:10]} of {len(expected)}")
