"""One process of `make run`: started, listened to, started again when it dies, stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

from . import launcher, warden
from .console import Console

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 15.0  # of the back-off
STEADY_S = 20.0  # who lived so long begins the back-off anew
LONGEST_LINE = 64 * 1024
FLUSH_S = 1.0  # for the last words of a process that has ended


class Child:
    """Keeps one command running.

    argv: the command; its process leads a session and group of its own, which the warden watches.
    fds: descriptors that it inherits.
    mute: output lines that contain one of these are not shown.
    ended: awaited after each end of the process, before it is started again.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        console: Console,
        warden: warden.Warden,
        fds: Sequence[int] = (),
        mute: Sequence[str] = (),
        ended: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.name = name
        self.deaths = 0
        self._argv = list(argv)
        self._env, self._cwd, self._fds = dict(env), cwd, tuple(fds)
        self._console, self._warden = console, warden
        self._mute, self._after = mute, ended
        self._process: subprocess.Popen[bytes] | None = None
        self._gone = asyncio.Event()
        self._gone.set()
        self._hurry = asyncio.Event()  # ends the wait of the back-off
        self._stopping = self._restarting = False

    async def keep(self) -> None:
        """Run the command again and again, until :meth:`stop`."""
        delay = FIRST_DELAY_S
        while not self._stopping:
            self._hurry.clear()
            self._restarting = False
            began = time.monotonic()
            code = await self._run()
            if self._stopping or self._restarting:
                continue
            self.deaths += 1
            if time.monotonic() - began > STEADY_S:
                delay = FIRST_DELAY_S
            self._console.line(self.name, f"died ({_reason(code)}); starts again in {delay:g} s")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), delay)
            delay = min(delay * 2, LONGEST_DELAY_S)

    async def restart(self, grace_s: float) -> None:
        """End the process, which makes :meth:`keep` start it anew at once."""
        self._restarting = True
        self._hurry.set()
        await self._end(grace_s)

    async def stop(self, grace_s: float) -> None:
        """End the process for good: SIGTERM, and SIGKILL after *grace_s* seconds."""
        self._stopping = True
        self._hurry.set()
        await self._end(grace_s)

    def kill(self) -> None:
        """End the process and all that it started, without asking."""
        if self._process is not None:
            warden.kill(self._process.pid)

    async def _run(self) -> int:
        """Run the command once and return how it ended (negative: the signal)."""
        self._gone.clear()
        try:
            self._process = process = self._launch()
            self._warden.watch(process.pid)
            listening = asyncio.create_task(self._listen(process))
            code = await _end_of(process)
            self._warden.forget(process.pid)
            await asyncio.wait({listening}, timeout=FLUSH_S)
            listening.cancel()  # a grandchild that left the group may hold the pipe open
            if self._after is not None:
                await self._after()
            return code
        finally:
            self._process = None
            self._gone.set()

    def _launch(self) -> "subprocess.Popen[bytes]":
        # The launcher's first argument is this process; it is its main thread that forks here.
        launch = [sys.executable, "-I", "-S", launcher.__file__, str(os.getpid())]
        return subprocess.Popen(
            [*launch, *self._argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._env,
            cwd=self._cwd,
            pass_fds=self._fds,
            start_new_session=True,
        )

    async def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Show what *process* says, line by line; a line without end is cut."""
        reader = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), process.stdout
        )
        rest = b""
        with closing(pipe):
            while chunk := await reader.read(LONGEST_LINE):
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._show(line)
        if rest:
            self._show(rest)

    def _show(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        if not any(words in text for words in self._mute):
            self._console.line(self.name, text)

    async def _end(self, grace_s: float) -> None:
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._gone.wait(), grace_s)
        except TimeoutError:
            self._console.line(self.name, f"did not end within {grace_s:g} s and is killed")
            self.kill()
            await self._gone.wait()


async def _end_of(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the end of *process* alone; asyncio's own subprocesses wait for all who hold its pipe as well."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def wait() -> None:
        process.wait()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, name=f"wait-{process.pid}", daemon=True).start()
    await ended.wait()
    return process.returncode


def _reason(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
