"""The commands of the processes that `make run` starts; production starts the same ones by other means."""

import socket
import sys

APPLICATION = "project.asgi:application"


def web(listener: socket.socket) -> list[str]:
    """Return Daphne's command. Its protocol pings find dead peers; *listener* is inherited, not opened."""
    command = [sys.executable, "-m", "daphne", "--ping-interval", "10", "--ping-timeout", "10"]
    return [*command, "--fd", str(listener.fileno()), APPLICATION]


def worker() -> list[str]:
    """Return the command of a Celery worker; threads, because steps wait more than they compute."""
    options = ["--pool", "threads", "--concurrency", "8", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    return [sys.executable, "-m", "celery", "--quiet", "-A", "project", "worker", *options]


def beat() -> list[str]:
    """Return the command of Celery's beat; its schedule is in the database."""
    return [sys.executable, "-m", "celery", "--quiet", "-A", "project", "beat", "--loglevel", "INFO"]
