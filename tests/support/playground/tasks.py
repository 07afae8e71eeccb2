"""A task as a project has them: it writes to a stream from the worker's process."""

from typing import Any

from celery import shared_task

from streams.registry import registry


@shared_task(name="playground.write")
def write(stream: str, group: str, item: str, value: dict[str, Any]) -> None:
    """Set an item."""
    todo: Any = registry.get(stream)
    todo.set(group, item, value)
