"""Drops runs that have been finished long enough, in bounded slices, by one process for all."""

from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from .conf import conf
from .database import alias, atomic
from .models import Duty, Effect, Lane, Run

EVERY_S = 60.0
SLICE = 500


def trim() -> int:
    """Drop a slice of what is kept long enough, if it is time; return how many runs went."""
    duties = Duty.objects.using(alias())
    duties.bulk_create([Duty(name="trim", next_at=Now())], ignore_conflicts=True)
    if not duties.filter(name="trim", next_at__lte=Now()).update(next_at=Now() + timedelta(seconds=EVERY_S)):
        return 0
    gone = drop()
    if gone == 0:
        drop_lanes()
    else:
        duties.filter(name="trim").update(next_at=Now())  # there may be more
    return gone


def drop() -> int:
    """Drop one slice of finished runs with their effects; return how many."""
    kept = {state: conf().keep_dead_s if state == Run.State.DEAD else conf().keep_s for state in Run.State}
    for state, seconds in kept.items():
        if state in (Run.State.READY, Run.State.RUNNING):
            continue
        old = Run.objects.using(alias()).filter(state=state, finished_at__lt=Now() - timedelta(seconds=seconds))
        ids = list(old.order_by("finished_at").values_list("pk", flat=True)[:SLICE])
        if ids:
            with atomic():
                Effect.objects.using(alias()).filter(run_id__in=ids).delete()
                return Run.objects.using(alias()).filter(pk__in=ids, state=state).delete()[0]
    return 0


def drop_lanes() -> int:
    """Drop lanes that no run is in; return how many. Their numbers begin anew."""
    lanes = Lane.objects.using(alias()).filter(~Exists(Run.objects.filter(lane=OuterRef("key"), lane__gt="")))
    gone = 0
    for key, number in list(lanes.values_list("key", "number")[:SLICE]):
        # the number again: who has taken one since has changed it
        gone += lanes.filter(key=key, number=number).delete()[0]
    return gone
