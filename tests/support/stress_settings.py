"""The project's settings with a log that nobody trims, so that all of it can be checked in the end."""

from project.settings import *  # noqa: F403
from project.settings import STREAMS as PROJECT_STREAMS

STREAMS = {**PROJECT_STREAMS, "trim_interval_s": 1e9}
