"""The project's settings with processes that are thought dead after moments; only for a product of one's own.

A process with other settings on the same database would be thought dead by one with these.
"""

from project.settings import *  # noqa: F403
from project.settings import STREAMS as PROJECT_STREAMS

STREAMS = {**PROJECT_STREAMS, "lease_s": 3.0, "lease_renew_s": 0.5}
