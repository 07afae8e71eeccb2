"""The project's settings on the in-memory layer: web, worker and beat share a database and a broker, nothing else.

Beat has the worker write once a second.
"""

from project.environment import channel_layers
from project.settings import *  # noqa: F403
from project.settings import INSTALLED_APPS as PROJECT_APPS

INSTALLED_APPS = [*PROJECT_APPS, "tests.support.playground"]
CHANNEL_LAYERS = channel_layers("", "")
CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "playground.write",
        "schedule": 1.0,
        "args": ["todo", "ticks", "t", {"description": "by beat", "createdAt": "2026-03-01T09:00:00.000Z"}],
    }
}
