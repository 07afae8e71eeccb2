"""The product as it runs: a database, a layer, web servers, workers and shells, each a process of its own."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest

from . import tables
from .console import Console
from .postgres import GivenPostgres, Postgres
from .process import ROOT, Process, tail
from .server import Server
from .valkey import GivenValkey, Valkey

# What a developer's own environment or .env says must not reach the product under test.
FOREIGN = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PORT", "HOST", "TIME_ZONE", "LOG_LEVEL")


class Product:
    """One copy of the product on a fresh database.

    database: "sqlite" or "postgres"; url: its address; debug: serve as `make run` does instead of as production does.
    """

    def __init__(self, database: str, url: str, redis_url: str, home: Path, *, debug: bool = False) -> None:
        self.database = database
        self.url = url
        self.home = home
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.environment = own | {
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DATABASE_URL": url,
            "REDIS_URL": redis_url,
            "REDIS_PREFIX": f"tests-{os.getpid()}-{home.name}",
            "DATA": str(home),
            "DEBUG": str(debug),
            "SECRET_KEY": "for-tests-only",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "PYTHONUNBUFFERED": "1",
        }
        self._servers: list[Server] = []
        self._consoles: list[Console] = []
        self._workers: list[Process] = []

    def start(self) -> None:
        """Make the tables and start the first web server."""
        tables.fill(self)
        self.serve()

    @property
    def web(self) -> Server:
        """Its first web server."""
        return self._servers[0]

    def env(self, **more: str) -> Mapping[str, str]:
        """Return the environment of one of its processes."""
        return self.environment | more

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end and return what it printed; AssertionError if it fails."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def serve(self, kind: str = "daphne", *more: str, settings: str = "project.settings") -> Server:
        """Start one more web process ("daphne" or "uvicorn") and wait until it is healthy. more: of its command."""
        name = f"{kind}-{len(self._servers)}"
        server = Server(kind, self.env(DJANGO_SETTINGS_MODULE=settings), self.home / f"{name}.log", *more)
        self._servers.append(server)
        server.start()
        return server

    def work(self, *, settings: str = "project.settings", pool: str = "threads") -> Process:
        """Start a Celery worker and wait until it takes tasks."""
        name = f"worker-{len(self._workers)}"
        command = [sys.executable, "-m", "celery", "-A", "project", "worker", f"--pool={pool}", "--concurrency=8"]
        worker = Process(
            name,
            [*command, "--loglevel=INFO", f"--hostname={name}@tests"],
            env=self.env(DJANGO_SETTINGS_MODULE=settings),
            log=self.home / f"{name}.log",
        )
        self._workers.append(worker)
        worker.start()
        worker.says(" ready.")
        return worker

    def beat(self) -> Process:
        """Start a Celery beat."""
        name = f"beat-{len(self._workers)}"
        command = [sys.executable, "-m", "celery", "-A", "project", "beat", "--loglevel=INFO", "--pidfile="]
        beat = Process(name, command, env=self.environment, log=self.home / f"{name}.log")
        self._workers.append(beat)
        beat.start()
        return beat

    @cached_property
    def writer(self) -> Console:
        """A console that stays."""
        return self.console()

    def console(self) -> Console:
        """Start a process that calls functions of tests.support.programs: a writer beside the web server."""
        name = f"console-{len(self._consoles)}"
        console = Console(name, env=self.environment, log=self.home / f"{name}.log")
        self._consoles.append(console)
        return console

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Read the database past the product; placeholders are ``?``."""
        if self.database == "sqlite":
            with sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=20) as file:
                return file.execute(query, parameters).fetchall()
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.replace("?", "%s"), parameters).fetchall()

    def stop(self) -> None:
        """End its processes, all at once."""
        for console in self._consoles:
            console.close()
        for process in [*self._workers, *(server.process for server in self._servers)]:
            process.kill()


class Products:
    """The copies of the product that a test run uses, all gone at its end."""

    def __init__(
        self, directories: pytest.TempPathFactory, postgres: Postgres | GivenPostgres, valkey: Valkey | GivenValkey
    ) -> None:
        self._directories = directories
        self._postgres = postgres
        self._valkey = valkey
        self._shared: dict[tuple[str, bool], Product] = {}
        self._all: list[Product] = []

    def get(self, database: str, *, debug: bool = False) -> Product:
        """Return the copy on *database* ("sqlite", "postgres"), started when it is first asked for."""
        if (database, debug) not in self._shared:
            self._shared[database, debug] = self.make(database, debug=debug)
        return self._shared[database, debug]

    def make(self, database: str, *, debug: bool = False) -> Product:
        """Start a copy that nobody else gets."""
        home = self._directories.mktemp(database)
        product = Product(database, self._url(database, home), self._valkey.url, home, debug=debug)
        self._all.append(product)
        product.start()
        return product

    def _url(self, database: str, home: Path) -> str:
        if database == "sqlite":
            return f"sqlite:///{home / 'db.sqlite3'}"
        return self._postgres.create(f"tests_{os.getpid()}_{home.name}")

    def tails(self) -> str:
        """Return the last words of all their processes, for the report of a failed test."""
        logs = [log for product in self._all for log in sorted(product.home.glob("*.log")) if log.stat().st_size]
        return "\n\n".join(tail(log) for log in logs)

    def stop(self) -> None:
        """End all of them; their logs stay among pytest's temporary directories."""
        for product in self._all:
            product.stop()
