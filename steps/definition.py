"""A step: a function, what starts it, and what is said about it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from asgiref.sync import iscoroutinefunction

from .errors import InvalidStep, caller
from .kinds import trigger
from .triggers import Trigger, snake_case

Handler = Callable[[Any, Any], Any]
"""Called with the trigger's input and the context; plain or async."""

KEYS = (
    "name",
    "description",
    "triggers",
    "enqueues",
    "flows",
    "atomic",
    "virtual_enqueues",
    "virtual_subscribes",
)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step as declared; compared by identity. Calling it calls its handler, as a test would.

    enqueues: the topics it may enqueue; None: nothing was declared, () allows none. flows: the diagrams it appears in.
    virtual_enqueues, virtual_subscribes: labels of the diagram. file: where it was declared, ``path:line``.
    """

    name: str
    handler: Handler
    triggers: tuple[Trigger, ...]
    description: str = ""
    enqueues: tuple[str, ...] | None = None
    flows: tuple[str, ...] = ()
    atomic: bool = False
    virtual_enqueues: tuple[str, ...] = ()
    virtual_subscribes: tuple[str, ...] = ()
    file: str = ""

    def __call__(self, input: Any, ctx: Any) -> Any:
        return self.handler(input, ctx)

    @property
    def is_async(self) -> bool:
        """Is the handler async, a coroutine function or generator? Its context then speaks async."""
        return is_async(self.handler) or self.is_streaming

    @property
    def is_streaming(self) -> bool:
        """Is the handler an async generator, which writes a response chunk by chunk?"""
        return is_streaming(self.handler)


@overload
def step(config: Mapping[str, Any], handler: Handler, /) -> Step: ...
@overload
def step(config: Mapping[str, Any], /) -> Callable[[Handler], Step]: ...
@overload
def step(name: str, handler: Handler, /, **config: Any) -> Step: ...
@overload
def step(name: str, /, **config: Any) -> Callable[[Handler], Step]: ...
@overload
def step(**config: Any) -> Callable[[Handler], Step]: ...


def step(name: Any = None, handler: Handler | None = None, /, **config: Any) -> Any:
    """Declare a step: ``@step("Name", triggers=[...])``, ``step({...config...}, handler)`` or ``step({...})(handler)``.

    Keys: name, triggers, description (default: the handler's docstring), enqueues, flows, atomic, virtual_enqueues,
    virtual_subscribes. The result is the Step; it is found where it stands at module level of an app's steps.
    Raises: InvalidStep, which names the file.
    """
    place = caller()
    if isinstance(name, Mapping):
        if config:
            raise InvalidStep("a step's config is either a dict or keywords, not both")
        config = {snake_case(key): value for key, value in name.items()}
    elif name is not None:
        config["name"] = name

    def declare(function: Handler) -> Step:
        try:
            return _define(config, function, place)
        except InvalidStep as error:
            raise InvalidStep(f"step {config.get('name', '')!r:.80}: {error.problem}", file=place) from None

    return declare if handler is None else declare(handler)


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether calling *function*, which may be an object with ``__call__``, gives a coroutine."""
    return iscoroutinefunction(function) or iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def is_streaming(function: Callable[..., Any]) -> bool:
    """Tell whether calling *function* gives an async generator."""
    call = getattr(function, "__call__", None)  # noqa: B004
    return inspect.isasyncgenfunction(function) or inspect.isasyncgenfunction(call)


def _define(config: Mapping[str, Any], handler: Any, place: str) -> Step:
    if unknown := sorted(set(config) - set(KEYS)):
        raise InvalidStep(f"unknown key {', '.join(unknown)}; known are {', '.join(KEYS)}")
    name, description = config.get("name"), config.get("description")
    if not isinstance(name, str) or not name.strip():
        raise InvalidStep("a step needs a name")
    if description is not None and not isinstance(description, str):
        raise InvalidStep("description must be a str")
    if not isinstance(config.get("atomic", False), bool):
        raise InvalidStep("atomic must be True or False")
    if not isinstance(config.get("triggers"), list | tuple):
        raise InvalidStep("triggers must be a list")
    _check_handler(handler)
    triggers = tuple(trigger(item) for item in config["triggers"])
    if is_streaming(handler) and (config.get("atomic") or any(item.type != "http" for item in triggers)):
        raise InvalidStep("the handler is a generator: it can only answer requests, and not be atomic")
    return Step(
        name=name,
        handler=handler,
        triggers=triggers,
        description=inspect.getdoc(handler) or "" if description is None else description,
        enqueues=None if config.get("enqueues") is None else _labels(config, "enqueues"),
        flows=_labels(config, "flows"),
        atomic=config.get("atomic", False),
        virtual_enqueues=_labels(config, "virtual_enqueues"),
        virtual_subscribes=_labels(config, "virtual_subscribes"),
        file=place,
    )


def _check_handler(handler: Any) -> None:
    if not callable(handler):
        raise InvalidStep(f"the handler must be a function, not {handler!r:.80}")
    for function in (handler, getattr(handler, "__call__", None)):  # noqa: B004
        if inspect.isgeneratorfunction(function):
            raise InvalidStep("the handler is a plain generator; a step that streams its answer is an async one")
    try:
        inspect.signature(handler).bind(None, None)
    except TypeError:
        raise InvalidStep("the handler must take two arguments, (input, ctx)") from None


def _labels(config: Mapping[str, Any], key: str) -> tuple[str, ...]:
    labels = config.get(key) or ()
    if not isinstance(labels, list | tuple) or not all(isinstance(label, str) and label for label in labels):
        raise InvalidStep(f"{key} must be a list of str")
    return tuple(labels)
