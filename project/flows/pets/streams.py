"""The stream of this flow: a group per request, named after its trace, that every step of the flow writes to."""

from typing import Any

from pydantic import BaseModel, Field

from streams import Stream

MESSAGE = "message"  # the item that the request's own progress is told in


class Progress(BaseModel):
    """One thing that is told. progress: percent of all that is to be done."""

    message: str
    progress: int | None = Field(None, ge=0, le=100)
    data: dict[str, Any] | None = None


pet_creation = Stream("petCreation", schema=Progress, public=True, description="What happens to new pets.")
