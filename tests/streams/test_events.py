"""Ephemeral events: announced, never stored."""

import json
import time
from typing import Any

import pytest

from streams.changes import Address
from streams.errors import InvalidEvent
from streams.stores import Store
from streams.writer import Stream
from tests.support.exact import EXACT, exactly
from tests.support.heard import Heard
from tests.support.histories import undone
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

G = Address("s", "g")


@pytest.mark.parametrize(
    ("channel", "id"),
    [
        *(("g", None), ({"groupId": "g"}, None), ({"groupId": "g", "id": None}, None)),
        *((("g", "a"), "a"), ({"groupId": "g", "id": "a"}, "a")),
    ],
)
def test_events_are_announced_and_never_stored(
    stream: Stream, store: Store, heard: Heard, channel: Any, id: str | None
) -> None:
    stream.set("g", "a", {})
    before = (store.snapshot(G), store.log(G, 0))
    since = time.time_ns() // 1_000_000
    stream.send(channel, {"type": "typing", "data": EXACT})
    assert (store.snapshot(G), store.log(G, 0)) == before
    message = heard.messages[-1]
    assert (message.address, message.hints) == (G, ())
    [event] = message.events
    frame = json.loads(event.frame)
    assert event.id == frame.get("id") == id
    assert exactly(frame["event"]) == exactly({"type": "event", "event": {"type": "typing", "data": EXACT}})
    assert ("timestamp" in frame) == (id is None)
    assert id is not None or since <= frame["timestamp"] <= time.time_ns() // 1_000_000


def test_events_are_numbered_and_wait_for_the_commit(stream: Stream, store: Store, heard: Heard) -> None:
    with store.transaction():
        stream.send("g", {"type": "one"})
        stream.send("g", {"type": "two"})
        assert heard.messages == []
    events = [event for message in heard.messages for event in message.events]
    assert [json.loads(event.frame)["event"]["event"] for event in events] == [
        {"type": "one", "data": None},
        {"type": "two", "data": None},
    ]
    assert events[1].number == events[0].number + 1
    assert len({event.origin for event in events}) == 1
    with undone(store):
        stream.send("g", {"type": "three"})
    assert len(heard.messages) == 2


@pytest.mark.parametrize(
    "event",
    [
        *(None, "typing", [], {}, {"data": 1}, {"type": 7}, {"type": ""}, {"type": "x" * 65}, {"type": "a\nb"}),
        *({"type": kind} for kind in ("create", "update", "delete", "sync", "event", "error", "*", "resumed", "skip")),
        *({"type": "a\x00"}, {"type": "a\x85"}, {"type": "t", "more": 1}, {"type": "t", "data": float("nan")}),
        *({"type": "t", "data": {1}}, {"type": "t", "data": "\ud800"}, {"type": "\ud800"}),
        {"type": "t", "data": "x" * 1_000_000},
    ],
)
def test_events_that_cannot_be_sent_are_refused(stream: Stream, heard: Heard, event: Any) -> None:
    with pytest.raises(InvalidEvent):
        stream.send("g", event)
    assert heard.messages == []


@pytest.mark.parametrize("channel", [None, 7, ("g",), ("g", "a", "b"), {}, {"id": "a"}, {"groupId": "g", "more": 1}])
def test_channels_that_name_no_group_are_refused(stream: Stream, channel: Any) -> None:
    with pytest.raises(InvalidEvent):
        stream.send(channel, {"type": "t"})
