"""The published Node client as a process: joins, and tells what it shows its user."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .process import ROOT, Process
from .waiting import eventually

JS = ROOT / "tests" / "js"


def node() -> str:
    """Return the Node program. RuntimeError saying what to install without it or its packages."""
    found = shutil.which("node")
    if found is None:
        raise RuntimeError("The tests need Node.js 20 or newer on PATH (https://nodejs.org)")
    if not (JS / "node_modules" / "@motiadev").is_dir():
        raise RuntimeError("The tests need the packages of tests/js: npm ci --prefix tests/js")
    return found


class Follower:
    """An unmodified `@motiadev/stream-client-node` connected to *url* (ws://...), driven by tests/js/published."""

    program: tuple[str, ...] = ("published/follow.js",)  # and arguments after the url

    def __init__(self, url: str, log: Path) -> None:
        program, *more = self.program
        self.process = Process("follower", [node(), program, url, *more], log=log, cwd=JS, pipes=True)
        self.said: list[dict[str, Any]] = []
        self.process.start()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.popen is not None
        assert self.process.popen.stdout is not None
        try:
            for line in self.process.popen.stdout:
                self.said.append(json.loads(line))
        except ValueError:
            pass  # closed on our side

    def subscribe(self, name: str, stream: str, group: str, item: str | None = None, *events: str) -> None:
        """Subscribe to a group or an item; *events* are the custom event types to hear. Called *name* from now on."""
        where = {"as": name, "stream": stream, "group": group, "events": events}
        self.tell({"sub": where if item is None else where | {"id": item}})

    def unsubscribe(self, name: str) -> None:
        """Close a subscription."""
        self.tell({"close": name})

    def tell(self, command: object) -> None:
        """Send it a command of its program."""
        assert self.process.popen is not None
        assert self.process.popen.stdin is not None
        self.process.popen.stdin.write(json.dumps(command) + "\n")
        self.process.popen.stdin.flush()

    def states(self, name: str) -> list[Any]:
        """Every state that the subscription's change listener was given, in order."""
        return [line["state"] for line in self.said if line.get("as") == name and "state" in line]

    def events(self, name: str) -> list[Any]:
        """Type and data of every custom event that the subscription heard."""
        return [(line["type"], line["data"]) for line in self.said if line.get("as") == name and "type" in line]

    def state(self, name: str) -> Any:
        """Its newest state; None before the first."""
        states = self.states(name)
        return states[-1] if states else None

    def count(self, socket: str) -> int:
        """How often its socket did "open", "close" or "error"."""
        return sum(line.get("socket") == socket for line in self.said)

    def until(self, true: Callable[[], object], what: str, within: float = 30.0) -> None:
        """Wait until *true*, which looks at this follower; the error shows the last things it said."""

        def look() -> bool:
            assert self.process.running, self.process.tail()
            return bool(true())

        eventually(look, what=what, within=within, detail=lambda: "\n".join(map(str, self.said[-15:])))

    def close(self) -> None:
        """End it."""
        self.process.kill()
