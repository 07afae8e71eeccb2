"""`manage.py run`: real children, seen from outside."""

import os
import re
import signal
import socket
import sqlite3
import sys

import psutil
import pytest

from tests.support.process import Process
from tests.support.valkey import Valkey
from tests.support.waiting import eventually

from .conftest import Starter
from .copies import Run, alive


def test_it_starts_everything_and_says_where(shared_run: Run) -> None:
    assert shared_run.kinds() == ["beat", "valkey", "warden", "web", "worker"]
    assert shared_run.get("/healthz?require=worker,layer,beat").status_code == 200
    printed = re.findall(rf"{re.escape(shared_run.url)}(/\S*)", shared_run.process.output)
    assert {"/", "/admin/workbench/", "/schema/docs/", "/docs/", "/healthz"} <= set(printed)
    for path in (*printed, "/flows/todo/", "/static/streams/index.js"):
        assert shared_run.get(path).status_code == 200, path


def test_all_its_files_are_in_the_data_directory(shared_run: Run) -> None:
    data = shared_run.home / "data"
    assert {"db.sqlite3", "valkey", "run.lock"} <= {path.name for path in data.iterdir()}
    assert not (shared_run.tree / ".data").exists()
    with sqlite3.connect(data / "db.sqlite3") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_demo_admin_is_made_once_and_named(shared_run: Run) -> None:
    first = (shared_run.home / "prepare.log").read_text()
    assert "admin / admin" in first
    assert "admin / admin" in shared_run.prepare()
    with sqlite3.connect(shared_run.home / "data" / "db.sqlite3") as database:
        assert database.execute("SELECT username, is_superuser FROM auth_user").fetchall() == [("admin", 1)]


@pytest.mark.parametrize("kind", ["worker", "web", "beat", "valkey"])
def test_what_is_killed_comes_back(shared_run: Run, kind: str) -> None:
    killed = shared_run.child(kind)
    killed.kill()
    eventually(lambda: not alive(killed), what=f"the {kind} is dead")
    assert shared_run.child(kind) != killed
    shared_run.process.says(f"{kind:>6} | died (signal SIGKILL); starts again in 0.5 s")
    healthy = "/healthz?require=worker,layer,beat"
    eventually(lambda: shared_run.get(healthy).status_code == 200, what="healthy again", within=30)


def test_changed_code_restarts_web_and_worker_only(shared_run: Run) -> None:
    before = {kind: shared_run.child(kind) for kind in ("web", "worker", "beat", "valkey")}
    flow = shared_run.tree / "project" / "flows" / "todo" / "apps.py"
    flow.write_text(flow.read_text() + "\n# changed\n")
    shared_run.process.says("project/flows/todo/apps.py changed; web and worker start again")
    for kind in ("web", "worker"):
        eventually(lambda kind=kind: not alive(before[kind]), what=f"the old {kind} is gone", within=30)
        assert shared_run.child(kind) != before[kind]
    # Who connects meanwhile waits for the new web process.
    eventually(lambda: shared_run.get("/healthz?require=worker,layer").status_code == 200, what="healthy", within=30)
    assert alive(before["beat"])
    assert alive(before["valkey"])


def test_a_shell_beside_it_uses_its_valkey(shared_run: Run) -> None:
    print_layer = "from django.conf import settings; print(settings.CHANNEL_LAYERS['default']['BACKEND'])"
    shell = Process(
        "shell",
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", print_layer],
        env=shared_run.env,
        cwd=shared_run.tree,
        log=shared_run.home / "shell.log",
    )
    shell.start()
    assert shell.wait(20) == 0, shell.tail()
    assert "RedisPubSubChannelLayer" in shell.output


def test_its_data_directory_is_its_own(shared_run: Run, new_run: Starter) -> None:
    second = new_run(DATA=str(shared_run.home / "data"))
    second.process.start()
    assert second.process.wait(20) == 1
    assert "another copy runs with DATA=" in second.process.output
    assert shared_run.get("/healthz?require=worker,layer").status_code == 200


def test_a_taken_port_is_named_and_nothing_starts(new_run: Starter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = new_run(PORT=str(port))
        run.process.start()
        assert run.process.wait(20) == 1
    assert f"cannot listen at 127.0.0.1:{port} (Address already in use)" in run.process.output
    assert "valkey" not in run.process.output.lower()


def test_a_valkey_that_cannot_start_ends_everything(new_run: Starter) -> None:
    run = new_run()
    broken = run.home / "data" / "valkey" / "dump.rdb"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"this is no snapshot")
    run.process.start()
    assert run.process.wait(30) == 1
    assert "Valkey does not start, its last words are above" in run.process.output
    assert "daphne" not in run.process.output
    assert not run.family()


def test_two_copies_run_side_by_side_and_sigkill_leaves_nothing_of_one(shared_run: Run, new_run: Starter) -> None:
    second = new_run().start()
    assert second.url != shared_run.url
    family = second.family()
    assert {process.name() for process in family} >= {"sleep"}, "a grandchild is among them"
    os.kill(second.process.pid, signal.SIGKILL)
    assert second.process.wait() == -signal.SIGKILL
    second.gone()
    assert len(family) == 6
    with socket.create_server(("127.0.0.1", int(second.url.rpartition(":")[2]))):
        pass  # the port is free again
    assert shared_run.get("/healthz?require=worker,layer").status_code == 200


def test_redis_url_starts_no_valkey_and_sigterm_stops_all_in_order(new_run: Starter, valkey_server: Valkey) -> None:
    run = new_run(REDIS_URL=valkey_server.url, REDIS_PREFIX=f"run-{os.getpid()}").start()
    assert run.kinds() == ["beat", "warden", "web", "worker"]
    assert run.get("/healthz?require=worker,layer,beat").json()["layer"] == "ok"
    assert run.family()
    run.process.send(signal.SIGTERM)
    assert run.process.wait(25) == 0, run.process.tail()
    assert not run.left()
    with sqlite3.connect(run.home / "data" / "db.sqlite3") as database:
        assert database.execute("SELECT kind FROM steps_heartbeat").fetchall() == []
    said = run.process.output
    assert said.index("SIGTERM: stopping") < said.index("Warm shutdown")
    assert "is killed" not in said


def test_it_ends_with_the_parent_that_was_named(new_run: Starter) -> None:
    run = new_run()
    named = f'"{sys.executable}" manage.py run --parent $$; true'
    shell = Process("shell", ["sh", "-c", named], env=run.process.env, cwd=run.tree, log=run.home / "shell.log")
    shell.start()
    try:
        shell.says("daphne", within=30)
        family = psutil.Process(shell.pid).children(recursive=True)
    finally:
        shell.kill()
    eventually(lambda: not any(map(alive, family)), what="all of it is gone", within=30, detail=shell.tail)
    assert len(family) >= 6, "the command, warden, valkey, web, worker, beat"
    assert "SIGTERM: stopping" in shell.output
