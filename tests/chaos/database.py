"""Looks at the databases past the product: dumps of what is kept, as the checker wants them."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

Place = tuple[str, str]
"""Stream and group."""

TABLES = ("streams_change", "streams_item", "streams_group")


@dataclass(frozen=True)
class Row:
    """A row of the log."""

    sequence: int
    epoch: str
    previous_epoch: str
    clock: int
    kind: str
    key: str
    previous: int | None
    value: Any


@dataclass(frozen=True)
class Kept:
    """A group as it is kept. items: (key, value, sequence, created) in creation order; log: ascending."""

    sequence: int
    epoch: str
    clock: int
    items: list[tuple[str, Any, int, int]]
    log: list[Row]

    @property
    def state(self) -> list[Any]:
        """The items' values, in order."""
        return [value for _, value, _, _ in self.items]


Dump = dict[Place, Kept]


@dataclass
class Database:
    """The database at *url*: sqlite:///path or postgres://..."""

    url: str

    @property
    def sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def path(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def query(self, *statements: tuple[str, Sequence[object]]) -> list[list[tuple[Any, ...]]]:
        """Run queries (``?`` placeholders) that all see one moment."""
        if self.sqlite:
            with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=20, isolation_level=None) as file:
                file.execute("BEGIN")
                return [file.execute(*statement).fetchall() for statement in statements]
        with psycopg.connect(self.url) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return [connection.execute(sql.replace("?", "%s"), values).fetchall() for sql, values in statements]

    def positions(self, mark: str) -> dict[Place, tuple[int, str]]:
        """Return sequence and epoch of the groups whose name ends with *mark*."""
        where = "SELECT stream, key, sequence, epoch FROM streams_group WHERE key LIKE ?"
        [rows] = self.query((where, [f"%{mark}"]))
        return {(stream, key): (sequence, epoch) for stream, key, sequence, epoch in rows}

    def dump(self, mark: str) -> Dump:
        """Return everything of the groups whose name ends with *mark*."""
        own = "(SELECT id FROM streams_group WHERE key LIKE ?)"
        groups, items, changes = self.query(
            ("SELECT id, stream, key, sequence, epoch, clock FROM streams_group WHERE key LIKE ?", [f"%{mark}"]),
            (
                "SELECT group_id, key, value, sequence, created FROM streams_item"
                f" WHERE group_id IN {own} ORDER BY created",
                [f"%{mark}"],
            ),
            (
                "SELECT group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value"
                f" FROM streams_change WHERE group_id IN {own} ORDER BY sequence",
                [f"%{mark}"],
            ),
        )
        kept = {
            number: ((stream, key), Kept(sequence, epoch, clock, [], []))
            for number, stream, key, sequence, epoch, clock in groups
        }
        for number, key, value, sequence, created in items:
            kept[number][1].items.append((key, _json(value), sequence, created))
        for number, *row, value in changes:
            kept[number][1].log.append(Row(*row, _json(value)))
        return dict(kept.values())

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run one statement and commit; return the number of rows it touched."""
        if self.sqlite:
            with sqlite3.connect(self.path, timeout=20) as file:
                return file.execute(sql, values).rowcount
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(sql.replace("?", "%s"), values).rowcount


def _json(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text
