"""Becomes the command it is given, in such a way that the kernel kills it when its parent is gone.

Run as a script: ``launcher.py <pid of the parent> <command> [argument ...]``. The parent must have forked it from its
main thread: the signal fires when the forking *thread* ends. Imports as little as possible, since every child pays.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, number: int) -> None:
    """Ask for signal *number* when the parent ends, and leave at once if it has ended before we could ask.

    Only Linux can do this; elsewhere the warden alone cleans up.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        raise SystemExit(f"the process {parent} that started this one is gone")


def main(arguments: list[str]) -> None:
    """Replace this process by the command in *arguments*."""
    parent, *command = arguments
    die_with_parent(int(parent), signal.SIGKILL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
