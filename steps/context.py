"""What a handler may use: everything of the streams' context, and what is known of this run."""

import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async

from streams.context import Context as StreamsContext
from streams.context import Streams

from .definition import Step
from .effects import find, keep
from .errors import StepError
from .logs import RunLogger
from .messages import check_declared, enqueue
from .spans import Span
from .tracing import Traced
from .triggers import Trigger


class Context(StreamsContext):
    """The second argument of every handler; in an ``async def`` handler its methods are awaited.

    logger: of the handler's module; every line names the step and the trace. trigger: the one that fired. trace_id: 32
    hex digits, the same in everything that one request causes. run_id: the same in all attempts, a key for the world
    outside. attempt: from 1. flows: of the step.
    """

    def __init__(self, step: Step, trigger: Trigger, span: Span, input: Any = None) -> None:
        super().__init__(
            asynchronous=step.is_async,
            logger=RunLogger(logging.getLogger(step.handler.__module__), span),
        )
        self._step, self._span, self._asynchronous = step, span, step.is_async
        self.streams: Any = TracedStreams(span, asynchronous=step.is_async)
        self.state = Traced(getattr(self.state, "_stream", self.state), "state", span, asynchronous=step.is_async)
        self.input = input
        self.trigger = trigger
        self.trace_id = span.trace_id
        self.run_id = span.run_id
        self.attempt = span.attempt
        self.flows = step.flows

    @property
    def traceparent(self) -> str:
        """The W3C header that makes a request of this handler part of its trace."""
        return self._span.traceparent

    def enqueue(
        self,
        topic: str | Mapping[str, Any],
        data: Any = None,
        *,
        key: str | None = None,
        message_group_id: str | None = None,
        delay: float = 0,
    ) -> Any:
        """Give *data* to every step that listens to *topic*, as ``steps.enqueue`` does.

        The same message is not enqueued again when the run is repeated: it is known by *key*, else by its place among
        the messages to this topic. Raises: UndeclaredTopic, InvalidMessage.
        """
        options = {"key": key, "message_group_id": message_group_id, "delay": delay}
        if isinstance(topic, Mapping):
            options = {name: value for name, value in options.items() if value}
        check_declared(topic, self._step.enqueues, self._step.name)
        if self._asynchronous:
            return sync_to_async(self._enqueue)(topic, data, options)
        return self._enqueue(topic, data, options)

    emit = enqueue

    def _enqueue(self, topic: str | Mapping[str, Any], data: Any, options: dict[str, Any]) -> None:
        with self._span.current():  # also in threads that know nothing of the run
            enqueue(topic, data, **options)

    def once(self, name: str, fn: Callable[[], Any]) -> Any:
        """Return what *fn* returned the first time, in whichever attempt; its result is kept as JSON.

        It runs again only if the worker died before the result was stored. fn: plain, or async in an async handler.
        """
        key = f"once:{name}"
        return self._aonce(key, fn) if self._asynchronous else self._once(key, fn)

    def _once(self, key: str, fn: Callable[[], Any]) -> Any:
        known, result = find(self._span, key)
        if not known:
            result = fn()
            if inspect.isawaitable(result):
                raise StepError("once: a plain handler takes a plain function")
            keep(self._span, key, result)
        return result

    async def _aonce(self, key: str, fn: Callable[[], Any]) -> Any:
        known, result = await sync_to_async(find)(self._span, key)
        if not known:
            result = fn()
            if inspect.isawaitable(result):
                result = await result
            await sync_to_async(keep)(self._span, key, result)
        return result

    def match(self, handlers: Mapping[str, Callable[..., Any]] | None = None, /, **more: Callable[..., Any]) -> Any:
        """Call the function named after the trigger that fired - ``http=, queue=, cron=, stream=, state=`` - or
        ``default=``, and return what it returns.

        It is given as much as it takes of (input, ctx). Raises: StepError - there is none.
        """
        known = {**(handlers or {}), **more}
        chosen = known.get(self.trigger.type, known.get("default"))
        if chosen is None:
            raise StepError(f"match has nothing for a {self.trigger.type} trigger, and no default")
        return self._amatch(chosen) if self._asynchronous else self._call(chosen)

    def _call(self, function: Callable[..., Any]) -> Any:
        takes = inspect.signature(function).parameters.values()
        some = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in takes)
        count = sum(
            parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in takes
        )
        return function(*(self.input, self)[: 2 if some else count])

    async def _amatch(self, function: Callable[..., Any]) -> Any:
        result = self._call(function) if iscoroutinefunction(function) else await sync_to_async(self._call)(function)
        return await result if inspect.isawaitable(result) else result


class TracedStreams(Streams):
    """The project's streams, as a run uses them: each operation is written down."""

    def __init__(self, span: Span, *, asynchronous: bool) -> None:
        super().__init__(asynchronous=False)
        self._span, self._in_async = span, asynchronous

    def __getitem__(self, name: str) -> Any:
        return Traced(super().__getitem__(name), f"streams.{name}", self._span, asynchronous=self._in_async)
