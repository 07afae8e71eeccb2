"""What people do in a room: talk, type, react, and stop an answer."""

import time
from typing import Annotated, Any
from uuid import uuid4

from pydantic import BaseModel, StringConstraints

from steps import Context, Request, http, step
from streams import InvalidId

from ..streams import ASSISTANT, LOBBY, Message, Name, Words

FLOWS = ["chat"]
ASKED = "chat.asked"
UNKNOWN = {"status": 404, "body": {"error": "There is no such message"}}

Room = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Said(BaseModel):
    """What somebody says in a room."""

    message: Words
    room: Room = LOBBY
    userId: Name = "guest"


class Typing(BaseModel):
    """Somebody is typing in a room."""

    room: Room
    userId: Name


class Reaction(BaseModel):
    """What somebody thinks of a message."""

    room: Room = LOBBY
    userId: Name
    emoji: Annotated[str, StringConstraints(min_length=1, max_length=16)]


class Place(BaseModel):
    """The room of a message."""

    room: Room = LOBBY


@step("Chat", triggers=[http("POST", "/chat", body=Said, response=Message)], enqueues=[ASKED], flows=FLOWS)
async def chat(request: Request, ctx: Context) -> Any:
    """Say something; what is returned is the answer as it begins, and where it grows."""
    said: Said = request.body
    messages, question, answer = ctx.streams.chatMessage, uuid4().hex, uuid4().hex
    common = {"createdAt": time.time_ns() // 1_000_000}
    try:
        person = {"role": "user", "userId": said.userId, "message": said.message, "status": "completed"}
        await messages.set(said.room, question, person | common)
        empty = {"role": "assistant", "userId": ASSISTANT, "message": "", "status": "created"}
        written = await messages.set(said.room, answer, empty | common)
    except InvalidId as error:
        return {"status": 400, "body": {"error": "Invalid body", "fields": {"room": [error.message]}}}
    await ctx.enqueue(ASKED, {"room": said.room, "id": answer}, message_group_id=said.room)
    ctx.logger.info("💬 Somebody has said something", {"room": said.room, "id": question})
    return {"status": 200, "body": written}


@step("StopAnswer", triggers=[http("POST", "/chat/{id}/stop", body=Place)], flows=FLOWS)
async def stop_answer(request: Request, ctx: Context) -> Any:
    """Ask for the end of an answer; the job that writes it looks for that, and is the only one to write the rest."""
    operations = [{"type": "set", "path": "stopRequested", "value": True}]
    place = (request.body.room, request.path_params["id"])
    try:
        return await ctx.streams.chatMessage.update(*place, operations, if_exists=True) or UNKNOWN
    except InvalidId:
        return UNKNOWN


@step("Typing", triggers=[http("POST", "/typing", body=Typing)], flows=FLOWS)
async def typing(request: Request, ctx: Context) -> Any:
    """Tell the room that somebody is typing."""
    event = {"type": "typing", "data": {"userId": request.body.userId}}
    return await tell(ctx, {"groupId": request.body.room}, event)


@step("React", triggers=[http("POST", "/chat/{id}/reactions", body=Reaction)], flows=FLOWS)
async def react(request: Request, ctx: Context) -> Any:
    """Tell the room, and who watches this message alone, what somebody thinks of it."""
    reaction: Reaction = request.body
    id = request.path_params["id"]
    data = {"id": id, "userId": reaction.userId, "emoji": reaction.emoji}
    return await tell(ctx, {"groupId": reaction.room, "id": id}, {"type": "reaction", "data": data})


async def tell(ctx: Context, channel: dict[str, str], event: dict[str, Any]) -> Any:
    """Send what is not worth storing."""
    try:
        await ctx.streams.chatMessage.send(channel, event)
    except InvalidId as error:
        return {"status": 400, "body": {"error": error.message, "fields": {}}}
    return None
