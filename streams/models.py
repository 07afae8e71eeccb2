"""The rows: groups with their position, items, and the log of changes.

They are written by the stores only; everything else reads them.
"""

from typing import ClassVar

from django.db import models

from .fields import JsonTextField, KeyField


class Group(models.Model):
    """A group of a stream and its position; the row's lock orders the group's writers. Never deleted."""

    stream = KeyField()
    key = KeyField(verbose_name="group id")
    sequence = models.BigIntegerField(help_text="of its last change")
    epoch = models.CharField(max_length=8, help_text="of its last change")
    previous_epoch = models.CharField(max_length=8, help_text="of the change before")
    clock = models.BigIntegerField(help_text="microseconds since 1970, strictly increasing")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["stream", "key"], name="streams_group_unique")]

    def __str__(self) -> str:
        return f"{self.stream}/{self.key}"


class Item(models.Model):
    """An item as it is now."""

    group = models.ForeignKey(Group, models.PROTECT, related_name="items", db_index=False)
    key = KeyField(verbose_name="item id")
    value = JsonTextField()
    sequence = models.BigIntegerField(help_text="of its last change")
    created = models.BigIntegerField(help_text="sequence of its creation: the order of items")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["group", "key"], name="streams_item_unique"),
            models.UniqueConstraint(fields=["group", "created"], name="streams_item_order"),
        ]

    def __str__(self) -> str:
        return f"{self.group}/{self.key}"


class Change(models.Model):
    """A change of an item: the log, which is also the outbox."""

    class Kind(models.TextChoices):
        CREATE = "create"
        UPDATE = "update"
        DELETE = "delete"

    group = models.ForeignKey(Group, models.PROTECT, related_name="changes", db_index=False)
    sequence = models.BigIntegerField()
    epoch = models.CharField(max_length=8)
    previous_epoch = models.CharField(max_length=8)
    clock = models.BigIntegerField(help_text="microseconds since 1970")
    kind = models.CharField(max_length=6, choices=Kind)
    key = KeyField(verbose_name="item id")
    previous = models.BigIntegerField(null=True, help_text="sequence of this item's change before")
    value = JsonTextField(help_text="the new value; of a delete the old one")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "sequence"], name="streams_change_unique")]

    def __str__(self) -> str:
        return f"{self.group}@{self.sequence}"


class Reader(models.Model):
    """A process with connections, as long as it shows that it is alive."""

    name = models.CharField(max_length=16, primary_key=True)
    seen_at = models.DateTimeField(help_text="by the clock of the database")
    lost = models.BooleanField(default=False, help_text="not seen for too long: its leases are ended by others")

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """A granted join whose ``on_leave`` is due; who deletes the row runs the hook, in one transaction."""

    name = models.CharField(max_length=32, primary_key=True)
    reader = models.ForeignKey(Reader, models.PROTECT, related_name="leases")
    stream = KeyField()
    group_key = KeyField(verbose_name="group id")
    item_key = KeyField(verbose_name="item id", blank=True, help_text="empty: the whole group")
    subscription = KeyField()
    connection = models.CharField(max_length=32)
    auth = JsonTextField(help_text="what on_leave gets as its third argument")

    def __str__(self) -> str:
        return f"{self.stream}/{self.group_key} {self.subscription}"


class Revocation(models.Model):
    """Something whose connections have ended: a user, a session or a token. Kept for ``revocation_keep_s``."""

    key = models.CharField(max_length=48, help_text="what kind, and a digest of what it is")
    at = models.DateTimeField(db_index=True, help_text="by the clock of the database")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["key", "at"], name="streams_revocation_key")]

    def __str__(self) -> str:
        return self.key


class UsedTicket(models.Model):
    """A ticket that somebody has come in with; kept until it would have expired."""

    digest = models.CharField(max_length=32, primary_key=True)
    expires_at = models.DateTimeField(db_index=True, help_text="by the clock of the database")

    def __str__(self) -> str:
        return self.digest


class Answer(models.Model):
    """How a write by a request was answered; it commits with the write, and the same request gets it again."""

    name = models.CharField(max_length=64, primary_key=True, help_text="of who asked for what with which key, hashed")
    fingerprint = models.CharField(max_length=64, help_text="of what was sent, hashed")
    status = models.PositiveSmallIntegerField()
    body = models.TextField(blank=True, help_text="JSON; empty: none")
    created_at = models.DateTimeField(db_index=True, help_text="by the clock of the database")

    def __str__(self) -> str:
        return f"{self.name[:8]} {self.status}"


class Duty(models.Model):
    """Work that one process does for all: whoever moves ``next_at`` has it."""

    name = models.CharField(max_length=100, primary_key=True)
    next_at = models.DateTimeField(help_text="by the clock of the database")
    cursor = models.TextField(blank=True, help_text="where the work goes on")

    def __str__(self) -> str:
        return self.name
