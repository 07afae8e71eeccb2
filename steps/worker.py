"""What a worker does with the id of a run: claim it, and do it if it is there to be done."""

from . import runs
from .attempts import Attempt
from .heartbeats import lease
from .listeners import listeners
from .watch import watch


def perform(id: str) -> bool:
    """Do the run *id*, if it is due and nobody has it; tell whether it was claimed."""
    worker = lease()
    if worker is None:
        return False  # nobody could tell that we live; the dispatcher asks again
    with watch.claiming():
        run = runs.claim(id, worker, _limit(id))
        attempt = None if run is None else Attempt(run)
        if attempt is not None:
            watch.add(attempt)
    if attempt is None:
        runs.look_again(id)
        return False
    try:
        attempt.go()
    finally:
        watch.remove(attempt)
    return True


def _limit(id: str) -> tuple[str, int] | None:
    limits = listeners().limits
    if not limits:
        return None
    step = runs.rows().filter(pk=id).values_list("step", flat=True).first()
    return (step, limits[step]) if step in limits else None
