"""What `make run` prints: each line behind the name of the process that said it."""

import os
import sys
from typing import TextIO

COLOURS = {"run": 1, "web": 36, "worker": 33, "beat": 35, "valkey": 32}
WIDTH = max(map(len, COLOURS))


class Console:
    """Writes prefixed lines; in colour on a terminal, unless NO_COLOR is set."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._colour = self._stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, name: str, text: str) -> None:
        """Write one line of the process *name*."""
        prefix = f"{name:>{WIDTH}} |"
        if self._colour:
            prefix = f"\x1b[{COLOURS.get(name, 0)}m{prefix}\x1b[0m"
        self._stream.write(f"{prefix} {text}\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """Write one or more lines of the supervisor itself."""
        for line in text.splitlines():
            self.line("run", line)
