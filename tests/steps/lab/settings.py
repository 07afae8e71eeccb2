"""The project's settings with the lab in it."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS as PROJECT_APPS
from project.settings import STREAMS as PROJECT_STREAMS

INSTALLED_APPS = [*PROJECT_APPS, "tests.steps.lab"]
STREAMS = {**PROJECT_STREAMS, "authenticate_stream": "tests.steps.lab.streams.authenticate"}
