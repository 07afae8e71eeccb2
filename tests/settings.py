"""The project's settings on databases of the tests' own.

``default`` is an SQLite *file* (a test database in memory would be another one in every thread), set up as the project
does it; ``postgres`` is the server that ``tests/conftest.py`` starts. Both get all migrations. Names and addresses are
filled in by the fixture ``django_db_modify_db_settings`` there, since they are not known before the tests run.

A test that stores something asks for the databases that it uses::

    pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "postgres"])

and a stream's store for the alias: ``STREAMS = {"database": "postgres"}`` or ``DatabaseStore(alias="postgres")``.
``transaction=True`` because stores, hubs and threads see what is committed, not what an open test case holds.
"""

import os

os.environ.setdefault("SECRET_KEY", "for-tests-only")

from project import environment
from project.settings import *  # noqa: F403
from project.settings import BASE_DIR, DATA

DEBUG = False
ALLOWED_HOSTS = ["*"]
DATABASES = {
    "default": environment.sqlite(DATA / "db.sqlite3"),
    "postgres": environment.database("postgres://127.0.0.1/millrace", BASE_DIR),
}
# Nothing that runs beside the tests is touched: no shared layer, no broker. Tests that want them start their own.
REDIS_URL = ""
CHANNEL_LAYERS = environment.channel_layers(REDIS_URL, "tests")
CELERY_BROKER_URL = environment.broker_url(REDIS_URL)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A thread that writes by itself would meet the transactions of tests that have nothing to do with it.
STEPS = {"trace_http": False}
# Hashed names need collectstatic first; what a page looks for here is in the source folders.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
