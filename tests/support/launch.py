"""Becomes another program that ends with its parent: ``launch.py SIGNAL UID:GID PARENT program arguments...``.

Run by path with ``python -I -S``: only the standard library. SIGNAL is what the kernel sends when the parent's thread
that started this ends, however it ends, SIGKILL included. UID:GID is "-" or the user to become first: changing it
later would clear the signal.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "project"))  # by path: the package imports Celery, this must be fast

from launcher import die_with_parent  # type: ignore[import-not-found]


def main() -> None:
    """Become the user, ask for the signal, exec."""
    number, user, parent, *program = sys.argv[1:]
    if user != "-":
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with_parent(int(parent), int(number))
    os.execvp(program[0], program)


if __name__ == "__main__":
    main()
