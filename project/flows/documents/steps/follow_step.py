"""What follows by itself: an index, presence, and figures."""

from typing import Literal

from pydantic import BaseModel

from steps import Context, StreamInput, cron, queue, step, stream

from ..members import DOCUMENT, FLOWS, OPEN, now
from ..streams import PEOPLE

INDEXED = "document-indexed"
SAID = {"create": "Document created", "update": "Document updated", "delete": "Document deleted"}


class Indexed(BaseModel):
    """A document whose place in the index has changed."""

    groupId: str
    id: str
    type: Literal["create", "update", "delete"]


@step("on-document-change", triggers=[stream("documents")], enqueues=[INDEXED], flows=FLOWS)
async def on_document_change(change: StreamInput, ctx: Context) -> None:
    """Keep an index of words, and say that it has changed."""
    place, kind = f"{change.group_id}/{change.id}", change.event.type
    if kind == "delete":
        await ctx.state.delete("index", place)
    else:
        await ctx.state.set("index", place, {"words": len(change.event.data["content"].split())})
    ctx.logger.info(SAID[kind], {"id": change.id})
    await ctx.enqueue(INDEXED, {"groupId": change.group_id, "id": change.id, "type": kind})


@step("on-open-change", triggers=[stream("documents", group_id=OPEN)], flows=FLOWS)
async def on_open_change(change: StreamInput, ctx: Context) -> None:
    """Count what happens in the open workspace, and nowhere else."""
    await ctx.state.update("changes", OPEN, [{"type": "increment", "path": change.event.type, "by": 1}])


@step("on-welcome-change", triggers=[stream("documents", group_id=OPEN, item_id=DOCUMENT)], flows=FLOWS)
async def on_welcome_change(change: StreamInput, ctx: Context) -> None:
    """Remember what happened last to the document that everybody sees."""
    newest = {"type": change.event.type, "authorId": change.event.data["authorId"], "at": change.timestamp}
    await ctx.state.set("newest", DOCUMENT, newest)


@step("count-indexed", triggers=[queue(INDEXED, input=Indexed)], flows=FLOWS)
async def count_indexed(event: Indexed, ctx: Context) -> None:
    """Count what was indexed, by workspace."""
    await ctx.state.update("indexed", event.groupId, [{"type": "increment", "path": event.type, "by": 1}])


@step("track-presence", triggers=[stream("users", group_id=PEOPLE)], flows=FLOWS)
async def track_presence(change: StreamInput, ctx: Context) -> None:
    """Let presence follow what people's status is."""
    user = change.event.data
    if change.event.type != "update" or not user.get("status"):
        return
    item = {"userId": change.id, "name": user.get("name", ""), "status": user["status"], "lastSeen": now()}
    await ctx.streams.presence.set("global", change.id, item)


@step("update-metrics", triggers=[cron("*/30 * * * * *")], flows=FLOWS)
async def update_metrics(_: None, ctx: Context) -> None:
    """Write figures twice a minute, once for all workers."""
    workspaces = await ctx.streams.documents.list_groups()
    count = 0
    for workspace in workspaces:
        count += len(await ctx.streams.documents.list(workspace))
    present = [one for one in await ctx.streams.presence.list("global") if one["status"] == "online"]
    changes = await ctx.state.get("changes", OPEN) or {}
    figures = {"workspaces": len(workspaces), "documents": count, "changes": sum(changes.values())}
    figures |= {"online": len(present), "timestamp": now()}
    await ctx.streams.metrics.set("live", "current", figures)
