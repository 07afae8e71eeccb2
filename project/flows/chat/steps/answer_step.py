"""The answer: a job per question, one after the other in each room, that writes as the model speaks."""

from contextlib import aclosing
from typing import Any

from pydantic import BaseModel

from steps import Context, QueueConfig, queue, step

from ..model import NoAnswer, ask, gathered
from .chat_step import ASKED, FLOWS

REMEMBERED = 12  # messages that the model is told
KEPT = 100  # messages of a room
PATIENCE_S = 0.5  # without a word of the model, before a look at whether anybody still wants to hear it
FALLBACK = "The model does not answer. Please try again later."


class Asked(BaseModel):
    """The answer that is due."""

    room: str
    id: str


@step(
    "AnswerChat",
    triggers=[queue(ASKED, input=Asked, config=QueueConfig(type="fifo", timeout=300))],
    flows=FLOWS,
)
async def answer_chat(asked: Asked, ctx: Context) -> None:
    """Ask the model and append what it says to the answer, as fast as both go; then set the answer as it is."""
    messages, place = ctx.streams.chatMessage, (asked.room, asked.id)
    known = await messages.list(asked.room)
    # from the top, in case that a worker died in the middle of it
    begun = await messages.update(*place, [{"type": "set", "path": "message", "value": ""}], if_exists=True)
    if begun is None:
        return
    answer, status, failure = begun.new_value, "stopped", ""
    try:
        if not answer.get("stopRequested"):
            answer, status = await heard(messages, place, conversation(known, asked.id))
    except NoAnswer as error:
        ctx.logger.warning("⚠️ The model does not answer", {"id": asked.id, "reason": str(error)})
        answer, status, failure = await messages.get(*place), "failed", FALLBACK
    if answer is None:
        return  # deleted: nobody wants to know
    text = "\n\n".join(part for part in (answer["message"], failure) if part)
    await messages.set(*place, {**answer, "message": text, "status": status})
    ctx.logger.info("🗣️ Answered", {"id": asked.id, "status": status, "characters": len(text)})
    for old in known[:-KEPT]:
        await messages.delete(asked.room, old["id"])


async def heard(messages: Any, place: tuple[str, str], told: list[dict[str, str]]) -> tuple[Any, str]:
    """Append what the model says to the answer; return the answer, None if it was deleted, and how it ended."""
    answer = None
    async with aclosing(gathered(ask(told), PATIENCE_S)) as pieces:
        async for piece in pieces:
            answer = await grown(messages, place, piece)
            if answer is None or answer.get("stopRequested"):
                return answer, "stopped"
    return answer or await messages.get(*place), "completed"


async def grown(messages: Any, place: tuple[str, str], piece: str) -> Any:
    """Return the answer with *piece* at its end; without one, as it is. None: there is none any more."""
    if not piece:
        return await messages.get(*place)
    operations = [
        {"type": "append", "path": "message", "value": piece},
        {"type": "set", "path": "status", "value": "streaming"},
    ]
    written = await messages.update(*place, operations, if_exists=True)
    return written and written.new_value


def conversation(known: list[dict[str, Any]], id: str) -> list[dict[str, str]]:
    """Return what the model is told: what was said before the answer *id*, by it and others."""
    before = known[: next((number for number, one in enumerate(known) if one["id"] == id), len(known))]
    said = [
        {"role": one["role"], "content": one["message"]}
        for one in before
        if one["message"] and one["status"] != "failed"
    ]
    return said[-REMEMBERED:]
