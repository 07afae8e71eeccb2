"""Hooks of Schemathesis: names that lead somewhere, for requests made up from the OpenAPI document."""

from typing import Any

import schemathesis

KNOWN = {
    "stream": ["board", "club", "box", "lobby", "todo"],
    "group": ["g"],
    "id": ["a", "b"],
    "workspaceId": ["w1"],
    "docId": ["d"],
}


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Put a known name in the place of two made up ones of three; which ones, the made up ones say."""
    for name, value in (path_parameters or {}).items():
        number = len(str(value))
        if path_parameters and number % 3 and (known := KNOWN.get(name)):
            path_parameters[name] = known[number % len(known)]
    return path_parameters
