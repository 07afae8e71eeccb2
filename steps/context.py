"""What a handler may use: everything of the streams' context, and what is known of this run."""

from uuid import uuid4

from streams.context import Context as StreamsContext

from .definition import Step
from .triggers import Trigger


class Context(StreamsContext):
    """The second argument of every handler; in an ``async def`` handler its methods are awaited.

    trigger: the one that fired. trace_id: 32 hex digits, the same in everything that one request causes.
    """

    def __init__(self, step: Step, trigger: Trigger, trace_id: str) -> None:
        super().__init__(step.is_async)
        self.trigger = trigger
        self.trace_id = trace_id
        self.flows = step.flows


def new_trace_id() -> str:
    """Return an id for a new trace, as W3C trace context has them."""
    return uuid4().hex
