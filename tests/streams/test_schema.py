"""Schemas judge values in JSON terms and change nothing; each kind says what it accepts as JSON Schema."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

import jsonschema_rs
import pytest
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, field_validator
from rest_framework import serializers

from streams.errors import DefinitionError, InvalidItem
from streams.models import Group
from streams.schema import JsonSchema, ModelSchema, SerializerSchema, compile_schema
from streams.writer import Stream


class Todo(BaseModel):
    description: Annotated[str, Field(min_length=1, max_length=20)]
    priority: Annotated[int, Field(ge=1, le=5)] = 3
    due: date | None = None
    tags: list[str] = []
    kind: Literal["task", "bug"] = "task"


class TodoSerializer(serializers.Serializer):  # type: ignore[type-arg]
    description = serializers.CharField(max_length=20)
    priority = serializers.IntegerField(min_value=1, max_value=5, required=False)
    due = serializers.DateField(allow_null=True, required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    kind = serializers.ChoiceField(["task", "bug"], required=False)


TODO_JSON = {
    "type": "object",
    "properties": {
        "description": {"type": "string", "minLength": 1, "maxLength": 20},
        "priority": {"type": "integer", "minimum": 1, "maximum": 5},
        "due": {"anyOf": [{"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "kind": {"enum": ["task", "bug"]},
    },
    "required": ["description"],
}
KINDS = [
    pytest.param(Todo, id="pydantic"),
    pytest.param(TodoSerializer, id="serializer"),
    pytest.param(TODO_JSON, id="JSON Schema"),
    pytest.param(Todo.model_json_schema(), id="JSON Schema of pydantic"),
]
GOOD = [
    {"description": "x"},
    {"description": "x", "priority": 1, "due": None, "tags": [], "kind": "bug"},
    {"description": "x", "due": "2026-04-01", "tags": ["a", "b"], "priority": 5},
    {"description": "x", "unknown": {"kept": [1, None]}},
]
STRING = {"type": "string"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "description"),
    ({"description": None}, "description"),
    ({"description": ""}, "description"),
    ({"description": "x" * 21}, "description"),
    ({"description": "x", "priority": 0}, "priority"),
    ({"description": "x", "priority": "high"}, "priority"),
    ({"description": "x", "tags": "a"}, "tags"),
    ({"description": "x", "tags": [["a"]]}, "tags.0"),
    ({"description": "x", "kind": "story"}, "kind"),
]


@pytest.mark.feature("A6", "A7")
@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize("data", GOOD)
def test_all_kinds_accept_the_same_and_change_nothing(source: Any, data: dict[str, Any], declare: Any) -> None:
    stream: Stream = declare("s", schema=source)
    assert stream.set("g", "a", data).new_value == {**data, "id": "a"}, "stored as given: no defaults, no coercion"


@pytest.mark.feature("A6", "A7")
@pytest.mark.parametrize("source", KINDS)
@pytest.mark.parametrize(("data", "field"), BAD)
def test_all_kinds_refuse_the_same_and_name_the_field(
    source: Any, data: dict[str, Any], field: str, declare: Any
) -> None:
    stream: Stream = declare("s", schema=source)
    with pytest.raises(InvalidItem) as caught:
        stream.set("g", "a", data)
    assert list(caught.value.fields) == [field]
    assert all(caught.value.fields[field])
    assert stream.list("g") == []


@pytest.mark.feature("A6")
@pytest.mark.parametrize("source", KINDS)
def test_all_kinds_are_exported_as_json_schema_that_agrees(source: Any) -> None:
    exported = compile_schema(source).json_schema()
    validator = jsonschema_rs.validator_for(exported)
    assert set(exported["properties"]) == {"description", "priority", "due", "tags", "kind"}
    assert exported["required"] == ["description"]
    for data in GOOD:
        assert validator.is_valid(data), data
    for data, _ in BAD:
        # of a serializer's blank string OpenAPI's words say nothing
        assert not validator.is_valid(data) or (source is TodoSerializer and data == {"description": ""}), data


def test_nothing_accepts_every_object() -> None:
    schema = compile_schema(None)
    schema.check({"anything": [1, {}]})
    assert schema.json_schema() == {"type": "object"}


@pytest.mark.parametrize(
    "source", [7, "Todo", Todo(description="x"), [], object, dict, TodoSerializer(), True, lambda: 1]
)
def test_other_things_are_no_schemas(source: Any) -> None:
    with pytest.raises(DefinitionError, match="schema must be"):
        compile_schema(source)


# -- pydantic ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        {"description": "x", "priority": "3"},
        {"description": "x", "priority": 3.5},
        {"description": "x", "priority": True},
        {"description": 7},
        {"description": "x", "due": "tomorrow"},
        {"description": "x", "due": 20_000},
    ],
)
def test_models_are_strict(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidItem):
        compile_schema(Todo).check(data)


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_instance_is_taken_as_what_was_set(declare: Any) -> None:
    stream: Stream = declare("s", schema=Todo)
    written = stream.set("g", "a", Todo(description="x", due=date(2026, 4, 1)))
    assert written.new_value == {"description": "x", "due": "2026-04-01", "id": "a"}
    with pytest.raises(InvalidItem):
        stream.set("g", "a", Todo.model_construct(description=7))


def test_instance_that_cannot_be_json_is_refused(declare: Any) -> None:
    class Odd(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        thing: Any

    stream: Stream = declare("s")
    for thing in (object(), b"\xff", {1: object()}):
        with pytest.raises(InvalidItem):
            stream.set("g", "a", Odd(thing=thing))
    assert stream.list("g") == []


class Forbidding(BaseModel):
    model_config = ConfigDict(extra="forbid")
    n: int


class Naming(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    n: int


class Aliasing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: Annotated[str, Field(alias="id", pattern=r"^\d+$")]


class Choosing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    number: Annotated[str, Field(validation_alias=AliasChoices("key", "id"), pattern=r"^\d+$")]


class Prefixed(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.removeprefix("the_"))
    the_id: Annotated[str, Field(pattern=r"^\d+$")]


class Node(BaseModel):
    """Recursive: its JSON Schema is a reference to a definition."""

    model_config = ConfigDict(extra="forbid")
    id: str
    children: list["Node"] = []


class Named(RootModel[Naming]):
    pass


class Elsewhere(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(alias="key")]


class Numbers(RootModel[dict[str, int]]):
    pass


@pytest.mark.parametrize(
    ("source", "good", "bad"),
    [
        (Forbidding, {"n": 1}, {"n": 1, "m": 2}),
        (Forbidding.model_json_schema(), {"n": 1}, {"n": 1, "m": 2}),
        (Naming, {"n": 1}, {"m": 1}),
        (Naming.model_json_schema(), {"n": 1}, {"m": 1}),
        (Aliasing, {}, {"n": 1}),
        (Aliasing.model_json_schema(), {}, {"n": 1}),
        (Choosing, {}, {"n": 1}),
        (Prefixed, {}, {"n": 1}),
        (Node, {"children": [{"id": "x"}]}, {"children": [{}]}),
        (Node.model_json_schema(), {"children": [{"id": "x"}]}, {"children": [{}]}),
        (Numbers, {"a": 1}, {"a": "x"}),
        (Named, {"n": 1}, {"m": 1}),
        (Elsewhere, {"key": "x"}, {"m": 1}),
        ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"required": ["id"]}}}, {}, None),
        (Numbers.model_json_schema(), {"a": 1}, {"a": "x"}),
        ({"allOf": [{"properties": {"id": {"minLength": 1}}}, {"required": ["id", "n"]}]}, {"n": 1}, {}),
        (
            {"anyOf": [{"required": ["id"]}, {"required": ["n"]}], "additionalProperties": {"type": "string"}},
            {},
            {"n": 1},
        ),
        ({"required": ["id"]}, {}, None),
        ({"patternProperties": {"^i": {"type": "integer"}}, "additionalProperties": False}, {"i": 1}, {"n": 1}),
    ],
    ids=str,
)
def test_id_is_shown_to_schemas_that_name_it_only(source: Any, good: dict[str, Any], bad: Any, declare: Any) -> None:
    stream: Stream = declare("s", schema=source)
    assert stream.set("g", "7", good).new_value == {**good, "id": "7"}
    if bad is not None:
        with pytest.raises(InvalidItem):
            stream.set("g", "7", bad)


def test_models_with_rules_of_their_own_are_asked(declare: Any) -> None:
    class Even(BaseModel):
        n: int

        @field_validator("n")
        @classmethod
        def even(cls, n: int) -> int:
            if n % 2:
                raise ValueError("must be even")
            return n * 100

    stream: Stream = declare("s", schema=Even)
    assert stream.set("g", "a", {"n": 2}).new_value == {"n": 2, "id": "a"}, "it judges, it does not change"
    with pytest.raises(InvalidItem, match="n: Value error, must be even"):
        stream.set("g", "a", {"n": 1})


# -- JSON Schema ------------------------------------------------------------------------------------------------------


def test_big_integers_are_judged_exactly() -> None:
    schema = compile_schema({"properties": {"n": {"type": "integer", "maximum": 2**70}}})
    schema.check({"n": 2**70})
    with pytest.raises(InvalidItem):
        schema.check({"n": 2**70 + 1})


def test_older_drafts_are_what_they_were() -> None:
    draft4 = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "properties": {"n": {"minimum": 1, "exclusiveMinimum": True}},
    }
    schema = compile_schema(draft4)
    schema.check({"n": 2})
    with pytest.raises(InvalidItem):
        schema.check({"n": 1})
    assert schema.json_schema() == draft4


def test_what_was_given_stays_the_callers(declare: Any) -> None:
    source: dict[str, Any] = {"properties": {"n": {"type": "integer"}}}
    schema = compile_schema(source)
    source["properties"]["n"]["type"] = "string"
    source["required"] = ["m"]
    assert schema.json_schema() == {"properties": {"n": {"type": "integer"}}}


def test_several_errors_are_all_told() -> None:
    source = {
        "properties": {"a": {"type": "integer"}, "b": {"properties": {"c": {"type": "string"}}}},
        "required": ["d", "e"],
    }
    with pytest.raises(InvalidItem) as caught:
        compile_schema(source).check({"a": "x", "b": {"c": 1}})
    assert set(caught.value.fields) == {"a", "b.c", "d", "e"}
    assert caught.value.fields["d"] == ["Field required"]


# -- serializers ------------------------------------------------------------------------------------------------------


class Author(serializers.Serializer):  # type: ignore[type-arg]
    name = serializers.CharField(help_text="as printed")
    born = serializers.IntegerField(allow_null=True, min_value=0)


class Book(serializers.Serializer):  # type: ignore[type-arg]
    """A book as people borrow it."""

    title = serializers.CharField()
    author = Author()
    editors = Author(many=True, required=False)
    translator = Author(allow_null=True, required=False)
    pages = serializers.DictField(child=serializers.IntegerField(), required=False)
    lent = serializers.BooleanField(read_only=True)
    price = serializers.DecimalField(max_digits=6, decimal_places=2, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["title"] == attrs["author"]["name"]:
            raise serializers.ValidationError("an autobiography")
        return attrs


def test_nested_serializers_judge_and_name_the_place() -> None:
    schema = compile_schema(Book)
    schema.check({"title": "x", "author": {"name": "a", "born": None}, "editors": [], "price": "1.20"})
    with pytest.raises(InvalidItem) as caught:
        schema.check({"title": "x", "author": {"born": -1}, "editors": [{"name": "e", "born": 1}, {"name": ""}]})
    assert set(caught.value.fields) == {"author.name", "author.born", "editors.1.name", "editors.1.born"}
    with pytest.raises(InvalidItem, match="non_field_errors: an autobiography"):
        schema.check({"title": "x", "author": {"name": "x", "born": 1}})


@pytest.mark.parametrize("version", ["3.1.0", "3.0.3"])
def test_serializers_are_json_schema_whatever_openapi_the_project_speaks(
    version: str, openapi: Callable[[str], None]
) -> None:
    openapi(version)
    exported = compile_schema(Book).json_schema()
    assert exported["description"] == "A book as people borrow it."
    assert exported["required"] == ["author", "title"], "what is only read is not required"
    assert exported["properties"]["lent"] == {"type": "boolean", "readOnly": True}
    assert list(exported["$defs"]) == ["Author"]
    assert "nullable" not in str(exported)
    assert "#/components" not in str(exported)
    validator = jsonschema_rs.validator_for(exported)
    author = {"name": "a", "born": None}
    assert validator.is_valid({"title": "x", "author": author, "translator": None, "pages": {"a": 1}})
    for wrong in (
        {"author": None},
        {"author": {"name": "a"}},
        {"editors": [None]},
        {"translator": 7},
        {"pages": {"a": "x"}},
    ):
        assert not validator.is_valid({"title": "x", "author": author, **wrong}), wrong


@pytest.fixture
def openapi() -> Any:
    from drf_spectacular.settings import spectacular_settings

    yield lambda version: spectacular_settings.apply_patches({"OAS_VERSION": version})
    spectacular_settings.clear_patches()


def test_model_serializers_need_nothing_that_is_only_read(declare: Any) -> None:
    class GroupSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
        class Meta:
            model = Group
            fields = ("id", "stream", "key", "sequence")

    exported = compile_schema(GroupSerializer).json_schema()
    assert exported["required"] == ["key", "sequence", "stream"]
    assert exported["properties"]["stream"] == {"type": "string", "maxLength": 255}


def test_serializer_without_fields_accepts_every_object() -> None:
    class Anything(serializers.Serializer):  # type: ignore[type-arg]
        pass

    schema = compile_schema(Anything)
    schema.check({"a": 1})
    assert schema.json_schema() == {"type": "object"}


def test_each_kind_is_compiled_into_its_own() -> None:
    assert isinstance(compile_schema(Todo), ModelSchema)
    assert isinstance(compile_schema(TodoSerializer), SerializerSchema)
    assert isinstance(compile_schema(TODO_JSON), JsonSchema)
