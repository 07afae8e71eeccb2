"""The stream of this flow: messages, by room. Who types and who reacts is told in it, too, and never stored."""

from typing import Annotated, Literal

from pydantic import BaseModel, StringConstraints

from streams import Stream

LONGEST = 2_000  # characters of what a person says
LOBBY = "lobby"  # the room of the page
ASSISTANT = "assistant"

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class Message(BaseModel):
    """What somebody said; createdAt is in milliseconds.

    status: an answer is ``created``, ``streaming`` while it grows, at last ``completed``, ``stopped`` or ``failed``.
    stopRequested: somebody has heard enough.
    """

    id: str
    role: Literal["user", "assistant"]
    userId: Name
    message: str
    status: Literal["created", "streaming", "completed", "stopped", "failed"]
    createdAt: int
    stopRequested: bool = False


chat_message = Stream("chatMessage", schema=Message, public=True, description="What is said, by room.")
