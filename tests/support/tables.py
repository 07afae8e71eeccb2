"""Tables for copies of the product: the migrations make them once in a test run, then they are copied.

The apps of the tests' own settings have no models, so one set of tables serves them all.
"""

import atexit
import shutil
import sqlite3
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from .product import Product

DROP = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")

_made: dict[str, str] = {}  # scheme and server: the database with the tables


def fill(product: "Product") -> None:
    """Give the empty database of *product* its tables."""
    parts = urlsplit(product.url)
    server = f"{parts.scheme}://{parts.netloc}"
    if server not in _made:
        product.manage("migrate", "--verbosity=0")
        _made[server] = _keep_file(product) if product.database == "sqlite" else _keep_database(product)
    elif product.database == "sqlite":
        shutil.copy(_made[server], product.url.removeprefix("sqlite:///"))
    else:
        _copy(product.url, _name(product.url), _made[server])


def _keep_file(product: "Product") -> str:
    kept = _home() / "tables.sqlite3"
    with sqlite3.connect(product.url.removeprefix("sqlite:///")) as made, sqlite3.connect(kept) as copy:
        made.backup(copy)
    return str(kept)


def _keep_database(product: "Product") -> str:
    name = f"{_name(product.url)}_tables"
    _copy(product.url, name, _name(product.url))
    atexit.register(_drop, product.url, name)
    return name


def _copy(url: str, name: str, source: str) -> None:
    """Make the database *name* anew, as a copy of *source*, which nobody may be connected to."""
    copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    with psycopg.connect(_server(url), autocommit=True) as connection:
        connection.execute(DROP.format(sql.Identifier(name)))
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(source)))


def _drop(url: str, name: str) -> None:
    with suppress(psycopg.OperationalError), psycopg.connect(_server(url), autocommit=True) as connection:
        connection.execute(DROP.format(sql.Identifier(name)))  # a server of our own is gone, with all it had


def _server(url: str) -> str:
    return urlsplit(url)._replace(path="/postgres").geturl()


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


@cache
def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="millrace-tables-"))
    atexit.register(shutil.rmtree, home)
    return home
