"""JSON Schemas of what steps take and answer, and values that fit them: what the endpoints page begins with."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from ..components import Mode, json_schema
from ..schemas import Schema, SerializerSchema

JsonSchema = Mapping[str, Any]

DEEP = 6  # a schema may contain itself
TEXTS = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "time": "12:00:00",
    "duration": "PT1H",
    "email": "ada@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
}
KINDS: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], dict[str, Any]], ...] = (
    (serializers.BooleanField, {"type": "boolean"}),
    (serializers.IntegerField, {"type": "integer"}),
    (serializers.FloatField, {"type": "number"}),
    (serializers.DateTimeField, {"type": "string", "format": "date-time"}),
    (serializers.DateField, {"type": "string", "format": "date"}),
    (serializers.TimeField, {"type": "string", "format": "time"}),
    (serializers.EmailField, {"type": "string", "format": "email"}),
    (serializers.URLField, {"type": "string", "format": "uri"}),
    (serializers.UUIDField, {"type": "string", "format": "uuid"}),
    (serializers.DictField, {"type": "object"}),
    (serializers.JSONField, {"type": "object"}),
)


def described(schema: Schema | None, mode: Mode) -> JsonSchema | None:
    """Return the JSON Schema of *schema*; of a serializer what its fields say of themselves."""
    if schema is None:
        return None
    return _serializer(schema.source()) if isinstance(schema, SerializerSchema) else json_schema(schema, mode)


def example(schema: JsonSchema | None) -> Any:
    """Return a value that fits *schema*, as far as it can be told."""
    return {} if schema is None else _value(schema, schema, "", DEEP)


def _value(schema: Any, root: JsonSchema, name: str, deep: int) -> Any:
    schema = _resolved(schema, root)
    if deep == 0 or not isinstance(schema, Mapping):
        return None
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("example", "const", "default"):
        if key in schema and schema[key] not in (None, ""):
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _value(_first(schema[key], root), root, name, deep)
    if schema.get("allOf"):
        merged = {key: item for part in schema["allOf"] for key, item in _resolved(part, root).items()}
        return _value(merged, root, name, deep)
    return _typed(schema, root, name, deep)


def _typed(schema: JsonSchema, root: JsonSchema, name: str, deep: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object" or (kind is None and "properties" in schema):
        return _object(schema, root, deep)
    if kind == "array":
        item = _value(schema.get("items", {}), root, name, deep - 1)
        return [] if item is None else [item] * max(1, min(schema.get("minItems", 1), 3))
    if kind in ("integer", "number"):
        return _number(schema, whole=kind == "integer")
    return {"boolean": True, "string": _text(schema, name)}.get(str(kind))


def _object(schema: JsonSchema, root: JsonSchema, deep: int) -> dict[str, Any]:
    """Return an object with what must be there, and what may be and is not left out by default."""
    required, made = set(schema.get("required", ())), dict[str, Any]()
    for name, part in schema.get("properties", {}).items():
        given = _resolved(part, root)
        if name in required or not ("default" in given and given["default"] is None):
            made[name] = _value(part, root, name, deep - 1)
    return made


def _number(schema: JsonSchema, *, whole: bool) -> float:
    """Return a number within the bounds: the lowest, or what is in the middle of two that it may not be."""
    least, above = schema.get("minimum"), schema.get("exclusiveMinimum")
    most, below = schema.get("maximum"), schema.get("exclusiveMaximum")
    low = least if least is not None else above
    high = most if most is not None else below
    if low is None:
        return 1 if high is None or high > 1 else float(high - (below is not None))
    if least is not None:
        return int(least) if whole else float(least)
    if whole or high is None:
        return int(low) + 1
    return float(low + high) / 2


def _text(schema: JsonSchema, name: str) -> str:
    text = TEXTS.get(schema.get("format", ""), name or "text")
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(text))
    return text.ljust(least, "x")[: max(least, most)]


def _resolved(schema: Any, root: JsonSchema) -> Any:
    """Return *schema*, or what it refers to within *root*."""
    for _ in range(DEEP):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        found: Any = root
        for key in reference[2:].split("/"):
            found = found.get(key, {}) if isinstance(found, Mapping) else {}
        schema = {**found, **{key: item for key, item in schema.items() if key != "$ref"}}
    return schema


def _first(alternatives: Any, root: JsonSchema) -> Any:
    resolved = [_resolved(one, root) for one in alternatives]
    return next((one for one in resolved if one.get("type") != "null"), resolved[0])


def _serializer(serializer: serializers.BaseSerializer[Any]) -> JsonSchema:
    fields = getattr(serializer, "fields", {})
    written = {name: field for name, field in fields.items() if not field.read_only}
    return {
        "type": "object",
        "title": type(serializer).__name__,
        "properties": {name: _field(field) for name, field in written.items()},
        "required": [name for name, field in written.items() if field.required],
    }


def _field(field: Any) -> dict[str, Any]:
    if isinstance(field, serializers.ListSerializer):
        return {"type": "array", "items": _field(field.child)}
    if isinstance(field, serializers.BaseSerializer):
        return dict(_serializer(field))
    if isinstance(field, serializers.ListField):
        return {"type": "array", "items": _field(field.child)}
    if isinstance(field, serializers.ChoiceField):
        return {"enum": list(field.choices)}
    found = next((kind for known, kind in KINDS if isinstance(field, known)), {"type": "string"})
    limits = {"minLength": "min_length", "maxLength": "max_length", "minimum": "min_value", "maximum": "max_value"}
    given = {name: getattr(field, attribute, None) for name, attribute in limits.items()}
    return {**found, **{name: value for name, value in given.items() if value is not None}}
