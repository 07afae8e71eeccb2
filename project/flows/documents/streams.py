"""The streams of this flow: documents by workspace, the people, who of them is there, and figures."""

from typing import Annotated, Any

from pydantic import BaseModel, StringConstraints

from streams import Stream

LONGEST = 100_000  # characters of a document
WORKSPACES = "workspaces"  # scope of the state: {"members": [...], "guests": bool} by workspace
PEOPLE = "all"  # group of users
GUEST = "guest-"  # how the id of somebody begins who needs no membership where guests are welcome


class Document(BaseModel):
    """A document; times are milliseconds. revision: how often it was written."""

    id: str
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    content: Annotated[str, StringConstraints(max_length=LONGEST)] = ""
    updatedAt: int
    authorId: str
    revision: int = 0


class User(BaseModel):
    """Somebody. connections: to documents, at this moment."""

    id: str
    name: str = ""
    status: str = "away"
    connections: int = 0


class Presence(BaseModel):
    """Whether somebody is there, since when; in milliseconds."""

    id: str
    userId: str
    name: str = ""
    status: str
    lastSeen: int


def is_member(workspace: Any, user_id: str | None) -> bool:
    """May they read and write the documents of *workspace*, as the state has it?"""
    if not isinstance(workspace, dict) or not user_id:
        return False
    return user_id in workspace.get("members", []) or (workspace.get("guests") is True and user_id.startswith(GUEST))


async def on_join(subscription: Any, ctx: Any, auth: Any) -> dict[str, Any]:
    """Let members in, and note that they are there."""
    user_id = auth.get("userId") if auth else None
    if not is_member(await ctx.state.get(WORKSPACES, subscription.group_id), user_id):
        return {"authorized": False, "reason": "You are not a member of this workspace"}
    arrive = [
        {"type": "increment", "path": "connections", "by": 1},
        {"type": "set", "path": "status", "value": "online"},
    ]
    await ctx.streams.users.update(PEOPLE, user_id, arrive)
    return {"authorized": True, "context": {"userId": user_id, "workspaceId": subscription.group_id}}


async def on_leave(subscription: Any, ctx: Any, auth: Any) -> None:
    """Note that one connection of theirs is gone, and with the last one they."""
    left = await ctx.streams.users.update(
        PEOPLE, auth["userId"], [{"type": "decrement", "path": "connections", "by": 1}]
    )
    if left.new_value["connections"] <= 0:
        await ctx.streams.users.update(PEOPLE, auth["userId"], [{"type": "set", "path": "status", "value": "offline"}])
    ctx.logger.info("User left stream", {"userId": auth["userId"], "groupId": subscription.group_id})


def somebody(subscription: Any, auth: Any) -> bool:
    """Is it anybody in particular?"""
    return bool(auth and auth.get("userId"))


documents = Stream(
    "documents", schema=Document, on_join=on_join, on_leave=on_leave, description="Documents, by workspace."
)
users = Stream("users", schema=User, description="People; read by steps only.")
presence = Stream("presence", schema=Presence, can_access=somebody, description="Who is there.")
metrics = Stream("metrics", public=True, description="Figures, twice a minute.")
