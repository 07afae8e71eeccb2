"""Servers and databases for all tests. What is missing fails with a word on what to install; nothing is skipped."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections

from tests.support.postgres import GivenPostgres, Postgres, given_url
from tests.support.product import Products
from tests.support.valkey import Valkey
from tests.support.valkey import given_url as given_redis_url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres | GivenPostgres]:
    """A PostgreSQL: the one that TEST_POSTGRES_URL or DATABASE_URL names, else one of our own."""
    given = given_url()
    if given is not None:
        yield GivenPostgres(given)
        return
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Valkey: the one that REDIS_URL names, else one of our own."""
    given = given_redis_url()
    if given is not None:
        yield given
        return
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    try:
        server.start()
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """Tell Django where the test databases are; PostgreSQL is started only if a collected test asks for it."""
    connections["default"].settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("sqlite") / "test.sqlite3")
    if any("postgres" in _databases(item) for item in request.session.items):
        server: Postgres | GivenPostgres = request.getfixturevalue("postgres_server")
        wanted = connections["postgres"].settings_dict
        given = _entry(server.url())
        wanted.update({key: given[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")})


def _databases(item: pytest.Item) -> list[str]:
    mark = item.get_closest_marker("django_db")
    databases = mark.kwargs.get("databases") if mark else None
    return list(connections) if databases == "__all__" else list(databases or ())


def _entry(url: str) -> dict[str, object]:
    from project import environment

    return environment.database(url, Path())


@pytest.fixture(scope="session")
def products(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Products]:
    """The product as real processes, one per kind of database, each started when it is first asked for."""
    made = Products(tmp_path_factory, request.getfixturevalue)
    try:
        yield made
    finally:
        made.stop()
