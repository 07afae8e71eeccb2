"""JSON values come out as they went in; what JSON cannot hold is refused by name."""

import enum
import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.errors import InvalidItem
from streams.values import MAX_DEPTH, dumps, loads, normalise
from tests.support.strategies import examples, json_values


def same(one: Any, other: Any) -> bool:
    """Equal with equal types and key order, down to the sign of zero."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and (not isinstance(one, float) or math.copysign(1, one) == math.copysign(1, other))


def nested(depth: int, inner: Any = None) -> Any:
    value = inner
    for _ in range(depth):
        value = [value]
    return value


@examples(150)
@given(json_values)
@example([False, None, [], {}, 0, -0.0, "", 2**70, -(2**63) - 1, 1e-7, 1.0, 0.1 + 0.2, 1e22, 5e-324])
@example({"b": 1, "a": 2, "": 3, "B": {"z": 1, "y": 2}})
@example(["\u0000", "😀", "\u2028\u2029", "\u00e9", "e\u0301", "\ufeff", "\x7f", '"\\/'])
@example(2**14_000 - 1)
@example({"1234567890123456789": "12345678901234567890", "n": 0.12345678901234567890})
@example(nested(MAX_DEPTH))
def test_values_survive_text(value: Any) -> None:
    assert same(normalise(value), value)
    text = dumps(normalise(value))
    assert same(loads(text), value)
    assert same(loads(text.encode()), value)
    assert same(json.loads(text), value), "every JSON parser reads it"


@examples(150)
@given(json_values)
def test_normalised_values_share_nothing_with_what_was_given(value: Any) -> None:
    copy = normalise({"kept": value})
    text = dumps(copy)
    if isinstance(value, dict):
        value["new"] = 1
    elif isinstance(value, list):
        value.append(1)
    assert dumps(copy) == text


class Colour(str, enum.Enum):  # noqa: UP042 - as Django's TextChoices are
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


class Loud(str):
    def __str__(self) -> str:
        return self.upper()


class Half(float):
    pass


def test_subclasses_become_their_json_type() -> None:
    given_ = OrderedDict([(Loud("k"), Colour.RED), ("n", (Size.SMALL, Half(0.5), Loud("quiet")))])
    assert same(normalise(given_), {"k": "red", "n": [1, 0.5, "quiet"]})


LISTED: list[Any] = []
LISTED.append(LISTED)


@pytest.mark.parametrize(
    ("value", "where", "why"),
    [
        (math.nan, "", "NaN"),
        ({"a": {"b": [0, math.inf]}}, "a.b.1", "NaN and infinities"),
        ({"a": -math.inf}, "a", "NaN and infinities"),
        ({"a": Half("nan")}, "a", "NaN and infinities"),
        ({"a": "\ud800"}, "a", "surrogates"),
        ({"a": ["x\udfffy"]}, "a.0", "surrogates"),
        ({"\ud800": 1}, "", "surrogates"),
        ({1: 1}, "", "the key 1 is not a str"),
        ({"a": {None: 1}}, "a", "the key None is not a str"),
        ({"a": {b"k": 1}}, "a", "is not a str"),
        ({"a": {1, 2}}, "a", "set is not a JSON type"),
        ({"a": b"bytes"}, "a", "bytes is not a JSON type"),
        ({"a": Decimal(1)}, "a", "Decimal is not a JSON type"),
        ({"a": datetime(2026, 1, 1, tzinfo=UTC)}, "a", "datetime is not a JSON type"),
        ({"a": object()}, "a", "object is not a JSON type"),
        ({"a": 1j}, "a", "complex is not a JSON type"),
        ({"a": 2**14_000}, "a", "too many digits"),
        (nested(MAX_DEPTH + 1), "0.0.0...", "deeper than 100"),
        (nested(100_000), "0.0.0...", "deeper than 100"),
        ({"a": LISTED}, "a.0.0...", "deeper than 100"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_place(value: Any, where: str, why: str) -> None:
    with pytest.raises(InvalidItem) as caught:
        normalise(value)
    [(path, [message])] = caught.value.fields.items()
    assert path == where
    assert why in message
    assert caught.value.message.startswith(f"{where or 'item'}: ")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "{", "[1,]", '{"a":}', "NaN", "[Infinity]", "-", "01", "'a'", '"\t"', "\ufeff1", "nul", "1 2"),
        *("1e400", '"\\ud800"', '["\\udc00"]', '{"\\ud800":1}', "[" * 100_000, "[" * 2000 + "]" * 2000),
        *("9" * 5000, "-" + "9" * 400_000),
    ],
)
@pytest.mark.parametrize("beside", ["", "1234567890123456789012345"], ids=["short", "long numbers"])
def test_text_that_is_not_json_is_refused_whatever_parser_reads_it(text: str, beside: str) -> None:
    """A long integer sends the text to another parser, which must not be more generous."""
    text = f"[{text},{beside}]" if beside else text
    with pytest.raises(ValueError):  # noqa: PT011 - the parsers' own words
        loads(text)
    with pytest.raises(ValueError):  # noqa: PT011
        loads(text.encode())


@pytest.mark.parametrize("data", [b"\xff", b'"\xed\xa0\x80"', b'["\xc3", 12345678901234567890]'])
def test_bytes_that_are_not_utf8_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        loads(data)


def test_lone_surrogates_in_the_text_itself_are_refused() -> None:
    for text in ('"\ud800"', '["\ud800", 12345678901234567890]'):
        with pytest.raises(ValueError):  # noqa: PT011
            loads(text)


def test_any_mapping_that_is_no_dict_is_refused() -> None:
    class Odd(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter("a")

        def __len__(self) -> int:
            return 1

    with pytest.raises(InvalidItem, match="Odd is not a JSON type"):
        normalise({"a": Odd()})


@examples(150)
@given(st.text() | st.binary())
def test_loads_raises_nothing_but_value_errors(text: str | bytes) -> None:
    with suppress(ValueError):
        loads(text)
