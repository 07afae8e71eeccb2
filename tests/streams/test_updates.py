"""What update() stores, returns and announces, on every store."""

import json

import pytest

from streams.changes import Address
from streams.errors import InvalidUpdate
from streams.writer import Stream
from tests.support.exact import EXACT, exactly
from tests.support.heard import Heard
from tests.support.stores import STORES
from tests.support.threads import together

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

G = Address("s", "g")


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
