"""Two edits of one text: both are kept, whoever is first; the page's twin does the same."""

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from project.flows.documents.merging import merge

ROOT = Path(__file__).parents[2]
TEXTS = st.text(alphabet="ab\n", max_size=12)

CASES = [
    ("", "a", "", "a"),
    ("", "a", "b", "ba"),
    ("one two", "one 1 two", "one two three", "one 1 two three"),
    ("one two", "one two three", "zero one two", "zero one two three"),
    ("abc", "aXc", "aYc", "aYXc"),
    ("abc", "", "abcd", "d"),
    ("abc", "ac", "abbc", "abc"),
    ("same", "same", "other", "other"),
    ("x", "y", "y", "y"),
]


@pytest.mark.parametrize(("base", "mine", "theirs", "merged"), CASES)
def test_merge(base: str, mine: str, theirs: str, merged: str) -> None:
    assert merge(base, mine, theirs) == merged


@given(TEXTS, TEXTS, TEXTS)
def test_who_changed_nothing_gets_the_others(base: str, mine: str, theirs: str) -> None:
    assert merge(base, base, theirs) == theirs
    assert merge(base, mine, base) == mine
    assert merge(base, mine, mine) == mine


@given(TEXTS, TEXTS, TEXTS, st.text("XYZ", min_size=1, max_size=3), st.text("UVW", min_size=1, max_size=3))
@settings(max_examples=300)
def test_what_both_insert_apart_is_kept(head: str, middle: str, tail: str, mine: str, theirs: str) -> None:
    base = head + middle + tail
    merged = merge(base, head + mine + middle + tail, head + middle + theirs + tail)
    assert mine in merged
    assert theirs in merged
    assert len(merged) == len(base) + len(mine) + len(theirs)


def test_the_pages_twin_does_the_same() -> None:
    script = (
        "import { merge } from './static/flows/merging.js';"
        "const cases = JSON.parse(process.argv[1]);"
        "console.log(JSON.stringify(cases.map(([b, m, t]) => merge(b, m, t))))"
    )
    import random

    dice = random.Random(7)
    cases = [["".join(dice.choices("ab", k=dice.randrange(8))) for _ in range(3)] for _ in range(500)]
    command = ["node", "--input-type=module", "-e", script, json.dumps(cases)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [merge(*case) for case in cases]
