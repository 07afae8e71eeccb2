"""Python types of the streams' schemas: a ``TypedDict`` per item, for annotations that mypy checks."""

import keyword
from collections.abc import Mapping, Sequence

from ..definition import Definition
from ..values import Json
from .shapes import Field, Shapes

HEAD = '"""The items of this project\'s streams, made by ``manage.py streams types --python`` from their schemas."""'


class Python:
    """The dialect."""

    unknown = "Any"
    never = "Any"
    names: Mapping[str, str] = {
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "null": "None",
    }

    def literal(self, value: Json) -> str:
        if value is None:
            return "None"
        return f"Literal[{value!r}]" if isinstance(value, str | int) else "Any"

    def array(self, item: str) -> str:
        return f"list[{item}]"

    def tuple(self, items: Sequence[str]) -> str:
        return f"list[{self.union(list(dict.fromkeys(items)))}]"  # JSON has no tuples

    def record(self, value: str) -> str:
        return f"dict[str, {value}]"

    def union(self, types: Sequence[str]) -> str:
        return " | ".join(types)

    def both(self, types: Sequence[str]) -> str:
        return types[0] if len(types) == 1 else "Any"  # Python has no intersections

    def shape(self, name: str, fields: Sequence[Field], doc: str) -> str:
        given = {field.name: field.type if field.required else f"NotRequired[{field.type}]" for field in fields}
        if all(key.isidentifier() and not keyword.iskeyword(key) for key in given):
            text = " ".join(doc.split()).replace('"""', "'''").replace("\\", "\\\\") or "An item."
            lines = [f"class {name}(TypedDict):", f'    """{text}"""', ""]
            return "\n".join([*lines, *(f"    {key}: {type}" for key, type in given.items())])
        entries = ", ".join(f"{key!r}: {type!r}" for key, type in given.items())
        return f"{name} = TypedDict({name!r}, {{{entries}}})"

    def alias(self, name: str, type: str, doc: str) -> str:
        return f"{name} = {type}"


def python(streams: Sequence[Definition]) -> str:
    """Return a module of declarations: ``item: Todo = todo.get("inbox", "42")``."""
    declarations = Shapes(Python(), streams).declarations
    used = [
        name for name in ("Any", "Literal", "NotRequired", "TypedDict") if any(name in text for text in declarations)
    ]
    imports = ["from __future__ import annotations"]
    if used:
        imports.append(f"from typing import {', '.join(used)}")
    return "\n\n".join([HEAD, *imports]) + "".join(f"\n\n\n{text}" for text in declarations) + "\n"
