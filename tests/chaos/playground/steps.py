"""What the worker of the fault tests does."""

from typing import Any

from steps import QueueConfig, queue, step

ONCE_MORE = QueueConfig(max_retries=10, backoff_delay_ms=100, timeout=30)


@step("ChaosNote", triggers=[queue("chaos.note", config=ONCE_MORE)], atomic=True)
def note(data: Any, ctx: Any) -> None:
    """Write what the message says; the run's end commits with it."""
    ctx.streams[data["stream"]].set(data["group"], data["id"], {"token": data["token"]})
