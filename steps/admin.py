"""Runs to look at, to try again and to stop; nobody makes or edits them by hand."""

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .database import alias
from .models import Heartbeat, Run, Workbench
from .runs import cancel, redrive
from .workbench.site import WorkbenchAdmin

if TYPE_CHECKING:  # Django's classes are generic in their type stubs only
    ModelAdmin: TypeAlias = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class RowAdmin(ModelAdmin):
    """Rows that the code writes."""

    show_full_result_count = False  # no page counts a whole table

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


admin.site.register(Workbench, WorkbenchAdmin)


@admin.register(Run)
class RunAdmin(RowAdmin):
    """Runs, the newest first."""

    list_display = ("id", "step", "trigger", "source", "state", "attempts", "took", "created_at", "same_trace")
    list_filter = ("state", "trigger", "step")
    search_fields = ("id", "trace_id", "parent_id", "step", "source", "reason", "error_id")
    date_hierarchy = None
    actions = ("try_again", "stop")
    fieldsets = (
        (None, {"fields": ("id", "step", "state", "reason", "error_id", "status")}),
        ("Why", {"fields": ("trigger", "source", "trace_id", "parent_id", "depth", "slot", "shown_input")}),
        ("When", {"fields": ("created_at", "due_at", "started_at", "finished_at", "took", "attempts", "failures")}),
        ("What", {"fields": ("shown_logs", "shown_operations", "shown_history")}),
        ("Inside", {"fields": ("fence", "worker", "handed", "hand_at", "lane", "number", "key")}),
    )  # fmt: skip
    readonly_fields = ("took", "shown_input", "shown_logs", "shown_operations", "shown_history")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        rows: QuerySet[Run] = super().get_queryset(request).using(alias())
        return rows

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
        return format_html('<a href="?q={}">{}…</a>', run.trace_id, run.trace_id[:8])

    @admin.display(description="input")
    def shown_input(self, run: Run) -> SafeString:
        return _shown(run.input)

    @admin.display(description="log")
    def shown_logs(self, run: Run) -> SafeString:
        return _shown(run.logs)

    @admin.display(description="operations")
    def shown_operations(self, run: Run) -> SafeString:
        return _shown(run.operations)

    @admin.display(description="failed attempts")
    def shown_history(self, run: Run) -> SafeString:
        return _shown(run.history)


@admin.register(Heartbeat)
class HeartbeatAdmin(RowAdmin):
    """Workers and beats that are, or were a moment ago."""

    list_display = ("kind", "host", "pid", "started_at", "seen_at")
    list_filter = ("kind",)


def _shown(text: str) -> SafeString:
    return format_html("<pre>{}</pre>", json.dumps(json.loads(text), ensure_ascii=False, indent=2))
