"""``/healthz``: is what this project runs on there?"""

import asyncio
from http import HTTPStatus
from uuid import uuid4

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer
from django.db import DatabaseError, connection
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from streams.bus import bus

from .heartbeats import FRESH, GONE
from .models import Heartbeat
from .probe import Finding, Findings, Probe

LIMIT_S = 3.0  # of each probe; they run side by side
ROUND_TRIP_S = 2.0  # of a message through the layer
RESEND_S = 0.1
NAMES = ("database", "layer", "worker", "beat")


@never_cache
@require_safe
async def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200, or 503 without the database or without what ``?require=worker,layer`` names.

    Body: ``{"database", "layer", "worker", "beat"}``, each "ok", "degraded" or "down", and ``detail`` with the reason
    of what is not ok. An unknown name in ``require`` is a 400. Never takes longer than ``LIMIT_S``.
    """
    required = {name.strip() for name in ",".join(request.GET.getlist("require")).split(",")} - {""}
    if unknown := sorted(required - set(NAMES)):
        error = f"unknown in require: {', '.join(unknown)}; known are {', '.join(NAMES)}"
        return JsonResponse({"error": error}, status=HTTPStatus.BAD_REQUEST)
    found = await findings()
    missing = [name for name in {"database", *required} if found[name].state != "ok"]
    body: dict[str, object] = {name: found[name].state for name in NAMES}
    body["detail"] = {name: found[name].detail for name in NAMES if found[name].detail}
    return JsonResponse(body, status=HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK)


async def findings() -> Findings:
    """Return what was found of each of ``NAMES``, within ``LIMIT_S``."""
    answers = await asyncio.gather(_stored.findings(), _shared.findings())
    return {name: answer[name] for answer in answers for name in answer}


def _ask_database() -> Findings:
    """Ask on a fresh connection, for one from before a restart would prove nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return {"database": Finding("ok"), **{kind: _ask_heartbeats(kind) for kind in Heartbeat.Kind}}
    finally:
        connection.close()


def _ask_heartbeats(kind: Heartbeat.Kind) -> Finding:
    """Judge the processes of *kind* by their rows; the database's clock is the only one that counts."""
    fresh = ExpressionWrapper(Q(seen_at__gt=Now() - FRESH), output_field=BooleanField())
    try:
        rows = list(Heartbeat.objects.filter(kind=kind, seen_at__gt=Now() - GONE).annotate(fresh=fresh))
    except DatabaseError as error:
        return Finding("down", f"{type(error).__name__}: {error}")
    late = ", ".join(f"{row.host}:{row.pid}" for row in rows if not row.fresh)
    if any(row.fresh for row in rows):
        return Finding("ok", f"late: {late}" if late else "")
    if rows:
        return Finding("degraded", f"no heartbeat for {FRESH.seconds} s from {late}")
    return Finding("down", "none has shown a heartbeat")


def _ask_layer() -> Findings:
    """Send a message through the channel layer and wait for it.

    On a connection of our own: a frozen one elsewhere in this process must not stall us, nor we it.
    """
    layer = get_channel_layer()
    if layer is None:
        return {"layer": Finding("down", "CHANNEL_LAYERS has no default")}
    asyncio.run(asyncio.wait_for(_round_trip(layer), ROUND_TRIP_S))
    if isinstance(layer, InMemoryChannelLayer):
        return {"layer": Finding("degraded", "in memory: it works, but no other process shares it")}
    if polled := bus.polled():  # the layer answers us, but the subscriptions of this process do not
        return {"layer": Finding("degraded", f"{polled} groups are polled: changes elsewhere are seen a little later")}
    return {"layer": Finding("ok")}


async def _round_trip(layer: BaseChannelLayer) -> None:
    """Return when a message sent to a group has come back; sends again, since subscribing proves nothing by itself."""
    group, channel = f"healthz.{uuid4().hex}", await layer.new_channel()
    await layer.group_add(group, channel)
    arrival = asyncio.ensure_future(layer.receive(channel))
    try:
        while not arrival.done():
            await layer.group_send(group, {"type": "healthz"})
            await asyncio.wait({arrival}, timeout=RESEND_S)
        await arrival
    finally:
        arrival.cancel()
        await layer.group_discard(group, channel)


_stored = Probe(("database", "worker", "beat"), _ask_database, LIMIT_S)
_shared = Probe(("layer",), _ask_layer, LIMIT_S)
