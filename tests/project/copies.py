"""Copies of the project that `manage.py run` serves, on ports and in directories of their own."""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from tests.support.process import ROOT, Process
from tests.support.product import FOREIGN
from tests.support.waiting import eventually

PARTS = ("manage.py", "project", "streams", "steps", "templates", "static", "docs", ".env.example")
KINDS = {"daphne": "web", "worker": "worker", "beat": "beat", "valkey-server": "valkey", "warden.py": "warden"}

# Read by every Python that has its directory on PYTHONPATH: the worker starts a process of its own, as a step may.
GRANDCHILD = """
import subprocess, sys
if "worker" in sys.orig_argv:
    subprocess.Popen(["sleep", "600"])
"""


def copy_tree(to: Path) -> Path:
    """Copy the project, so that its files can be changed and nobody else's changes restart it."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, to / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, to / part)
    return to


class Run:
    """One `manage.py run`. *tree*: the copy of the project; *home*: its DATA, log and what belongs to it."""

    def __init__(self, tree: Path, home: Path, *arguments: str, **env: str) -> None:
        self.tree, self.home = tree, home
        (home / "path").mkdir(parents=True)
        (home / "path" / "sitecustomize.py").write_text(GRANDCHILD)
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.env = {**own, "DEBUG": "True", "DATA": str(home / "data"), "PORT": "0", **env}
        self.process = Process(
            home.name,
            [sys.executable, "manage.py", "run", *arguments],
            env={**self.env, "PYTHONPATH": str(home / "path"), "PYTHONUNBUFFERED": "1"},
            cwd=tree,
            log=home / "run.log",
        )
        self._seen: set[psutil.Process] = set()

    def prepare(self) -> str:
        """Run `manage.py prepare` and return what it printed."""
        command = [sys.executable, "manage.py", "prepare"]
        prepare = Process("prepare", command, env=self.env, cwd=self.tree, log=self.home / "prepare.log")
        prepare.start()
        assert prepare.wait(60) == 0, prepare.tail()
        return prepare.output

    def start(self) -> "Run":
        """Start it, and wait until it says that everything is there."""
        self.prepare()
        self.process.start()
        self.process.says("run | ready", within=40)
        return self

    @property
    def url(self) -> str:
        """Where it says that it is."""
        line = next(line for line in self.process.output.splitlines() if "Health " in line)
        return line.split()[-1].removesuffix("/healthz")

    def get(self, path: str) -> httpx.Response:
        """Ask it for a page."""
        return httpx.get(self.url + path, timeout=60, trust_env=False, follow_redirects=True)

    def family(self) -> set[psutil.Process]:
        """Return everything alive that it started, and what that started; remembered for :meth:`left`."""
        if self.process.running:
            self._seen.update(psutil.Process(self.process.pid).children(recursive=True))
        return {process for process in self._seen if alive(process)}

    def child(self, kind: str) -> psutil.Process:
        """Return its process of that kind ("web", "worker", "beat", "valkey", "warden"), waiting until it is there."""

        def look() -> psutil.Process | None:
            mine = psutil.Process(self.process.pid).children()
            return next((child for child in mine if kind_of(child) == kind), None)

        found = eventually(look, what=f"a {kind} runs", detail=self.process.tail)
        assert found is not None
        return found

    def kinds(self) -> list[str]:
        """Return the kinds of its children."""
        return sorted(filter(None, map(kind_of, psutil.Process(self.process.pid).children())))

    def left(self) -> set[psutil.Process]:
        """Return what is alive of everything that it ever was seen to start."""
        return {process for process in self._seen if alive(process)}

    def gone(self, within: float = 5.0) -> None:
        """Wait until nothing of it is left."""
        eventually(lambda: not self.left(), what="nothing is left", within=within, detail=lambda: str(self.left()))

    def kill(self) -> None:
        """End it with SIGKILL and whatever a failing test left of it as well."""
        self.family()
        self.process.kill()
        for process in self.left():
            process.send_signal(signal.SIGKILL)


def alive(process: psutil.Process) -> bool:
    """Say whether *process* runs; one that only waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kind_of(process: psutil.Process) -> str | None:
    """Return what *process* is for `manage.py run`; None for a launcher that has not become it yet, or is gone."""
    try:
        line: Sequence[str] = [word for part in process.cmdline() for word in (part, Path(part).name)]
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return None
    if "launcher.py" in line:
        return None
    return next((kind for word, kind in KINDS.items() if word in line), None)
