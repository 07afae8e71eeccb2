"""The project's settings with the tests' own app in it, and without looking at the database by the clock.

A frame that arrives under these settings came by a hint through the layer: the verifier, which would find it a moment
later without any layer, looks once an hour.
"""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS as PROJECT_APPS
from project.settings import STREAMS as PROJECT_STREAMS

INSTALLED_APPS = [*PROJECT_APPS, "tests.support.playground"]
STREAMS = {**PROJECT_STREAMS, "verify_interval_ms": 3_600_000.0, "poll_interval_ms": 3_600_000.0}
