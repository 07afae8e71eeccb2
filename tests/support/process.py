"""One program that a test started: its output in a file, its end with the tests' end, however they end."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from .waiting import eventually

ROOT = Path(__file__).parents[2]
LAUNCH = Path(__file__).with_name("launch.py")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tail(log: Path, lines: int = 40) -> str:
    """Return the end of a log."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return f"--- {log}\n" + "\n".join(text.splitlines()[-lines:])


class Process:
    """A child process in a session of its own, started through the launcher.

    user: (uid, gid) to run as; orphaned: the signal it gets when the tests are killed (see launch.py).
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        user: tuple[int, int] | None = None,
        orphaned: signal.Signals = signal.SIGKILL,
        pipes: bool = False,
    ) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = log
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd
        self.user = user
        self.orphaned = orphaned
        self.pipes = pipes
        self.popen: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it; from the main thread, because the parent-death signal fires when the starting thread ends."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{self.name} must be started from the main thread")
        if self.running:
            raise RuntimeError(f"{self.name} is running already")
        who = "-" if self.user is None else f"{self.user[0]}:{self.user[1]}"
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(int(self.orphaned)), who, str(os.getpid())]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [*launch, *self.argv],
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.PIPE if self.pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.pipes else output,
                stderr=output,
                start_new_session=True,
                text=True,
            )

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self.popen is not None and self.popen.poll() is None

    @property
    def pid(self) -> int:
        """Its process id, also after its end."""
        if self.popen is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.popen.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.popen is None or not self.running:
            raise RuntimeError(f"{self.name} does not run\n{self.tail()}")
        self.popen.send_signal(number)

    def wait(self, within: float = 30.0) -> int:
        """Wait for its end and return its exit status (minus the signal that ended it)."""
        if self.popen is None:
            raise RuntimeError(f"{self.name} was not started")
        return self.popen.wait(within)

    def kill(self) -> None:
        """End it as ``kill -9`` does; back when it is gone."""
        if self.running:
            self.send(signal.SIGKILL)
            self.wait()
        self._close_pipes()

    def stop(self, number: signal.Signals = signal.SIGTERM, within: float = 30.0) -> int | None:
        """Ask it to end and return its exit status; kill it after *within* seconds (None: it never ran)."""
        if self.popen is None:
            return None
        if self.running:
            self.send(number)
            try:
                self.wait(within)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close_pipes()
        return self.popen.returncode

    def _close_pipes(self) -> None:
        for pipe in (self.popen.stdin, self.popen.stdout) if self.popen else ():
            if pipe is not None:
                pipe.close()

    @property
    def output(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self) -> str:
        """Return its last words, for error messages."""
        return tail(self.log)

    def says(self, text: str, within: float = 30.0) -> None:
        """Wait until *text* stands in its output; AssertionError with its last words when it ends or stays silent."""

        def look() -> bool:
            said = text in self.output
            if not said and not self.running:
                raise AssertionError(f"{self.name} ended with {self.popen and self.popen.returncode}\n{self.tail()}")
            return said

        eventually(look, what=f"{self.name} says {text!r}", within=within, detail=self.tail)
