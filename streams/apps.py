"""The app: at start it collects the streams of all installed apps."""

from django.apps import AppConfig


class StreamsConfig(AppConfig):
    """Streams that every subscriber sees alike."""

    name = "streams"
    verbose_name = "Streams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import accounts, checks, redaction  # noqa: F401  (registers the system checks)
        from .bus import bus
        from .follower import follow
        from .registry import registry

        redaction.install()
        accounts.watch()
        bus.reader = follow
        registry.discover()
