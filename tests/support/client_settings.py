"""The project's settings with what clients meet: guarded streams, and one that counts its subscribers."""

from tests.support.guarded_settings import *  # noqa: F403
from tests.support.guarded_settings import INSTALLED_APPS as GUARDED_APPS

INSTALLED_APPS = [*GUARDED_APPS, "tests.support.attended"]
