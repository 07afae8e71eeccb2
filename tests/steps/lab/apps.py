"""An app of the tests' own inside the product: steps that fail, hang, count and keep order."""

import os
import random
from typing import Any

from django.apps import AppConfig


class LabConfig(AppConfig):
    """``tests.steps.lab``."""

    name = "tests.steps.lab"
    label = "lab"

    def ready(self) -> None:
        drop, double = float(os.environ.get("LAB_DROP", 0)), float(os.environ.get("LAB_DOUBLE", 0))
        if drop or double:
            _make_the_broker_unreliable(drop, double)


def _make_the_broker_unreliable(drop: float, double: float) -> None:
    """Lose, or send twice, some of the messages that carry runs: as a broker does that loses its memory."""
    from steps.handover import Handover

    dice, hand = random.Random(), Handover._hand

    def unreliable(self: Any, id: str) -> bool:
        chance = dice.random()
        if chance < drop:
            return True
        done = hand(self, id)
        return hand(self, id) if done and chance < drop + double else done

    Handover._hand = unreliable  # type: ignore[method-assign]
