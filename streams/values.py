"""JSON values, exactly: what goes in comes out, and what JSON cannot hold is refused by name."""

import json
import re
from math import isfinite
from typing import Any, TypeAlias

import orjson

from .errors import InvalidItem

Json: TypeAlias = Any
"""A JSON value: dict (str keys), list, str, int, float, bool or None."""

MAX_DEPTH = 100
# Python refuses to print or parse integers of more than 4,300 digits (CVE-2020-10735); 14,000 bits are 4,215 digits.
MAX_INTEGER_BITS = 14_000

_LONG_NUMBER = re.compile(r"[0-9]{19}")
_NATIVE = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def normalise(value: Json, path: str = "", depth: int = 0) -> Json:
    """Return *value* as a fresh copy of plain JSON types.

    Nothing is coerced but subclasses to their JSON type and tuples to lists.
    Raises: InvalidItem - NaN, infinities, lone surrogates, keys that are not str, other types, nesting deeper than 100.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value, path)
    if kind is int:
        return value if value.bit_length() <= MAX_INTEGER_BITS else _refuse(path, "the integer has too many digits")
    if value is None or kind is bool:
        return value
    if kind is float:
        return value if isfinite(value) else _refuse(path, "NaN and infinities are not JSON")
    if isinstance(value, dict):
        _check_depth(path, depth)
        return {
            _key(key, path): normalise(item, f"{path}.{key}" if path else str(key), depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        _check_depth(path, depth)
        return [normalise(item, f"{path}.{i}" if path else str(i), depth + 1) for i, item in enumerate(value)]
    for base in (str, int, float):
        if isinstance(value, base):  # a subclass, such as an enumeration's member: its JSON value
            return normalise(base.__str__(value) if base is str else base(value), path, depth)
    return _refuse(path, f"{kind.__name__} is not a JSON type")


def dumps(value: Json) -> str:
    """Return *value*, which is normalised, as compact JSON text."""
    try:
        return orjson.dumps(value, option=_NATIVE).decode()
    except TypeError:  # integers beyond 64 bit, which orjson cannot write
        return json.dumps(normalise(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def loads(text: str | bytes) -> Json:
    """Return the value of JSON *text*; integers of any size stay exact.

    Raises: ValueError - the text is not JSON (NaN and infinities are not), or nested too deeply for the parser.
    """
    if isinstance(text, bytes):
        text = text.decode()  # UnicodeDecodeError is a ValueError
    if _LONG_NUMBER.search(text):  # orjson makes floats of integers beyond 64 bit
        return _loads_exactly(text)
    return orjson.loads(text)


def _loads_exactly(text: str) -> Json:
    """Return the value of *text* by Python's parser, which takes more than JSON: that is refused here."""
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\u" in text or not text.isascii():
            json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError: a lone surrogate
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if isfinite(number) else _no_constant(text)


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        _refuse(path, "lone surrogates are not Unicode text")
    return value


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        _refuse(path, f"the key {key!r:.50} is not a str")
    return _text(str.__str__(key), path)


def _check_depth(path: str, depth: int) -> None:
    if depth >= MAX_DEPTH:
        _refuse(".".join(path.split(".")[:3]) + "...", f"nested deeper than {MAX_DEPTH}")


def _refuse(path: str, why: str) -> Any:
    raise InvalidItem(fields={path: [why]})
