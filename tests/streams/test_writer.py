"""What a stream stores, returns and announces, on every store."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from streams.changes import Address, Change
from streams.errors import InvalidCursor
from streams.stores import Store
from streams.writer import Stream
from tests.support.exact import EXACT, exactly
from tests.support.heard import Heard
from tests.support.stores import STORES

pytestmark = [pytest.mark.parametrize("kept", STORES, indirect=True), pytest.mark.feature("G2", "G4")]

Log = Callable[..., list[Change]]
G = Address("s", "g")


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
