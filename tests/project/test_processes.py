"""The small parts of `manage.py run`, each alone."""

import io
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from project import launcher, valkey, warden
from project.console import Console
from project.listener import listen
from project.site import CannotStart
from tests.support.waiting import eventually

from .copies import alive, kind_of

LAUNCH = [sys.executable, "-I", "-S", launcher.__file__]


def test_the_launcher_becomes_the_command() -> None:
    done = subprocess.run([*LAUNCH, str(os.getpid()), "sh", "-c", "echo $PPID"], capture_output=True, text=True)
    assert done.stdout.strip() == str(os.getpid())


def test_the_launcher_starts_nothing_when_its_parent_is_gone(tmp_path: Path) -> None:
    started = tmp_path / "started"
    done = subprocess.run([*LAUNCH, "1", "touch", str(started)], capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr == "the process 1 that started this one is gone\n"
    assert not started.exists()


def test_the_kernel_kills_what_was_launched_when_its_parent_dies() -> None:
    parent = subprocess.Popen(
        ["sh", "-c", f'{shlex.join(LAUNCH)} $$ sh -c "echo \\$\\$; exec sleep 600" & wait'],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: not alive(child), what="the child is dead")


def test_the_warden_kills_the_groups_that_are_left_and_only_these() -> None:
    sleepers = [subprocess.Popen(["sleep", "600"], start_new_session=True) for _ in range(3)]
    try:
        keeper = warden.Warden()
        keeper.start()
        for sleeper in sleepers[:2]:
            keeper.watch(sleeper.pid)
        keeper.forget(sleepers[0].pid)
        assert sleepers[0].wait(5) == -signal.SIGKILL, "forgetting a group kills what is left of it"
        keeper.stop()
        assert sleepers[1].wait(5) == -signal.SIGKILL
        assert sleepers[2].poll() is None
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


def test_a_killed_warden_is_replaced_and_knows_the_groups() -> None:
    sleepers = [subprocess.Popen(["sleep", "600"], start_new_session=True) for _ in range(2)]
    try:
        keeper = warden.Warden()
        keeper.start()
        keeper.watch(sleepers[0].pid)
        [first] = [child for child in psutil.Process().children() if kind_of(child) == "warden"]
        first.kill()
        eventually(lambda: not alive(first), what="the warden is dead")
        keeper.watch(sleepers[1].pid)
        keeper.stop()
        assert [sleeper.wait(5) for sleeper in sleepers] == [-signal.SIGKILL] * 2
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()


def test_the_console_colours_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def line(stream: io.StringIO) -> str:
        Console(stream).line("web", "hello")
        return stream.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert line(io.StringIO()) == "   web | hello\n"
    assert line(Terminal()) == "\x1b[36m   web |\x1b[0m hello\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert line(Terminal()) == "   web | hello\n"


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("203.0.113.7", 0), ("127.0.0.1", 99999)])
def test_an_address_that_is_not_ours_is_named(host: str, port: int) -> None:
    with pytest.raises(CannotStart, match=host):
        listen(host, port)


def test_a_listener_on_every_address_is_reached_locally() -> None:
    listener = listen("0.0.0.0", 0)
    with listener.socket:
        port = listener.socket.getsockname()[1]
        assert listener.url == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", ["plain", 'spaces and "quotes"', "long" * 30])
def test_valkey_serves_any_directory_through_a_private_socket(tmp_path: Path, name: str) -> None:
    import redis

    data = tmp_path / name
    assert valkey.running(data) == ""
    server = subprocess.Popen(valkey.command(data), stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: valkey.answers(data), what="it answers")
        with redis.Redis.from_url(valkey.running(data)) as client:
            assert client.config_get("dir") == {"dir": str(data / "valkey")}
        assert valkey.socket_path(data).stat().st_mode & 0o077 == 0
        assert valkey.socket_path(data).parent.stat().st_mode & 0o077 == 0
        server.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert valkey.running(data) == "", "a frozen server is none"
        assert time.monotonic() - began < 20
    finally:
        server.send_signal(signal.SIGCONT)
        server.kill()
        server.wait()
    assert valkey.running(data) == "", "a stale socket is none"
