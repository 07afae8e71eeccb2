"""Items that the project's schemas take."""

from typing import Any


def todo(description: str, **more: Any) -> dict[str, Any]:
    """Return a todo as the flow stores it, with *more* keys (its schema allows others)."""
    return {"description": description, "createdAt": "2026-03-01T09:00:00.000Z", **more}
