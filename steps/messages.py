"""Enqueue: one run for each step that listens to the topic, in the transaction that is open."""

import logging
from collections.abc import Mapping
from typing import Any

from asgiref.sync import sync_to_async
from pydantic import BaseModel

from streams.errors import InvalidItem
from streams.protocol import dumps, normalise

from .database import atomic
from .errors import InvalidMessage, InvalidStep, UndeclaredTopic
from .lanes import lane_of
from .listeners import Listener, listeners
from .models import Run
from .queues import QueueTrigger, check_topic
from .runs import hold, insert
from .spans import Span, current_span, new_run_id, new_trace_id
from .triggers import snake_case

log = logging.getLogger(__name__)

NAMES = ("topic", "data", "key", "message_group_id", "delay")


def enqueue(
    topic: str | Mapping[str, Any],
    data: Any = None,
    *,
    key: str | None = None,
    message_group_id: str | None = None,
    delay: float = 0,
) -> None:
    """Give *data* to every step that listens to *topic*; they start after the commit of the open transaction.

    topic: or the documents' ``{"topic", "data"}`` with the other arguments beside them. data: JSON, or a pydantic
    model. key: the same key is enqueued once - within a run, or outside of runs, per topic. message_group_id: for fifo
    steps, whose runs of one group keep their order. delay: seconds. Raises: InvalidMessage.
    """
    if isinstance(topic, Mapping):
        given = {snake_case(name): value for name, value in topic.items()}
        if unknown := sorted(set(given) - set(NAMES)):
            raise InvalidMessage(f"enqueue does not take {', '.join(unknown)}")
        if "topic" not in given:
            raise InvalidMessage("enqueue needs a topic")
        return enqueue(given.pop("topic"), given.pop("data", data), **given)
    span = current_span()
    message = _Message(topic, data, key, message_group_id, delay)
    found = listeners().topics.get(topic, [])
    if not found:
        log.warning("nobody listens to this topic", extra={"action": "topic_unheard", "topic": topic})
    count = span.count(f"enqueue:{topic}") if span is not None else 0
    with atomic():
        if span is not None:
            hold(span)
        by_delay: dict[float, list[Run]] = {}
        for listener in found:
            seconds = message.delay + _trigger(listener).config.delay_seconds
            by_delay.setdefault(seconds, []).append(message.run(listener, span, count))
        for seconds, runs in by_delay.items():
            insert(runs, seconds)
    if span is not None:
        span.operation("enqueue", topic=topic, steps=[listener.step.name for listener in found])
    return None


async def aenqueue(topic: str | Mapping[str, Any], data: Any = None, **options: Any) -> None:
    """Do as ``enqueue``, awaited."""
    await sync_to_async(enqueue)(topic, data, **options)


def check_declared(topic: Any, declared: tuple[str, ...] | None, step: str) -> None:
    """Refuse a topic that a step does not declare; None: it declares nothing. Raises: UndeclaredTopic."""
    name = topic.get("topic") if isinstance(topic, Mapping) else topic
    if declared is not None and name not in declared:
        known = ", ".join(declared) or "none"
        raise UndeclaredTopic(f"step {step!r:.80} does not declare the topic {name!r:.80} in enqueues ({known})")


class _Message:
    """A message, checked."""

    def __init__(self, topic: Any, data: Any, key: Any, group: Any, delay: Any) -> None:
        try:
            self.topic = check_topic(topic)
        except InvalidStep as error:
            raise InvalidMessage(error.problem) from None
        for name, value in (("key", key), ("message_group_id", group)):
            if value is not None and not isinstance(value, str):
                raise InvalidMessage(f"{name} must be a str, not {value!r:.80}")
        if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < 1e9:
            raise InvalidMessage(f"delay must be seconds, not {delay!r:.40}")
        self.key, self.group, self.delay = key, group or "", float(delay)
        try:
            value = data.model_dump(mode="json", by_alias=True) if isinstance(data, BaseModel) else data
            self.text = dumps(normalise(value))
        except InvalidItem as error:
            raise InvalidMessage(f"the data is not JSON: {error.message}") from None

    def run(self, listener: Listener, span: Span | None, count: int) -> Run:
        """Return the run of one listening step. count: messages to this topic before, in this attempt."""
        trigger, step = _trigger(listener), listener.step.name
        listening = (step, str(listener.index))
        if span is not None:
            name = f"key:{self.key}" if self.key is not None else f"count:{count}"
            key: str | None = lane_of("message", span.run_id, self.topic, name, *listening)
        else:
            key = None if self.key is None else lane_of("message", "", self.topic, self.key, *listening)
        fifo = trigger.config.type == "fifo"
        return Run(
            id=new_run_id(),
            trace_id=new_trace_id() if span is None else span.trace_id,
            parent_id="" if span is None else span.run_id,
            depth=0 if span is None else span.depth,
            step=step,
            trigger=trigger.type,
            trigger_index=listener.index,
            source=self.topic,
            input=self.text,
            key=key,
            lane=lane_of("fifo", *listening, self.topic, self.group) if fifo else "",
        )


def _trigger(listener: Listener) -> QueueTrigger:
    if not isinstance(listener.trigger, QueueTrigger):
        raise TypeError("only queue triggers listen to topics")
    return listener.trigger
