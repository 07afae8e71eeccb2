"""The test databases are what tests/settings.py promises."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connections

from streams.models import Group

BOTH = ["default", "postgres"]
pytestmark = pytest.mark.django_db(transaction=True, databases=BOTH)


@pytest.mark.parametrize("alias", BOTH)
def test_other_threads_see_what_is_committed(alias: str) -> None:
    Group.objects.using(alias).create(stream="s", key="g", sequence=0, epoch="", previous_epoch="", clock=0)

    def look() -> int:
        try:
            return Group.objects.using(alias).filter(stream="s", key="g").count()
        finally:
            connections[alias].close()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(look).result() == 1


@pytest.mark.parametrize("alias", BOTH)
def test_each_test_starts_with_empty_tables(alias: str) -> None:
    assert not Group.objects.using(alias).exists()


def test_sqlite_is_a_file_in_wal_mode() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA database_list")
        assert Path(cursor.fetchall()[0][2]).is_file()
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
