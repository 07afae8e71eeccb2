"""Update operations as the documents describe them, written a second time: no value is changed, each is made anew."""

import math
from collections.abc import Callable, Sequence
from typing import Any

MISSING: Any = object()


class Refused(Exception):
    """The operation does not fit the value."""


def updated(value: Any, operations: Sequence[dict[str, Any]]) -> Any:
    """Return *value* after *operations*. Raises: Refused."""
    for operation in operations:
        value = _one(value, operation)
    return value


def _one(item: Any, operation: dict[str, Any]) -> Any:
    path = operation.get("path")
    if path is None or path == "":
        steps = []
    elif isinstance(path, str):
        steps = [path] if path in item else path.split(".")
    else:
        steps = list(path)
    if operation["type"] == "remove":
        if not steps:
            raise Refused("the root cannot be removed")
        return _without(item, steps)
    result = _with(item, steps, lambda old: _NEW[operation["type"]](old, operation))
    if not isinstance(result, dict):
        raise Refused("an item is an object")
    return result


def _with(node: Any, steps: Sequence[str], new: Callable[[Any], Any]) -> Any:
    if not steps:
        return new(node)
    first, *rest = steps
    match node:
        case dict():
            return {**node, first: _with(node.get(first, {} if rest else MISSING), rest, new)}
        case list():
            at = _index(node, first)
            return [*node[:at], _with(node[at], rest, new), *node[at + 1 :]]
    raise Refused("a scalar has no parts")


def _without(node: Any, steps: Sequence[str]) -> Any:
    first, *rest = steps
    match node:
        case dict() if first not in node:
            return node
        case dict():
            others = {key: value for key, value in node.items() if key != first}
            return (
                {key: _without(value, rest) if key == first else value for key, value in node.items()}
                if rest
                else others
            )
        case list():
            at = _index(node, first)
            return [*node[:at], *([_without(node[at], rest)] if rest else []), *node[at + 1 :]]
    raise Refused("a scalar has no parts")


def _index(node: list[Any], step: str) -> int:
    if step == "" or any(digit not in "0123456789" for digit in step) or int(step) >= len(node):
        raise Refused("no such index")
    return int(step)


def _set(old: Any, operation: dict[str, Any]) -> Any:
    return operation["value"]


def _merge(old: Any, operation: dict[str, Any]) -> Any:
    old = {} if old is MISSING else old
    if not isinstance(old, dict):
        raise Refused("not an object")
    return _merged(old, operation["value"], operation.get("deep", False))


def _merged(old: dict[str, Any], new: dict[str, Any], deep: bool) -> dict[str, Any]:
    inner = {
        key: _merged(old[key], value, deep)
        for key, value in new.items()
        if deep and isinstance(value, dict) and isinstance(old.get(key), dict)
    }
    return {**old, **new, **inner}


def _number(old: Any, by: Any) -> Any:
    old = 0 if old is MISSING or old is None else old
    if isinstance(old, bool) or not isinstance(old, (int, float)):
        raise Refused("not a number")
    try:
        number = old + by
    except OverflowError:
        raise Refused("too large") from None
    if isinstance(number, float) and not math.isfinite(number):
        raise Refused("too large")
    return number


def _append(old: Any, operation: dict[str, Any]) -> Any:
    value = operation["value"]
    if old is MISSING:
        return [value]
    if isinstance(old, list) or (isinstance(old, str) and isinstance(value, str)):
        return old + ([value] if isinstance(old, list) else value)
    raise Refused("neither a list nor two strings")


_NEW: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "set": _set,
    "merge": _merge,
    "increment": lambda old, operation: _number(old, operation.get("by", 1)),
    "decrement": lambda old, operation: _number(old, -operation.get("by", 1)),
    "append": _append,
}
