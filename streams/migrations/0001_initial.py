from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import streams.fields

from . import _functions


def create_functions(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_functions.CREATE, params=None)


def drop_functions(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(_functions.DROP, params=None)


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Answer",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="of who asked for what with which key, hashed",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("fingerprint", models.CharField(help_text="of what was sent, hashed", max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("body", models.TextField(blank=True, help_text="JSON; empty: none")),
                ("created_at", models.DateTimeField(db_index=True, help_text="by the clock of the database")),
            ],
        ),
        migrations.CreateModel(
            name="Duty",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField(help_text="by the clock of the database")),
                ("cursor", models.TextField(blank=True, help_text="where the work goes on")),
            ],
        ),
        migrations.CreateModel(
            name="Reader",
            fields=[
                ("name", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField(help_text="by the clock of the database")),
                (
                    "lost",
                    models.BooleanField(
                        default=False, help_text="not seen for too long: its leases are ended by others"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Revocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(help_text="what kind, and a digest of what it is", max_length=48)),
                ("at", models.DateTimeField(db_index=True, help_text="by the clock of the database")),
            ],
            options={
                "indexes": [models.Index(fields=["key", "at"], name="streams_revocation_key")],
            },
        ),
        migrations.CreateModel(
            name="UsedTicket",
            fields=[
                ("digest", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True, help_text="by the clock of the database")),
            ],
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stream", streams.fields.KeyField(max_length=255)),
                ("key", streams.fields.KeyField(max_length=255, verbose_name="group id")),
                ("sequence", models.BigIntegerField(help_text="of its last change")),
                ("epoch", models.CharField(help_text="of its last change", max_length=8)),
                ("previous_epoch", models.CharField(help_text="of the change before", max_length=8)),
                ("clock", models.BigIntegerField(help_text="microseconds since 1970, strictly increasing")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("stream", "key"), name="streams_group_unique")],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("stream", streams.fields.KeyField(max_length=255)),
                ("group_key", streams.fields.KeyField(max_length=255, verbose_name="group id")),
                (
                    "item_key",
                    streams.fields.KeyField(
                        blank=True, help_text="empty: the whole group", max_length=255, verbose_name="item id"
                    ),
                ),
                ("subscription", streams.fields.KeyField(max_length=255)),
                ("connection", models.CharField(max_length=32)),
                ("auth", streams.fields.JsonTextField(help_text="what on_leave gets as its third argument")),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="leases", to="streams.reader"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField()),
                ("epoch", models.CharField(max_length=8)),
                ("previous_epoch", models.CharField(max_length=8)),
                ("clock", models.BigIntegerField(help_text="microseconds since 1970")),
                (
                    "kind",
                    models.CharField(
                        choices=[("create", "Create"), ("update", "Update"), ("delete", "Delete")], max_length=6
                    ),
                ),
                ("key", streams.fields.KeyField(max_length=255, verbose_name="item id")),
                ("previous", models.BigIntegerField(help_text="sequence of this item's change before", null=True)),
                ("value", streams.fields.JsonTextField(help_text="the new value; of a delete the old one")),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="streams.group",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("group", "sequence"), name="streams_change_unique")],
            },
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", streams.fields.KeyField(max_length=255, verbose_name="item id")),
                ("value", streams.fields.JsonTextField()),
                ("sequence", models.BigIntegerField(help_text="of its last change")),
                ("created", models.BigIntegerField(help_text="sequence of its creation: the order of items")),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="streams.group",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("group", "key"), name="streams_item_unique"),
                    models.UniqueConstraint(fields=("group", "created"), name="streams_item_order"),
                ],
            },
        ),
        migrations.RunPython(create_functions, drop_functions),
    ]
