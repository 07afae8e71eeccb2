"""What a stream stores, returns and announces, on every store."""

import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from streams.changes import Address, Change, Written
from streams.errors import InvalidCursor, InvalidEvent, InvalidId, InvalidItem, InvalidUpdate, StreamError
from streams.stores import Store
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import Undo, undone
from tests.support.stores import STORES
from tests.support.threads import together

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

Log = Callable[..., list[Change]]
G = Address("s", "g")
EXACT = {
    "b": False,
    "a": None,
    "list": [],
    "object": {},
    "": 0,
    "large": 2**70,
    "low": -(2**63) - 1,
    "tiny": 1e-7,
    "whole": 1.0,
    "sum": 0.1 + 0.2,
    "minus": -0.0,
    "nul": "\u0000",
    "emoji": "👩‍🚀",
    "line": "\u2028",
    "nfc": "\u00e9",
    "nfd": "e\u0301",
    "deep": {"z": [{"y": [[1, 2.5, "x", None, True]]}], "A": {}},
    "12345678901234567890": "12345678901234567890",
}


def exactly(value: Any) -> str:
    """A text that differs where values, their types or the order of keys do."""
    return json.dumps(value)


# -- set, get, list ---------------------------------------------------------------------------------------------------


@pytest.mark.feature("B1", "B3", "B4")
def test_set_creates_and_then_replaces_the_whole(stream: Stream, heard: Heard) -> None:
    assert stream.get("g", "a") is None
    first = stream.set("g", "a", {"x": 1, "y": 2})
    second = stream.set("g", "a", {"x": 3})
    assert (first.new_value, first.old_value, first.created, first.sequence) == (
        *({"x": 1, "y": 2, "id": "a"}, None),
        *(True, 1),
    )
    assert (second.new_value, second.old_value, second.created, second.sequence) == (
        *({"x": 3, "id": "a"}, first.new_value),
        *(False, 2),
    )
    assert stream.get("g", "a") == second.new_value
    frames = [json.loads(frame) for frame in heard.frames()]
    assert [(frame["event"]["type"], frame["event"]["data"]) for frame in frames] == [
        ("create", first.new_value),
        ("update", second.new_value),
    ]
    assert [frame["timestamp"] for frame in frames] == [first.timestamp, second.timestamp]
    assert "previous" not in frames[0]
    assert frames[1]["previous"] == 1


def test_equal_value_is_a_change(stream: Stream, heard: Heard) -> None:
    assert [stream.set("g", "a", {"x": 1}).sequence for _ in range(3)] == [1, 2, 3]
    assert heard.sequences == [1, 2, 3]


@pytest.mark.feature("B2")
def test_what_is_written_can_be_the_body_of_a_response(stream: Stream) -> None:
    written = stream.set("g", "a", {"text": "x"})
    body = {"text": "x", "id": "a", "__stream": {"streamName": "s", "groupId": "g", "id": "a"}}
    assert written.as_response() == body
    assert stream.set("g", "a", body).new_value == {"text": "x", "id": "a"}, "what was added on the way out is stripped"
    assert stream.get("g", "a") == {"text": "x", "id": "a"}


def test_values_survive_store_log_frame_and_snapshot(stream: Stream, heard: Heard, log: Log) -> None:
    whole = {**EXACT, "id": "a"}
    written = stream.set("g", "a", EXACT)
    assert "id" not in EXACT, "what the caller gave is the caller's"
    updated = stream.update("g", "a", [{"type": "set", "path": "text", "value": EXACT}])
    assert updated is not None
    after = {**whole, "text": EXACT}
    stream.delete("g", "a")
    stream.set("g", "a", after)
    stored = [
        *(written.new_value, json.loads(log()[0].value), json.loads(heard.frames()[0])["event"]["data"]),
        updated.old_value,
    ]
    assert [exactly(value) for value in stored] == [exactly(whole)] * len(stored)
    changed = [
        *(updated.new_value, stream.get("g", "a"), stream.list("g")[0], stream.snapshot("g").items[0]),
        *(json.loads(change.value) for change in log()[1:]),
        *(json.loads(frame)["event"]["data"] for frame in heard.frames()[1:]),
    ]
    assert len(changed) == 10
    assert [exactly(value) for value in changed] == [exactly(after)] * len(changed)


