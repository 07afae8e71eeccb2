"""Who may: the same question for a request as for a connection."""

import time
from typing import Any

from steps import Context, Request
from streams import InvalidId, StreamAuthentication

from .streams import WORKSPACES, is_member

WORKSPACE = "w1"  # whose documents are meant where an address names none
OPEN = "open"  # the workspace of the page: guests are welcome
DOCUMENT = "welcome"  # the document of the page
FLOWS = ["documents"]
SAME = [StreamAuthentication]  # a request is who a socket would be

UNKNOWN = {"status": 404, "body": {"error": "Document not found"}}
FOREIGN = {"status": 403, "body": {"error": "You are not a member of this workspace"}}


async def denied(request: Request, ctx: Context, workspace_id: str) -> dict[str, Any] | None:
    """Return the answer to somebody who may not; None to those who may."""
    try:
        workspace = await ctx.state.get(WORKSPACES, workspace_id)
    except InvalidId:
        return FOREIGN
    return None if is_member(workspace, who(request)) else FOREIGN


def who(request: Request) -> str | None:
    """Return the id of who asks."""
    return str(request.user.pk) if request.user.is_authenticated else None


def now() -> int:
    """Return the time in milliseconds."""
    return time.time_ns() // 1_000_000
