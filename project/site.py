"""What one `make run` runs, and where; no two of them share a data directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class CannotStart(Exception):
    """Nothing was left running; the message says why."""


@dataclass(frozen=True, slots=True)
class Site:
    """A copy of the project.

    data: directory of SQLite, Valkey and the lock. redis_url: empty for an embedded Valkey.
    host_header: a host name that Django allows, to ask for its health with.
    """

    base: Path
    data: Path
    host: str
    port: int
    debug: bool
    redis_url: str
    host_header: str

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the data directory; the kernel lets go of it however this process ends.

        Raises: CannotStart - another copy holds it.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        with (self.data / "run.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = "stop it, or choose another directory: make run PORT=8001 DATA=.data2"
                raise CannotStart(f"another copy runs with DATA={self.data}; {hint}") from error
            yield
