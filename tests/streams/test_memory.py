"""What only the store in memory has to care about: threads and forks of one process."""

import os
import subprocess
import sys

from tests.support.process import ROOT

PROGRAM = """
import os, threading
from streams.changes import Address
from streams.stores.memory import MemoryStore

store, held, over = MemoryStore(), threading.Event(), threading.Event()

def put(group, value):
    with store.transaction():
        store.set(Address("s", group), "a", value, log=True)

def hold():
    with store.transaction():
        store.set(Address("s", "held"), "a", '"uncommitted"', log=True)
        held.set()
        over.wait()

def chatter():
    while not over.is_set():
        put("busy", '"x"')

put("held", '"committed"')
put("quiet", "1")
threads = [threading.Thread(target=hold), *(threading.Thread(target=chatter) for _ in range(3))]
for thread in threads:
    thread.start()
held.wait()
for number in range(20):
    child = os.fork()
    if child == 0:
        assert store.get(Address("s", "held"), "a") == '"committed"'
        for group in ("held", "busy", "quiet", "new"):
            put(group, '"child"')
        assert [store.get(Address("s", group), "a") for group in ("held", "busy", "quiet", "new")] == ['"child"'] * 4
        log = store.log(Address("s", "busy"), 0)
        assert [change.sequence for change in log.changes] == list(range(1, log.position.sequence + 1))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, number
over.set()
for thread in threads:
    thread.join()
assert store.get(Address("s", "quiet"), "a") == "1"
assert store.get(Address("s", "held"), "a") == '"uncommitted"'
assert store.get(Address("s", "new"), "a") is None
"""


def test_fork_finds_everything_whole_and_nobody_holding_it() -> None:
    """Threads of the parent write and hold groups at the moment of the fork; in the child they are not there."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
