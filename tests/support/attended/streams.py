"""``attended`` counts its subscribers in ``attendance``, an item per group."""

from typing import Any

from streams import Stream


async def joined(subscription: Any, ctx: Any, auth: Any) -> None:
    """One more."""
    await ctx.streams.attendance.update("all", subscription.group_id, [{"type": "increment", "path": "number"}])


async def left(subscription: Any, ctx: Any, auth: Any) -> None:
    """One less."""
    await ctx.streams.attendance.update("all", subscription.group_id, [{"type": "decrement", "path": "number"}])


attended = Stream("attended", on_join=joined, on_leave=left)
attendance = Stream("attendance", public=True)
