"""Databases for tests that send requests in the tests' own process."""

import pytest

from .stores import MEMORY

# Only the tables of what requests touch are emptied after each test.
APPS = ["streams", "rest_framework", *(f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions"))]
SQLITE = pytest.mark.django_db(transaction=True, databases=["default"], available_apps=APPS)
POSTGRES = pytest.mark.django_db(transaction=True, databases=["default", "postgres"], available_apps=APPS)
DATABASES = [
    pytest.param({"database": "default"}, marks=SQLITE, id="sqlite"),
    pytest.param({"database": "postgres"}, marks=POSTGRES, id="postgres"),
]
ON_SQLITE = pytest.mark.parametrize("kept", DATABASES[:1], indirect=True)
ON_BOTH = pytest.mark.parametrize("kept", DATABASES, indirect=True)
ON_ALL = pytest.mark.parametrize("kept", [*DATABASES, MEMORY], indirect=True)
