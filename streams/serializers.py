"""DRF serializers as JSON Schema, in the words of drf-spectacular, which describes them in OpenAPI anyway."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from .values import Json

COMPONENTS = "#/components/schemas/"
DEFINITIONS = "#/$defs/"


class _Inspected(APIView):
    """drf-spectacular looks at serializers for a view only."""

    schema = AutoSchema()

    def get_serializer_context(self) -> dict[str, Any]:
        return {}


def json_schema(serializer: BaseSerializer[Any]) -> dict[str, Json]:
    """Return *serializer* as JSON Schema (draft 2020-12): what it accepts, whatever OpenAPI version is set.

    Fields that are only read are described and never required.
    """
    inspector: Any = _Inspected().schema
    inspector.registry = ComponentRegistry()
    component = inspector.resolve_serializer(serializer, "request")
    described: dict[str, Json] = inspector.registry.build({}).get("schemas", {})
    definitions = {name: _translated(schema) for name, schema in described.items()}
    own: dict[str, Json] = definitions.get(component.name, {"type": "object"})
    others = _reachable(own, definitions)
    return {**own, "$defs": {name: definitions[name] for name in others}} if others else own


def _translated(schema: Json) -> Json:
    """Return an OpenAPI schema as JSON Schema; version 3.1 differs in where definitions are, 3.0 also in words."""
    if not isinstance(schema, Mapping):
        return schema
    new = {key: _keyword(key, value) for key, value in schema.items() if key != "nullable" and key[:2] != "x-"}
    if "required" in new:
        read_only = {name for name, field in new.get("properties", {}).items() if field.get("readOnly")}
        new["required"] = [name for name in new["required"] if name not in read_only]
    for bound in ("Minimum", "Maximum"):  # 3.0: a flag beside the bound; 3.1: the bound itself
        if new.get(f"exclusive{bound}") is True:
            new[f"exclusive{bound}"] = new.pop(bound.lower())
    return {"anyOf": [new, {"type": "null"}]} if schema.get("nullable") else new


def _keyword(key: str, value: Json) -> Json:
    match key:
        case "$ref":
            return str(value).replace(COMPONENTS, DEFINITIONS)
        case "properties":
            return {name: _translated(field) for name, field in value.items()}
        case "items" | "additionalProperties":
            return _translated(value)
        case "allOf" | "anyOf" | "oneOf":
            return [_translated(item) for item in value]
    return value


def _reachable(schema: Json, definitions: Mapping[str, Json]) -> list[str]:
    """Return the names of the definitions that *schema* refers to, by way of others too."""
    found: list[str] = []

    def look(node: Json) -> None:
        if isinstance(node, Mapping):
            name = str(node.get("$ref", "")).removeprefix(DEFINITIONS)
            if name in definitions and name not in found:
                found.append(name)
                look(definitions[name])
            for value in node.values():
                look(value)
        elif isinstance(node, list):
            for value in node:
                look(value)

    look(schema)
    return sorted(found)
