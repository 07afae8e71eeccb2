"""What tests start ends with them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.process import ROOT, Process
from tests.support.waiting import eventually

STARTER = """
import sys, time
from pathlib import Path
from tests.support.process import Process
child = Process("child", ["sleep", "600"], log=Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody waits for does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_children_end_when_the_tests_are_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        child = int(starter.stdout.readline())
        assert alive(child)
        starter.kill()
    eventually(lambda: not alive(child), what="the child ends")


def test_kill_stop_and_start_again(tmp_path: Path) -> None:
    process = Process("shell", ["sh", "-c", "echo up; exec sleep 600"], log=tmp_path / "log")
    process.start()
    process.says("up")
    process.kill()
    assert process.wait() == -signal.SIGKILL
    process.start()
    assert process.stop() == -signal.SIGTERM
    assert not process.running


def test_given_user_is_who_it_runs_as(tmp_path: Path) -> None:
    user = (65534, 65534) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    process = Process("id", ["id", "-u"], log=tmp_path / "log", user=user if os.geteuid() == 0 else None)
    process.start()
    assert process.wait() == 0
    assert process.output == f"{user[0]}\n"
