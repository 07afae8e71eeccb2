"""Update operations: what ``update()`` does to an item's value."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn

from .errors import InvalidItem, InvalidUpdate
from .values import Json, normalise

Path = list[str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One update operation, checked but not yet applied. path: as given, None is the root."""

    type: str
    path: str | tuple[str, ...] | None
    value: Json = None
    deep: bool = False

    def copy(self) -> Json:
        """Return the value for one use: what later operations change in it must not come back with a retry."""
        return deepcopy(self.value)

    def __str__(self) -> str:
        path = self.path if isinstance(self.path, str) else ".".join(self.path or ())
        return f"{self.type} {path!r:.80}"


_KEYS = {
    "set": {"value"},
    "merge": {"value", "deep"},
    "increment": {"by"},
    "decrement": {"by"},
    "remove": set[str](),
    "append": {"value"},
}


def parse_operations(given: Any) -> list[Operation]:
    """Return *given* (a list of ``{"type", "path", ...}``) checked and copied.

    Raises: InvalidUpdate - an unknown type or key, a bad path or value.
    """
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        raise InvalidUpdate("operations must be a list")
    return [_parse(item) for item in given]


def apply_operations(value: dict[str, Json], operations: Sequence[Operation]) -> dict[str, Json]:
    """Return *value*, which may be changed on the way, after *operations* in their order.

    Raises: InvalidUpdate - one of them does not fit the value; *value* is then to be thrown away.
    """
    for operation in operations:
        path = _resolve(value, operation)
        value = _APPLY[operation.type](value, path, operation)
    return value


def _parse(item: Any) -> Operation:
    if not isinstance(item, Mapping):
        raise InvalidUpdate(f"an operation must be an object, not {type(item).__name__}")
    kind = item.get("type")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise InvalidUpdate(f"unknown operation {kind!r:.80}; known are {', '.join(_KEYS)}")
    if unknown := sorted(str(key) for key in set(item) - _KEYS[kind] - {"type", "path"}):
        raise InvalidUpdate(f"{kind} does not take {', '.join(unknown)}")
    path = _path(item.get("path"), kind)
    try:
        if kind in ("increment", "decrement"):
            return Operation(kind, path, _number(item.get("by", 1), kind))
        if "value" in _KEYS[kind] and "value" not in item:
            raise InvalidUpdate(f"{kind} needs a value")
        value = normalise(item.get("value"))
    except InvalidItem as error:
        raise InvalidUpdate(f"{kind}: {error.message}") from None
    deep = item.get("deep", False)
    if not isinstance(deep, bool):
        raise InvalidUpdate("deep must be true or false")
    if kind == "merge" and not isinstance(value, dict):
        raise InvalidUpdate("merge needs an object as value")
    return Operation(kind, path, value, deep)


def _path(path: Any, kind: str) -> str | tuple[str, ...] | None:
    if path is None or isinstance(path, str):
        return path or None
    if isinstance(path, Sequence) and all(isinstance(part, str) for part in path):
        return tuple(path) or None
    raise InvalidUpdate(f"{kind}: path must be a string or a list of strings")


def _number(by: Any, kind: str) -> int | float:
    if isinstance(by, bool) or not isinstance(by, int | float):
        raise InvalidUpdate(f"{kind}: by must be a number")
    number: int | float = normalise(by)
    return -number if kind == "decrement" else number


def _resolve(value: dict[str, Json], operation: Operation) -> Path:
    """Return the segments of the path: a literal top-level key wins, else dots split it."""
    path = operation.path
    if path is None:
        return []
    if isinstance(path, tuple):
        return list(path)
    return [path] if path in value else path.split(".")


def _fail(operation: Operation, why: str) -> NoReturn:
    raise InvalidUpdate(f"{operation}: {why}")


