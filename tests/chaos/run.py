"""``python -m tests.chaos.run``: faults under load, by seed, until the time is up; then a table and an exit code.

make chaos [SECONDS=1200] [SEED=...]
"""

import argparse
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.episode import SETTLE_S, Episode, Fault, Result
from tests.chaos.faults import FAULTS
from tests.chaos.world import World


def rounds(kind: str, seed: int) -> list[Fault]:
    """Return the faults that a database can have, in the order of the seed."""
    chosen = [fault for fault in FAULTS.values() if fault.only in (None, kind)]
    random.Random(f"{seed} {kind}").shuffle(chosen)
    return chosen


def chaos(
    home: Path, kind: str, seed: int, seconds: float, *, span: float, names: Sequence[str] = (), mutant: str = ""
) -> list[Result]:
    """Run faults in one world until *seconds* are over (every fault of *names* at least once); tell each result."""
    results: list[Result] = []
    world = World(home, kind, seed, mutant=mutant)
    world.start()
    began = time.monotonic()
    try:
        while True:
            faults = [FAULTS[name] for name in names] or rounds(kind, seed + len(results))
            for fault in faults:
                if time.monotonic() - began > seconds and (not names or len(results) >= len(faults)):
                    return results
                episode = Episode(world, fault, seed, len(results), span=span, settle=SETTLE_S)
                results.append(episode.run())
                tell(results[-1])
    finally:
        world.stop()


def tell(result: Result) -> None:
    """Print one line, and each violation."""
    failed = ", ".join(f"{name} {count}" for name, count in result.failed.items())
    print(
        f"{result.kind:9}{result.fault:34}{result.tried:6} writes {result.frames:8} frames {result.sessions:5} sockets"
        f" settled {result.settled_s:5.1f} s  {len(result.violations)} violations  {failed}",
        flush=True,
    )
    for violation in result.violations[:20]:
        print(f"    {violation}", flush=True)


def table(results: list[Result]) -> str:
    """Return fault | load | violations, summed over the episodes of each fault."""
    lines = ["| fault | database | episodes | writes | frames | sockets | slowest to settle | violations |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    for name in FAULTS:
        for kind in ("sqlite", "postgres"):
            of = [result for result in results if (result.fault, result.kind) == (name, kind)]
            if of:
                sums = [sum(getattr(one, what) for one in of) for what in ("tried", "frames", "sessions")]
                cells = [name, kind, len(of), *sums, f"{max(one.settled_s for one in of):.1f} s"]
                cells.append(sum(len(one.violations) for one in of))
                lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Run both databases in turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--span", type=float, default=3.0, help="how long a fault lasts, in seconds")
    parser.add_argument("--database", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--fault", action="append", default=[], choices=list(FAULTS))
    parser.add_argument("--mutant", default="")
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    kinds = options.database or ["sqlite", "postgres"]
    home = options.home or Path(tempfile.mkdtemp(prefix="millrace-chaos-"))
    print(f"seed {options.seed}, histories in {home}", flush=True)
    results: list[Result] = []
    for kind in kinds:
        share = options.seconds / len(kinds)
        results += chaos(
            home / kind, kind, options.seed, share, span=options.span, names=options.fault, mutant=options.mutant
        )
    print(table(results))
    violations = sum(len(result.violations) for result in results)
    print(f"seed {options.seed}: {len(results)} episodes, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
