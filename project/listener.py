"""The port of the web server, taken before anything is started and kept while the web server restarts."""

import socket
from dataclasses import dataclass

from .site import CannotStart

BACKLOG = 1024
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach a server that listens everywhere


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket that the web server inherits: who connects while that restarts waits, and is not refused."""

    socket: socket.socket

    @property
    def address(self) -> tuple[str, int]:
        """Where it can be reached from this machine."""
        host, port = self.socket.getsockname()[:2]
        return EVERYWHERE.get(host, host), port

    @property
    def url(self) -> str:
        """The same as a URL, without a slash at the end."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(host: str, port: int) -> Listener:
    """Listen at *host* and *port* (0: a free one). Raises: CannotStart."""
    if not 0 <= port <= 65535:
        raise CannotStart(f"PORT={port} is no port: at {host} there are 0 to 65535")
    try:
        # Daphne takes over IPv4 sockets only.
        address = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    except OSError as error:
        raise CannotStart(f"HOST={host} PORT={port} is no IPv4 address of this machine: {error}") from error
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(BACKLOG)
    except OSError as error:
        taken.close()
        hint = "choose another: make run PORT=8001" if port else "choose another HOST"
        raise CannotStart(f"cannot listen at {host}:{port} ({error.strerror}); {hint}") from error
    return Listener(taken)
