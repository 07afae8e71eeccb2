"""The project's settings with the tests' own app in it, and event streams that do not keep a test waiting."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS as PROJECT_APPS
from project.settings import STREAMS as PROJECT_STREAMS

INSTALLED_APPS = [*PROJECT_APPS, "tests.support.playground"]
STREAMS = {
    **PROJECT_STREAMS,
    "comment_interval_s": 0.5,
    "authenticate_stream": "tests.support.playground.tokens.authenticate",
}
