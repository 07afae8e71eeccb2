"""The stores that contract tests run over: ``@pytest.mark.parametrize("kept", STORES, indirect=True)``."""

import pytest

from streams.stores.database import DatabaseStore

# Only the tables of streams are emptied after each test: a tenth of the time.
SQLITE = pytest.mark.django_db(transaction=True, databases=["default"], available_apps=["streams"])
POSTGRES = pytest.mark.django_db(transaction=True, databases=["default", "postgres"], available_apps=["streams"])
# The same with the tables of people, for what has to do with them.
_PEOPLE = ["streams", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
PEOPLE = pytest.mark.django_db(transaction=True, databases=["default"], available_apps=_PEOPLE)

DATABASES = [
    pytest.param({"database": "default"}, marks=SQLITE, id="sqlite"),
    pytest.param({"database": "postgres"}, marks=POSTGRES, id="postgres"),
]
MEMORY = pytest.param({"storage": "memory"}, id="memory")
STORES = [*DATABASES, MEMORY]
LOCKS_PER_GROUP = [DATABASES[1], MEMORY]  # SQLite has one lock for all writers


class PostgresStore(DatabaseStore):
    """A second place for streams, as a project with several databases declares it."""

    def __init__(self) -> None:
        super().__init__("postgres")
