"""Kills what is left when the supervisor is gone, also after SIGKILL.

Run as a script it is a process of its own that reads ``+<group>`` and ``-<group>`` lines from the supervisor. When the
pipe ends it kills every process group that is still on its list: the kernel has killed the children by then (see
launcher), but not what the children started.
"""

import contextlib
import os
import signal
import subprocess
import sys
from typing import IO


class Warden:
    """The supervisor's end of the pipe."""

    def __init__(self) -> None:
        self._groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; its own session keeps it out of reach of the terminal's Ctrl-C."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
        )

    def watch(self, group: int) -> None:
        """Put *group* on the list."""
        self._groups.add(group)
        self._tell(f"+{group}")

    def forget(self, group: int) -> None:
        """Kill what is left of *group* and take it off the list."""
        kill(group)
        self._groups.discard(group)
        self._tell(f"-{group}")

    def stop(self) -> None:
        """End the process, and with it every group still on the list."""
        if self._process is not None:
            self._process.communicate()
            self._process = None

    def _tell(self, line: str) -> None:
        if self._process is None:
            return
        try:
            _write(self._process, line)
        except BrokenPipeError:  # somebody killed it: a new one learns the whole list
            self._process.wait()
            self.start()
            for group in self._groups:
                _write(self._process, f"+{group}")


def kill(group: int) -> None:
    """Kill every process of *group*; none left is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says "not permitted" of zombies
        os.killpg(group, signal.SIGKILL)


def main(lines: IO[str]) -> None:
    """Keep the list that *lines* tell; kill what is on it when they end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    for group in groups:
        kill(group)


def _write(process: subprocess.Popen[bytes], line: str) -> None:
    if process.stdin is None:
        raise RuntimeError("the warden has no pipe")
    process.stdin.write(f"{line}\n".encode())
    process.stdin.flush()


if __name__ == "__main__":
    main(sys.stdin)
