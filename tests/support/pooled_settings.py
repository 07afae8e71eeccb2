"""The settings of the tests of event streams on a pool of four database connections (PostgreSQL)."""

from tests.support.sse_settings import *  # noqa: F403
from tests.support.sse_settings import DATABASES as OTHERS

_ENTRY = OTHERS["default"]
_OPTIONS = {**_ENTRY["OPTIONS"], "application_name": "pooled", "pool": {"min_size": 1, "max_size": 4, "timeout": 20}}
DATABASES = {"default": {**_ENTRY, "OPTIONS": _OPTIONS}}
