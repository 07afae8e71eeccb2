"""What pages are made of, for processes that a Console drives."""

from typing import Any

from streams.registry import registry


def snapshot(stream: str, group: str) -> Any:
    """Return what a page hands to its script: items, sequence and epoch."""
    target: Any = registry.get(stream)
    return target.snapshot(group).as_json()