@pytest.mark.feature("B6", "B7")
def test_list_has_all_items_in_the_order_of_their_creation(stream: Stream) -> None:
    assert stream.list("g") == []
    for id in "cab":
        stream.set("g", id, {"first": True})
    stream.set("g", "c", {})
    stream.delete("g", "a")
    stream.set("g", "a", {})
    expected = [{"id": "c"}, {"first": True, "id": "b"}, {"id": "a"}]
    assert stream.list("g") == stream.get_group("g") == expected
    assert stream.list("g").cursor is None


def test_list_goes_on_with_its_cursor(stream: Stream) -> None:
    for number in range(7):
        stream.set("g", f"i{number}", {})
    pages, after = [], None
    while True:
        page = stream.list("g", limit=3, after=after)
        pages.append([item["id"] for item in page])
        if page.cursor is None:
            break
        after = page.cursor
        stream.delete("g", pages[-1][-1])
    assert pages == [["i0", "i1", "i2"], ["i3", "i4", "i5"], ["i6"]]
    assert stream.list("g", limit=5).cursor is None, "a page that holds the last item is the last"
    assert stream.list("g", limit=4).cursor is not None


@pytest.mark.parametrize("after", ["", "x", "-1", "1.0", "\u0661", "9" * 19, 3, b"3"])
def test_cursor_that_no_page_returned_is_refused(stream: Stream, after: Any) -> None:
    with pytest.raises(InvalidCursor):
        stream.list("g", after=after)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "3", True])
def test_limit_is_a_positive_number(stream: Stream, limit: Any) -> None:
    with pytest.raises(InvalidCursor):
        stream.list("g", limit=limit)


@pytest.mark.feature("B8")
def test_groups_are_listed_as_long_as_they_hold_items(stream: Stream) -> None:
    for group in ("b", "a", "B", "é", "a:b"):
        stream.set(group, "i", {})
    assert stream.list_groups() == ["B", "a", "a:b", "b", "é"]
    stream.delete("a", "i")
    assert stream.list_groups() == ["B", "a:b", "b", "é"]


def test_snapshot_names_the_position_to_go_on_from(stream: Stream, log: Log) -> None:
    assert stream.snapshot("g").as_json() == {"items": [], "sequence": 0, "epoch": ""}
    stream.set("g", "a", {})
    stream.set("g", "b", {})
    assert stream.snapshot("g").as_json() == {
        "items": [{"id": "a"}, {"id": "b"}],
        "sequence": 2,
        "epoch": log()[-1].epoch,
    }


# -- delete -----------------------------------------------------------------------------------------------------------


def test_delete_returns_and_announces_the_old_item_once(stream: Stream, heard: Heard) -> None:
    stream.set("g", "a", {"x": 1})
    assert stream.delete("g", "a") == {"x": 1, "id": "a"}
    assert stream.delete("g", "a") is None
    assert stream.delete("never written", "a") is None
    frames = [json.loads(frame) for frame in heard.frames()]
    assert [(frame["sequence"], frame["event"]["type"]) for frame in frames] == [(1, "create"), (2, "delete")]
    assert frames[1]["event"]["data"] == {"x": 1, "id": "a"}
    assert frames[1]["previous"] == 1
    assert (stream.get("g", "a"), stream.list("g"), stream.list_groups()) == (None, [], [])
    assert stream.snapshot("never written").sequence == 0


def test_clear_deletes_all_and_announces_each(stream: Stream, heard: Heard) -> None:
    for id in "cab":
        stream.set("g", id, {})
    stream.set("other", "a", {})
    assert stream.clear("g") == 3
    assert stream.clear("g") == 0
    assert stream.clear("never written") == 0
    frames = [json.loads(frame) for frame in heard.frames()][4:]
    assert [(frame["sequence"], frame["event"]["type"], frame["id"]) for frame in frames] == [
        *((4, "delete", "c"), (5, "delete", "a")),
        (6, "delete", "b"),
    ]
    assert stream.list_groups() == ["other"]


