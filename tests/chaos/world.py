"""A house of the product that faults are done to: database, Valkey, two web processes, three writers, a proxy."""

import asyncio
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import redis

from tests.chaos.control import tell
from tests.chaos.database import TABLES, Database
from tests.chaos.proxy import Proxy
from tests.support.console import Console, RemoteError
from tests.support.postgres import Postgres
from tests.support.process import ROOT, Process
from tests.support.product import FOREIGN
from tests.support.server import Server
from tests.support.sockets import LoopThread
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

T = TypeVar("T")
SETTINGS = "tests.chaos.settings"
WRITERS = 3


@dataclass
class Writing:
    """A writing process. busy: a call is in progress."""

    name: str
    console: Console
    busy: bool = False


class World:
    """Everything that runs. Start it in the main thread; clients and proxy run in the loop of a thread.

    kind: "sqlite" or "postgres"; mutant: the breakage that all processes of the product start with.
    """

    def __init__(self, home: Path, kind: str, seed: int, *, mutant: str = "", shared: bool = True) -> None:
        self.home, self.kind, self.mutant = home, kind, mutant
        self.dice = random.Random(f"world {seed}")
        self.valkey = Valkey(home / "valkey") if shared else None
        self.postgres = Postgres() if kind == "postgres" else None
        self.control = home / "control"
        self.webs: list[Server] = []
        self.writers: list[Writing] = []
        self.workers: list[Process] = []
        self.numbers = 0
        self._first: dict[int, int] = {}

    # -- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything and wait until it works."""
        self.control.mkdir(parents=True)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
        if self.postgres is not None:
            url = self.postgres.create("chaos")
            # what was acknowledged must survive the immediate restarts, which the tests' usual settings would not
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER DATABASE chaos SET synchronous_commit = on")
        else:
            url = f"sqlite:///{self.home / 'db.sqlite3'}"
        self.database = Database(url)
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.environment = own | {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "DATABASE_URL": url,
            "DATA": str(self.home),
            "DEBUG": "False",
            "REDIS_URL": self.valkey.url if self.valkey else "",
            "REDIS_PREFIX": f"chaos-{os.getpid()}",
            "SECRET_KEY": "for-tests-only",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
            "CHAOS_CONTROL": str(self.control),
            "CHAOS_MUTANT": self.mutant,
        }
        self.manage("migrate", "--verbosity=0")
        self.loop = LoopThread()
        for kind in ("daphne", "uvicorn"):
            self.serve(kind)
        for _ in range(WRITERS):
            self.hire()
        self.proxy = Proxy([web.port for web in self.webs], random.Random(f"proxy {self.dice.random()}"))
        self.run(self.proxy.start())

    def stop(self) -> None:
        """End everything."""
        self.run(self.proxy.stop())
        self.loop.stop()
        for writing in self.writers:
            writing.console.process.kill()
        for worker in self.workers:
            worker.kill()
        for web in self.webs:
            web.kill()
        if self.valkey is not None:
            self.valkey.process.kill()
        if self.postgres is not None:
            self.postgres.stop()

    def serve(self, kind: str) -> Server:
        """Start one more web process."""
        name = f"web{len(self.webs)}"
        web = Server(kind, {**self.environment, "CHAOS_NAME": name}, self.home / f"{name}.log")
        self.webs.append(web)
        web.start()
        return web

    def hire(self) -> Writing:
        """Start one more writer."""
        self.numbers += 1
        name = f"w{self.numbers}"
        console = Console(name, env={**self.environment, "CHAOS_NAME": name}, log=self.home / f"{name}.log")
        console.result()
        console._busy = False
        self.writers.append(Writing(name, console))
        return self.writers[-1]

    def work(self) -> Process:
        """Start a Celery worker, and the beat that looks for what a dead one has left."""
        if not self.workers:
            self._celery("beat", "--pidfile=")
        return self._celery("worker", "--pool=threads", "--concurrency=4")

    def _celery(self, *arguments: str) -> Process:
        command = [sys.executable, "-m", "celery", "-A", "project", *arguments]
        name = f"{arguments[0]}{len(self.workers)}"
        self.workers.append(Process(name, command, env=self.environment, log=self.home / f"{name}.log"))
        self.workers[-1].start()
        return self.workers[-1]

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def run(self, work: Coroutine[Any, Any, T], within: float = 60.0) -> T:
        """Run *work* in the loop of clients and proxy."""
        return self.loop.run(work, within)

    def pause(self, seconds: float) -> None:
        """Let a fault last."""
        threading.Event().wait(seconds)

    def logs(self) -> str:
        """The last words of all processes."""
        return "\n".join(process.tail() for process in [web.process for web in self.webs])

    # -- what faults use ------------------------------------------------------------------------------------------

    def tell(self, name: str, value: Any) -> None:
        """Write a control file; None removes it."""
        tell(self.control, name, value)

    def redis(self) -> "redis.Redis":
        """A client of the Valkey."""
        assert self.valkey is not None
        return redis.Redis.from_url(self.valkey.url, socket_timeout=5)

    def revive(self) -> None:
        """Put right whatever a fault left behind: every process runs, nothing is stopped, lost or skewed."""
        for path in self.control.iterdir():
            path.unlink()
        if self.valkey is not None and not self.valkey.process.running:
            self.valkey.start()
        if self.postgres is not None and self.postgres.process is not None and not self.postgres.process.running:
            self.restart_postgres()
        for web in self.webs:
            if web.process.running:
                web.process.send(signal.SIGCONT)
                web.ready()
            else:
                web.start()
        for writing in [writing for writing in self.writers if not writing.console.process.running]:
            self.writers.remove(writing)
            writing.console.close()
        while len(self.writers) < WRITERS:
            self.hire()
        self.proxy.refusing, self.proxy.cut_bytes = False, None
        self.run(self.proxy.thaw())

    def restart_postgres(self) -> None:
        """Stop PostgreSQL at once, as a crash does, and start it again."""
        assert self.postgres is not None
        assert self.postgres.process is not None
        self.postgres.process.stop(signal.SIGQUIT)
        self.postgres.process.start()
        eventually(self.postgres._answers, what="PostgreSQL answers again", within=30)

    def end_writing(self) -> None:
        """Let the writers come to their end; those that were killed have none."""
        for writing in self.writers:
            if writing.busy:
                writing.busy = False
                try:
                    writing.console.stop()
                except (RemoteError, BrokenPipeError, OSError):
                    if writing.console.process.running:
                        raise

    def save(self) -> None:
        """Take a backup of the database."""
        if self.database.sqlite:
            with sqlite3.connect(self.database.path) as live, sqlite3.connect(self.home / "backup.sqlite3") as copy:
                live.backup(copy)
            return
        with psycopg.connect(self.database.url) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")  # a backup is of one moment
            for table in TABLES:
                connection.execute(f"DROP TABLE IF EXISTS saved_{table}")
                connection.execute(f"CREATE TABLE saved_{table} AS SELECT * FROM {table}")

    def restore(self) -> None:
        """Put the backup back, under the eyes of whoever is connected."""
        if self.database.sqlite:
            with sqlite3.connect(self.home / "backup.sqlite3") as copy, sqlite3.connect(self.database.path) as live:
                copy.backup(live)
            return
        with psycopg.connect(self.database.url) as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table}")
            for table in reversed(TABLES):
                connection.execute(f"INSERT INTO {table} SELECT * FROM saved_{table}")

    # -- what is left behind (I11) --------------------------------------------------------------------------------

    def left_behind(self) -> list[str]:
        """Say what has not come back to its baseline, now that nobody is connected."""
        found = []
        for web in self.webs:
            try:
                eventually(lambda web=web: _sockets(web.process.pid) <= 24, what="sockets are closed", within=30)
            except AssertionError:
                found.append(f"{web.process.name} has {_sockets(web.process.pid)} open sockets")
            memory = _resident(web.process.pid)
            grown = memory - self._first.setdefault(web.process.pid, memory)
            if grown > 100 * 2**20:
                found.append(f"{web.process.name} grew by {grown / 2**20:.0f} MB")
        return found


def _sockets(pid: int) -> int:
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
    return count


def _resident(pid: int) -> int:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


async def gather(*works: Coroutine[Any, Any, Any]) -> None:
    """Do all, at once."""
    await asyncio.gather(*works)
