"""What test processes do to streams at the pace of people; run through a Console."""

import random
import threading
from typing import Any

from streams.registry import registry

from .values import todo


def trickle(stream: str, group: str, seed: int, stop: threading.Event) -> int:
    """Create, update and delete items, some fifty times a second, until stopped; returns how often.

    Seeded: the same numbers choose the same operations.
    """
    target: Any = registry.get(stream)
    dice = random.Random(seed)
    number = 0
    while not stop.wait(0.02):
        item = f"w{seed}-{dice.randrange(10)}"
        if dice.random() < 0.2:
            target.delete(group, item)
        else:
            target.set(group, item, todo(f"set {number}"))
        number += 1
    return number
