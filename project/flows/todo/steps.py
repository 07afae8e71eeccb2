"""What can be done with todos, over HTTP. Every change is seen at once by everyone who watches the inbox."""

from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from pydantic import BaseModel, model_validator

from steps import Context, Request, http, step
from streams import InvalidId

from .streams import Description, Todo

INBOX = "inbox"
UNKNOWN = {"status": 404, "body": {"error": "There is no such todo"}}


class Todos(BaseModel):
    """All todos, and the lists they are in."""

    todos: list[Todo]
    groups: list[str]


class NewTodo(BaseModel):
    """What creates a todo."""

    description: Description
    dueDate: str | None = None


class Changes(BaseModel):
    """What changes a todo: any of these."""

    description: Description = ""
    dueDate: str | None = None
    checked: bool = False

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Give at least one of description, dueDate, checked")
        return self


@step("CreateTodo", triggers=[http("POST", "/todo", body=NewTodo, response=Todo)], flows=["todo"])
async def create_todo(request: Request, ctx: Context) -> Any:
    """Create a todo and tell everyone who watches the inbox."""
    item = request.body.model_dump(exclude_none=True) | {"createdAt": now()}
    todo = await ctx.streams.todo.set(INBOX, uuid4().hex, item)
    ctx.logger.info("todo created", {"todoId": todo.id})
    return {"status": 200, "body": todo}


@step("ListTodos", triggers=[http("GET", "/todo", response=Todos)], flows=["todo"])
async def list_todos(request: Request, ctx: Context) -> Any:
    """List the todos of the inbox, and the groups there are."""
    todos = await ctx.streams.todo.list(INBOX)
    return {"status": 200, "body": {"todos": todos, "groups": await ctx.streams.todo.list_groups()}}


@step("UpdateTodo", triggers=[http("PUT", "/todo/{id}", body=Changes, response=Todo)], flows=["todo"])
async def update_todo(request: Request, ctx: Context) -> Any:
    """Change the description or the due date (null: none), tick a todo or untick it."""
    changes = request.body.model_dump(exclude_unset=True)
    if "checked" in changes:
        changes["completedAt"] = now() if changes.pop("checked") else None
    return await change(request.path_params["id"], ctx, [assign(name, value) for name, value in changes.items()])


@step("CompleteTodo", triggers=[http("PATCH", "/todos/{id}/complete", response=Todo)], flows=["todo"])
async def complete_todo(request: Request, ctx: Context) -> Any:
    """Complete a todo and note who did."""
    who = str(request.user.pk) if request.user.is_authenticated else "user-123"
    operations: list[dict[str, Any]] = [
        {"type": "set", "path": "completedAt", "value": now()},
        {"type": "merge", "path": "metadata", "value": {"completedBy": who}},
    ]
    return await change(request.path_params["id"], ctx, operations)


@step("DeleteTodo", triggers=[http("DELETE", "/todo/{id}")], flows=["todo"])
async def delete_todo(request: Request, ctx: Context) -> Any:
    """Delete a todo; the answer is what it was."""
    try:
        return await ctx.streams.todo.delete(INBOX, request.path_params["id"]) or UNKNOWN
    except InvalidId:
        return UNKNOWN


async def change(id: str, ctx: Context, operations: list[dict[str, Any]]) -> Any:
    """Apply update operations to a todo; ``if_exists`` keeps an unknown id from making a new one."""
    try:
        return await ctx.streams.todo.update(INBOX, id, operations, if_exists=True) or UNKNOWN
    except InvalidId:  # too long, for example
        return UNKNOWN


def assign(path: str, value: Any) -> dict[str, Any]:
    """Return the operation that sets *path* to *value*; None removes it."""
    return {"type": "remove", "path": path} if value is None else {"type": "set", "path": path, "value": value}


def now() -> str:
    """Return the time as JavaScript writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
