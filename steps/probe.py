"""A question that may hang, asked so that the answer never does."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "degraded", "down"]

MOST_STUCK = 8  # threads of one probe that may be waiting for something dead


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found; *detail* says why it is not ok."""

    state: State
    detail: str = ""


Findings = dict[str, Finding]


class Probe:
    """Asks in a daemon thread; those who ask meanwhile share the answer.

    ask: returns findings by name; what it raises makes all *names* down.
    limit_s: after so long the answer is "down" and the thread is left to its fate.
    """

    def __init__(self, names: tuple[str, ...], ask: Callable[[], Findings], limit_s: float) -> None:
        self.names = names
        self._ask = ask
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._running: Future[Findings] | None = None
        self._threads: list[threading.Thread] = []

    async def findings(self) -> Findings:
        """Return the findings by name, within ``limit_s``."""
        answer = self._asked()
        if answer is None:
            return self._down(f"{MOST_STUCK} earlier probes still hang")
        done, _ = await asyncio.wait({asyncio.wrap_future(answer)}, timeout=self._limit_s)
        if done:
            return answer.result()
        self._end(answer)
        return self._down(f"no answer within {self._limit_s:g} s")

    def _asked(self) -> Future[Findings] | None:
        """Return the answer under way, asking if nobody has; ``None`` when too many questions hang."""
        with self._lock:
            if self._running is None:
                self._threads = [thread for thread in self._threads if thread.is_alive()]
                if len(self._threads) >= MOST_STUCK:
                    return None
                answer: Future[Findings] = Future()
                self._running = answer
                name = f"probe-{self.names[0]}"
                self._threads.append(threading.Thread(target=self._run, args=(answer,), name=name, daemon=True))
                self._threads[-1].start()
            return self._running

    def _run(self, answer: Future[Findings]) -> None:
        try:
            findings = self._ask()
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
            findings = self._down(f"{type(error).__name__}: {error}")
        self._end(answer)
        answer.set_result(findings)

    def _end(self, answer: Future[Findings]) -> None:
        with self._lock:
            if self._running is answer:
                self._running = None

    def _down(self, detail: str) -> Findings:
        return dict.fromkeys(self.names, Finding("down", detail))
