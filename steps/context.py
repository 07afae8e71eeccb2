"""What a handler may use: everything of the streams' context, and what is known of this run."""

import logging
from uuid import uuid4

from streams.context import Context as StreamsContext

from .definition import Step
from .triggers import Trigger


class Context(StreamsContext):
    """The second argument of every handler; in an ``async def`` handler the methods of its streams are awaited.

    logger: of the handler's module; every line names the step and the trace. trigger: the one that fired. trace_id: 32
    hex digits, the same in everything that one request causes.
    """

    def __init__(self, step: Step, trigger: Trigger, trace_id: str) -> None:
        super().__init__(
            asynchronous=step.is_async,
            logger=logging.getLogger(step.handler.__module__),
            facts={"step": step.name, "trace_id": trace_id},
        )
        self.trigger = trigger
        self.trace_id = trace_id
        self.flows = step.flows


def new_trace_id() -> str:
    """Return an id for a new trace, as W3C trace context has them."""
    return uuid4().hex
