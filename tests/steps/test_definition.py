"""The ways to declare a step, and what is refused where it is declared."""

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import pytest

from steps.definition import Step, step
from steps.errors import InvalidStep
from steps.queues import queue
from steps.triggers import http


def handler(input: Any, ctx: Any) -> str:
    """Say what it does."""
    return f"{input} {ctx}"


async def async_handler(input: Any, ctx: Any) -> None:
    return None


async def async_with_more(more: str, input: Any, ctx: Any) -> None:
    return None


class Callee:
    async def __call__(self, input: Any, ctx: Any) -> None:
        return None


@pytest.mark.feature("E16")
def test_config_and_handler_in_one_call_in_two_and_as_decorator_are_one_step() -> None:
    triggers = [http("POST", "/todo")]
    config = {"name": "CreateTodo", "triggers": triggers, "enqueues": ["todo.created"], "flows": ["todo"]}

    @step("CreateTodo", triggers=triggers, enqueues=["todo.created"], flows=["todo"])
    def decorated(input: Any, ctx: Any) -> str:
        """Say what it does."""
        return f"{input} {ctx}"

    made = [
        step(config, handler),
        step(config)(handler),
        step("CreateTodo", handler, triggers=triggers, enqueues=["todo.created"], flows=["todo"]),
        decorated,
    ]
    for one in made:
        assert isinstance(one, Step)
        assert (one.name, one.triggers, one.enqueues, one.flows) == (
            "CreateTodo",
            tuple(triggers),
            ("todo.created",),
            ("todo",),
        )
        assert one.description == "Say what it does."
        assert one("input", "ctx") == "input ctx"


def test_every_key_is_kept() -> None:
    made = step(
        {
            "name": "All",
            "description": "Described.",
            "triggers": [{"type": "http", "method": "GET", "path": "/x"}],
            "enqueues": [],
            "flows": ["a", "b"],
            "atomic": True,
            "virtualEnqueues": ["later"],
            "virtual_subscribes": ["before"],
        },
        handler,
    )
    assert made.description == "Described."
    assert [item.type for item in made.triggers] == ["http"]
    assert (made.enqueues, made.flows, made.atomic) == ((), ("a", "b"), True)
    assert (made.virtual_enqueues, made.virtual_subscribes) == (("later",), ("before",))


def test_undeclared_enqueues_is_not_an_empty_list() -> None:
    assert step("A", handler, triggers=[]).enqueues is None
    assert step("A", handler, triggers=[], enqueues=[]).enqueues == ()


@pytest.mark.parametrize(
    ("function", "is_async"),
    [
        (handler, False),
        (async_handler, True),
        (Callee(), True),
        (partial(async_with_more, "more"), True),
        (lambda input, ctx: None, False),
    ],
)
def test_step_knows_the_colour_of_its_handler(function: Any, is_async: bool) -> None:
    assert step("A", function, triggers=[]).is_async is is_async


def test_step_knows_where_it_was_declared() -> None:
    made = step("A", handler, triggers=[])
    file, line = made.file.rsplit(":", 1)
    assert file == __file__
    assert line.isdigit()


def numbers(input: Any, ctx: Any) -> Iterator[int]:
    yield 1


async def async_numbers(input: Any, ctx: Any) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("config", "function", "words"),
    [
        ({"triggers": []}, handler, "needs a name"),
        ({"name": "", "triggers": []}, handler, "needs a name"),
        ({"name": 7, "triggers": []}, handler, "needs a name"),
        ({"name": "A"}, handler, "triggers must be a list"),
        ({"name": "A", "triggers": http("GET", "/x")}, handler, "triggers must be a list"),
        ({"name": "A", "triggers": [{"type": "email"}]}, handler, "no trigger of type 'email'"),
        ({"name": "A", "triggers": [], "flow": ["x"]}, handler, "unknown key flow"),
        ({"name": "A", "triggers": [], "flows": "x"}, handler, "flows must be a list of str"),
        ({"name": "A", "triggers": [], "enqueues": [{"topic": "x"}]}, handler, "enqueues must be a list of str"),
        ({"name": "A", "triggers": [], "atomic": 1}, handler, "atomic must be True or False"),
        ({"name": "A", "triggers": [], "description": 1}, handler, "description must be a str"),
        ({"name": "A", "triggers": []}, "handler", "the handler must be a function"),
        ({"name": "A", "triggers": []}, lambda: None, "must take two arguments"),
        ({"name": "A", "triggers": []}, lambda a, b, c: None, "must take two arguments"),
        ({"name": "A", "triggers": []}, numbers, "is a plain generator"),
        ({"name": "A", "triggers": [queue("x")]}, async_numbers, "is a generator"),
        ({"name": "A", "triggers": [http("GET", "/x")], "atomic": True}, async_numbers, "is a generator"),
    ],
)
def test_wrong_config_is_refused_with_the_file(config: dict[str, Any], function: Any, words: str) -> None:
    with pytest.raises(InvalidStep, match=words) as caught:
        step(config, function)
    assert str(caught.value).startswith(f"{__file__}:")


def test_dict_and_keywords_do_not_mix() -> None:
    with pytest.raises(InvalidStep, match="not both"):
        step({"name": "A", "triggers": []}, handler, flows=["x"])  # type: ignore[call-overload]


def test_wrong_name_stands_in_the_message() -> None:
    with pytest.raises(InvalidStep, match="step 'Broken': unknown key frobnicate"):
        step("Broken", handler, triggers=[], frobnicate=True)