# -- update -----------------------------------------------------------------------------------------------------------


@pytest.mark.feature("B9", "B10")
def test_update_announces_the_whole_new_value(stream: Stream, heard: Heard) -> None:
    stream.set("g", "a", {"keep": [1], "x": 1})
    operations = [{"type": "set", "path": path, "value": value} for path, value in EXACT.items() if path]
    written = stream.update("g", "a", operations)
    assert written is not None
    expected = {"keep": [1], "x": 1, "id": "a", **{key: value for key, value in EXACT.items() if key}}
    assert exactly(written.new_value) == exactly(expected)
    frame = json.loads(heard.frames()[-1])
    assert (frame["event"]["type"], exactly(frame["event"]["data"])) == ("update", exactly(expected))
    assert exactly(stream.get("g", "a")) == exactly(expected)


@pytest.mark.feature("B11")
def test_merge_keeps_siblings(stream: Stream) -> None:
    stream.set("g", "a", {"metadata": {"x": 1, "y": {"z": 1}}, "other": 1})
    merge = {"type": "merge", "path": "metadata", "value": {"y": {"w": 2}, "v": 3}}
    written = stream.update("g", "a", [merge, {"type": "merge", "value": {"other": 2, "more": 3}}])
    assert written is not None
    assert written.new_value == {"metadata": {"x": 1, "y": {"w": 2}, "v": 3}, "other": 2, "id": "a", "more": 3}
    deep = stream.update("g", "a", [{**merge, "value": {"y": {"z": 4}}, "deep": True}])
    assert deep is not None
    assert deep.new_value["metadata"] == {"x": 1, "y": {"w": 2, "z": 4}, "v": 3}


@pytest.mark.feature("B12")
def test_200_concurrent_increments_are_200(stream: Stream, heard: Heard) -> None:
    def work() -> None:
        for _ in range(25):
            stream.update("g", "n", [{"type": "increment", "path": "count", "by": 1}])

    together(*[work] * 8)
    assert stream.get("g", "n") == {"count": 200, "id": "n"}
    counts = {hint.sequence: json.loads(hint.frame or "")["event"]["data"]["count"] for hint in heard.hints}
    assert counts == {number: number for number in range(1, 201)}


@pytest.mark.feature("B13", "B14", "B17")
def test_missing_items_and_fields_are_begun(stream: Stream, heard: Heard) -> None:
    first = stream.update("g", "watching", [{"type": "increment", "path": "watching"}])
    assert first is not None
    assert (first.new_value, first.created, first.old_value) == ({"watching": 1, "id": "watching"}, True, None)
    assert json.loads(heard.frames()[0])["event"]["type"] == "create"
    second = stream.update("g", "watching", [{"type": "decrement", "path": "left", "by": 3}])
    assert second is not None
    assert second.new_value == {"watching": 1, "id": "watching", "left": -3}
    third = stream.update("g", "watching", [{"type": "remove", "path": "watching"}, {"type": "remove", "path": "none"}])
    assert third is not None
    assert third.new_value == {"id": "watching", "left": -3}


def test_update_of_what_is_not_there_can_be_left_undone(stream: Stream, heard: Heard) -> None:
    operations = [{"type": "set", "path": "x", "value": 1}]
    assert stream.update("g", "a", operations, if_exists=True) is None
    assert stream.snapshot("g").sequence == 0
    stream.set("g", "a", {})
    written = stream.update("g", "a", operations, if_exists=True)
    assert written is not None
    assert written.new_value == {"id": "a", "x": 1}
    assert heard.sequences == [1, 2]


