"""Update operations, against a model of them that was written apart."""

from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.errors import InvalidUpdate
from streams.operations import apply_operations, parse_operations
from streams.values import dumps
from tests.support.reference import Refused, updated
from tests.support.strategies import examples, items, json_values, operations

DEEP = {"type": "merge", "value": {"a": {"b": {"c": 1}}}, "deep": True}


@examples(300)
@given(items, operations)
@example({"a.b": 1, "a": {"b": 2}}, [{"type": "set", "path": "a.b", "value": 3}])
@example({"a": {"b": 2}}, [{"type": "set", "path": "a.b", "value": 3}])
@example({"a": [{"b": 1}, {"b": 2}]}, [{"type": "increment", "path": "a.1.b", "by": 2.5}])
@example({"a": [0]}, [{"type": "remove", "path": "a.0"}, {"type": "append", "path": ["a"], "value": [1]}])
@example({"a": {"b": {"x": 1}}}, [DEEP, DEEP])
@example({"a": {"b": 7}}, [{**DEEP, "deep": False}])
@example({"n": 2**63}, [{"type": "increment", "path": "n", "by": 2**63}])
@example({"n": None}, [{"type": "decrement", "path": "n", "by": 0.5}])
@example({"t": "Hello"}, [{"type": "append", "path": "t", "value": " 🎉"}] * 3)
@example({}, [{"type": "set", "path": "x.y.z", "value": []}, {"type": "append", "path": "x.y.z", "value": []}])
def test_operations_do_what_the_model_does(item: dict[str, Any], given_: list[dict[str, Any]]) -> None:
    before = dumps(given_)
    parsed = parse_operations(given_)
    try:
        expected = updated(deepcopy(item), given_)
    except Refused:
        with pytest.raises(InvalidUpdate):
            apply_operations(deepcopy(item), parsed)
        return
    for _ in range(2):  # a second time with the same operations, as after a conflict
        result = apply_operations(deepcopy(item), parsed)
        assert dumps(result) == dumps(expected), "equal, in value and in the order of keys"
    assert dumps(given_) == before, "what the caller gave is the caller's"


@examples(300)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["set", "merge", "increment", "decrement", "remove", "append"]) | json_values,
                "path": json_values,
                "value": json_values,
                "by": json_values,
                "deep": json_values,
                "more": json_values,
            },
        )
        | json_values,
        max_size=3,
    )
    | json_values,
    items,
)
def test_anything_else_is_refused_as_an_update(given_: Any, item: dict[str, Any]) -> None:
    with suppress(InvalidUpdate):
        apply_operations(item, parse_operations(given_))


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ("set", "must be an object"),
        ({}, "unknown operation None"),
        ({"type": "replace", "path": "a", "value": 1}, "unknown operation 'replace'; known are set, merge"),
        ({"type": "set", "path": "a"}, "set needs a value"),
        ({"type": "append", "path": "a"}, "append needs a value"),
        ({"type": "set", "path": "a", "value": 1, "by": 1}, "set does not take by"),
        ({"type": "increment", "path": "a", "value": 1}, "increment does not take value"),
        ({"type": "remove", "path": "a", "deep": True}, "remove does not take deep"),
        ({"type": "set", "path": 1, "value": 1}, "path must be a string or a list of strings"),
        ({"type": "set", "path": ["a", 1], "value": 1}, "path must be a string or a list of strings"),
        ({"type": "set", "path": b"a", "value": 1}, "path must be a string or a list of strings"),
        ({"type": "set", "path": {"a": 1}, "value": 1}, "path must be a string or a list of strings"),
        ({"type": "set", "path": "a", "value": float("nan")}, "NaN"),
        ({"type": "set", "path": "a", "value": {1: 2}}, "the key 1 is not a str"),
        ({"type": "increment", "path": "a", "by": True}, "by must be a number"),
        ({"type": "increment", "path": "a", "by": "1"}, "by must be a number"),
        ({"type": "decrement", "path": "a", "by": None}, "by must be a number"),
        ({"type": "decrement", "path": "a", "by": float("inf")}, "NaN and infinities"),
        ({"type": "merge", "value": [1]}, "merge needs an object"),
        ({"type": "merge", "value": {}, "deep": 1}, "deep must be true or false"),
        ({"type": "set", "value": 1}, "must stay an object"),
        ({"type": "remove"}, "cannot be removed; delete it"),
        ({"type": "append", "value": 1}, "only to a list"),
        ({"type": "increment"}, "not a number"),
        ({"type": "set", "path": "text.a", "value": 1}, "inside a value that has no parts"),
        ({"type": "set", "path": "none.a", "value": 1}, "inside a value that has no parts"),
        ({"type": "remove", "path": "text.a.b"}, "inside a value that has no parts"),
        ({"type": "set", "path": "list.2", "value": 1}, "the list has no index 2"),
        ({"type": "set", "path": "list.-1", "value": 1}, "'-1' is not an index"),
        ({"type": "set", "path": "list.\u00b2", "value": 1}, "is not an index"),
        ({"type": "remove", "path": ["list", "9" * 30]}, "the list has no index 999"),
        ({"type": "merge", "path": "none", "value": {}}, "only an object can be merged into"),
        ({"type": "increment", "path": "flag"}, "not a number"),
        ({"type": "increment", "path": "text"}, "not a number"),
        ({"type": "increment", "path": "huge", "by": 1e308}, "not a number that JSON can hold"),
        ({"type": "increment", "path": "wide", "by": 2**13_999}, "not a number that JSON can hold"),
        ({"type": "increment", "path": "wide", "by": 0.5}, "not a number that JSON can hold"),
        ({"type": "append", "path": "none", "value": 1}, "only to a list, or a string to a string"),
        ({"type": "append", "path": "text", "value": 1}, "only to a list, or a string to a string"),
    ],
)
def test_refusals_say_what_is_wrong(operation: Any, why: str) -> None:
    item = {"text": "x", "none": None, "list": [0, 1], "flag": True, "huge": 1e308, "wide": 2**13_999}
    with pytest.raises(InvalidUpdate) as caught:
        apply_operations(item, parse_operations([operation]))
    assert why in caught.value.message


@pytest.mark.parametrize("given_", [None, 1, "set", b"set", {"type": "set"}, {1}, iter([])])
def test_operations_are_a_list(given_: Any) -> None:
    with pytest.raises(InvalidUpdate, match="operations must be a list"):
        parse_operations(given_)
