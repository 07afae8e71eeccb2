"""Everything that can go wrong with a step, as one tree.

    StepError
    ├── InvalidStep               a step or a trigger is declared wrongly; raised where it is declared
    │   └── DuplicateStep         two steps have one name
    ├── StepNotFound
    ├── InvalidStepInput          what started the step does not fit; ``fields`` says where
    ├── InvalidResult             what the handler returned cannot be sent
    ├── InvalidMessage            what was given to ``enqueue``
    │   └── UndeclaredTopic       a topic that is not in the step's ``enqueues``
    ├── RunFailed                 why a run came to nothing, as its row says
    │   ├── TimedOut
    │   ├── WorkerLost
    │   ├── DepthExceeded
    │   └── TriggerGone           the step or its trigger is declared no more
    └── LeaseLost                 somebody else has this run now; what was asked for was not done

Three class attributes tell every edge what to do: ``code`` (a name for programs), ``status`` (HTTP) and ``retry`` (may
the same call succeed later?). A class's docstring is its default message.
"""

import os
import sys
from pathlib import Path
from typing import ClassVar


class StepError(Exception):
    """Something went wrong inside a step."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)


class InvalidStep(StepError):
    """The step is not declared correctly."""

    code = "INVALID_STEP"

    def __init__(self, problem: str | None = None, *, file: str | None = None) -> None:
        """Say what the *problem* is and in which *file* (default: where this package was called from)."""
        self.file = file or caller()
        self.problem = problem or (type(self).__doc__ or "")
        super().__init__(f"{self.file}: {self.problem}")


class DuplicateStep(InvalidStep):
    """Two steps have one name."""

    code = "DUPLICATE_STEP"


class StepNotFound(StepError):
    """There is no such step."""

    code, status = "STEP_NOT_FOUND", 404


class InvalidStepInput(StepError):
    """The input is not valid."""

    code, status = "INVALID_INPUT", 400

    def __init__(self, message: str | None = None, *, fields: dict[str, list[str]] | None = None) -> None:
        self.fields = fields or {}
        super().__init__(message)


class InvalidResult(StepError):
    """The handler returned something that cannot be sent."""

    code = "INVALID_RESULT"


class InvalidMessage(StepError):
    """The message cannot be enqueued."""

    code, status = "INVALID_MESSAGE", 400


class UndeclaredTopic(InvalidMessage):
    """The step does not declare this topic in its enqueues."""

    code = "UNDECLARED_TOPIC"


class RunFailed(StepError):
    """The run came to nothing."""

    code = "RUN_FAILED"


class TimedOut(RunFailed):
    """The handler took longer than its timeout."""

    code, retry = "TIMED_OUT", True


class WorkerLost(RunFailed):
    """The worker ended, or lost touch with the database, while it ran."""

    code, retry = "WORKER_LOST", True


class DepthExceeded(RunFailed):
    """The chain of stream and state triggers is too long: does a step cause itself?"""

    code = "DEPTH_EXCEEDED"


class TriggerGone(RunFailed):
    """The step or its trigger is not declared any more."""

    code = "TRIGGER_GONE"


class LeaseLost(StepError):
    """Another worker has this run now; this attempt may change nothing more."""

    code = "LEASE_LOST"


def caller() -> str:
    """Return ``file:line`` of the nearest frame outside this package: where a step or a trigger is declared."""
    package = f"{Path(__file__).parent}{os.sep}"
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
