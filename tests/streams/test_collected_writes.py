"""Writes to one group that are collected and applied together, on every store."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from streams.changes import Address, Change
from streams.errors import InvalidId, InvalidItem, InvalidUpdate, StreamError
from streams.stores import Store
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.histories import Undo
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

Log = Callable[..., list[Change]]
G = Address("s", "g")


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
