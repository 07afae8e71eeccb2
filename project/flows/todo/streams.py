"""The stream of this flow: one group, ``inbox``, with a todo per item."""

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


todo = Stream("todo", schema=Todo, public=True, description="Todos, by list.")
