"""The checker of the log finds what it is for."""

import sqlite3
from collections.abc import Iterator

import pytest

from tests.support import journal

SCHEMA = """
CREATE TABLE streams_group (id, stream, key, sequence, epoch, clock);
CREATE TABLE streams_item (group_id, key, value, sequence, created);
CREATE TABLE streams_change (group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value);
INSERT INTO streams_group VALUES (1, 's', 'g', 5, 'e5', 50);
INSERT INTO streams_item VALUES (1, 'b', '{"v": 4}', 4, 2), (1, 'a', '{"v": 5}', 5, 5);
INSERT INTO streams_change VALUES
    (1, 1, 'e1', '', 10, 'create', 'a', NULL, '{"v": 1}'),
    (1, 2, 'e2', 'e1', 20, 'create', 'b', NULL, '{"v": 2}'),
    (1, 3, 'e3', 'e2', 30, 'delete', 'a', 1, '{"v": 1}'),
    (1, 4, 'e4', 'e3', 40, 'update', 'b', 2, '{"v": 4}'),
    (1, 5, 'e5', 'e4', 50, 'create', 'a', NULL, '{"v": 5}');
"""


@pytest.fixture
def file() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    yield connection
    connection.close()


def check(file: sqlite3.Connection) -> list[object]:
    return journal.check(lambda query, parameters: file.execute(query, parameters).fetchall(), "s", "g")


def test_sound_log_gives_the_items_in_creation_order(file: sqlite3.Connection) -> None:
    assert check(file) == [{"v": 4}, {"v": 5}]


@pytest.mark.parametrize("trimmed", [1, 2, 3, 4, 5])
def test_trimmed_log_is_checked_for_what_it_holds(file: sqlite3.Connection, trimmed: int) -> None:
    file.execute("DELETE FROM streams_change WHERE sequence <= ?", [trimmed])
    assert check(file) == [{"v": 4}, {"v": 5}]


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM streams_change WHERE sequence = 3",
        "DELETE FROM streams_change WHERE sequence = 5",
        "UPDATE streams_group SET sequence = 6",
        "UPDATE streams_group SET epoch = 'other'",
        "UPDATE streams_change SET previous_epoch = 'other' WHERE sequence = 4",
        "UPDATE streams_change SET clock = 20 WHERE sequence = 3",
        "UPDATE streams_change SET previous = 1 WHERE sequence = 4",
        "UPDATE streams_change SET kind = 'update' WHERE sequence = 5",
        "UPDATE streams_change SET value = '{}' WHERE sequence = 4",
        "UPDATE streams_item SET value = '{}' WHERE key = 'a'",
        "UPDATE streams_item SET created = 1 WHERE key = 'a'",
        "UPDATE streams_item SET sequence = 2 WHERE key = 'b'",
        "DELETE FROM streams_item WHERE key = 'b'",
        "INSERT INTO streams_item VALUES (1, 'c', '{}', 3, 3)",
    ],
)
def test_damage_is_found(file: sqlite3.Connection, damage: str) -> None:
    file.execute(damage)
    with pytest.raises(AssertionError):
        check(file)
