"""The project's settings with a stream that has no hooks and whose log is kept, to be checked in the end."""

from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS as PROJECT_APPS

INSTALLED_APPS = [*PROJECT_APPS, "tests.chaos.playground"]
