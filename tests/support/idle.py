"""Sockets that were opened at the start of a run and are looked at at its end."""

from dataclasses import dataclass

from .sockets import LoopThread, Socket


@dataclass
class Idle:
    """Sockets that were joined to *group* of ``todo`` at *since* (monotonic seconds) and have said nothing since."""

    sockets: list[Socket]
    group: str
    since: float
    loop: LoopThread
