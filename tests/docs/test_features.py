"""docs/features.md keeps its word: what it claims has a test, and no test names a row that is not there."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "features.md"
ROW = re.compile(r"^\| (?P<id>[A-I]\d{1,2}) \|(?P<cells>.*)\|(?P<claimed>[^|]*)\|$", re.MULTILINE)

# Rows whose check is a JavaScript test: (file below tests/js, name of the test in it).
JAVASCRIPT: dict[str, tuple[str, str]] = {
    "C21": ("package/types.test.js", "take the documents' samples, and nothing wrong"),
}


def table() -> dict[str, str]:
    """Every row's id with what stands in its last column."""
    return {match["id"]: match["claimed"].strip() for match in ROW.finditer(TABLE.read_text())}


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What a collection of all tests finds: node id to the rows its marks name."""
    target = tmp_path_factory.mktemp("features") / "marks.json"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    command += ["-p", "tests.support.collected", "--features-to", str(target), "tests"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, list[str]] = json.loads(target.read_text())
    return found


def test_table_is_complete() -> None:
    sizes = {"A": 13, "B": 24, "C": 22, "D": 16, "E": 26, "F": 7, "G": 8, "H": 12, "I": 10}
    assert list(table()) == [f"{letter}{number}" for letter, size in sizes.items() for number in range(1, size + 1)]


def test_claimed_is_yes_or_empty() -> None:
    assert {row: word for row, word in table().items() if word not in {"", "yes"}} == {}


def test_every_claimed_row_has_a_test(marks: dict[str, list[str]]) -> None:
    tested = {row for rows in marks.values() for row in rows} | JAVASCRIPT.keys()
    assert sorted(row for row, word in table().items() if word and row not in tested) == []


def test_marks_name_rows_of_the_table(marks: dict[str, list[str]]) -> None:
    rows = table()
    assert {node: named for node, named in marks.items() if not rows.keys() >= set(named)} == {}


def test_javascript_tests_exist() -> None:
    for row, (file, name) in JAVASCRIPT.items():
        assert row in table()
        assert name in (ROOT / "tests" / "js" / file).read_text(), f"{row}: no test {name!r} in {file}"
