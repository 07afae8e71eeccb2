"""Streams that the lab's steps write to."""

from typing import Any

from streams import Stream

tally = Stream("labTally", public=True)
notes = Stream("labNotes", public=True)


async def may_join(subscription: Any, ctx: Any, auth: Any) -> dict[str, Any]:
    """Let members of the workspace in, as the documents do it."""
    workspace = await ctx.state.get("workspaces", subscription.group_id)
    user_id = auth.get("userId") if auth else None
    if not workspace or user_id not in workspace.get("members", []):
        return {"authorized": False}
    return {"authorized": True, "context": {"userId": user_id, "workspaceId": subscription.group_id}}


documents = Stream("labDocuments", on_join=may_join)


def authenticate(request: Any, ctx: Any) -> Any:
    """Take a token for the name of its user."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    return {"userId": token} if token else None
