"""One attempt at a claimed run: input, condition, handler, and what its row says afterwards."""

import json
import logging
import random
import time
from asyncio import CancelledError
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.db import Error, connections

from streams.protocol import loads

from . import cron_runs, runs
from .conf import conf
from .context import Context
from .errors import InvalidStepInput, LeaseLost, RunFailed, TimedOut
from .execution import admits, execute
from .listeners import Listener, listeners
from .models import Run
from .occasions import state_input, stream_input
from .queues import DEFAULT, QueueConfig, QueueTrigger
from .spans import Span

log = logging.getLogger(__name__)

INSIST_S = (0.2, 0.5, 1.0, 2.0, 4.0)  # between attempts to write down what came of it


class Attempt:
    """A run that this process has claimed."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.span = Span(
            run_id=run.id,
            trace_id=run.trace_id,
            parent_id=run.parent_id,
            step=run.step,
            trigger=run.trigger,
            source=run.source,
            trigger_index=run.trigger_index,
            depth=run.depth,
            attempt=run.attempts,
            fence=run.fence,
        )
        self.span.logs, self.span.operations = json.loads(run.logs), json.loads(run.operations)
        self.span.failures = json.loads(run.history)
        self.listener: Listener | None = None
        self.ends_at: float | None = None

    @property
    def config(self) -> QueueConfig:
        """How the run is retried."""
        trigger = self.listener.trigger if self.listener is not None else None
        return trigger.config if isinstance(trigger, QueueTrigger) else DEFAULT

    @property
    def limited(self) -> bool:
        """Are the runs of its step counted?"""
        return self.run.step in listeners().limits

    def go(self) -> None:
        """Do it; whatever happens is written down."""
        try:
            with self.span.current():
                self._go()
        except LeaseLost:
            log.warning("run was taken by another worker", extra=self._facts("lease_lost"))
        except (Exception, CancelledError, SystemExit) as error:  # noqa: BLE001 - whatever it is, the run has failed
            self.fail(error)

    def _go(self) -> None:
        run = self.run
        self.listener = listener = listeners().find(run.step, run.trigger, run.source, run.trigger_index)
        if run.slot is not None and (why := cron_runs.objection(run, listener)):
            return self._end(Run.State.SKIPPED, why)
        self.ends_at = time.monotonic() + self.config.timeout
        input = self._input(listener)
        if not self._is_admitted(listener, input):
            return None
        self.span.atomic = listener.step.atomic
        ctx = Context(listener.step, listener.trigger, self.span, input)
        complete: Callable[[], None] | None = None
        if listener.step.atomic:
            complete = self._done  # a failure to say so must undo what was done
        execute(listener.step, input, ctx, timeout_s=self.config.timeout, complete=complete)
        if complete is None:
            self._insist(self._done)
        return None

    def _done(self) -> None:
        runs.finish(self.span, Run.State.DONE, limited=self.limited)

    def _end(self, state: str, reason: str) -> None:
        self._insist(lambda: runs.finish(self.span, state, reason, limited=self.limited))

    def _input(self, listener: Listener) -> Any:
        value = loads(self.run.input)
        if self.run.trigger == "stream":
            return stream_input(value)
        if self.run.trigger == "state":
            return state_input(value)
        schema = listener.trigger.input if isinstance(listener.trigger, QueueTrigger) else None
        try:
            return value if schema is None else schema.read(value, {})
        except InvalidStepInput as error:
            raise RunFailed(f"InvalidInput: {json.dumps(error.fields)}") from None

    def _is_admitted(self, listener: Listener, input: Any) -> bool:
        try:
            if admits(listener.trigger, input):
                return True
        except Exception as error:
            if self.run.trigger == "queue":
                raise
            log.exception("condition failed", extra=self._facts("condition_failed"))
            self._end(Run.State.SKIPPED, f"the condition raised {type(error).__name__}: {error}")
            return False
        self._end(Run.State.SKIPPED, "the condition said no")
        return False

    def fail(self, error: BaseException) -> None:
        """Write down a failure: the run is tried again after a while, or becomes a dead letter."""
        failures, config = self.run.failures + 1, self.config
        reason = error.message if isinstance(error, RunFailed) else f"{type(error).__name__}: {error}"
        final = (isinstance(error, RunFailed) and not error.retry) or failures > config.max_retries
        error_id = uuid4().hex
        if self.span.atomic:
            self.span.operations = json.loads(self.run.operations)  # what it did was undone
        self.span.fail(error, reason)
        columns = {"failures": failures, "error_id": error_id, "history": json.dumps(self.span.failures)}
        try:
            if final:
                self._log(logging.ERROR, "step failed", "run_dead", error, error_id)
                dead = Run.State.DEAD
                self._insist(lambda: runs.finish(self.span, dead, reason, limited=self.limited, **columns))
            else:
                self._log(logging.WARNING, "step failed and will be tried again", "run_retried", error, error_id)
                delay = pause(config, failures)
                self._insist(lambda: runs.put_back(self.span, delay, reason, limited=self.limited, **columns))
        except LeaseLost:
            log.warning("run was taken by another worker", extra=self._facts("lease_lost"))
        except Error:  # its row is still ours: the watch puts it back when the database can be reached
            log.exception("the end of a run could not be written", extra=self._facts("end_not_written"))

    def time_out(self) -> None:
        """Fence off a handler that does not come to an end."""
        self.fail(TimedOut(f"the handler took longer than {self.config.timeout:g} s and was fenced off"))

    def _insist(self, write: Callable[[], None]) -> None:
        """Write, again after a while if the database does not take it: the work is done, its end should be known."""
        for wait_s in (*INSIST_S, None):
            try:
                return write()
            except Error:
                if wait_s is None:
                    raise
                connections.close_all()
                time.sleep(wait_s)
        return None

    def _log(self, level: int, message: str, action: str, error: BaseException, error_id: str) -> None:
        facts = self._facts(action) | {"error_id": error_id, "attempt": self.span.attempt}
        with self.span.current():
            log.log(level, "%s", message, exc_info=error, extra=facts)

    def _facts(self, action: str) -> dict[str, Any]:
        return {"action": action, "step": self.run.step, "run_id": self.run.id, "trace_id": self.run.trace_id}


def pause(config: QueueConfig, failures: int) -> float:
    """Return the seconds before the next attempt; up to a quarter more than configured, so that many do not come at
    once.
    """
    factor = 2 ** min(failures - 1, 30) if config.backoff_type == "exponential" else 1
    seconds = config.backoff_delay_ms / 1000 * factor * random.uniform(1, 1.25)  # noqa: S311 - no secret
    return min(seconds, conf().retry_most_s)
