"""What the environment says, in the shapes that Django, Channels and Celery want."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from environ import Env

Database = dict[str, Any]


def database(url: str, base: Path) -> Database:
    """Return Django's entry for the database at *url*.

    url: anything django-environ knows; SQLite paths may hold spaces, plus signs and %-escapes, and are relative to
    *base* unless they start with a slash (``sqlite:////absolute``, ``sqlite:///relative``).
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite" and parts.path not in ("", "/") and not parts.netloc:
        return sqlite(base / unquote(parts.path[1:]))
    entry: Database = Env.db_url_config(url)
    entry["HOST"] = unquote(entry.get("HOST", ""))  # postgres://%2Frun%2Fpostgresql/name: a socket's directory
    if entry["ENGINE"].endswith("postgresql"):
        entry["OPTIONS"] = {"connect_timeout": 5, **entry.get("OPTIONS", {})}
    # Every ASGI request has a thread of its own: connections kept open would pile up to max_connections.
    return {"CONN_MAX_AGE": 0, **entry}


def sqlite(path: Path) -> Database:
    """Return Django's entry for the SQLite file at *path*, set up for several writing processes.

    WAL: readers never wait for the writer. IMMEDIATE: a transaction takes the write lock when it begins, so that it
    cannot fail half-way with "database is locked"; it waits for it up to 20 s. NORMAL: safe with WAL, and fast.
    Its directory is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def channel_layers(redis_url: str, prefix: str) -> dict[str, Any]:
    """Return ``CHANNEL_LAYERS``: Redis pub/sub, or memory (this process only) when there is no *redis_url*."""
    if not redis_url:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_url], "prefix": prefix},
        }
    }


def broker_url(redis_url: str) -> str:
    """Return *redis_url* as Celery spells it: a Unix socket is ``redis+socket://`` there."""
    parts = urlsplit(redis_url)
    if not redis_url:
        return "memory://"
    if parts.scheme != "unix":
        return redis_url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"
