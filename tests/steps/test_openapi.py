"""Steps in the OpenAPI schema."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import Resolver404, include, path, resolve
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from pydantic import BaseModel, computed_field
from rest_framework.permissions import IsAuthenticated
from rest_framework.serializers import CharField, IntegerField, Serializer

from steps.definition import step
from steps.openapi import add_steps
from steps.triggers import http

Serve = Callable[..., None]


class Line(BaseModel):
    amount: int = 1


class NewOrder(BaseModel):
    name: str
    note: str | None = None
    lines: list[Line] = []


class Order(NewOrder):
    id: str

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


class Named(Serializer[Any]):
    name = CharField()


class Page(Serializer[Any]):
    limit = IntegerField(required=False)


JSON_SCHEMA = {
    "type": "object",
    "properties": {"kind": {"$ref": "#/$defs/Kind"}, "size": {"type": ["integer", "null"]}},
    "required": ["kind"],
    "$defs": {"Kind": {"enum": ["a", "b"]}},
}


def handler(input: Any, ctx: Any) -> None:
    """Do it.

    At length.
    """


def generated() -> dict[str, Any]:
    """The schema, which is valid and made without a warning."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    assert not GENERATOR_STATS._warn_cache, GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache, GENERATOR_STATS._error_cache
    validate_schema(made)
    return made


def urls(*patterns: Any) -> ModuleType:
    module = ModuleType("urls_of_a_test")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    return module


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix("#/components/schemas/")]
    return schema


def body_of(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    return resolved(document, operation["requestBody"]["content"]["application/json"]["schema"])


@pytest.mark.feature("E3")
def test_step_is_an_operation(serve: Serve) -> None:
    serve(
        step(
            "CreateOrder",
            handler,
            triggers=[
                http("POST", "/orders/:shop", body=NewOrder, response={201: Order}, condition=lambda input: True)
            ],
            flows=["shop"],
        )
    )
    document = generated()
    operation = document["paths"]["/orders/{shop}"]["post"]
    assert operation["operationId"] == operation["summary"] == "CreateOrder"
    assert operation["description"] == "Do it.\n\nAt length."
    assert operation["tags"] == ["shop"]
    assert operation["parameters"] == [{"in": "path", "name": "shop", "schema": {"type": "string"}, "required": True}]
    assert operation["requestBody"]["required"] is True
    assert "application/x-www-form-urlencoded" in operation["requestBody"]["content"]
    assert body_of(document, operation)["required"] == ["name"]
    assert operation["responses"].keys() == {"201", "400", "422"}
    order = resolved(document, operation["responses"]["201"]["content"]["application/json"]["schema"])
    assert order["properties"].keys() == {"name", "note", "lines", "id", "total"}
    assert order["required"] == ["name", "id", "total"]
    line = resolved(document, order["properties"]["lines"]["items"])
    assert line["properties"].keys() == {"amount"}


def test_json_schemas_and_serializers_are_described(serve: Serve) -> None:
    serve(
        step("Json", handler, triggers=[http("POST", "/json", body=JSON_SCHEMA, response=JSON_SCHEMA)]),
        step("Drf", handler, triggers=[http("POST", "/drf", body=Named, response=Named, query=Page)]),
    )
    document = generated()
    json = body_of(document, document["paths"]["/json"]["post"])
    assert resolved(document, json["properties"]["kind"]) == {"enum": ["a", "b"]}
    drf = document["paths"]["/drf"]["post"]
    assert body_of(document, drf)["properties"].keys() == {"name"}
    assert [(item["name"], item["in"]) for item in drf["parameters"]] == [("limit", "query")]


def test_query_is_described(serve: Serve) -> None:
    serve(
        step("Model", handler, triggers=[http("GET", "/model", query=NewOrder)]),
        step("Json", handler, triggers=[http("GET", "/json", query=JSON_SCHEMA)]),
    )
    document = generated()
    found = {
        path: {item["name"]: item.get("required", False) for item in document["paths"][path]["get"]["parameters"]}
        for path in ("/model", "/json")
    }
    assert found == {"/model": {"name": True, "note": False, "lines": False}, "/json": {"kind": True, "size": False}}


def test_models_of_one_name_do_not_hide_each_other(serve: Serve) -> None:
    class Other(BaseModel):
        other: int

    Other.__name__ = "NewOrder"
    serve(
        step("One", handler, triggers=[http("POST", "/one", body=NewOrder, response=NewOrder)]),
        step("Two", handler, triggers=[http("POST", "/two", body=Other)]),
    )
    document = generated()
    assert body_of(document, document["paths"]["/one"]["post"])["properties"].keys() == {"name", "note", "lines"}
    assert body_of(document, document["paths"]["/two"]["post"])["properties"].keys() == {"other"}


def test_triggers_of_one_step_have_ids_of_their_own(serve: Serve) -> None:
    serve(step("edit document", handler, triggers=[http("PUT", "/d/{id}"), http("PATCH", "/d/{pk}")]))
    paths = generated()["paths"]
    ids = [operation["operationId"] for item in paths.values() for operation in item.values()]
    assert sorted(id for id in ids if id.startswith("edit")) == ["edit_document", "edit_document_2"]


def test_authentication_is_described(serve: Serve) -> None:
    serve(
        step("Closed", handler, triggers=[http("GET", "/closed", permission_classes=[IsAuthenticated])]),
        step("Open", handler, triggers=[http("GET", "/open")]),
    )
    paths = generated()["paths"]
    assert {} not in paths["/closed"]["get"]["security"]
    assert {} in paths["/open"]["get"]["security"]


def test_schema_is_served_with_the_project_s_steps(client: Client) -> None:
    answer = client.get("/schema/", headers={"accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert {(path, method) for path in paths if path.startswith("/todo") for method in paths[path]} == {
        ("/todo", "get"),
        ("/todo", "post"),
        ("/todo/{id}", "put"),
        ("/todo/{id}", "delete"),
        ("/todos/{id}/complete", "patch"),
    }
    assert paths["/todo"]["post"]["tags"] == ["todo"]
    generated()


def test_steps_are_left_out_where_their_urls_are_not_included(serve: Serve) -> None:
    serve(step("Here", handler, triggers=[http("GET", "/here")]))
    assert [path for path, *_ in add_steps([])] == ["/here"]
    with override_settings(ROOT_URLCONF=urls()):
        assert add_steps([]) == []


@pytest.mark.parametrize("prefix", ["api/", "api/v1/"])
def test_paths_are_those_below_the_prefix(serve: Serve, client: Client, prefix: str) -> None:
    serve(step("Here", handler, triggers=[http("GET", "/here/{id}")]))
    with override_settings(ROOT_URLCONF=urls(path(prefix, include("steps.urls")))):
        assert f"/{prefix}here/{{id}}" in generated()["paths"]
        assert client.get(f"/{prefix}here/1").status_code == 204
        with pytest.raises(Resolver404):
            resolve("/here/1")
