"""A Valkey of the tests' own, or the Redis that the environment names."""

import os
from dataclasses import dataclass
from pathlib import Path

from project import valkey

from .process import Process
from .waiting import eventually


def given_url() -> str | None:
    """Return the Redis or Valkey that the environment names, if it names one."""
    return os.environ.get("REDIS_URL") or None


@dataclass
class Valkey:
    """The server that `make run` embeds, started by the tests, in a directory of its own."""

    home: Path

    def __post_init__(self) -> None:
        self.process = Process("valkey", valkey.command(self.home), log=self.home / "valkey.log")

    @property
    def url(self) -> str:
        """Its address, for REDIS_URL; the same after a restart."""
        return valkey.url(self.home)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process.start()
        eventually(lambda: valkey.answers(self.home), what="Valkey answers", detail=self.process.tail)

    def stop(self) -> None:
        """Stop it."""
        self.process.stop()
