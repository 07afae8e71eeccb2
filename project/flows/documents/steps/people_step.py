"""What people tell each other: who they are, where they are, and news."""

from secrets import token_hex
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from project.tokens import token_for
from steps import Context, Request, http, step
from streams import InvalidId

from ..members import FLOWS, FOREIGN, OPEN, SAME, UNKNOWN, WORKSPACE, denied, now, who
from ..streams import GUEST, LONGEST, PEOPLE, WORKSPACES, is_member

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


class Cursor(BaseModel):
    """Where somebody is in a document, in characters."""

    position: Annotated[int, Field(ge=0, le=LONGEST)]


class Notification(BaseModel):
    """Something to tell everybody who looks at a document."""

    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    workspaceId: str = WORKSPACE


class NewGuest(BaseModel):
    """Somebody without an account."""

    name: Name


class NewStatus(BaseModel):
    """What somebody says of themselves."""

    status: Literal["online", "away", "busy"]


@step(
    "move-cursor",
    triggers=[
        http(
            "POST",
            "/workspaces/{workspaceId}/documents/{docId}/cursor",
            body=Cursor,
            authentication_classes=SAME,
        )
    ],
    flows=FLOWS,
)
async def move_cursor(request: Request, ctx: Context) -> Any:
    """Tell the others where somebody is; it is never stored."""
    if answer := await denied(request, ctx, request.path_params["workspaceId"]):
        return answer
    place = request.path_params
    data = {"userId": who(request), "position": request.body.position}
    try:
        await ctx.streams.documents.send((place["workspaceId"], place["docId"]), {"type": "cursor", "data": data})
    except InvalidId:
        return UNKNOWN
    return None


@step(
    "notify-collaborators",
    triggers=[http("POST", "/documents/{docId}/notify", body=Notification, authentication_classes=SAME)],
    flows=FLOWS,
)
async def notify_collaborators(request: Request, ctx: Context) -> Any:
    """Tell everybody who looks at the workspace, or at this document."""
    workspace = request.body.workspaceId
    try:
        if not is_member(await ctx.state.get(WORKSPACES, workspace), who(request)):
            return FOREIGN
        data = {"message": request.body.message, "timestamp": now()}
        await ctx.streams.documents.send(
            {"groupId": workspace, "id": request.path_params["docId"]}, {"type": "notification", "data": data}
        )
    except InvalidId:
        return UNKNOWN
    return {"status": 200, "body": {"sent": True}}


@step("welcome-guest", triggers=[http("POST", "/guests", body=NewGuest)], flows=FLOWS)
async def welcome_guest(request: Request, ctx: Context) -> Any:
    """Give somebody a name, and a token for an hour; with it the open workspace lets them in."""
    if await ctx.state.get(WORKSPACES, OPEN) is None:
        await ctx.state.set(WORKSPACES, OPEN, {"members": [], "guests": True})
    user_id = f"{GUEST}{token_hex(6)}"
    await ctx.streams.users.set(PEOPLE, user_id, {"name": request.body.name, "status": "away"})
    return {"status": 201, "body": {"userId": user_id, "token": token_for(user_id)}}


@step("set-status", triggers=[http("PUT", "/users/me", body=NewStatus, authentication_classes=SAME)], flows=FLOWS)
async def set_status(request: Request, ctx: Context) -> Any:
    """Say of oneself whether one is there."""
    if (user_id := who(request)) is None:
        return {"status": 401, "body": {"error": "Who are you?"}}
    await ctx.streams.users.update(PEOPLE, user_id, [{"type": "merge", "value": request.body.model_dump()}])
    return None