@pytest.mark.feature("B15")
def test_several_operations_are_done_all_or_none_and_never_seen_halfway(stream: Stream, heard: Heard) -> None:
    stream.set("g", "a", {"x": 0, "y": 0})
    moves = [{"type": "increment", "path": "x"}, {"type": "decrement", "path": "y"}]
    with pytest.raises(InvalidUpdate):
        stream.update("g", "a", [*moves, {"type": "increment", "path": "id"}])
    assert stream.get("g", "a") == {"x": 0, "y": 0, "id": "a"}

    def write() -> None:
        for _ in range(30):
            stream.update("g", "a", moves)

    def read() -> None:
        while True:
            for value in (stream.get("g", "a"), stream.list("g")[0], stream.snapshot("g").items[0]):
                assert value["x"] == -value["y"]
            if value["x"] == 60:
                return

    together(write, write, read)
    assert sorted(heard.sequences) == list(range(1, 62))
    for frame in heard.frames():
        data = json.loads(frame)["event"]["data"]
        assert data["x"] == -data["y"]


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.feature("A8")
def test_what_the_schema_refuses_is_neither_stored_nor_announced(
    declare: Callable[..., Stream], heard: Heard, store: Store
) -> None:
    class Todo(BaseModel):
        description: str
        done: bool = False

    stream = declare("s", schema=Todo)
    for data in ({"description": 7}, {}, {"description": "x", "done": "yes"}):
        with pytest.raises(InvalidItem) as caught:
            stream.set("g", "a", data)
        assert set(caught.value.fields) <= {"description", "done"}
    with pytest.raises(InvalidItem):
        stream.update("g", "a", [{"type": "set", "path": "done", "value": True}])
    assert (store.positions([G]), stream.list("g"), heard.messages) == ({}, [], [])
    stream.set("g", "a", {"description": "x"})
    with pytest.raises(InvalidItem):
        stream.update("g", "a", [{"type": "set", "path": "description", "value": None}])
    assert stream.set("g", "a", {"description": "y"}).sequence == 2, "a refused update leaves no hole"
    assert heard.sequences == [1, 2]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"x": float("nan")}, "x: NaN"),
        ({"x": [float("-inf")]}, "x.0: NaN and infinities"),
        ({"x": "\ud800"}, "x: lone surrogates"),
        ({"\udfff": 1}, "lone surrogates"),
        ({1: 1}, "the key 1 is not a str"),
        ({"x": {"y": {b"z": 1}}}, "x.y: the key b'z' is not a str"),
        ({"x": {1}}, "x: set is not a JSON type"),
        ({"x": object()}, "x: object is not a JSON type"),
        ({"x": 2**14_000}, "x: the integer has too many digits"),
        ({"x": json.loads("[" * 100 + "]" * 100)}, "nested deeper than 100"),
        ({"id": "b"}, "id: must be 'a'"),
        ({"id": None}, "id: must be 'a'"),
        ({"x": "y" * 1_000_000}, "the item is too large"),
        ({"x": "é" * 500_000}, "the item is too large"),
        ("text", "an item is a JSON object, not str"),
        ([["x", 1]], "an item is a JSON object, not list"),
        (None, "an item is a JSON object, not NoneType"),
    ],
)
def test_values_that_cannot_be_kept_are_refused_by_name(
    stream: Stream, store: Store, heard: Heard, data: Any, why: str
) -> None:
    with pytest.raises(InvalidItem, match=re.escape(why)):
        stream.set("g", "a", data)
    if isinstance(data, dict) and all(isinstance(key, str) for key in data):
        operations = [{"type": "set", "path": [key], "value": value} for key, value in data.items()]
        with pytest.raises((InvalidItem, InvalidUpdate)):
            stream.update("g", "a", operations)
    with stream.batch("g") as batch, pytest.raises(InvalidItem):
        batch.set("a", data)
    assert (store.positions([G]), stream.list("g"), heard.messages) == ({}, [], [])


BAD_IDS = ["", ".", "..", "a\0b", "x" * 256, "\ud800", "a\udfff", None, 7, b"a", ["a"], True]


