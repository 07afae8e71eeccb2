"""JSON Schemas as declarations of types, in any language that has a ``Dialect``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..definition import Definition
from ..values import Json, dumps


@dataclass(frozen=True, slots=True)
class Field:
    """A key of an object. required: it is always there."""

    name: str
    type: str
    required: bool
    doc: str = ""


class Dialect(Protocol):
    """How a language writes types; what it gets and returns are the texts of types."""

    unknown: str
    never: str
    names: Mapping[str, str]  # of the JSON types string, integer, number, boolean and null

    def literal(self, value: Json) -> str: ...
    def array(self, item: str) -> str: ...
    def tuple(self, items: Sequence[str]) -> str: ...
    def record(self, value: str) -> str: ...
    def union(self, types: Sequence[str]) -> str: ...
    def both(self, types: Sequence[str]) -> str: ...
    def shape(self, name: str, fields: Sequence[Field], doc: str) -> str: ...
    def alias(self, name: str, type: str, doc: str) -> str: ...


class Shapes:
    """The declarations that some streams need. names: of each stream's items, by stream."""

    def __init__(self, dialect: Dialect, streams: Sequence[Definition]) -> None:
        self._dialect = dialect
        self._schemas: dict[str, Json] = {}
        self._texts: dict[str, str] = {}
        self._root: dict[str, Json] = {}
        self.names: dict[str, str] = {}
        for stream in streams:
            self._root = stream.schema.json_schema()
            doc = stream.description or self._root.get("description", "")
            self.names[stream.name] = self._named(identifier(stream.name), self._root, doc, item=True)

    @property
    def declarations(self) -> list[str]:
        """The texts, each after what it is made of."""
        return list(self._texts.values())

    def _named(self, name: str, schema: Json, doc: str = "", *, item: bool = False) -> str:
        """Declare *schema* as *name*, or as something close to it, and return the name."""
        wanted, number = name, 1
        while name in self._schemas and self._schemas[name] != (schema, item):
            number += 1
            name = f"{wanted}{number}"
        if name in self._schemas:
            return name
        self._schemas[name] = (schema, item)
        if item or _has_fields(schema):
            text = self._dialect.shape(name, self._fields(name, schema, item), doc or schema.get("description", ""))
        else:
            text = self._dialect.alias(name, self._type(schema, name), doc)
        self._texts[name] = text
        return name

    def _fields(self, name: str, schema: Json, item: bool) -> list[Field]:
        root = self._resolved(schema)
        required = set(root.get("required", ()))
        fields = [
            Field(key, self._type(value, name + identifier(key)), key in required, _doc(value))
            for key, value in root.get("properties", {}).items()
            if not (item and key == "id")
        ]
        return [Field("id", self._dialect.names["string"], True), *fields] if item else fields

    def _type(self, schema: Json, hint: str) -> str:
        """Return the type of *schema*; *hint* names it where it needs a name."""
        if not isinstance(schema, dict):
            return self._dialect.never if schema is False else self._dialect.unknown
        if "$ref" in schema:
            return self._named(identifier(str(schema["$ref"]).rpartition("/")[2]), self._resolved(schema))
        if "const" in schema:
            return self._dialect.literal(schema["const"])
        if "enum" in schema:
            return self._union([self._dialect.literal(value) for value in schema["enum"]])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self._union([self._type(option, hint) for option in schema[key]])
        if "allOf" in schema:
            return self._dialect.both([self._type(part, hint) for part in schema["allOf"]])
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._union([self._plain(one, schema, hint) for one in kind])
        return self._plain(kind, schema, hint)

    def _plain(self, kind: Any, schema: dict[str, Json], hint: str) -> str:
        if kind == "array":
            if "prefixItems" in schema:
                return self._dialect.tuple([self._type(one, hint) for one in schema["prefixItems"]])
            return self._dialect.array(self._type(schema.get("items", True), hint))
        if kind == "object" or (kind is None and "properties" in schema):
            if _has_fields(schema):
                return self._named(hint, schema)
            return self._dialect.record(self._type(schema.get("additionalProperties", True), hint))
        return self._dialect.names.get(str(kind), self._dialect.unknown)

    def _union(self, types: Sequence[str]) -> str:
        several = list(dict.fromkeys(types))
        return several[0] if len(several) == 1 else self._dialect.union(several)

    def _resolved(self, schema: Json) -> dict[str, Json]:
        """Return what a ``$ref`` within the same schema stands for."""
        seen: set[str] = set()
        while isinstance(schema, dict) and "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            found: Json = self._root
            for part in str(schema["$ref"]).removeprefix("#").strip("/").split("/"):
                found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if part else found
            schema = found
        return schema if isinstance(schema, dict) else {}


def identifier(name: str) -> str:
    """Return *name* as the name of a type: ``pet-creation`` is ``PetCreation``."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    return joined if joined[:1].isalpha() else f"Item{joined}"


def quoted(text: str) -> str:
    """Return *text* as a string literal of both languages."""
    return dumps(text)


def _has_fields(schema: Json) -> bool:
    return isinstance(schema, dict) and bool(schema.get("properties"))


def _doc(schema: Json) -> str:
    return schema.get("description", "") if isinstance(schema, dict) else ""
