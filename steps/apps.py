"""The app: at start it collects the steps of all installed apps."""

from django.apps import AppConfig


class StepsConfig(AppConfig):
    """Functions that HTTP, queues, time and streams call."""

    name = "steps"
    verbose_name = "Steps"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, feed, heartbeats, reactions, tasks, wiring  # noqa: F401  (importing registers the checks)
        from .registry import registry

        registry.discover()
        reactions.connect()
        feed.connect()
        heartbeats.connect()
        tasks.connect()
