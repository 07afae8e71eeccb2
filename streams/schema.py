"""What an item may look like: a pydantic model, a DRF serializer class or a JSON Schema, compiled once.

A schema only judges. Values are checked in JSON terms, without coercion, and stored as they were given; ``id`` is
shown to the schema only when the schema names it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import jsonschema_rs
from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError

from .errors import DefinitionError, InvalidItem
from .values import Json, dumps, normalise

Fields = dict[str, list[str]]


class Schema(Protocol):
    """A compiled schema."""

    def check(self, value: dict[str, Json]) -> None:
        """Accept *value* (an item, normalised, with its ``id``) or raise InvalidItem with the fields and what is
        wrong.
        """

    def json_schema(self) -> dict[str, Json]:
        """Return the schema as JSON Schema (draft 2020-12)."""


def compile_schema(source: Any) -> Schema:
    """Return *source* (pydantic model class, DRF serializer class, JSON Schema dict or None) compiled.

    Raises: DefinitionError - it is none of these, or not a valid JSON Schema.
    """
    if source is None:
        return AnySchema()
    if isinstance(source, type) and issubclass(source, BaseModel):
        return ModelSchema(source)
    if isinstance(source, Mapping):
        return JsonSchema(dict(source))
    if isinstance(source, type) and hasattr(source, "run_validation"):
        return SerializerSchema(source)
    raise DefinitionError(
        f"schema must be a pydantic model class, a DRF serializer class or a JSON Schema dict, not {source!r:.80}"
    )


class AnySchema:
    """Accepts every JSON object."""

    def check(self, value: dict[str, Json]) -> None:
        return None

    def json_schema(self) -> dict[str, Json]:
        return {"type": "object"}


class ModelSchema:
    """A pydantic model, in strict JSON mode."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self.names_id = "id" in _field_names(model) or (
            "root" in model.model_fields and names(self.json_schema(), "id")
        )

    def check(self, value: dict[str, Json]) -> None:
        try:
            self.model.model_validate_json(dumps(value if self.names_id else _without_id(value)), strict=True)
        except ValidationError as error:
            raise InvalidItem(fields=model_errors(error)) from None

    def json_schema(self) -> dict[str, Json]:
        return self.model.model_json_schema()


class JsonSchema:
    """A JSON Schema (its ``$schema`` names the draft, else 2020-12)."""

    def __init__(self, schema: dict[str, Json]) -> None:
        try:
            self.schema: dict[str, Json] = normalise(schema)
            self.validator = jsonschema_rs.validator_for(self.schema)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, InvalidItem, ValueError) as error:
            raise DefinitionError(f"not a valid JSON Schema: {getattr(error, 'message', error)}") from None
        self.names_id = names(self.schema, "id")

    def check(self, value: dict[str, Json]) -> None:
        shown = value if self.names_id else _without_id(value)
        if self.validator.is_valid(shown):
            return
        raise InvalidItem(fields=json_schema_errors(self.validator.iter_errors(shown)))

    def json_schema(self) -> dict[str, Json]:
        return self.schema


class SerializerSchema:
    """A DRF serializer class; it judges by its own rules, which coerce, and what it makes of the value is thrown
    away.
    """

    def __init__(self, serializer: Callable[..., Any]) -> None:
        self.serializer = serializer

    def check(self, value: dict[str, Json]) -> None:
        serializer = self.serializer(data=value)
        names_id = "id" in serializer.fields
        if not names_id:
            serializer = self.serializer(data=_without_id(value))
        if not serializer.is_valid():
            raise InvalidItem(fields=serializer_errors(serializer.errors))

    def json_schema(self) -> dict[str, Json]:
        from .serializers import json_schema  # DRF needs the settings, which are not there when streams are declared

        return json_schema(self.serializer())


def names(schema: Json, key: str) -> bool:
    """Does *schema*, a JSON Schema, name the property *key* of the object that it describes?"""
    return any(key in part.get("properties", ()) or key in _list(part.get("required")) for part in _parts(schema))


def _parts(root: Json) -> Iterator[dict[str, Json]]:
    """Yield *root* and the schemas in it that judge the same object: combined, conditional or referred to."""
    waiting, seen = [root], list[Json]()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict) or any(part is other for other in seen):
            continue
        seen.append(part)
        yield part
        waiting += [part.get(word) for word in ("if", "then", "else", "not")]
        waiting += [inner for word in ("allOf", "anyOf", "oneOf") for inner in _list(part.get(word))]
        reference = part.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            waiting.append(_target(root, reference))


def _target(root: Json, reference: str) -> Json:
    for step in unquote(reference[1:]).split("/")[1:]:
        root = root.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(root, dict) else None
    return root


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _field_names(model: type[BaseModel]) -> Iterator[str | int]:
    """Yield the keys under which JSON may hold the fields of *model*."""
    by_name = model.model_config.get("populate_by_name") or model.model_config.get("validate_by_name")
    for name, field in model.model_fields.items():
        alias = field.validation_alias
        if alias is None or by_name:
            yield name
        for choice in alias.choices if isinstance(alias, AliasChoices) else [alias]:
            if choice is not None:
                yield choice.path[0] if isinstance(choice, AliasPath) else choice


def model_errors(error: ValidationError) -> Fields:
    """Return what pydantic found: the field's dotted path and its messages."""
    fields: Fields = {}
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        fields.setdefault(".".join(str(part) for part in found["loc"]), []).append(_sentence(found["msg"]))
    return fields


def json_schema_errors(errors: Iterable[jsonschema_rs.ValidationError]) -> Fields:
    """Return what a JSON Schema found: the field's dotted path and its messages."""
    fields: Fields = {}
    for error in errors:
        path, message = [str(part) for part in error.instance_path], error.message
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
            # said of the object; people look for it at the field
            path, message = [*path, error.kind.property], "Field required"
        fields.setdefault(".".join(path), []).append(_sentence(message))
    return fields


def serializer_errors(errors: Any, path: str = "") -> Fields:
    """Return what a DRF serializer found: the field's dotted path and its messages."""
    if isinstance(errors, Mapping):
        pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in errors.items()]
    elif any(isinstance(item, Mapping | list) for item in errors):
        pairs = [(f"{path}.{i}" if path else str(i), item) for i, item in enumerate(errors) if item]
    else:
        return {path: [str(item) for item in errors]}
    fields: Fields = {}
    for name, item in pairs:
        fields.update(serializer_errors(item, name))
    return fields


def _without_id(value: dict[str, Json]) -> dict[str, Json]:
    return {key: item for key, item in value.items() if key != "id"}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
