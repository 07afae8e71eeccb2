"""What the environment says, and what becomes of it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from project import environment
from tests.support.process import ROOT

BASE = Path("/srv/site")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:////var/my data/db.sqlite3", "/var/my data/db.sqlite3"),
        ("sqlite:////var/my%20data/db.sqlite3", "/var/my data/db.sqlite3"),
        ("sqlite:////var/a+b/db.sqlite3", "/var/a+b/db.sqlite3"),
        ("sqlite:///data/db.sqlite3", "/srv/site/data/db.sqlite3"),
    ],
)
def test_sqlite_paths_are_taken_as_they_are(tmp_path: Path, url: str, path: str) -> None:
    url, path = url.replace("/var", f"{tmp_path}/var"), path.replace("/var", f"{tmp_path}/var")
    base = tmp_path / "srv" / "site"
    entry = environment.database(url, base)
    assert entry["NAME"] == Path(path.replace("/srv/site", str(base)))
    assert entry["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert entry["OPTIONS"]["timeout"] == 20
    assert entry["NAME"].parent.is_dir()


def test_postgresql_is_known_by_host_or_socket() -> None:
    entry = environment.database("postgres://me:p%40ss@db.example:5433/mill?sslmode=require", BASE)
    wanted = {"NAME": "mill", "USER": "me", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": 5433}
    assert wanted.items() <= entry.items()
    assert entry["OPTIONS"] == {"sslmode": "require", "connect_timeout": 5}
    assert entry["CONN_MAX_AGE"] == 0, "kept connections pile up under ASGI"
    assert environment.database("postgres://me@%2Frun%2Fpostgresql/mill", BASE)["HOST"] == "/run/postgresql"


@pytest.mark.parametrize(
    ("redis_url", "broker"),
    [
        ("", "memory://"),
        ("redis://:pw@host:6380/3", "redis://:pw@host:6380/3"),
        ("rediss://host/0", "rediss://host/0"),
        ("unix:///var/my%20data/valkey.sock", "redis+socket:///var/my%20data/valkey.sock?virtual_host=0"),
        ("unix:///v.sock?db=4", "redis+socket:///v.sock?virtual_host=4"),
    ],
)
def test_celery_gets_the_redis_url_in_its_own_spelling(redis_url: str, broker: str) -> None:
    assert environment.broker_url(redis_url) == broker


def settings(expression: str, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Evaluate *expression* over the settings of a fresh process that has only *env*."""
    code = f"from django.conf import settings; print(({expression}))"
    own = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "project.settings", "PYTHONPATH": str(ROOT)}
    own |= {"DATA": str(home), "DEBUG": "", "SECRET_KEY": "", "ALLOWED_HOSTS": "", "REDIS_URL": "", "DATABASE_URL": ""}
    return subprocess.run([sys.executable, "-c", code], env=own | env, cwd=home, capture_output=True, text=True)


def test_production_wants_a_secret_key(tmp_path: Path) -> None:
    done = settings("settings.DEBUG", tmp_path)
    assert done.returncode != 0
    assert "Set SECRET_KEY, or DEBUG=True for development" in done.stderr


def test_production_opens_nothing_by_itself(tmp_path: Path) -> None:
    seen = "settings.ALLOWED_HOSTS, settings.CORS_ALLOWED_ORIGIN_REGEXES, settings.CORS_ALLOWED_ORIGINS"
    assert settings(seen, tmp_path, SECRET_KEY="x").stdout == "([], [], [])\n"


def test_debug_is_explicit_and_brings_its_own_key(tmp_path: Path) -> None:
    done = settings("settings.DEBUG, bool(settings.SECRET_KEY), settings.HOST, settings.PORT", tmp_path, DEBUG="True")
    assert done.stdout == "(True, True, '127.0.0.1', 8000)\n"


def test_without_redis_the_layer_is_in_memory_with_it_pub_sub(tmp_path: Path) -> None:
    seen = "settings.CHANNEL_LAYERS['default']['BACKEND'], settings.CELERY_BROKER_URL"
    assert settings(seen, tmp_path, SECRET_KEY="x").stdout == (
        "('channels.layers.InMemoryChannelLayer', 'memory://')\n"
    )
    assert settings(seen, tmp_path, SECRET_KEY="x", REDIS_URL="redis://h/1").stdout == (
        "('channels_redis.pubsub.RedisPubSubChannelLayer', 'redis://h/1')\n"
    )
