"""A real web server of the product on a port of its own: Daphne or uvicorn, as they run in production."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from .process import Process, free_port
from .waiting import eventually

APPLICATION = "project.asgi:application"
COMMANDS = {
    "daphne": "daphne -b 127.0.0.1 -p {port} --ping-interval 10 --ping-timeout 10 --verbosity 0",
    "uvicorn": "uvicorn --host 127.0.0.1 --port {port} --ws websockets-sansio --ws-per-message-deflate false "
    "--ws-ping-interval 10 --ws-ping-timeout 10 --no-access-log",
}


class Server:
    """One web process. ``url`` and ``ws`` stay the same over ``kill`` and ``start``.

    kind: "daphne" or "uvicorn"; more: further arguments of its command, which win.
    """

    def __init__(self, kind: str, env: Mapping[str, str], log: Path, *more: str) -> None:
        self.port = free_port()
        command = [*COMMANDS[kind].format(port=self.port).split(), *more]
        self.process = Process(
            log.stem, [sys.executable, "-m", *command, APPLICATION], env={**env, "PORT": str(self.port)}, log=log
        )

    @property
    def url(self) -> str:
        """Where HTTP goes, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        """Where sockets go: a bare address, as the documents' clients are given one."""
        return f"ws://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it says that it is healthy."""
        self.process.start()
        self.ready()

    def ready(self, require: str = "", within: float = 30.0) -> None:
        """Wait until /healthz answers 200; require: parts that must be up too (``worker,layer``)."""

        def look() -> bool:
            assert self.process.running, f"ended with its start\n{self.process.tail()}"
            try:
                answer = httpx.get(
                    f"{self.url}/healthz", params={"require": require} if require else {}, timeout=10, trust_env=False
                )
            except httpx.TransportError:
                return False
            return answer.status_code == httpx.codes.OK

        eventually(look, what=f"{self.process.name} is healthy", within=within, detail=self.process.tail)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.process.kill()

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()
