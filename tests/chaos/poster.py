"""Writes over HTTP, as a page does: the process that commits is one that has subscribers of its own."""

import asyncio
import random
from contextlib import suppress

import httpx

from tests.chaos.database import Place


class Poster:
    """Sends events and sets items through the proxy at *url* (http://...), until stopped; every value has its token.

    What becomes of a request nobody notes: its answer may be lost on a line that is cut.
    """

    def __init__(self, name: str, url: str, place: Place, dice: random.Random, *, pause_s: float = 0.1) -> None:
        self.name, self.dice, self._pause_s = name, dice, pause_s
        self._url = f"{url}/streams/{place[0]}/{place[1]}/"
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Write nothing more, and wait for the answer to what was asked: until then it may be done."""
        self._stopped.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        number = 0
        async with httpx.AsyncClient(trust_env=False, timeout=50) as client:
            while not self._stopped.is_set():
                await asyncio.sleep(self.dice.uniform(0, 2 * self._pause_s))
                number += 1
                token = {"token": f"{self.name}:{number}"}
                with suppress(httpx.HTTPError):
                    if self.dice.random() < 0.5:
                        await client.post(self._url, json={"type": "note", "data": token})
                    else:
                        await client.put(f"{self._url}p{self.dice.randrange(3)}/", json=token)
