"""The tables of the app."""

from django.db import models
from django.db.models.functions import Now


class Heartbeat(models.Model):
    """One running Celery worker or beat: it says so every few seconds, by the clock of the database."""

    class Kind(models.TextChoices):
        """What runs there."""

        WORKER = "worker"
        BEAT = "beat"

    kind = models.CharField(max_length=16, choices=Kind)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        """A process is known by where it runs."""

        constraints = (models.UniqueConstraint(fields=("kind", "host", "pid"), name="steps_heartbeat_process"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.host}:{self.pid}"
