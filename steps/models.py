"""The tables of the app."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Heartbeat(models.Model):
    """One running Celery worker or beat: it says so every few seconds, by the clock of the database.

    A worker's row is the lease of all its runs: who finds it stale may take them.
    """

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


class Run(models.Model):
    """One run of a step: what is to be done, who does it, and what came of it. Also a span of its trace.

    All times are those of the database's clock.
    """

    class State(models.TextChoices):
        """Where a run is; the first two are unfinished."""

        READY = "ready", "waiting"
        RUNNING = "running"
        DONE = "done"
        SKIPPED = "skipped"
        DEAD = "dead", "dead letter"
        CANCELLED = "cancelled"
        FAILED = "failed", "failed request"

    id = models.CharField(max_length=32, primary_key=True, help_text="grows with the time")
    trace_id = models.CharField(max_length=32, db_index=True)
    parent_id = models.CharField(max_length=32, blank=True, help_text="the run, or foreign span, that caused this one")
    depth = models.PositiveIntegerField(default=0, help_text="stream and state triggers on the way here")
    step = models.CharField(max_length=255)
    trigger = models.CharField(max_length=16, help_text="http, queue, cron, stream, state")
    trigger_index = models.PositiveSmallIntegerField(default=0, help_text="which trigger of the step")
    source = models.TextField(blank=True, help_text="topic, route, expression, stream or scope of the trigger")
    input = models.TextField(default="null", help_text="JSON")
    key = models.CharField(max_length=64, null=True, unique=True, help_text="no second run has it")  # noqa: DJ001
    slot = models.DateTimeField(null=True, help_text="of a cron run")

    state = models.CharField(max_length=16, choices=State, default=State.READY)
    fence = models.PositiveIntegerField(default=0, help_text="number of the claim; older ones may not write")
    worker = models.BigIntegerField(null=True, help_text="heartbeat of the process that has claimed it")
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0, help_text="attempts that raised or took too long")
    due_at = models.DateTimeField(db_default=Now(), help_text="not before")
    handed = models.PositiveIntegerField(default=0, help_text="times it was handed over again")
    hand_at = models.DateTimeField(db_default=Now(), help_text="when that happens next")
    lane = models.CharField(max_length=64, blank=True, help_text="runs of one lane start one after another")
    number = models.BigIntegerField(default=0, help_text="place in the lane")

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, help_text="of the last attempt")
    finished_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="of the HTTP response")
    reason = models.TextField(blank=True, help_text="why it failed, waits or was skipped")
    error_id = models.CharField(max_length=32, blank=True)
    history = models.TextField(default="[]", help_text="JSON: attempts that came to nothing")
    logs = models.TextField(default="[]", help_text="JSON")
    operations = models.TextField(default="[]", help_text="JSON")

    class Meta:
        """Most runs are finished; the indexes of the work are small."""

        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index("hand_at", condition=Q(state="ready"), name="steps_run_ready"),
            models.Index("step", condition=Q(state="running"), name="steps_run_running"),
            models.Index(fields=["lane", "number"], condition=Q(lane__gt=""), name="steps_run_lane"),
            models.Index(fields=["state", "finished_at"], name="steps_run_finished"),
            models.Index(fields=["step", "id"], name="steps_run_step"),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.id}"

    @property
    def span_id(self) -> str:
        """The run's name in W3C trace context."""
        return self.id[16:]


class Workbench(Run):
    """No rows of its own: who may see it sees the workbench, and the admin shows where it is."""

    class Meta:
        """Only to be looked at; what its pages change has permissions of its own."""

        proxy = True
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "workbench"

    def __str__(self) -> str:
        return "workbench"


class Effect(models.Model):
    """An effect of a run that happens once, whatever the number of attempts."""

    run_id = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    result = models.TextField(help_text="JSON")

    class Meta:
        """One per run and key."""

        constraints: ClassVar = [models.UniqueConstraint(fields=["run_id", "key"], name="steps_effect_once")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.key}"


class Lane(models.Model):
    """The lock and the counter of an order key, or of a step with a limit."""

    key = models.CharField(max_length=64, primary_key=True)
    number = models.BigIntegerField(default=0, help_text="of the last run in it")

    def __str__(self) -> str:
        return self.key


class Schedule(models.Model):
    """Up to when the slots of a cron trigger are planned."""

    key = models.CharField(max_length=64, primary_key=True)
    step = models.CharField(max_length=255)
    expression = models.CharField(max_length=255)
    planned_until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.step} {self.expression}"


class Duty(models.Model):
    """Work that one process does for all: whoever moves ``next_at`` has it."""

    name = models.CharField(max_length=100, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
