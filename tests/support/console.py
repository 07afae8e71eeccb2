"""Calls functions in another process of the product: writers beside the web server, as workers and shells are."""

import asyncio
import json
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from .process import Process


class RemoteError(AssertionError):
    """The called function raised; the text is its traceback."""


class Console:
    """One such process, started when it is made; ``call("ticks", ...)`` returns what that function returned.

    A name without a colon is one of tests.support.programs, else it is ``module:function``. Arguments and results are
    JSON. A function with a parameter ``stop`` gets a threading.Event that ``stop()`` sets.
    """

    def __init__(self, name: str, *, env: Mapping[str, str], log: Path) -> None:
        self.process = Process(name, [sys.executable, "-m", "tests.support.console_main"], env=env, log=log, pipes=True)
        self.process.start()
        assert self.process.popen is not None
        assert self.process.popen.stdin is not None
        assert self.process.popen.stdout is not None
        self._input: IO[str] = self.process.popen.stdin
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(self.process.popen.stdout,), daemon=True).start()
        self._busy = True  # until it says that it is ready

    def _listen(self, output: IO[str]) -> None:
        try:
            for line in output:
                self._answers.put(line)
        except ValueError:
            pass  # closed on our side: the end as well
        self._answers.put(None)

    def begin(self, function: str, /, **arguments: object) -> None:
        """Start a call; its result comes from ``result``. One at a time."""
        if self._busy:
            self.result()
        self._busy = True
        function = function if ":" in function else f"tests.support.programs:{function}"
        self._input.write(json.dumps({"call": function, "with": arguments}) + "\n")
        self._input.flush()

    def result(self, within: float = 60.0) -> Any:
        """Wait for what the call in progress returns. Raises RemoteError when it raised or the process ended."""
        try:
            line = self._answers.get(timeout=within)
        except queue.Empty:
            raise RemoteError(f"no answer within {within:g} s\n{self.process.tail()}") from None
        self._busy = False
        if line is None:
            raise RemoteError(f"{self.process.name} ended\n{self.process.tail()}")
        answer = json.loads(line)
        if "error" in answer:
            raise RemoteError(answer["error"])
        return answer["result"]

    def call(self, function: str, /, **arguments: object) -> Any:
        """Call and wait."""
        self.begin(function, **arguments)
        return self.result()

    async def acall(self, function: str, /, **arguments: object) -> Any:
        """Call and wait without holding the event loop."""
        self.begin(function, **arguments)
        return await asyncio.to_thread(self.result)

    def stream(self, name: str, method: str, *arguments: object) -> Any:
        """Call a method of a stream: ``stream("todo", "set", "inbox", "t1", {...})``; a Written comes as a dict."""
        return self.call("call", stream=name, method=method, arguments=arguments)

    async def astream(self, name: str, method: str, *arguments: object) -> Any:
        """Do as ``stream`` without holding the event loop."""
        return await self.acall("call", stream=name, method=method, arguments=arguments)

    def stop(self) -> Any:
        """Tell the function in progress to come to its end and return its result."""
        self._input.write('{"stop": true}\n')
        self._input.flush()
        return self.result()

    def close(self) -> None:
        """Let it end as a process ends: exit handlers run."""
        if self.process.running:
            self._input.close()
            self.process.wait()
        self.process.kill()
