"""The project's settings with streams that are guarded, and without looking for revocations more often than needed."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS as PROJECT_APPS
from project.settings import STREAMS as PROJECT_STREAMS

INSTALLED_APPS = [*PROJECT_APPS, "tests.support.guarded"]
STREAMS = {**PROJECT_STREAMS, "authenticate_stream": "tests.support.guarded.door.authenticate"}
