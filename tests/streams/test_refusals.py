"""What no store is ever given, whoever asks: values, ids, cursors."""

import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from pydantic import BaseModel

from streams.changes import Address
from streams.errors import InvalidId, InvalidItem, InvalidUpdate
from streams.stores import Store
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.stores import STORES

pytestmark = pytest.mark.parametrize("kept", STORES, indirect=True)

G = Address("s", "g")


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
