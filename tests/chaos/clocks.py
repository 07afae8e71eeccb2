"""A wall clock that can be set for one process: the offset in seconds stands in its control file ``clock-<name>``."""

import os
import time

from tests.chaos.control import Control

NAME = "CHAOS_NAME"


def install() -> None:
    """Let ``time.time`` and ``time.time_ns`` of this process follow its control file; monotonic clocks stay true."""
    name = os.environ.get(NAME)
    if name is None or getattr(time.time, "chaos", False):
        return
    offset = Control(f"clock-{name}", 0.0)
    true_time, true_time_ns = time.time, time.time_ns

    def shifted() -> float:
        return true_time() + float(offset.value())

    def shifted_ns() -> int:
        return true_time_ns() + int(float(offset.value()) * 1e9)

    shifted.chaos = True  # type: ignore[attr-defined]
    time.time, time.time_ns = shifted, shifted_ns
