"""The named schemas of an OpenAPI document that pydantic models and JSON Schemas of steps become."""

import re
from collections.abc import Mapping
from typing import Any, Literal, cast

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from pydantic import BaseModel

from .schemas import ModelSchema, Schema

Mode = Literal["validation", "serialization"]
"""As a request is read, or as an answer is written: there a model's computed fields appear."""

Description = dict[str, Any]


class Components:
    """Puts schemas where references find them; one for each document that is generated."""

    def __init__(self, registry: ComponentRegistry) -> None:
        self._known = registry._components

    def reference(self, model: type[BaseModel], mode: Mode) -> Description:
        """Return a reference to *model*, named after its class; a second schema under that name gets a longer one."""
        identity = (model, raw := model.model_json_schema(mode=mode))
        name = _safe(model.__name__)
        for candidate in (name, f"{name}Response", f"{model.__module__}.{name}", f"{model.__module__}.{name}Response"):
            component = _component(candidate, identity)
            if (known := self._known.get(component.key)) is None or known.object == identity:
                break
        if known is None:
            self._known[component.key] = component
            component.schema = self.inline(raw, candidate)
        return component.ref

    def inline(self, raw: Description, owner: str) -> Description:
        """Return *raw*, a JSON Schema, with its ``$defs`` made components named after *owner*.

        In the document, references to ``#/$defs`` would lead nowhere.
        """
        definitions = raw.get("$defs", {})
        names = {f"#/$defs/{name}": _safe(f"{owner}.{name}") for name in definitions}
        for name, schema in definitions.items():
            component = _component(names[f"#/$defs/{name}"], name)
            component.schema = _renamed(schema, names)
            self._known[component.key] = component
        return cast(Description, _renamed({key: item for key, item in raw.items() if key != "$defs"}, names))


def json_schema(schema: Schema, mode: Mode) -> Description:
    """Return the JSON Schema of *schema*, which is not a serializer."""
    source: Any = schema.source
    described: Description = source.model_json_schema(mode=mode) if isinstance(schema, ModelSchema) else source
    return described


def _component(name: str, identity: Any) -> ResolvedComponent:
    return ResolvedComponent(name, ResolvedComponent.SCHEMA, object=identity)  # type: ignore[no-untyped-call]


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if isinstance(schema, Mapping):
        return {
            key: f"#/components/schemas/{names[item]}"
            if key == "$ref" and isinstance(item, str) and item in names
            else _renamed(item, names)
            for key, item in schema.items()
        }
    return [_renamed(item, names) for item in schema] if isinstance(schema, list) else schema


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)
