"""Runs the whole project on one machine: starts its processes, watches over them, stops them in good order."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any

from . import health, processes, reloader, valkey
from .child import Child
from .console import Console
from .listener import Listener, listen
from .site import CannotStart, Site
from .warden import Warden

VALKEY_S = 10.0  # to start; it takes 60 ms
GRACE_S = {"web": 8.0, "beat": 5.0, "worker": 10.0, "valkey": 5.0}  # to end; consumers get 5 s for on_leave
ORDER = (("web", "beat"), ("worker",), ("valkey",))  # of the end: who gives work, who does it, what carries it
ASK_S, COMPLAIN_S = 0.25, 15.0
AGAIN_S = 1.0  # a second signal sooner than this is the first one, sent twice (make passes it on)
REQUIRED = "worker,layer"
MUTE = {  # what they say at every start, or every second, and what is no news
    "web": ['"GET /healthz', "HTTP/2 support", "Configuring endpoint"],
    "valkey": ["Memory overcommit"],
}


class Supervisor:
    """Starts web, worker, beat and Valkey, and ends when it is told to.

    announce: called once, with the URL of the site, when everything is up.
    sweep: called in a thread when a process has ended that may have left traces in the database.
    """

    def __init__(
        self, site: Site, console: Console, announce: Callable[[str], None], sweep: Callable[[], None]
    ) -> None:
        self._site = site
        self._console = console
        self._announce, self._sweep = announce, sweep
        self._warden = Warden()
        self._children: dict[str, Child] = {}
        self._kept: list[asyncio.Task[None]] = []  # end by themselves when their child is stopped
        self._beside: list[asyncio.Task[None]] = []  # are cancelled
        self._stop = asyncio.Event()
        self._told_at = 0.0

    async def run(self) -> None:
        """Return when a signal said so and everything has ended. Raises: CannotStart."""
        with self._site.locked():
            listener = listen(self._site.host, self._site.port)
            with closing(listener.socket):
                self._heed_signals()
                self._warden.start()
                try:
                    self._beside.append(self._begin(self._start(listener)))
                    await self._stop.wait()
                finally:
                    await self._end()

    async def _start(self, listener: Listener) -> None:
        redis_url = self._site.redis_url or await self._start_valkey()
        await self._sweep_in_thread()
        env = {**os.environ, "REDIS_URL": redis_url, "PYTHONUNBUFFERED": "1"}
        fds = [listener.socket.fileno()]
        self._add("web", processes.web(listener.socket), env, fds=fds, mute=MUTE["web"])
        self._add("worker", processes.worker(), env, ended=self._sweep_in_thread)
        self._add("beat", processes.beat(), env, ended=self._sweep_in_thread)
        if self._site.debug:
            self._beside.append(self._begin(self._reload()))
        await self._wait_until_healthy(listener)

    async def _start_valkey(self) -> str:
        """Start it and return its URL; the rest would only fail without it."""
        data = self._site.data
        try:
            command = valkey.command(data)
        except (valkey.ValkeyUnavailable, OSError) as error:
            raise CannotStart(f"Valkey cannot be started: {error}") from error
        child = self._add("valkey", command, dict(os.environ), mute=MUTE["valkey"])
        deadline = time.monotonic() + VALKEY_S
        while not await asyncio.to_thread(valkey.answers, data):
            if child.deaths:
                raise CannotStart("Valkey does not start, its last words are above; REDIS_URL would name another")
            if time.monotonic() > deadline:
                raise CannotStart(f"Valkey did not answer within {VALKEY_S:g} s at {valkey.socket_path(data)}")
            await asyncio.sleep(0.02)
        return valkey.url(data)

    async def _wait_until_healthy(self, listener: Listener) -> None:
        complain_at = time.monotonic() + COMPLAIN_S
        while lacking := await asyncio.to_thread(health.lacking, listener.address, self._site.host_header, REQUIRED):
            if time.monotonic() > complain_at:
                self._console.say(f"still waiting: {lacking}")
                complain_at = time.monotonic() + COMPLAIN_S
            await asyncio.sleep(ASK_S)
        self._announce(listener.url)

    async def _reload(self) -> None:
        async for paths in reloader.changes(self._site.base):
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            self._console.say(f"{paths[0]}{more} changed; web and worker start again")
            await asyncio.gather(*(self._children[name].restart(GRACE_S[name]) for name in ("web", "worker")))

    async def _sweep_in_thread(self) -> None:
        await asyncio.to_thread(self._sweep)

    def _add(self, name: str, command: list[str], env: dict[str, str], **more: Any) -> Child:
        child = Child(name, command, env=env, cwd=self._site.base, console=self._console, warden=self._warden, **more)
        self._children[name] = child
        self._kept.append(self._begin(child.keep()))
        return child

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run *work* beside the rest; should it fail, everything ends, and :meth:`_end` raises what it raised."""
        task = asyncio.create_task(work)
        task.add_done_callback(lambda task: self._stop.set() if not task.cancelled() and task.exception() else None)
        return task

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._told, signal.Signals(number).name)

    def _told(self, name: str) -> None:
        now = time.monotonic()
        if not self._told_at:
            self._told_at = now
            self._console.say(f"{name}: stopping; once more to be quick about it")
            self._stop.set()
        elif now - self._told_at > AGAIN_S:
            for child in self._children.values():
                child.kill()

    async def _end(self) -> None:
        """End everything, in order, in bounded time; then raise what ended it, if it was no signal."""
        for task in self._beside:
            task.cancel()
        await asyncio.wait(self._beside)
        for names in ORDER:
            children = [self._children[name] for name in names if name in self._children]
            await asyncio.gather(*(child.stop(GRACE_S[child.name]) for child in children))
        if self._kept:
            await asyncio.wait(self._kept)
        await asyncio.to_thread(self._warden.stop)
        for task in (*self._beside, *self._kept):
            if not task.cancelled() and (error := task.exception()):
                raise error
