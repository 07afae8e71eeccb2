"""Servers and databases for all tests. What is missing fails with a word on what to install; nothing is skipped."""

import logging
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.db import connections

from project import environment
from tests.support import postgres, valkey
from tests.support.product import Products

logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request of the tests' own tells nobody anything


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres | postgres.GivenPostgres]:
    """The PostgreSQL that TEST_POSTGRES_URL or DATABASE_URL names, else one of our own, started at its first use."""
    server = postgres.given() or postgres.Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[valkey.Valkey | valkey.GivenValkey]:
    """The Valkey or Redis that REDIS_URL names, else one of our own, started at its first use."""
    server = valkey.given() or valkey.Valkey(tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: postgres.Postgres | postgres.GivenPostgres,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Tell Django where the test databases are; PostgreSQL is started only if a collected test asks for it."""
    connections["default"].settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("sqlite") / "test.sqlite3")
    if any("postgres" in _databases(item) for item in request.session.items):
        entry = environment.database(postgres_server.url(), Path())
        connections["postgres"].settings_dict.update(
            {key: entry[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
        )


def _databases(item: pytest.Item) -> list[str]:
    mark = item.get_closest_marker("django_db")
    databases = mark.kwargs.get("databases") if mark else None
    return list(connections) if databases == "__all__" else list(databases or ())


@pytest.fixture(scope="session")
def products(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: postgres.Postgres | postgres.GivenPostgres,
    valkey_server: valkey.Valkey | valkey.GivenValkey,
) -> Iterator[Products]:
    """The product as real processes, one per kind of database, each started when it is first asked for."""
    made = Products(tmp_path_factory, postgres_server, valkey_server)
    yield made
    made.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes of the product said last, when a test that used them fails."""
    report = yield
    products = getattr(item, "funcargs", {}).get("products")
    if report.failed and products is not None:
        report.sections.append(("processes of the product", products.tails()))
    # what tests say with lone surrogates could not be passed on by the processes that run them
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
