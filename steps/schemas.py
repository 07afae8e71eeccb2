"""What ``body=``, ``query=`` and ``response=`` accept: pydantic models, DRF serializer classes, JSON Schemas.

A stream's schema only judges; these also *read*: a model gives an instance with its defaults filled in, a serializer
its ``validated_data``, a JSON Schema the value as it is. Forms and query strings, where everything is text, are read
into the types the schema declares.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

import jsonschema_rs
from django.http import QueryDict
from pydantic import BaseModel, ValidationError

from streams.errors import InvalidItem
from streams.protocol import Json, dumps, normalise
from streams.schema import Fields, json_schema_errors, model_errors, serializer_errors

from .errors import InvalidStep, InvalidStepInput
from .forms import convert, plain


class Schema(Protocol):
    """A compiled schema; ``source`` is what was declared, as OpenAPI tools understand it."""

    source: Any

    def read(self, data: Any, context: Mapping[str, Any]) -> Any:
        """Return *data* (plain JSON, or a QueryDict) as the handler gets it.

        context: for serializers: ``request`` and ``view``. Raises: InvalidStepInput with its fields.
        """

    def faults(self, value: Json) -> Fields:
        """Return what is wrong with *value*, plain JSON that a handler has returned; empty when it fits."""


def compile_schema(source: Any, what: str) -> Schema | None:
    """Return *source* compiled; None stays None.

    what: the argument's name, for the message. Raises: InvalidStep.
    """
    if source is None:
        return None
    if isinstance(source, type) and issubclass(source, BaseModel):
        return ModelSchema(source)
    if isinstance(source, Mapping):
        return JsonSchema(dict(source), what)
    if isinstance(source, type) and hasattr(source, "run_validation"):
        return SerializerSchema(source)
    raise InvalidStep(
        f"{what} must be a pydantic model class, a DRF serializer class or a JSON Schema dict, not {source!r:.80}"
    )


def compile_responses(source: Any) -> dict[int, Schema]:
    """Return ``response=`` compiled: by status, a single schema standing for 200.

    Raises: InvalidStep.
    """
    if isinstance(source, Mapping) and source and all(isinstance(key, int) for key in source):
        pairs = [(status, compile_schema(schema, f"response[{status}]")) for status, schema in source.items()]
    else:
        pairs = [(200, compile_schema(source, "response"))]
    return {status: schema for status, schema in pairs if schema is not None}


class ModelSchema:
    """A pydantic model, by its own rules: lax unless the model says strict."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.source = model
        self._lists = {
            name
            for key, field in model.model_fields.items()
            for name in (key, field.alias, field.validation_alias)
            if isinstance(name, str) and _takes_a_list(field.annotation)
        }

    def read(self, data: Any, context: Mapping[str, Any]) -> BaseModel:
        try:
            if isinstance(data, QueryDict):
                return self.source.model_validate(plain(data, self._lists))
            return self.source.model_validate_json(dumps(normalise(data)))
        except ValidationError as error:
            raise InvalidStepInput(fields=model_errors(error)) from None
        except InvalidItem as error:  # what a lenient parser let through, such as a lone surrogate
            raise InvalidStepInput(fields=error.fields) from None

    def faults(self, value: Json) -> Fields:
        try:
            self.source.model_validate_json(dumps(value))
        except ValidationError as error:
            return model_errors(error)
        return {}


class JsonSchema:
    """A JSON Schema (its ``$schema`` names the draft, else 2020-12)."""

    def __init__(self, source: dict[str, Any], what: str) -> None:
        self.source = source
        try:
            self._validator = jsonschema_rs.validator_for(source)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise InvalidStep(f"{what} is not a valid JSON Schema: {getattr(error, 'message', error)}") from None

    def read(self, data: Any, context: Mapping[str, Any]) -> Json:
        value = convert(data, self.source) if isinstance(data, QueryDict) else data
        try:
            value = normalise(value)
        except InvalidItem as error:
            raise InvalidStepInput(fields=error.fields) from None
        if fields := self.faults(value):
            raise InvalidStepInput(fields=fields)
        return value

    def faults(self, value: Json) -> Fields:
        return json_schema_errors(self._validator.iter_errors(value))


class SerializerSchema:
    """A DRF serializer class."""

    def __init__(self, serializer: Callable[..., Any]) -> None:
        self.source = serializer

    def read(self, data: Any, context: Mapping[str, Any]) -> Any:
        serializer = self.source(data=data, context=dict(context))
        if not serializer.is_valid():
            raise InvalidStepInput(fields=serializer_errors(serializer.errors))
        return serializer.validated_data

    def faults(self, value: Json) -> Fields:
        # its validators judge what comes in (unique, write-only): of what goes out only the presence can be said
        expected = [name for name, field in self.source().fields.items() if not field.write_only]
        if not isinstance(value, Mapping):
            return {"": ["Not an object"]}
        return {name: ["Field required"] for name in expected if name not in value}


def _takes_a_list(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if origin in (Union, UnionType, Annotated):
        return any(_takes_a_list(item) for item in get_args(annotation))
    return (
        isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet) and not issubclass(origin, str | bytes)
    )
