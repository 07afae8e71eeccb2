"""Settings of the app: ``STREAMS = {...}`` in the project's settings, ``conf()`` everywhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

SETTING = "STREAMS"


@dataclass(frozen=True, slots=True)
class Conf:
    """Every setting with its default; the unit is the end of the name (none: a count)."""

    # storage
    database: str = "default"  # alias that DatabaseStore uses
    storage: str = "database"  # what storage="default" means: a name in `stores` or a dotted path
    stores: Mapping[str, str] = field(
        default_factory=lambda: {
            "database": "streams.stores.database.DatabaseStore",
            "memory": "streams.stores.memory.MemoryStore",
        }
    )
    trim_interval_s: float = 10.0  # how often what History does not keep is dropped
    write_attempts: int = 5  # of a write whose own transaction met a serialisation failure or a deadlock
    write_retry_s: float = 5.0  # after that no further attempt is begun
    # who may
    authenticate_stream: str | None = None  # dotted path of (request, ctx)
    authenticate_timeout_s: float = 3.0
    authenticate_threads: int = 4
    revocation_poll_s: float = 1.0  # how often a process looks for revocations that no hint told it of
    revocation_keep_s: float = 86_400.0  # how long a revoked session or token is remembered
    hook_timeout_s: float = 5.0  # can_access, on_join, on_leave
    hook_threads: int = 4
    lease_s: float = 15.0  # a process not seen for so long has lost its connections: others run their on_leave
    lease_renew_s: float = 5.0
    # requests
    idempotency_s: float = 86_400.0  # how long the answer to an Idempotency-Key is kept
    comment_interval_s: float = 15.0  # of an event stream that has nothing to say
    # delivery
    channel_layer: str = "default"
    gap_wait_ms: float = 20.0  # how long a hole may be a straggler before the log is read
    verify_interval_ms: float = 1000.0  # positions of all rooms against the database
    poll_interval_ms: float = 200.0  # the same for rooms that no shared layer serves
    echo_wait_ms: float = 250.0  # how long a join waits for proof that its subscription works
    echo_interval_s: float = 10.0  # how often that proof is repeated
    linger_s: float = 30.0  # a room nobody is in keeps its subscription so long
    join_timeout_s: float = 5.0
    publish_timeout_s: float = 2.0
    hint_bytes: int = 65_536  # a longer frame is not sent along with its hint
    recent_bytes: int = 16_384  # of each group with subscribers: who missed no more than that resumes without a read
    resume_changes: int = 1000  # a join may be answered with so many missed frames, else with a snapshot
    # one connection
    sync_bytes: int = 960 * 1024  # of one message; Daphne refuses 1 MiB
    frame_bytes: int = 64 * 1024  # of one incoming message
    max_subscriptions: int = 1000
    max_bad_messages_per_minute: int = 10
    max_messages_per_minute: int = 6000
    max_joins_per_minute: int = 3000  # of one connection, token refreshes among them
    conflate_bytes: int = 256 * 1024  # waiting for a slow socket: from here on only the newest values stay
    outbox_bytes: int = 1024 * 1024  # still waiting after that: the socket is closed
    # all connections that a process has of one user or address; of an address that is a proxy's: of everybody
    max_connections_per_user: int = 200
    max_connections_per_address: int = 10_000
    max_connects_per_minute: int = 10_000  # of one address
    max_joins_per_user_per_minute: int = 12_000  # of one user; without one, of one address
    max_messages_per_user_per_minute: int = 60_000  # the same, whatever they say
    # one event
    event_bytes: int = 256 * 1024


@cache
def conf() -> Conf:
    """Return the settings in force; unknown keys are left to the system check ``streams.E001``."""
    given: dict[str, Any] = getattr(settings, SETTING, {})
    return Conf(**{name: value for name, value in given.items() if name in names()})


def names() -> frozenset[str]:
    """Return the names of all settings."""
    return frozenset(item.name for item in fields(Conf))


def _forget(*, setting: str, **_: object) -> None:
    if setting == SETTING:
        conf.cache_clear()


setting_changed.connect(_forget, dispatch_uid="streams.conf")
