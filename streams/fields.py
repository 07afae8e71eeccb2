"""Model fields that keep text exactly as it is."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

if TYPE_CHECKING:  # Django's fields are generic in their type stubs only
    CharField = models.CharField[str, str]
    TextField = models.TextField[str, str]
else:
    CharField, TextField = models.CharField, models.TextField


class KeyField(CharField):
    """An id of at most 255 code points, compared and sorted code point by code point."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 255)
        super().__init__(**options)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        # SQLite's default (BINARY) compares bytes already; on PostgreSQL that collation is "C"
        collation = "C" if connection.vendor == "postgresql" else None
        return {**super().db_parameters(connection), "collation": collation}


class JsonTextField(TextField):
    r"""JSON kept as the text that was written, not as what a database makes of it.

    On PostgreSQL the column is ``json`` (``jsonb`` reorders keys and refuses ``\u0000``), read back as text.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        # psycopg would parse json and lose big integers' and floats' spelling
        if compiler.connection.vendor == "postgresql":
            return f"{sql}::text", params
        return sql, params
