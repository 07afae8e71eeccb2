"""Streams for what the project's own do not show: rules of all kinds, and hooks that count."""

from typing import Any

from streams import Stream

Auth = dict[str, Any] | None


def anybody(subscription: Any, auth: Auth, operation: str) -> bool:
    return True


def members(subscription: Any, auth: Auth) -> bool:
    return auth is not None


def came(subscription: Any, ctx: Any, auth: Auth) -> dict[str, Any]:
    """Count who comes into the lobby; refuse the group "closed"."""
    ctx.streams.visits.update(
        subscription.group_id,
        "count",
        [{"type": "increment", "path": "here", "by": 1}, {"type": "increment", "path": "came", "by": 1}],
    )
    return {"unauthorized": subscription.group_id == "closed", "reason": "The lobby is closed"}


def went(subscription: Any, ctx: Any, auth: Auth) -> None:
    """Count who goes."""
    ctx.streams.visits.update(
        subscription.group_id,
        "count",
        [{"type": "decrement", "path": "here", "by": 1}, {"type": "increment", "path": "went", "by": 1}],
    )


board = Stream("board", public=True, can_write=anybody, description="Everybody reads and writes.")
club = Stream("club", can_access=members, can_write=lambda subscription, auth, operation: auth is not None)
box = Stream("box", can_write=anybody, description="Everybody puts something in, nobody sees it.")
lobby = Stream("lobby", on_join=came, on_leave=went)
visits = Stream("visits", public=True)
