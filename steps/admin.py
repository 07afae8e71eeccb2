"""Runs to look at, to try again and to stop; nobody makes or edits them by hand."""

import json
import re
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from streams.readonly import NamesFilter, RowAdmin

from .database import alias
from .models import Heartbeat, Run, Workbench
from .registry import registry
from .runs import cancel, redrive
from .workbench.site import WorkbenchAdmin

ID = re.compile("[0-9a-f]{32}")


class StepFilter(NamesFilter):
    """Runs of one step."""

    title = parameter_name = "step"

    def names(self) -> list[str]:
        return sorted(step.name for step in registry.all())


class TriggerFilter(NamesFilter):
    """Runs by what started them."""

    title = parameter_name = "trigger"

    def names(self) -> list[str]:
        return ["http", "queue", "cron", "stream", "state"]


admin.site.register(Workbench, WorkbenchAdmin)


@admin.register(Run)
class RunAdmin(RowAdmin):
    """Runs, the newest first."""

    list_display = ("id", "step", "trigger", "source", "state", "attempts", "took", "created_at", "same_trace")
    list_filter = ("state", TriggerFilter, StepFilter)
    search_fields = ("step", "source", "reason")
    search_help_text = "a whole id of a run, trace or error; or a part of step, source or reason"
    date_hierarchy = None
    actions = ("try_again", "stop")
    fieldsets = (
        (None, {"fields": ("id", "same_trace", "step", "state", "reason", "error_id", "status")}),
        ("Why", {"fields": ("trigger", "source", "trace_id", "parent_id", "depth", "slot", "shown_input")}),
        ("When", {"fields": ("created_at", "due_at", "started_at", "finished_at", "took", "attempts", "failures")}),
        ("What", {"fields": ("shown_logs", "shown_operations", "shown_history")}),
        ("Inside", {"fields": ("fence", "worker", "handed", "hand_at", "lane", "number", "key")}),
    )  # fmt: skip
    readonly_fields = ("took", "same_trace", "shown_input", "shown_logs", "shown_operations", "shown_history")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        rows: QuerySet[Run] = super().get_queryset(request).using(alias())
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Run], search_term: str
    ) -> tuple[QuerySet[Run], bool]:
        """Find an id by its index; only other words are looked for in texts."""
        if not ID.fullmatch(search_term.strip()):
            return super().get_search_results(request, queryset, search_term)
        id, failed = search_term.strip(), (Run.State.DEAD, Run.State.FAILED, Run.State.READY)
        return queryset.filter(Q(pk=id) | Q(trace_id=id) | Q(error_id=id, state__in=failed)), False

    def has_redrive_permission(self, request: HttpRequest) -> bool:
        """Ask for the permission to change runs."""
        return bool(request.user.has_perm("steps.change_run"))

    @admin.action(description="Try again (dead letters)", permissions=["redrive"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Redrive the chosen dead letters."""
        count = redrive(list(queryset.order_by("id").values_list("pk", flat=True)))
        self.message_user(request, f"{count} will be tried again.", messages.SUCCESS if count else messages.WARNING)

    @admin.action(description="Cancel (waiting and running)", permissions=["redrive"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Cancel the chosen unfinished runs."""
        count = cancel(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{count} cancelled.", messages.SUCCESS if count else messages.WARNING)

    @admin.display(description="took")
    def took(self, run: Run) -> str:
        if run.started_at is None or run.finished_at is None:
            return "-"
        return f"{(run.finished_at - run.started_at).total_seconds() * 1000:.0f} ms"

    @admin.display(description="trace")
    def same_trace(self, run: Run) -> SafeString:
        try:
            address = reverse("admin:steps_workbench_traces", current_app=self.admin_site.name)
        except NoReverseMatch:  # a site of the project's own without the workbench
            return format_html("{}", run.trace_id)
        return format_html('<a href="{}?trace={}">{}…</a>', address, run.trace_id, run.trace_id[:8])

    @admin.display(description="input")
    def shown_input(self, run: Run) -> SafeString:
        return _shown(run.input)

    @admin.display(description="log")
    def shown_logs(self, run: Run) -> SafeString:
        return _shown(run.logs)

    @admin.display(description="operations")
    def shown_operations(self, run: Run) -> SafeString:
        lines = [
            (entry.get("operation"), _changes(entry), _shown(json.dumps(entry))) for entry in json.loads(run.operations)
        ]
        return format_html_join("", "<p>{} {}</p>{}", lines)

    @admin.display(description="failed attempts")
    def shown_history(self, run: Run) -> SafeString:
        return _shown(run.history)


@admin.register(Heartbeat)
class HeartbeatAdmin(RowAdmin):
    """Workers and beats that are, or were a moment ago."""

    list_display = ("kind", "host", "pid", "started_at", "seen_at")
    list_filter = ("kind",)


def _changes(entry: dict[str, Any]) -> SafeString | str:
    """Return a link to the changes that an operation on a stream has made."""
    stream = str(entry.get("operation", "")).partition("streams.")[2].rpartition(".")[0]
    if not stream or not entry.get("sequence"):
        return ""
    place = {"group__stream": stream, "group__key": entry.get("group"), "sequence": entry["sequence"]}
    return format_html('<a href="{}?{}">change</a>', reverse("admin:streams_change_changelist"), urlencode(place))


def _shown(text: str) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(json.loads(text), ensure_ascii=False, indent=2))
