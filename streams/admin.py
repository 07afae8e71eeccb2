"""Groups, items and changes to look at; they are written through streams, never here."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .models import Change, Group, Item

if TYPE_CHECKING:  # Django's classes are generic in their type stubs only
    ModelAdmin: TypeAlias = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

SHOWN = 120  # characters of a value in a list


class RowAdmin(ModelAdmin):
    """Nobody adds, changes or deletes rows by hand: the log would not know of it."""

    show_full_result_count = False  # no page counts a whole table

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _time(clock: int) -> str:
    moment = datetime.fromtimestamp(clock / 1_000_000, tz=timezone.get_current_timezone())
    return moment.isoformat(sep=" ", timespec="milliseconds")


def _short(value: str) -> str:
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}…"


@admin.register(Group)
class GroupAdmin(RowAdmin):
    """Groups with their position."""

    list_display = ("key", "stream", "sequence", "last_change", "see")
    list_filter = ("stream",)
    search_fields = ("key",)
    ordering = ("stream", "key")
    fields = ("stream", "key", "sequence", "epoch", "previous_epoch", "last_change", "see")
    readonly_fields = ("last_change", "see")

    @admin.display(description="last change", ordering="clock")
    def last_change(self, group: Group) -> str:
        return _time(group.clock) if group.clock else "-"

    @admin.display(description="rows")
    def see(self, group: Group) -> SafeString:
        items, changes = reverse("admin:streams_item_changelist"), reverse("admin:streams_change_changelist")
        return format_html(
            '<a href="{0}?group__id__exact={2}">items</a> · <a href="{1}?group__id__exact={2}">changes</a>',
            items,
            changes,
            group.pk,
        )


class InGroupAdmin(RowAdmin):
    """Rows that belong to a group: its stream and id are read along."""

    list_select_related = ("group",)
    search_fields = ("key", "group__key")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "group__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="stream", ordering="group__stream")
    def stream(self, row: Item | Change) -> str:
        return row.group.stream

    @admin.display(description="group", ordering="group__key")
    def group_key(self, row: Item | Change) -> str:
        return row.group.key

    @admin.display(description="value")
    def short_value(self, row: Item | Change) -> SafeString:
        return format_html("<code>{}</code>", _short(row.value))


@admin.register(Item)
class ItemAdmin(InGroupAdmin):
    """Items as they are now."""

    list_display = ("key", "group_key", "stream", "short_value", "sequence")
    list_filter = ("group__stream",)
    ordering = ("group", "created")


@admin.register(Change)
class ChangeAdmin(InGroupAdmin):
    """The log."""

    list_display = ("sequence", "kind", "key", "group_key", "stream", "time", "short_value")
    list_filter = ("kind", "group__stream")
    ordering = ("-id",)

    @admin.display(description="time", ordering="clock")
    def time(self, change: Change) -> str:
        return _time(change.clock)
