"""What a client lived through, as JSON lines: written while it happens, read by the checker."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Recorder:
    """Writes the history of one client. Each line has ``e``, what happened, and ``at`` (monotonic seconds).

    open, shut (code), join (data: as it was sent; since is missing for published clients; over: "sse" if it was the
    request of an event stream), frame (text: as it came), end (the client is sent away: now all should be right).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("w", encoding="utf-8")

    def note(self, event: str, **facts: Any) -> None:
        """Append a line."""
        self._file.write(json.dumps({"e": event, "at": time.monotonic(), **facts}) + "\n")

    def flush(self) -> None:
        """Let what was noted be read."""
        if not self._file.closed:
            self._file.flush()

    def close(self) -> None:
        """End it."""
        self._file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a file; the last one may be cut off by a SIGKILL."""
    with path.open(encoding="utf-8") as file:
        for text in file:
            if text.endswith("\n"):
                yield json.loads(text)
