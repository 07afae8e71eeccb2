"""What test processes do; run through a Console, arguments and results are JSON."""

import time
from typing import Any

from django.db import transaction
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from steps.database import alias
from steps.handover import handover
from steps.messages import enqueue
from streams.state import state


def send(topic: str, messages: list[Any], options: dict[str, Any] | None = None) -> float:
    """Enqueue *messages*, a hundred in a transaction; return the longest that one of these took, in seconds."""
    longest = 0.0
    for start in range(0, len(messages), 100):
        began = time.monotonic()
        with transaction.atomic(using=alias()):
            for message in messages[start : start + 100]:
                enqueue(topic, message, **(options or {}))
        longest = max(longest, time.monotonic() - began)
    return longest


def send_each(topic: str, messages: list[Any], options: list[dict[str, Any]]) -> None:
    """Enqueue *messages*, each with its own options."""
    for message, given in zip(messages, options, strict=True):
        enqueue(topic, message, **given)


def drained(within: float = 5) -> bool:
    """Tell whether everything could be handed over in time."""
    return handover.drain(within)


def set_state(scope: str, key: str, value: Any) -> None:
    """Set a value of the state."""
    state.set(scope, key, value)


def switch(name: str, enabled: bool) -> None:
    """Switch a row of the schedule on or off."""
    PeriodicTask.objects.filter(name=name).update(enabled=enabled)
    PeriodicTasks.update_changed()
