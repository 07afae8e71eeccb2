"""Triggers: the helpers, and their dict form."""

from typing import Any

import pytest
from pydantic import BaseModel
from rest_framework.permissions import IsAdminUser
from rest_framework.serializers import CharField, Serializer

from steps.errors import InvalidStep
from steps.kinds import trigger
from steps.triggers import METHODS, HttpTrigger, http


class Body(BaseModel):
    text: str


class BodySerializer(Serializer[Any]):
    text = CharField()


def accepts(input: Any) -> bool:
    return bool(input)


def test_http_helper_compiles_what_it_is_given() -> None:
    made = http("post", "/x/:id", body=Body, query={"type": "object"}, response={201: Body, 404: BodySerializer})
    assert (made.type, made.method, str(made.path)) == ("http", "POST", "/x/{id}")
    assert made.body is not None
    assert made.body.source is Body
    assert made.query is not None
    assert {status: schema.source for status, schema in made.responses.items()} == {201: Body, 404: BodySerializer}


def test_one_response_schema_stands_for_200() -> None:
    assert http("GET", "/x", response=Body).responses.keys() == {200}
    assert http("GET", "/x", response={"type": "object"}).responses.keys() == {200}
    assert http("GET", "/x").responses == {}


def test_dict_form_is_the_helper() -> None:
    made = trigger(
        {
            "type": "http",
            "method": "POST",
            "path": "/todo",
            "bodySchema": Body,
            "responseSchema": {200: Body},
            "permissionClasses": [IsAdminUser],
            "throttle_classes": [],
            "condition": accepts,
        }
    )
    assert isinstance(made, HttpTrigger)
    assert made.body is not None
    assert made.body.source is Body
    assert made.responses[200].source is Body
    assert (made.permission_classes, made.throttle_classes, made.condition) == ([IsAdminUser], [], accepts)
    assert trigger(made) is made


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_trigger(method: str) -> None:
    assert http(method.lower(), "/x").method == method


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"type": "http", "method": "GET"}, "needs path"),
        ({"type": "http", "path": "/x"}, "needs method"),
        ({"type": "http", "method": "GET", "path": "/x", "boddy": 1}, "unknown key boddy"),
        ({"type": "email", "topic": "x"}, "no trigger of type 'email'"),
        ({"method": "GET", "path": "/x"}, "no trigger of type None"),
        ({"type": ["http"]}, "no trigger of type"),
        ("http", "a trigger is made by"),
        (None, "a trigger is made by"),
    ],
)
def test_wrong_dict_form_is_refused_by_name(declared: Any, words: str) -> None:
    with pytest.raises(InvalidStep, match=words):
        trigger(declared)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"method": "FETCH"}, "the method is one of"),
        ({"method": None}, "the method is one of"),
        ({"path": "x"}, 'starts with "/"'),
        ({"body": "text"}, "body must be a pydantic model"),
        ({"body": Body(text="an instance")}, "body must be a pydantic model"),
        ({"body": {"type": "objectt"}}, "body is not a valid JSON Schema"),
        ({"query": int}, "query must be"),
        ({"response": {200: 7}}, r"response\[200\] must be"),
        ({"condition": True}, "condition must be callable"),
        ({"permission_classes": IsAdminUser}, "permission_classes must be a list"),
    ],
)
def test_wrong_argument_is_refused_with_the_file(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidStep, match=words) as caught:
        http(**{"method": "GET", "path": "/x", **arguments})
    assert caught.value.file.startswith(__file__)
    assert str(caught.value).startswith(__file__)
