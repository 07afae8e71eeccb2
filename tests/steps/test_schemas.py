"""What schemas read from JSON, forms and query strings, and the words for what does not fit."""

from datetime import date
from typing import Annotated, Any

import pytest
from django.http import QueryDict
from pydantic import BaseModel, ConfigDict, Field
from rest_framework.serializers import CharField, IntegerField, Serializer

from steps.errors import InvalidStepInput
from steps.forms import plain
from steps.schemas import Schema, compile_schema


class Line(BaseModel):
    amount: int


class Order(BaseModel):
    name: str
    due: date | None = None
    tags: list[str] = []
    maybe: list[int] | None = None
    marked: Annotated[set[str], Field(alias="markedAs")] = set()
    lines: list[Line] = []


class StrictOrder(BaseModel):
    model_config = ConfigDict(strict=True)
    due: date


class OrderSerializer(Serializer[Any]):
    name = CharField()
    amount = IntegerField(required=False)


class Nested(Serializer[Any]):
    orders = OrderSerializer(many=True)


JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "amount": {"type": "integer"},
        "price": {"type": ["number", "null"]},
        "open": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        "ids": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def compiled(source: Any) -> Schema:
    schema = compile_schema(source, "body")
    assert schema is not None
    return schema


def faults(source: Any, data: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidStepInput) as caught:
        compiled(source).read(data, {})
    return caught.value.fields


def test_model_gives_an_instance_with_its_defaults() -> None:
    assert compiled(Order).read({"name": "a", "due": "2026-01-31"}, {}) == Order(name="a", due=date(2026, 1, 31))


def test_strict_model_reads_json_as_json() -> None:
    assert compiled(StrictOrder).read({"due": "2026-01-31"}, {}) == StrictOrder(due=date(2026, 1, 31))


def test_serializer_gives_its_validated_data() -> None:
    assert compiled(OrderSerializer).read({"name": "a", "amount": "7", "more": 1}, {}) == {"name": "a", "amount": 7}


def test_json_schema_gives_the_value_as_it_is() -> None:
    value = {"name": "a", "amount": 10**30}
    assert compiled(JSON_SCHEMA).read(value, {}) == value


@pytest.mark.parametrize(
    ("source", "data", "fields"),
    [
        (Order, {}, {"name": ["Field required"]}),
        (Order, {"name": "a", "lines": [{"amount": 1}, {}]}, {"lines.1.amount": ["Field required"]}),
        (Order, {"name": 7}, {"name": ["Input should be a valid string"]}),
        (JSON_SCHEMA, {}, {"name": ["Field required"]}),
        (JSON_SCHEMA, {"name": "a", "ids": [1, "x"]}, {"ids.1": ['"x" is not of type "integer"']}),
        (OrderSerializer, {}, {"name": ["This field is required."]}),
        (Nested, {"orders": [{"name": "a"}, {}]}, {"orders.1.name": ["This field is required."]}),
    ],
)
def test_faults_name_the_field(source: Any, data: Any, fields: dict[str, list[str]]) -> None:
    assert faults(source, data) == fields


@pytest.mark.parametrize("source", [Order, JSON_SCHEMA, OrderSerializer])
@pytest.mark.parametrize("data", [None, [], "text", 7])
def test_what_is_not_an_object_is_a_fault_of_the_whole(source: Any, data: Any) -> None:
    assert faults(source, data).keys() <= {"", "non_field_errors"}


@pytest.mark.parametrize("source", [Order, JSON_SCHEMA])
def test_lone_surrogate_is_a_fault_not_a_crash(source: Any) -> None:
    assert faults(source, {"name": "\ud800"}) == {"name": ["lone surrogates are not Unicode text"]}


def test_model_reads_a_form() -> None:
    data = QueryDict("name=a&name=b&due=2026-01-31&tags=x&maybe=1&maybe=2&markedAs=y")
    assert compiled(Order).read(data, {}) == Order(
        name="b", due=date(2026, 1, 31), tags=["x"], maybe=[1, 2], markedAs={"y"}
    )


def test_json_schema_reads_a_form_into_its_types() -> None:
    read = compiled(JSON_SCHEMA).read(QueryDict("name=7&amount=-7&price=1.5&open=true&ids=1&ids=2"), {})
    assert read == {"name": "7", "amount": -7, "price": 1.5, "open": True, "ids": [1, 2]}
    assert compiled(JSON_SCHEMA).read(QueryDict("name=&price=&open="), {}) == {"name": "", "price": None, "open": None}


def test_text_that_is_not_of_its_type_is_refused_by_name() -> None:
    fields = faults(JSON_SCHEMA, QueryDict("name=a&amount=many&price=nan&open=perhaps&ids=x"))
    assert fields.keys() == {"amount", "price", "open", "ids.0"}


def test_form_without_a_schema_has_lists_where_a_name_is_repeated() -> None:
    assert plain(QueryDict("a=1&b=2&b=3&c=")) == {"a": "1", "b": ["2", "3"], "c": ""}


@pytest.mark.parametrize(
    ("source", "value", "fields"),
    [
        (Order, {"name": "a"}, {}),
        (Order, {"name": 7}, {"name": ["Input should be a valid string"]}),
        (JSON_SCHEMA, {"name": "a"}, {}),
        (JSON_SCHEMA, {}, {"name": ["Field required"]}),
        (OrderSerializer, {"name": "a", "amount": None}, {}),
        (OrderSerializer, {"name": "a"}, {"amount": ["Field required"]}),
        (OrderSerializer, [], {"": ["Not an object"]}),
    ],
)
def test_answers_are_compared_with_their_schema(source: Any, value: Any, fields: dict[str, list[str]]) -> None:
    assert compiled(source).faults(value) == fields
