"""What only SQLite needs."""

import sqlite3
from collections.abc import Iterator

import pytest
from django.db import connections, transaction

from streams.stores import Store
from tests.support.histories import G, change, check_history, increment, put
from tests.support.stores import SQLITE
from tests.support.threads import Steps, aside, together

pytestmark = [SQLITE, pytest.mark.parametrize("kept", [{"database": "default"}], indirect=True)]


@pytest.fixture
def default_limits() -> Iterator[None]:
    """The limit of a SQLite as it comes; Debian builds it with a higher one."""
    connection = connections["default"]
    connection.ensure_connection()
    before = connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766)
    yield
    connection.connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)


@pytest.mark.usefixtures("default_limits")
def test_more_ids_than_a_statement_has_parameters(store: Store) -> None:
    ids = [f"i{number}" for number in range(32_768)]
    put(store, "i7", "7")
    change(store, lambda held: held.write("i9", "9"))
    assert [row.id for row in store.snapshot(G, ids).items] == ["i7", "i9"]
    with store.transaction():
        assert set(store.lock(G, ids, make=False).items) == {"i7", "i9"}


def test_project_without_immediate_transactions_loses_no_update(store: Store) -> None:
    put(store, "n")

    def work() -> None:
        connection = connections["default"]
        connection.ensure_connection()
        connection.transaction_mode = None  # as without the option: a transaction begins as a reader
        for _ in range(15):
            increment(store, "n")

    together(*[work] * 4)
    assert store.get(G, "n") == '{"n": 60}'
    check_history(store)


def test_transaction_that_read_what_is_old_by_now_is_a_conflict(store: Store) -> None:
    put(store, "a", "1")
    steps = Steps("read", "written")

    def read_then_write() -> bool:
        connections["default"].ensure_connection()
        connections["default"].transaction_mode = None
        with transaction.atomic():
            assert store.get(G, "a") == "1"
            steps.reach("read")
            steps.wait("written")
            try:
                put(store, "a", "3")
            except Exception as error:
                if not store.is_conflict(error):
                    raise
                return True
        return False

    with aside(read_then_write) as future:
        steps.wait("read")
        put(store, "a", "2")
        steps.reach("written")
        assert future.result(), "what was read and what would be written belong to two moments"
    assert store.get(G, "a") == "2"
