"""A minute of chaos by seed, and three mutants that must be caught; ``make chaos`` and ``make mutants`` do the rest.

MILLRACE_SEED chooses other faults and mutants; the seed of a failed run is in its report.
"""

import os
from pathlib import Path

import pytest

from tests.chaos.mutate import chosen, hunt
from tests.chaos.run import chaos

SEED = int(os.environ.get("MILLRACE_SEED", "4"))


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_fault_breaks_an_invariant(tmp_path: Path, kind: str) -> None:
    results = chaos(tmp_path / "world", kind, SEED, 20, span=1.0)
    assert len(results) >= 2
    assert sum(result.frames for result in results) > 1000
    violations = [f"{result.fault}: {violation}" for result in results for violation in result.violations]
    assert violations == [], f"seed {SEED}, histories in {tmp_path}"


@pytest.mark.parametrize("name", chosen(SEED, 3))
def test_a_mutant_is_caught(tmp_path: Path, name: str) -> None:
    violations, _, _ = hunt(tmp_path / "world", name, SEED)
    assert violations, f"seed {SEED}, histories in {tmp_path}"
