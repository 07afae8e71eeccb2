"""What lists of rows in the admin have in common: rows that only code writes, however many there are."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:  # Django's classes are generic in their type stubs only
    ModelAdmin: TypeAlias = admin.ModelAdmin[Any]
    RowPaginator: TypeAlias = Paginator[Any]
else:
    ModelAdmin, RowPaginator = admin.ModelAdmin, Paginator

MOST = 10_000  # rows that a list pages through; more are found by its filters and its search


class BoundedPaginator(RowPaginator):
    """Counts no further than ``MOST``: to count a large table takes longer than to read a page of it."""

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
        rows: Any = self.object_list
        return min(MOST, int(rows.order_by()[: MOST + 1].count()))


class RowAdmin(ModelAdmin):
    """Nobody adds, changes or deletes rows by hand: the code that writes them would not know of it."""

    show_full_result_count = False
    paginator = BoundedPaginator

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NamesFilter(admin.SimpleListFilter):
    """Filters by names that the code declares, without asking the table for those that it has."""

    def names(self) -> Iterable[str]:
        """Return the names."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in self.names()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.filter(**{str(self.parameter_name): self.value()})
