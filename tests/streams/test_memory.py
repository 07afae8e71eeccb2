"""What only the store in memory has to care about: threads and forks of one process."""

import os
import subprocess
import sys

from tests.support.process import ROOT

PROGRAM = """
import os, signal, threading
from streams.changes import Address
from streams.stores.ledger import mutex
from streams.stores.memory import MemoryStore

store = MemoryStore()
held, gripped, forked = threading.Event(), threading.Event(), threading.Event()

def put(group, value):
    with store.transaction():
        store.set(Address("s", group), "a", value, log=True)

def hold():
    with store.transaction():
        store.set(Address("s", "held"), "a", '"uncommitted"', log=True)
        held.set()
        forked.wait()

def grip():
    with mutex:
        gripped.set()
        forked.wait(0.3)  # the fork waits for it, and sets this after

put("held", '"committed"')
threads = [threading.Thread(target=hold), threading.Thread(target=grip)]
for thread in threads:
    thread.start()
    (held if thread is threads[0] else gripped).wait()
child = os.fork()
if child == 0:
    signal.alarm(10)  # what hangs ends here
    assert store.get(Address("s", "held"), "a") == '"committed"'
    put("held", '"child"')
    put("new", '"child"')
    assert [store.get(Address("s", group), "a") for group in ("held", "new")] == ['"child"'] * 2
    assert [change.sequence for change in store.log(Address("s", "held"), 0).changes] == [1, 2]
    os._exit(0)
forked.set()
assert os.waitpid(child, 0)[1] == 0
for thread in threads:
    thread.join()
assert store.get(Address("s", "held"), "a") == '"uncommitted"'
assert store.get(Address("s", "new"), "a") is None
"""


def test_fork_finds_everything_whole_and_nobody_holding_it() -> None:
    """Threads of the parent hold a group, and all of memory, at the moment of the fork; in the child they are not."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
