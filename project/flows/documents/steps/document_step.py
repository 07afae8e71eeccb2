"""Read, write and delete documents over HTTP."""

from typing import Annotated, Any

from django.db import transaction
from pydantic import BaseModel, StringConstraints

from steps import Context, Request, http, step
from streams import InvalidId, lock

from ..members import FLOWS, FOREIGN, SAME, UNKNOWN, denied, now, who
from ..merging import merge
from ..streams import LONGEST, WORKSPACES, is_member

Text = Annotated[str, StringConstraints(max_length=LONGEST)]


class NewDocument(BaseModel):
    """A whole document."""

    title: Annotated[str, StringConstraints(max_length=200)] = ""
    content: Text = ""


class Edit(BaseModel):
    """A new content. base: the content it was made from, so that what others wrote meanwhile is kept."""

    content: Text
    base: Text | None = None


def document(method: str, body: Any = None) -> Any:
    """Return the trigger of a method on one document."""
    return http(method, "/workspaces/{workspaceId}/documents/{docId}", body=body, authentication_classes=SAME)


@step("get-document", triggers=[document("GET")], flows=FLOWS)
async def get_document(request: Request, ctx: Context) -> Any:
    """Return a document."""
    if answer := await denied(request, ctx, request.path_params["workspaceId"]):
        return answer
    place = request.path_params
    try:
        return await ctx.streams.documents.get(place["workspaceId"], place["docId"]) or UNKNOWN
    except InvalidId:
        return UNKNOWN


@step("put-document", triggers=[document("PUT", NewDocument)], flows=FLOWS)
async def put_document(request: Request, ctx: Context) -> Any:
    """Create a document, or replace it."""
    if answer := await denied(request, ctx, request.path_params["workspaceId"]):
        return answer
    place = request.path_params
    try:
        return await ctx.streams.documents.update(
            place["workspaceId"], place["docId"], written(request, request.body.model_dump())
        )
    except InvalidId as error:
        return {"status": 400, "body": {"error": error.message, "fields": {}}}


@step("edit-document", triggers=[document("PATCH", Edit)], flows=FLOWS)
def edit_document(request: Request, ctx: Context) -> Any:
    """Change the content; with the base it was made from, both what was written meanwhile and this is kept."""
    workspace, doc = request.path_params["workspaceId"], request.path_params["docId"]
    try:
        if not is_member(ctx.state.get(WORKSPACES, workspace), who(request)):
            return FOREIGN
        with transaction.atomic():
            lock(("documents", workspace))
            known = ctx.streams.documents.get(workspace, doc)
            if known is None:
                return UNKNOWN
            edit: Edit = request.body
            content = edit.content if edit.base is None else merge(edit.base, edit.content, known["content"])
            return ctx.streams.documents.update(workspace, doc, written(request, {"content": content}))
    except InvalidId:
        return UNKNOWN


@step("delete-document", triggers=[document("DELETE")], flows=FLOWS)
async def delete_document(request: Request, ctx: Context) -> Any:
    """Delete a document; the answer is what it was."""
    if answer := await denied(request, ctx, request.path_params["workspaceId"]):
        return answer
    try:
        place = request.path_params
        return await ctx.streams.documents.delete(place["workspaceId"], place["docId"]) or UNKNOWN
    except InvalidId:
        return UNKNOWN


def written(request: Request, values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations that write *values*, and note when and by whom."""
    return [
        {"type": "merge", "value": {**values, "updatedAt": now(), "authorId": who(request)}},
        {"type": "increment", "path": "revision", "by": 1},
    ]
