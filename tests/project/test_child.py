"""One child of `manage.py run`: how often it is started, what is shown of it, and how it is ended."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from project.child import LONGEST_LINE, Child
from project.console import Console
from project.warden import Warden

Maker = Callable[..., Child]


class Screen(io.StringIO):
    """What the console wrote, and a way to wait for it."""

    async def shows(self, text: str, within: float = 30.0) -> None:
        async with asyncio.timeout(within):
            while text not in self.getvalue():  # noqa: ASYNC110 - a terminal has no event
                await asyncio.sleep(0.01)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
async def child(screen: Screen, tmp_path: Path) -> AsyncIterator[Maker]:
    """Makes children that run Python code, started; they end with the test."""
    made: list[tuple[Child, asyncio.Task[None]]] = []
    warden = Warden()
    warden.start()

    def make(code: str, **options: object) -> Child:
        command = [sys.executable, "-u", "-c", code]
        options = {"env": os.environ, "cwd": tmp_path, "console": Console(screen), "warden": warden, **options}
        new = Child("web", command, **options)
        made.append((new, asyncio.ensure_future(new.keep())))
        return new

    yield make
    for new, task in made:
        await new.stop(0)
        await task
    warden.stop()


async def test_what_keeps_dying_is_started_less_and_less_often(child: Maker, screen: Screen) -> None:
    new = child("raise SystemExit(3)")
    await screen.shows("died (exit code 3); starts again in 2 s")
    said = screen.getvalue()
    delays = [f"starts again in {delay} s" for delay in ("0.5", "1", "2")]
    assert [said.index(delay) for delay in delays] == sorted(said.index(delay) for delay in delays)
    assert new.deaths == 3


async def test_stopping_does_not_wait_for_the_back_off(child: Maker, screen: Screen) -> None:
    new = child("raise SystemExit(3)")
    await screen.shows("starts again in 1 s")
    async with asyncio.timeout(0.9):
        await new.stop(10)


async def test_a_restart_is_no_death_and_has_no_delay(child: Maker, screen: Screen) -> None:
    new = child("import os, time; print('I am', os.getpid()); time.sleep(600)")
    await screen.shows("I am")
    first = screen.getvalue()
    await new.restart(10)
    async with asyncio.timeout(5):
        while screen.getvalue().count("I am") < 2:  # noqa: ASYNC110 - a terminal has no event
            await asyncio.sleep(0.01)
    assert screen.getvalue() != first * 2
    assert new.deaths == 0
    assert "died" not in screen.getvalue()


async def test_who_ignores_sigterm_is_killed_in_time(child: Maker, screen: Screen) -> None:
    new = child("import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(600)")
    await screen.shows("deaf")
    async with asyncio.timeout(5):
        await new.stop(0.2)
    assert "did not end within 0.2 s and is killed" in screen.getvalue()


async def test_a_process_that_holds_the_pipe_delays_neither_end_nor_restart(child: Maker, screen: Screen) -> None:
    leave = "import subprocess; subprocess.Popen(['sleep', '5'], start_new_session=True)"
    child(f"{leave}; raise SystemExit(1)")
    await screen.shows("died (exit code 1)", within=4)


async def test_every_line_is_shown_behind_the_name_whatever_it_holds(child: Maker, screen: Screen) -> None:
    said = "b'one\\ntwo \\xff\\n' + b'x' * 200_000 + b'\\nlast'"
    new = child(f"import sys, time; sys.stdout.buffer.write({said}); sys.stdout.flush(); time.sleep(600)")
    await screen.shows("xxx\n")
    await new.stop(10)
    lines = screen.getvalue().splitlines()
    assert lines[:2] == ["   web | one", "   web | two \ufffd"]
    assert sum(line.count("x") for line in lines[2:-1]) == 200_000
    assert max(map(len, lines)) < 3 * LONGEST_LINE
    assert lines[-1] == "   web | last"
    assert all(line.startswith("   web | ") for line in lines)


async def test_what_is_muted_is_not_shown(child: Maker, screen: Screen) -> None:
    child("print('noise: 1'); print('news'); import time; time.sleep(600)", mute=["noise"])
    await screen.shows("news")
    assert "noise" not in screen.getvalue()