def _index(container: list[Json], segment: str, operation: Operation) -> int:
    if not (segment.isascii() and segment.isdigit()):
        _fail(operation, f"{segment!r:.40} is not an index of a list")
    index = int(segment) if len(segment) < 10 else len(container)
    if index >= len(container):
        _fail(operation, f"the list has no index {segment:.40}")
    return index


def _parent(value: dict[str, Json], path: Path, operation: Operation, make: bool) -> Any:
    """Return the container of the path's last segment; None when it is missing and not to be made."""
    node: Json = value
    for segment in path[:-1]:
        if isinstance(node, list):
            node = node[_index(node, segment, operation)]
        elif isinstance(node, dict):
            if segment not in node:
                if not make:
                    return None
                node[segment] = {}
            node = node[segment]
        else:
            _fail(operation, f"{segment!r:.40} is inside a value that has no parts")
    if not isinstance(node, dict | list):
        _fail(operation, f"{path[-1]!r:.40} is inside a value that has no parts")
    return node


_MISSING: Any = object()


def _change(value: dict[str, Json], path: Path, operation: Operation, new: Callable[[Json], Json]) -> dict[str, Json]:
    """Replace what stands at *path* by ``new(old)``; old is _MISSING where nothing stands."""
    if not path:
        result = new(value)
        if not isinstance(result, dict):
            _fail(operation, "the item itself must stay an object")
        return result
    parent = _parent(value, path, operation, make=True)
    if isinstance(parent, list):
        index = _index(parent, path[-1], operation)
        parent[index] = new(parent[index])
    else:
        parent[path[-1]] = new(parent.get(path[-1], _MISSING))
    return value


def _set(value: dict[str, Json], path: Path, operation: Operation) -> dict[str, Json]:
    return _change(value, path, operation, lambda old: operation.copy())


def _merge(value: dict[str, Json], path: Path, operation: Operation) -> dict[str, Json]:
    def merged(old: Json) -> Json:
        if old is _MISSING:
            old = {}
        if not isinstance(old, dict):
            _fail(operation, "only an object can be merged into")
        return _merged(old, operation.copy(), operation.deep)

    return _change(value, path, operation, merged)


def _merged(old: dict[str, Json], new: dict[str, Json], deep: bool) -> dict[str, Json]:
    for key, item in new.items():
        both = deep and isinstance(item, dict) and isinstance(old.get(key), dict)
        old[key] = _merged(old[key], item, deep) if both else item
    return old


def _add(value: dict[str, Json], path: Path, operation: Operation) -> dict[str, Json]:
    def added(old: Json) -> Json:
        if old is _MISSING or old is None:
            old = 0
        if isinstance(old, bool) or not isinstance(old, int | float):
            _fail(operation, "what stands there is not a number")
        try:
            return normalise(old + operation.value)
        except (InvalidItem, OverflowError):
            _fail(operation, "the result is not a number that JSON can hold")

    return _change(value, path, operation, added)


def _append(value: dict[str, Json], path: Path, operation: Operation) -> dict[str, Json]:
    def appended(old: Json) -> Json:
        if old is _MISSING:
            return [operation.copy()]
        if isinstance(old, list):
            return [*old, operation.copy()]
        if isinstance(old, str) and isinstance(operation.value, str):
            return old + operation.value
        _fail(operation, "only to a list, or a string to a string")

    return _change(value, path, operation, appended)


def _remove(value: dict[str, Json], path: Path, operation: Operation) -> dict[str, Json]:
    if not path:
        _fail(operation, "the item itself cannot be removed; delete it")
    parent = _parent(value, path, operation, make=False)
    if isinstance(parent, list):
        del parent[_index(parent, path[-1], operation)]
    elif parent is not None:
        parent.pop(path[-1], None)
    return value


_APPLY: dict[str, Callable[[dict[str, Json], Path, Operation], dict[str, Json]]] = {
    "set": _set,
    "merge": _merge,
    "increment": _add,
    "decrement": _add,
    "remove": _remove,
    "append": _append,
}
