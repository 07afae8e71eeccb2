"""The settings of the fault tests, but nobody trims: the log is looked into by readers only."""

from tests.chaos.settings import *  # noqa: F403
from tests.chaos.settings import STREAMS as CHAOS_STREAMS

STREAMS = {**CHAOS_STREAMS, "trim_interval_s": 3600.0}
