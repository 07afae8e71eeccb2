"""Notices that somebody changed the Python code."""

from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch


def packages(base: Path) -> set[Path]:
    """Return the directories directly below *base* that are Python packages."""
    return {path.parent for path in base.glob("*/__init__.py") if not path.parent.name.startswith(".")}


async def changes(base: Path) -> AsyncIterator[list[Path]]:
    """Yield the ``*.py`` files below the packages of *base* that changed, a burst at a time.

    Only packages are watched: a virtual environment or node_modules would need thousands of watches.
    """
    while True:
        watched = packages(base)
        async for found in awatch(*watched, watch_filter=_is_python, recursive=True):
            yield sorted({Path(path).relative_to(base) for _, path in found})
            if packages(base) != watched:
                break


def _is_python(_change: Change, path: str) -> bool:
    return path.endswith(".py")
