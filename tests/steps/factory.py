"""A copy of the product with a broker of its own, which a test may stop and kill, with workers and beats."""

from pathlib import Path
from typing import Any

from tests.support import tables
from tests.support.console import Console
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.process import Process
from tests.support.product import Product
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

SETTINGS = "tests.steps.lab.settings"
UNFINISHED = "SELECT count(*) FROM steps_run WHERE state IN ('ready', 'running')"


class Factory:
    """Web server, workers, beats, broker. environment: of all of them, beside the product's own."""

    def __init__(self, database: str, home: Path, postgres: Postgres | GivenPostgres, **environment: str) -> None:
        (home / "valkey").mkdir(parents=True)
        self.broker = Valkey(home / "valkey")
        url = f"sqlite:///{home / 'db.sqlite3'}" if database == "sqlite" else postgres.create(f"steps_{home.name}")
        self.product = Product(database, url, self.broker.url, home)
        self.product.environment |= {"DJANGO_SETTINGS_MODULE": SETTINGS, "OPENAI_API_KEY": "", **environment}
        self.workers: list[Process] = []

    def start(self, workers: int = 1, *, beat: bool = True, web: bool = False) -> None:
        """Make the tables and start what is wanted."""
        tables.fill(self.product)
        if web:
            self.product.serve(settings=SETTINGS)
        for _ in range(workers):
            self.work()
        if beat:
            self.beat()

    def work(self) -> Process:
        """Start one more worker."""
        worker = self.product.work(settings=SETTINGS)
        self.workers.append(worker)
        return worker

    def revive(self, worker: Process) -> None:
        """Start a killed worker again."""
        worker.start()

    def beat(self) -> Process:
        """Start one more beat."""
        return self.product.beat()

    def console(self) -> Console:
        """Start a shell."""
        return self.product.console()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read the database."""
        return self.product.rows(query, parameters)

    def states(self, step: str = "%") -> dict[str, int]:
        """Return how many runs of steps are in which state."""
        return dict(self.rows("SELECT state, count(*) FROM steps_run WHERE step LIKE ? GROUP BY state", step))

    def finished(self, within: float = 60.0) -> None:
        """Wait until no run is unfinished but those of the future."""
        due = f"{UNFINISHED} AND slot IS NULL"
        eventually(
            lambda: self.rows(due) == [(0,)], what="all runs end", within=within, detail=lambda: str(self.states())
        )

    def stop(self) -> None:
        """End everything."""
        self.product.stop()
        self.broker.stop()
