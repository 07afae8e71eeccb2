"""A server of OpenAI's chat API for tests: it does what the first word of the last message tells it to do."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

WORDS = ["Once ", "upon ", "a ", "time"]


class Talker(ThreadingHTTPServer):
    """Listens on a free port. asked: the bodies that came; gone: how many listeners have hung up in the middle.

    "fail": 500 at once. "break": the line is lost after two words. "garble": no JSON after two words. "endless": words
    until who listens hangs up. "silent": two words, and then nothing until then. "shy": silent when it is asked for the
    first time. "stepwise": each word but the first when ``steps`` is released. Anything else: four words.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[Any] = []
        self.gone: Counter[str] = Counter()
        self.steps = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def talker() -> Iterator[Talker]:
    """Run one."""
    server = Talker()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Talker

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        how = self._wish(body)
        if how == "fail":
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            self._talk(how)
        except OSError:
            self.server.gone[how] += 1

    def _talk(self, how: str) -> None:
        for number in count():
            if how == "endless":
                self._say("more ")
                continue
            if number == len(WORDS):
                break
            if number == 2 and self._breaks_off(how):
                return
            if how == "stepwise" and number > 0 and not self.server.steps.acquire(timeout=60):
                raise BrokenPipeError
            self._say(WORDS[number])
        self._end()

    def _breaks_off(self, how: str) -> bool:
        if how == "silent" or (how == "shy" and self._asked(how) == 1):
            self.connection.settimeout(60)
            if self.connection.recv(1) == b"":
                raise BrokenPipeError
        if how in ("break", "garble"):
            self._line("data: {" if how == "break" else "data: {bad}\n\n")
            return True
        return False

    def _end(self) -> None:
        self._say(None)
        self._line("data: [DONE]\n\n")

    def _wish(self, body: Any) -> str:
        content: str = body["messages"][-1]["content"]
        return content.split(" ")[0]

    def _asked(self, how: str) -> int:
        return sum(self._wish(body) == how for body in self.server.asked)

    def _say(self, word: str | None) -> None:
        delta = {"role": "assistant", "content": word} if word else {}
        choices = [{"index": 0, "delta": delta, "finish_reason": None if word else "stop"}]
        head = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "talker"}
        self._line(f"data: {json.dumps({**head, 'choices': choices})}\n\n")

    def _line(self, text: str) -> None:
        self.wfile.write(text.encode())
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
