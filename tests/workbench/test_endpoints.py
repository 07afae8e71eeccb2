"""Endpoints: what is listed, what fits, and the trace of an answer."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field
from pytest_django import DjangoAssertNumQueries
from rest_framework import serializers

from steps.definition import step
from steps.models import Run
from steps.registry import registry
from steps.schemas import Schema, compile_schema
from steps.triggers import http
from steps.workbench.examples import described, example
from tests.workbench.conftest import make_run

LIST, TRACE, CHECK = (reverse(f"admin:steps_workbench_endpoints_{name}") for name in ("endpoints", "trace", "do_check"))


class Part(BaseModel):
    """A part of a thing, which may have parts."""

    size: Annotated[float, Field(gt=0, lt=0.5)]
    parts: list["Part"] = []


class Thing(BaseModel):
    """Something with every kind of field."""

    name: Annotated[str, Field(min_length=30)]
    code: Annotated[str, Field(max_length=2)]
    kind: Literal["big", "small"]
    count: Annotated[int, Field(ge=3)]
    ready: bool
    when: Annotated[str, Field(json_schema_extra={"format": "date-time"})]
    part: Part
    parts: Annotated[list[Part], Field(min_length=2)]
    note: str | None = None
    colour: str = "red"
    either: int | str


class Owner(serializers.Serializer[Any]):
    """Who has a thing, as DRF says it."""

    name = serializers.CharField(min_length=8)
    mail = serializers.EmailField()
    born = serializers.DateField()
    level = serializers.ChoiceField(["low", "high"])
    tags = serializers.ListField(child=serializers.CharField())
    age = serializers.IntegerField(min_value=18, required=False)
    id = serializers.IntegerField(read_only=True)


JSON_SCHEMA = {
    "type": "object",
    "properties": {"a": {"$ref": "#/$defs/a"}, "b": {"type": ["null", "integer"], "minimum": 4}},
    "required": ["a", "b"],
    "$defs": {"a": {"enum": ["x", "y"]}},
}


@pytest.fixture
def shop() -> Iterator[None]:
    before = registry.all()

    async def stream(request: Any, ctx: Any) -> Any:
        yield "x"

    registry.replace(
        [
            step(
                "Make",
                lambda request, ctx: None,
                description="Makes one.",
                triggers=[http("POST", "/things/{id}", body=Thing, response={201: Part}, condition=bool)],
                flows=["shop"],
            ),
            step("Watch", stream, triggers=[http("GET", "/watch", query=JSON_SCHEMA)]),
        ]
    )
    yield
    registry.replace(before)


@pytest.mark.parametrize("source", [Thing, Owner, JSON_SCHEMA, Part])
def test_an_example_fits_its_schema(source: Any) -> None:
    schema = compile_schema(source, "body")
    assert schema is not None
    schema.read(example(described(schema, "validation")), {"request": None, "view": None})


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(-9, 3), "maximum": st.integers(3, 9), "exclusiveMinimum": st.integers(-9, 1)},
    )
)
def test_numbers_keep_their_bounds(wanted: dict[str, Any]) -> None:
    schema = compile_schema({"type": "object", "required": ["n"], "properties": {"n": wanted}}, "body")
    assert schema is not None
    assert schema.faults(example(described(schema, "validation"))) == {} or "exclusiveMinimum" in wanted


def test_what_contains_itself_comes_to_an_end() -> None:
    schema: Schema | None = compile_schema(
        {"type": "object", "properties": {"more": {"$ref": "#"}}, "required": ["more"]}, "body"
    )
    assert "more" in example(described(schema, "validation"))


@pytest.mark.django_db
@pytest.mark.feature("E3")
def test_routes_are_listed_with_what_they_take_and_answer(
    person: Any, shop: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = person(superuser=True)
    with django_assert_num_queries(2):  # session and user: the rest is known
        make, watch = client.get(LIST).json()["endpoints"]
    assert (make["method"], make["path"], make["parameters"]) == ("POST", "/things/{id}", ["id"])
    assert (make["step"], make["description"], make["flows"]) == ("Make", "Makes one.", ["shop"])
    assert make["body"]["title"] == "Thing"
    assert make["example"]["kind"] == "big"
    assert make["answers"]["201"]["$ref"] == "#/$defs/Part"
    assert make["conditional"]
    assert watch["streams"]
    assert watch["query"]["required"] == ["a", "b"]
    assert not watch["takes_body"]


@pytest.mark.django_db
def test_a_body_is_checked_by_the_endpoint_itself(person: Any, shop: None) -> None:
    client, kind = person("steps.view_workbench"), "application/json"

    def check(id: str, value: Any) -> Any:
        return client.post(CHECK, {"id": id, "value": value}, content_type=kind)

    faults = check("POST /things/{id}", {"name": "x", "kind": "big"}).json()["fields"]
    assert faults["name"] == ["String should have at least 30 characters"]
    assert "Field required" in faults["code"]
    assert check("GET /watch", {"any": "thing"}).json() == {"fields": {}}
    assert check("GET /nothing", {}).status_code == 404
    assert client.post(CHECK, "[]", content_type=kind).status_code == 400
    assert client.post(CHECK, "{", content_type=kind).status_code == 400


@pytest.mark.django_db
def test_a_trace_is_read_at_once(person: Any, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first = make_run(
        state=Run.State.DONE, step="First", operations='[{"at": 1, "operation": "streams.a.set", "group": "g"}]'
    )
    second = make_run(step="Second", trace_id=first.trace_id, logs='[{"at": 2, "level": "info", "message": "hello"}]')
    make_run(step="Other")
    client = person(superuser=True)
    with django_assert_num_queries(3):
        runs = client.get(TRACE, {"id": first.trace_id}).json()["runs"]
    assert [run["id"] for run in runs] == [first.id, second.id]
    assert runs[0]["operations"][0]["name"] == "streams.a.set"
    assert runs[1]["logs"][0]["message"] == "hello"
    assert person("steps.view_workbench").get(TRACE, {"id": first.trace_id}).json() == {"runs": None}
