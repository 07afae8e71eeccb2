"""The product in a process of its own that does what it is told: a management shell for tests.

Reads JSON lines from stdin, answers each on the stdout it was started with, ends with stdin:
  {"call": "tests.support.programs:write_many", "with": {"count": 20}}  ->  {"result": ...} or {"error": "traceback"}
  {"stop": true}    sets the event that a running function asked for by a parameter named ``stop``; no answer
Whatever else is printed goes to the log.
"""

import importlib
import inspect
import json
import os
import queue
import sys
import threading
import traceback
from typing import Any, TextIO

import django


def main() -> None:
    """Do one call after the other, in the main thread, until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    django.setup()
    calls: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(sys.stdin, calls, stop), daemon=True).start()
    answers.write('{"result": "ready"}\n')
    while (message := calls.get()) is not None:
        answers.write(json.dumps(_do(message["call"], message["with"], stop)) + "\n")


def _listen(lines: TextIO, calls: "queue.SimpleQueue[dict[str, Any] | None]", stop: threading.Event) -> None:
    for line in lines:
        message = json.loads(line)
        if "stop" in message:
            stop.set()
        else:
            stop.clear()
            calls.put(message)
    stop.set()
    calls.put(None)


def _do(name: str, arguments: dict[str, Any], stop: threading.Event) -> dict[str, Any]:
    try:
        module, _, attribute = name.partition(":")
        function = getattr(importlib.import_module(module), attribute)
        if "stop" in inspect.signature(function).parameters:
            arguments["stop"] = stop
        return {"result": function(**arguments)}
    except Exception:  # noqa: BLE001 - whatever it is, the test that called wants to read it
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    main()
