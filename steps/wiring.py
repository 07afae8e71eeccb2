"""System checks of what lies between steps: topics, streams and what carries the runs."""

from collections.abc import Iterator, Sequence
from typing import Any

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from streams.errors import StreamError
from streams.registry import registry as streams

from .database import alias
from .listeners import Listener, listeners
from .registry import registry
from .watches import STATE


@register("steps")
def check_topics(**_: Any) -> Sequence[CheckMessage]:
    """steps.W003: a step declares a topic that nobody listens to."""
    known = listeners().topics
    return [
        Warning(
            f"{step.file}: step {step.name!r} enqueues {topic!r}, and no step listens to it.",
            hint=f'Add a step with triggers=[queue("{topic}")], or name it in virtual_enqueues if it is only drawn.',
            id="steps.W003",
        )
        for step in registry.all()
        for topic in step.enqueues or ()
        if topic not in known
    ]


@register("steps")
def check_streams(**_: Any) -> Sequence[CheckMessage]:
    """steps.E005, steps.E006: triggers on streams that are not there, or whose store commits apart from the runs."""
    found: list[CheckMessage] = []
    for name, watching in listeners().streams.items():
        if name == STATE:
            continue
        try:
            store: Any = streams.get(name).store  # type: ignore[attr-defined]  # of every stream
        except StreamError as error:
            hint = f"There are {', '.join(sorted(item.definition.name for item in streams.all())) or 'none'}."
            found += [Error(f"{_step(item)}: {error.message}.", hint=hint, id="steps.E005") for item in watching]
            continue
        if not store.transactional or getattr(store, "alias", alias()) != alias():
            hint = "Runs are only sure to follow a change that commits with them: keep the stream in the database."
            message = f"the store of stream {name!r} has no transaction with the runs."
            found += [Error(f"{_step(item)}: {message}", hint=hint, id="steps.E006") for item in watching]
    return found


@register("steps")
def check_eager_mode(**_: Any) -> Sequence[CheckMessage]:
    """steps.E007: Celery runs tasks where they are sent."""
    if not current_app.conf.task_always_eager or not _has_runs():
        return []
    hint = "Remove CELERY_TASK_ALWAYS_EAGER; in tests, start a worker."
    return [Error("Celery's eager mode hides every problem of order.", hint=hint, id="steps.E007")]


@register("steps")
def check_beat(**_: Any) -> Sequence[CheckMessage]:
    """steps.E008: nothing plans cron steps and hands lost runs over again."""
    if not _has_runs() or apps.is_installed("django_celery_beat"):
        return []
    hint = 'Add "django_celery_beat" to INSTALLED_APPS and run celery beat with its DatabaseScheduler.'
    return [Error("Steps need django-celery-beat.", hint=hint, id="steps.E008")]


@register("steps", deploy=True)
def check_broker(**_: Any) -> Sequence[CheckMessage]:
    """steps.W004: no broker that workers share."""
    url = str(current_app.conf.broker_url or "")
    if not _has_runs() or (url and not url.startswith("memory:")):
        return []
    hint = "Set REDIS_URL, or CELERY_BROKER_URL."
    return [Warning("Runs wait for ever: there is no broker that carries them to workers.", hint=hint, id="steps.W004")]


@register("steps")
def check_server(**_: Any) -> Sequence[CheckMessage]:
    """steps.W005: responses that are to stream, and no ASGI server."""
    streaming = [step for step in registry.all() if step.is_streaming]
    if not streaming or getattr(settings, "ASGI_APPLICATION", None):
        return []
    names = ", ".join(step.name for step in streaming)
    hint = "Serve the project by ASGI and set ASGI_APPLICATION; WSGI keeps such answers back to their end."
    return [Warning(f"There is no ASGI application for streaming steps: {names}.", hint=hint, id="steps.W005")]


def _has_runs() -> bool:
    return any(True for _ in _durable())


def _durable() -> Iterator[object]:
    known = listeners()
    yield from (*known.topics, *known.streams, *known.crons)


def _step(listener: Listener) -> str:
    return f"{listener.step.file}: step {listener.step.name!r}"
