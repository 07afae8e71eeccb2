"""Groups, items and changes to look at; they are written through streams, never here."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .conf import conf
from .models import Change, Group, Item
from .readonly import NamesFilter, RowAdmin
from .registry import registry

SHOWN = 120  # characters of a value in a list
LOOKUPS = ("group__id__exact", "group__stream", "group__key", "key", "sequence")
"""By these other lists link here."""


class StreamFilter(NamesFilter):
    """Rows of one stream."""

    title = "stream"
    parameter_name = "stream"

    def names(self) -> list[str]:
        return [stream.definition.name for stream in registry.all()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        groups = Group.objects.using(queryset.db).filter(stream=self.value())
        return groups if queryset.model is Group else queryset.filter(group_id__in=groups.values("pk"))


def _time(clock: int) -> str:
    moment = datetime.fromtimestamp(clock / 1_000_000, tz=timezone.get_current_timezone())
    return moment.isoformat(sep=" ", timespec="milliseconds")


def _link(view: str, text: str, **query: Any) -> SafeString:
    return format_html('<a href="{}?{}">{}</a>', reverse(f"admin:{view}"), urlencode(query), text)


def _short(value: str) -> str:
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}…"


class StreamRowAdmin(RowAdmin):
    """Rows in the database of the streams."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).using(conf().database)
        return rows


@admin.register(Group)
class GroupAdmin(StreamRowAdmin):
    """Groups with their position."""

    list_display = ("key", "stream", "sequence", "last_change", "see")
    list_filter = (StreamFilter,)
    search_fields = ("key",)
    ordering = ("stream", "key")
    fields = ("stream", "key", "sequence", "epoch", "previous_epoch", "last_change", "see")
    readonly_fields = ("last_change", "see")

    @admin.display(description="last change", ordering="clock")
    def last_change(self, group: Group) -> str:
        return _time(group.clock) if group.clock else "-"

    @admin.display(description="rows")
    def see(self, group: Group) -> SafeString:
        items = _link("streams_item_changelist", "items", group__id__exact=group.pk)
        return format_html("{} · {}", items, _link("streams_change_changelist", "changes", group__id__exact=group.pk))


class InGroupAdmin(StreamRowAdmin):
    """Rows that belong to a group: its stream and id are read along."""

    list_select_related = ("group",)
    search_fields = ("key",)
    search_help_text = "the whole id of a group or an item"

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup in LOOKUPS or super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by exact ids: to look for parts of them takes long among a million."""
        if search_term:
            groups = Group.objects.using(queryset.db).filter(key=search_term).values("pk")
            queryset = queryset.filter(Q(group_id__in=groups) | Q(key=search_term))
        return queryset, False

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

    list_display = ("key", "group_key", "stream", "short_value", "sequence", "changes")
    list_filter = (StreamFilter,)
    ordering = ("-id",)
    fields = ("key", "group", "sequence", "created", "value", "changes")
    readonly_fields = ("changes",)

    @admin.display(description="changes")
    def changes(self, item: Item) -> SafeString:
        return _link("streams_change_changelist", "log", group__id__exact=item.group_id, key=item.key)


@admin.register(Change)
class ChangeAdmin(InGroupAdmin):
    """The log."""

    list_display = ("sequence", "kind", "key", "group_key", "stream", "time", "short_value", "item")
    list_filter = ("kind", StreamFilter)
    ordering = ("-id",)

    fields = ("kind", "key", "group", "sequence", "time", "value", "previous", "epoch", "previous_epoch", "item")
    readonly_fields = ("time", "item")

    @admin.display(description="item")
    def item(self, change: Change) -> SafeString:
        return _link("streams_item_changelist", "now", group__id__exact=change.group_id, key=change.key)

    @admin.display(description="time", ordering="clock")
    def time(self, change: Change) -> str:
        return _time(change.clock)
