"""What arrives as text, query strings and form bodies, as plain values of the types that a JSON Schema declares."""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from django.http import QueryDict

_INTEGER = re.compile(r"[+-]?[0-9]{1,4300}")  # Python refuses to read longer ones
_WORDS: dict[str, dict[str, bool | None]] = {
    "boolean": {"true": True, "false": False},
    "null": {"": None, "null": None},
}


def plain(data: QueryDict, lists: Collection[str] | None = None) -> dict[str, Any]:
    """Return *data* as a dict: each name with its last value, those in *lists* with all of them.

    lists: None stands for the names that appear more than once.
    """
    several = [name for name in data if len(data.getlist(name)) > 1] if lists is None else lists
    return {name: data.getlist(name) if name in several else data[name] for name in data}


def convert(data: QueryDict, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return *data* as a dict of the types that *schema* (JSON Schema of an object) declares.

    Text that cannot be read as its type stays text, for the schema to refuse it by name.
    """
    declared: Mapping[str, Any] = schema.get("properties", {})
    lists = [name for name, wanted in declared.items() if "array" in _types(wanted)]
    return {
        name: [_read(item, declared[name].get("items")) for item in value]
        if name in lists
        else _read(value, declared.get(name))
        for name, value in plain(data, lists).items()
    }


def _types(schema: Any) -> set[str]:
    if not isinstance(schema, Mapping):
        return set()
    named = schema.get("type", [])
    found = {named} if isinstance(named, str) else set(named)
    for alternative in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        found |= _types(alternative)
    return found


def _read(value: Any, schema: Any) -> Any:
    wanted = _types(schema)
    if not isinstance(value, str) or "string" in wanted:
        return value
    for kind in wanted & _WORDS.keys():
        if value in _WORDS[kind]:
            return _WORDS[kind][value]
    if wanted & {"integer", "number"} and _INTEGER.fullmatch(value):
        return int(value)
    if "number" in wanted:
        try:
            number = float(value)
        except ValueError:
            return value
        return number if math.isfinite(number) else value
    return value