@pytest.mark.parametrize("id", BAD_IDS, ids=repr)
def test_bad_ids_are_refused_everywhere(stream: Stream, store: Store, heard: Heard, id: Any) -> None:
    calls: list[Callable[[], Any]] = []
    for group, item in ((id, "a"), ("g", id)):
        calls += [partial(method, group, item) for method in (stream.get, stream.delete)]
        calls += [partial(stream.set, group, item, {}), partial(stream.update, group, item, [])]
        calls += [partial(stream.send, (group, item), {"type": "t"})] if item is not None else []
    calls += [partial(method, id) for method in (stream.list, stream.get_group, stream.clear, stream.batch)]
    calls += [partial(stream.snapshot, id), partial(stream.send, {"groupId": id}, {"type": "t"})]
    for call in calls:
        with pytest.raises(InvalidId):
            call()
    assert (store.groups("s"), heard.messages) == ([], [])


def test_ids_are_compared_as_they_are(stream: Stream) -> None:
    ids = ["a:b", "a/b", "\u00e9", "e\u0301", "A", "a", "a ", "x" * 255, "\U0001f600" * 255, "...", "%2F", "\ufeff"]
    for number, group in enumerate(ids):
        for id in ids:
            stream.set(group, id, {"n": number})
    assert stream.list_groups() == sorted(ids)
    for number, group in enumerate(ids):
        assert stream.list(group) == [{"n": number, "id": id} for id in ids]
        assert stream.delete(group, "\u00e9") == {"n": number, "id": "\u00e9"}
        assert stream.get(group, "e\u0301") == {"n": number, "id": "e\u0301"}


def test_ids_of_any_str_class_are_plain(stream: Stream) -> None:
    from django.utils.safestring import mark_safe

    written = stream.set(mark_safe("g"), mark_safe("<b>"), {})
    assert [type(value) for value in (written.group_id, written.id, written.new_value["id"])] == [str] * 3


# -- batch ------------------------------------------------------------------------------------------------------------


def test_batch_is_applied_in_one_transaction_with_one_range(stream: Stream, heard: Heard, log: Log) -> None:
    stream.set("g", "a", {"n": 1})
    stream.set("g", "gone", {})
    with stream.batch("g") as batch:
        assert batch.set("b", {"n": 1}) is None
        assert batch.update("a", [{"type": "increment", "path": "n"}]) is None
        assert batch.update("a", [{"type": "increment", "path": "n"}]) is None
        assert batch.delete("gone") is None
        assert batch.delete("never there") is None
        assert batch.update("nor this", [], if_exists=True) is None
        batch.set("gone", {"again": True})
        assert (stream.get("g", "b"), len(heard.messages), batch.results) == (None, 2, [])
    assert [result and (result.sequence, result.created, result.new_value) for result in batch.results] == [
        *((3, True, {"n": 1, "id": "b"}), (4, False, {"n": 2, "id": "a"}), (5, False, {"n": 3, "id": "a"})),
        *((6, False, None), None, None, (7, True, {"again": True, "id": "gone"})),
    ]
    assert batch.results[3] is not None
    assert batch.results[3].old_value == {"id": "gone"}
    assert [item["id"] for item in stream.list("g")] == ["a", "b", "gone"]
    assert len(heard.messages) == 3, "a batch is one hint"
    assert [hint.frame for hint in heard.messages[2].hints] == [change.frame() for change in log()[2:]]


def test_batch_whose_body_raises_applies_nothing(stream: Stream, store: Store, heard: Heard) -> None:
    with suppress(Undo), stream.batch("g") as batch:
        batch.set("a", {})
        raise Undo
    assert (batch.results, store.positions([G]), heard.messages) == ([], {}, [])


def test_batch_that_does_not_fit_applies_nothing(stream: Stream, store: Store, heard: Heard) -> None:
    batch = stream.batch("g")
    batch.set("a", {"x": "text"})
    batch.update("a", [{"type": "increment", "path": "x"}])
    with pytest.raises(InvalidUpdate), batch:
        pass
    assert (batch.results, store.positions([G]), heard.messages) == ([], {}, [])


