"""A network that lets HTTP through and no WebSocket, as some companies have it."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Filter:
    """Listens on a free port and hands connections on to *port*. refused: how many WebSockets were asked for."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def run(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(65_536)
                if not part:
                    return
                head += part
            if b"\r\nupgrade: websocket" in head.lower():
                self.refused += 1
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                server.sendall(head)
                _join(client, server)


@contextmanager
def filtered(port: int) -> Iterator[Filter]:
    """Run one in front of the server at *port*."""
    found = Filter(port)
    threading.Thread(target=found.run, daemon=True).start()
    yield found
    found.close()


def _join(one: socket.socket, other: socket.socket) -> None:
    """Hand on what either says, until one of them ends."""
    while True:
        ready, _, _ = select.select([one, other], [], [])
        for source in ready:
            try:
                data = source.recv(65_536)
                if not data:
                    return
                (other if source is one else one).sendall(data)
            except OSError:
                return
