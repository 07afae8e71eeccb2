"""What the fault tests tell running processes: small JSON files in the directory that CHAOS_CONTROL names."""

import json
import os
import time
from pathlib import Path
from typing import Any

LOOK_S = 0.05

_monotonic = time.monotonic


class Control:
    """One file, read again when it has changed; missing means *default*."""

    def __init__(self, name: str, default: Any) -> None:
        self._path = Path(os.environ.get("CHAOS_CONTROL", os.devnull)) / name
        self._default = self._value = default
        self._looked = float("-inf")

    def value(self) -> Any:
        """Return what it says now, at most LOOK_S late."""
        now = _monotonic()
        if now - self._looked > LOOK_S:
            self._looked = now
            try:
                self._value = json.loads(self._path.read_text())
            except (OSError, ValueError):
                self._value = self._default
        return self._value


def tell(directory: Path, name: str, value: Any) -> None:
    """Write a control file in one step; None removes it."""
    path = directory / name
    if value is None:
        path.unlink(missing_ok=True)
    else:
        new = path.with_suffix(".new")
        new.write_text(json.dumps(value))
        new.replace(path)