def test_calls_of_a_batch_are_refused_where_they_stand(stream: Stream) -> None:
    with stream.batch("g") as batch:
        with pytest.raises(InvalidId):
            batch.delete("")
        with pytest.raises(InvalidItem):
            batch.set("a", {"x": float("nan")})
        with pytest.raises(InvalidUpdate):
            batch.update("a", [{"type": "none"}])
    assert batch.results == []
    with pytest.raises(StreamError, match="over"):
        batch.set("a", {})
    assert stream.snapshot("g").sequence == 0


def test_empty_batch_changes_nothing(stream: Stream, store: Store, heard: Heard) -> None:
    with stream.batch("g"):
        pass
    with stream.batch("g") as batch:
        batch.delete("none")
    assert batch.results == [None]
    assert (store.positions([G]), heard.messages) == ({}, [])


# -- send -------------------------------------------------------------------------------------------------------------


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


# -- streams and groups -----------------------------------------------------------------------------------------------


@pytest.mark.feature("A12")
def test_equal_ids_in_other_groups_and_streams_are_other_items(
    declare: Callable[..., Stream], heard: Heard, store: Store
) -> None:
    names, ids = ["a", "A", "a:b"], ["a", "b", "a:b", "a/b", "b:a", "\u00e9", "e\u0301"]
    streams = [declare(name) for name in names]
    for number, stream in enumerate(streams):
        for group in ids:
            for id in ids:
                stream.set(group, id, {"value": f"{number} {group} {id}"})
    for number, stream in enumerate(streams):
        assert stream.list_groups() == sorted(ids)
        for group in ids:
            assert stream.list(group) == [{"value": f"{number} {group} {id}", "id": id} for id in ids]
            assert stream.snapshot(group).sequence == len(ids)
    streams[0].clear("a:b")
    assert streams[0].list("a:b") == []
    assert all(len(stream.list("a:b")) == len(ids) for stream in streams[1:])
    assert all(len(streams[0].list(group)) == len(ids) for group in ids if group != "a:b")
    for name in names:
        for group in ids:
            for frame in heard.frames(Address(name, group)):
                assert (json.loads(frame)["streamName"], json.loads(frame)["groupId"]) == (name, group)


def test_stream_without_history_keeps_no_log(declare: Callable[..., Stream], heard: Heard, log: Log) -> None:
    stream = declare("s", history=None)
    stream.set("g", "a", {})
    stream.update("g", "a", [{"type": "set", "path": "x", "value": 1}])
    stream.delete("g", "a")
    assert log() == []
    assert heard.sequences == [1, 2, 3]
    assert stream.store.snapshot(G).position.sequence == 3


# -- async twins ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("async_thread")
async def test_async_twins_do_what_the_plain_ones_do(stream: Stream, heard: Heard) -> None:
    created = await stream.aset("g", "a", {"n": 1})
    assert isinstance(created, Written)
    updated = await stream.aupdate("g", "a", [{"type": "increment", "path": "n"}])
    assert updated is not None
    assert await stream.aupdate("g", "none", [], if_exists=True) is None
    assert await stream.aget("g", "a") == updated.new_value == {"n": 2, "id": "a"}
    async with stream.abatch("g") as batch:
        batch.set("b", {})
        batch.delete("a")
    assert [result and result.sequence for result in batch.results] == [3, 4]
    await stream.aset("g", "c", {})
    page = await stream.alist("g", limit=1)
    assert page == [{"id": "b"}]
    assert await stream.alist("g", after=page.cursor) == [{"id": "c"}]
    assert await stream.aget_group("g") == [{"id": "b"}, {"id": "c"}]
    assert (await stream.asnapshot("g")).sequence == 5
    assert await stream.adelete("g", "c") == {"id": "c"}
    assert await stream.adelete("g", "c") is None
    assert await stream.alist_groups() == ["g"]
    await stream.asend("g", {"type": "typing"})
    assert await stream.aclear("g") == 1
    assert heard.sequences == [1, 2, 3, 4, 5, 6, 7]
    assert [len(message.events) for message in heard.messages] == [0, 0, 0, 0, 0, 1, 0]
    with suppress(Undo):
        async with stream.abatch("g") as batch:
            batch.set("x", {})
            raise Undo
    assert await stream.aget("g", "x") is None
