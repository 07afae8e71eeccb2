"""A Valkey of the tests' own, or the Redis that the environment names."""

import os
from dataclasses import dataclass
from pathlib import Path

from project import valkey

from .process import Process
from .waiting import eventually


@dataclass(frozen=True)
class GivenValkey:
    """The Redis or Valkey that the environment names; each product keeps to a prefix of its own in it."""

    url: str

    def stop(self) -> None:
        """Leave it as it is."""


def given() -> GivenValkey | None:
    """Return what the environment names, if it names one."""
    url = os.environ.get("REDIS_URL")
    return GivenValkey(url) if url else None


class Valkey:
    """The server that `make run` embeds, in a directory of its own; started when its address is first asked for."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.process = Process("valkey", valkey.command(home), log=home / "valkey.log")

    @property
    def url(self) -> str:
        """Its address, for REDIS_URL; the same after a restart."""
        if self.process.popen is None:
            self.start()
        return valkey.url(self.home)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start()
        eventually(lambda: valkey.answers(self.home), what="Valkey answers", detail=self.process.tail)

    def stop(self) -> None:
        """Stop it, if it was started."""
        self.process.stop()
