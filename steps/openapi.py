"""Steps in the OpenAPI schema of drf-spectacular.

One catch-all URL hides them, so a preprocessing hook lists them: ``"PREPROCESSING_HOOKS":
["steps.openapi.add_steps"]``. What pydantic says of a model is JSON Schema as OpenAPI 3.1 has it: ``"OAS_VERSION":
"3.1.0"``.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.urls import NoReverseMatch, reverse
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from .components import Components, Description, Mode, json_schema
from .routes import Route, table
from .schemas import ModelSchema, Schema, SerializerSchema
from .triggers import HttpTrigger
from .views import StepView, view_of

Endpoint = tuple[str, str, str, Callable[..., Any]]
"""Path, regular expression of the path, method, view."""

REFUSED = {
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "fields": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    },
    "required": ["error", "fields"],
}
SKIPPED = {
    "type": "object",
    "properties": {"error": {"type": "string"}, "skipped": {"type": "boolean", "enum": [True]}},
    "required": ["error", "skipped"],
}


def add_steps(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Return *endpoints* with one for each HTTP trigger; a preprocessing hook of drf-spectacular."""
    try:
        prefix = reverse("steps:dispatch", kwargs={"path": ""}).rstrip("/")
    except NoReverseMatch:  # steps.urls is not included: no step can be called
        return endpoints
    return endpoints + [_endpoint(prefix, route) for route in table().routes]


def _endpoint(prefix: str, route: Route) -> Endpoint:
    view = cast("type[StepView]", view_of(route).cls)  # type: ignore[attr-defined]  # as_view of DRF sets it
    path = f"{prefix}{route.trigger.path}"
    described = cast("type[StepView]", type(view.__name__, (view,), {"schema": StepSchema()}))
    return path, path, route.trigger.method, described.as_view()


class StepSchema(AutoSchema):
    """Describes one HTTP trigger."""

    @property
    def route(self) -> Route:
        """The route of the view that is described."""
        return cast(StepView, self.view).route

    def get_operation_id(self) -> str:
        """Return the step's name, with a number from its second HTTP trigger on."""
        step = self.route.step
        number = [item for item in step.triggers if isinstance(item, HttpTrigger)].index(self.route.trigger) + 1
        return re.sub(r"\W+", "_", step.name) + (f"_{number}" if number > 1 else "")

    def get_summary(self) -> str:
        return self.route.step.name

    def get_description(self) -> str:  # type: ignore[override]  # as in drf-spectacular
        return self.route.step.description

    def get_tags(self) -> list[str]:
        return list(self.route.step.flows) or ["steps"]

    def get_override_parameters(self) -> list[Any]:
        # named as in the document, where drf-spectacular writes {id} for {pk}
        path = [OpenApiParameter(name, str, OpenApiParameter.PATH) for name in re.findall(r"{(\w+)}", self.path)]
        query = self.route.trigger.query
        if query is None or isinstance(query, SerializerSchema):
            return path if query is None else [*path, query.source]
        wanted = Components(self.registry).inline(json_schema(query, "validation"), f"{self.get_operation_id()}Query")
        return path + [
            OpenApiParameter(name, schema, OpenApiParameter.QUERY, required=name in wanted.get("required", []))
            for name, schema in wanted.get("properties", {}).items()
        ]

    def get_request_serializer(self) -> Any:
        body = self.route.trigger.body
        if body is None:
            return {"application/json": {}}
        return dict.fromkeys(self.map_parsers(), self._described(body, "validation", "Body"))

    def get_response_serializers(self) -> Any:
        trigger = self.route.trigger
        answers: dict[int, Any] = {
            status: OpenApiResponse(self._described(schema, "serialization", f"Response{status}"), _phrase(status))
            for status, schema in sorted(trigger.responses.items())
        }
        if not answers:
            answers[200] = OpenApiResponse(description="What the step returns.")
        if trigger.body is not None or trigger.query is not None:
            answers.setdefault(400, OpenApiResponse(REFUSED, "The input does not fit."))
        if trigger.condition is not None:
            answers.setdefault(422, OpenApiResponse(SKIPPED, "The condition is not met."))
        return answers

    def _get_request_body(self, direction: str = "request") -> Description | None:
        described: Description | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        body = self.route.trigger.body
        # of schemas that are not serializers drf-spectacular cannot tell
        if described is not None and body is not None and not isinstance(body, SerializerSchema):
            described["required"] = bool(json_schema(body, "validation").get("required"))
        return described

    def _described(self, schema: Schema, mode: Mode, role: str) -> Any:
        """Return *schema* as drf-spectacular takes it: a serializer, or an OpenAPI schema."""
        if isinstance(schema, SerializerSchema):
            return schema.source
        if isinstance(schema, ModelSchema):
            return Components(self.registry).reference(schema.source, mode)
        return Components(self.registry).inline(json_schema(schema, mode), f"{self.get_operation_id()}{role}")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # a number nobody has named
        return ""
