"""The streams of this flow: ``todo``, lists of todos, and ``inbox``, how many are watching each list.

A list is a group of ``todo``; the one that the page shows is named "inbox", too.
"""

from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints

from streams import Stream

MAX_LENGTH = 500  # characters of a description

Description = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LENGTH)]


class Todo(BaseModel):
    """What an item looks like; times are ISO 8601."""

    id: str
    description: Description
    createdAt: str
    dueDate: str | None = None
    completedAt: str | None = None
    metadata: dict[str, Any] = {}


class Watchers(BaseModel):
    """How many subscribers a list has."""

    watching: int


async def on_join(subscription: Any, ctx: Any, auth: Any) -> dict[str, bool]:
    """Count one more who watches a list, and let everybody in.

    What a hook writes is committed together with the join: whoever is let in is counted.
    """
    await ctx.streams.inbox.update("watching", subscription.group_id, [{"type": "increment", "path": "watching"}])
    return {"unauthorized": False}


async def on_leave(subscription: Any, ctx: Any, auth: Any) -> None:
    """Count one less. This runs once for everyone who was let in, also when a line or a server is lost."""
    await ctx.streams.inbox.update("watching", subscription.group_id, [{"type": "decrement", "path": "watching"}])


todo = Stream("todo", schema=Todo, public=True, on_join=on_join, on_leave=on_leave, description="Todos, by list.")
inbox = Stream("inbox", schema=Watchers, public=True, description="How many are watching each list of todos.")
