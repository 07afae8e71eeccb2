"""What the OpenAPI document says of streams."""

import json
from typing import Any

import pytest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(SchemaGenerator().get_schema(public=True)))  # type: ignore[no-untyped-call]
    return made


def test_it_is_a_document(document: dict[str, Any]) -> None:
    validate_schema(document)  # type: ignore[no-untyped-call]


def test_every_path_and_method_is_there(document: dict[str, Any]) -> None:
    found = {path: sorted(methods) for path, methods in document["paths"].items() if path.startswith("/streams/")}
    assert found == {
        "/streams/": ["get"],
        "/streams/{stream}/": ["get"],
        "/streams/{stream}/{group}/": ["get", "post"],
        "/streams/{stream}/{group}/{id}/": ["delete", "get", "patch", "post", "put"],
    }


def test_operations_have_names_of_their_own_and_words(document: dict[str, Any]) -> None:
    operations = [
        operation
        for path, methods in document["paths"].items()
        if path.startswith("/streams/")
        for operation in methods.values()
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["tags"] == ["streams"]
        assert operation["summary"]
        assert operation["description"]
        assert "403" in operation["responses"]


@pytest.mark.parametrize(
    ("path", "names"),
    [("/streams/{stream}/{group}/{id}/", ["group", "id", "stream"]), ("/streams/{stream}/", ["stream"])],
)
def test_parts_of_a_path_are_parameters(document: dict[str, Any], path: str, names: list[str]) -> None:
    for operation in document["paths"][path].values():
        found = [parameter for parameter in operation["parameters"] if parameter["in"] == "path"]
        assert sorted(parameter["name"] for parameter in found) == names
        assert all(parameter["schema"] == {"type": "string"} for parameter in found)


def test_ways_to_say_who_asks_are_named(document: dict[str, Any]) -> None:
    assert document["paths"]["/streams/"]["get"]["security"] == [{"session": []}, {"token": []}, {}]
    schemes = document["components"]["securitySchemes"]
    assert schemes["session"] == {"type": "apiKey", "in": "cookie", "name": "sessionid"}
    assert schemes["token"] == {"type": "http", "scheme": "bearer"}


def test_a_group_and_an_item_can_be_followed(document: dict[str, Any]) -> None:
    for path in ("/streams/{stream}/{group}/", "/streams/{stream}/{group}/{id}/"):
        get = document["paths"][path]["get"]
        assert set(get["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
        assert {"since", "Last-Event-ID"} <= {parameter["name"] for parameter in get["parameters"]}


def test_writes_take_a_key_and_json(document: dict[str, Any]) -> None:
    item = document["paths"]["/streams/{stream}/{group}/{id}/"]
    for method in ("put", "patch", "delete", "post"):
        assert "Idempotency-Key" in {parameter["name"] for parameter in item[method]["parameters"]}
        assert "422" in item[method]["responses"]
    assert set(item["put"]["requestBody"]["content"]) == {"application/json"}
    assert item["patch"]["requestBody"]["content"]["application/json"]["schema"]["type"] == "array"
    assert "requestBody" not in item["delete"]


def test_paths_have_names() -> None:
    assert reverse("streams:streams") == "/streams/"
    assert reverse("streams:groups", args=["todo"]) == "/streams/todo/"
    assert reverse("streams:group", args=["todo", "in box"]) == "/streams/todo/in%20box/"
    assert reverse("streams:item", args=["todo", "inbox", "42"]) == "/streams/todo/inbox/42/"
