"""``python -m tests.chaos.mutate``: starts the product with each of its mutants and looks whether the kit notices.

make mutants [SEED=...]
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.episode import Episode
from tests.chaos.faults import FAULTS
from tests.chaos.ledger import Violation
from tests.chaos.mutants import MUTANTS
from tests.chaos.world import World

ROUNDS = 3  # of the mutant's faults, before it counts as missed
SETTLE_S = 5.0


def hunt(home: Path, name: str, seed: int) -> tuple[list[Violation], str, float]:
    """Run faults in a world of mutants until one shows a violation; return them, the fault and the seconds it took."""
    mutant = MUTANTS[name]
    world = World(home, mutant.kind, seed, mutant=name)
    world.start()
    began = time.monotonic()
    try:
        for number, fault in enumerate(mutant.faults * ROUNDS):
            episode = Episode(world, FAULTS[fault], seed, number, span=1.0, settle=SETTLE_S)
            result = episode.run()
            if result.violations:
                return result.violations, fault, time.monotonic() - began
    finally:
        world.stop()
    return [], "", time.monotonic() - began


def chosen(seed: int, count: int) -> list[str]:
    """Return *count* mutants by seed."""
    return random.Random(seed).sample(sorted(MUTANTS), count)


def main() -> int:
    """Hunt all."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--mutant", action="append", choices=list(MUTANTS))
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="millrace-mutants-"))
    print(f"seed {options.seed}, histories in {home}", flush=True)
    missed = []
    for number, name in enumerate(options.mutant or MUTANTS):
        violations, fault, took = hunt(home / str(number), name, options.seed)
        invariants = ", ".join(sorted({violation.invariant for violation in violations})) or "MISSED"
        example = str(violations[0])[:160] if violations else ""
        print(f"{name:40}{MUTANTS[name].kind:9}{fault:32}{took:5.1f} s  {invariants:12} {example}", flush=True)
        if not violations:
            missed.append(name)
    print(f"{len(options.mutant or MUTANTS) - len(missed)} caught, missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
