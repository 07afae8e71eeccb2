"""Triggers as dicts: ``{"type": "queue", "topic": "todo.created"}``, in snake_case or the documents' camelCase."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .crons import cron
from .errors import InvalidStep
from .queues import queue
from .triggers import Trigger, http, snake_case
from .watches import state, stream

HELPERS: dict[str, Callable[..., Trigger]] = {
    "http": http,
    "queue": queue,
    "cron": cron,
    "stream": stream,
    "state": state,
}
"""The helper of each ``type``; its keywords are the keys of the dict form."""

SPELLINGS = {
    "http": {"body_schema": "body", "response_schema": "response", "query_schema": "query"},
    "queue": {"queue": "topic", "input_schema": "input"},
    "cron": {"cron": "expression"},
    "stream": {"stream_name": "name", "id": "item_id"},
    "state": {"namespace": "scope"},
}
"""The documents' names for arguments, in snake_case."""


def trigger(declared: Any) -> Trigger:
    """Return *declared*, a trigger or its dict form: ``{"type": "http", "method": "POST", "path": "/todo"}``.

    camelCase keys are accepted. Raises: InvalidStep - unknown type, unknown or missing keys.
    """
    if isinstance(declared, Trigger):
        return declared
    if not isinstance(declared, Mapping):
        raise InvalidStep(f"a trigger is made by {_known('()')} or is a dict with type, not {declared!r:.80}")
    arguments = {snake_case(key): value for key, value in declared.items()}
    kind = arguments.pop("type", None)
    if not isinstance(kind, str) or kind not in HELPERS:
        raise InvalidStep(f"there is no trigger of type {kind!r:.40}; there is {_known()}")
    arguments = {SPELLINGS[kind].get(key, key): value for key, value in arguments.items()}
    parameters = inspect.signature(HELPERS[kind]).parameters
    if unknown := sorted(set(arguments) - set(parameters)):
        raise InvalidStep(
            f"unknown key {', '.join(unknown)} in a trigger of type {kind}; known: {', '.join(parameters)}"
        )
    required = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
    if missing := sorted(required - set(arguments)):
        raise InvalidStep(f"a trigger of type {kind} needs {', '.join(missing)}")
    return HELPERS[kind](**arguments)


def _known(suffix: str = "") -> str:
    return ", ".join(f"{name}{suffix}" for name in HELPERS)
