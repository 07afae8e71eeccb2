"""The queue trigger: a topic, and how its messages are worked through."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

from .errors import InvalidStep
from .schemas import Schema, compile_schema
from .triggers import Condition, Trigger, check_condition, snake_case

MAX_LENGTH = 255  # characters of a topic
ALIASES = {"visibility_timeout": "timeout"}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueConfig:
    """How a step takes its messages.

    type: ``fifo`` keeps the order of each message group. max_retries: after the first attempt. backoff_delay_ms: before
    the first retry; ``exponential`` doubles it each time. timeout: seconds that a handler may take. delay_seconds:
    before a message is taken. concurrency: runs of the step at one time, in all workers; None: no limit.
    """

    type: Literal["standard", "fifo"] = "standard"
    max_retries: int = 3
    backoff_type: Literal["exponential", "fixed"] = "exponential"
    backoff_delay_ms: float = 1000
    timeout: float = 900
    delay_seconds: float = 0
    concurrency: int | None = None

    def __post_init__(self) -> None:
        if self.type not in ("standard", "fifo"):
            raise InvalidStep(f"queue: type is standard or fifo, not {self.type!r:.40}")
        if self.backoff_type not in ("exponential", "fixed"):
            raise InvalidStep(f"queue: backoff_type is exponential or fixed, not {self.backoff_type!r:.40}")
        self._check("max_retries", int, 0)
        self._check("backoff_delay_ms", (int, float), 0)
        self._check("delay_seconds", (int, float), 0)
        self._check("timeout", (int, float), 0.001)
        if self.concurrency is not None:
            self._check("concurrency", int, 1)

    def _check(self, name: str, kind: Any, least: float) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < 1e9:
            raise InvalidStep(f"queue: {name} must be a number of at least {least}, not {value!r:.40}")


DEFAULT = QueueConfig()
"""Also how runs of stream, state and cron triggers are retried."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueueTrigger(Trigger):
    """A topic; every step that has it gets each message."""

    type: ClassVar[str] = "queue"
    topic: str
    input: Schema | None = None
    config: QueueConfig = field(default_factory=QueueConfig)

    @property
    def source(self) -> str:
        return self.topic


def queue(
    topic: str,
    *,
    input: Any = None,
    config: QueueConfig | Mapping[str, Any] | None = None,
    condition: Condition | None = None,
) -> QueueTrigger:
    """Start the step for each message that is enqueued to *topic*.

    input: a pydantic model class, DRF serializer class or JSON Schema dict; the handler is given what it reads, and a
    message that does not fit is a dead letter. config: a QueueConfig or its dict. condition: asked with the handler's
    input; if it says ``False`` the message is skipped. Raises: InvalidStep.
    """
    check_condition(condition, "queue")
    return QueueTrigger(
        topic=check_topic(topic),
        input=compile_schema(input, "input"),
        config=_config(config),
        condition=condition,
    )


def check_topic(topic: Any) -> str:
    """Return *topic* if it can be one. Raises: InvalidStep."""
    if not isinstance(topic, str) or not 0 < len(topic) <= MAX_LENGTH or "\0" in topic:
        raise InvalidStep(f"queue: a topic is a str of 1 to {MAX_LENGTH} characters, not {topic!r:.80}")
    return topic


def _config(given: Any) -> QueueConfig:
    if given is None:
        return DEFAULT
    if isinstance(given, QueueConfig):
        return given
    if not isinstance(given, Mapping):
        raise InvalidStep(f"queue: config must be a QueueConfig or a dict, not {given!r:.80}")
    options = {snake_case(key): value for key, value in given.items()}
    options = {ALIASES.get(key, key): value for key, value in options.items()}
    known = [item.name for item in fields(QueueConfig)]
    if unknown := sorted(set(options) - set(known)):
        raise InvalidStep(f"queue: unknown key {', '.join(unknown)} in config; known: {', '.join(known)}")
    return QueueConfig(**options)
