"""``manage.py run``: web, worker, beat and Valkey in one terminal."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from project.console import Console
from project.launcher import die_with_parent
from project.site import CannotStart, Site
from project.supervisor import Supervisor
from steps import heartbeats


class Command(BaseCommand):
    """Starts everything this project needs on one machine and keeps it running."""

    help = "Run web, worker, beat and an embedded Valkey; Ctrl-C stops them all. PORT, HOST, DATA: see .env.example."
    requires_system_checks: list[str] = []  # a broken flow is for the reloader to wait out, not a reason to end

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ``--parent``."""
        parser.add_argument("--parent", type=int, metavar="PID", help="stop when this process, our parent, ends")

    def handle(self, *args: Any, parent: int | None, **options: Any) -> None:
        """Run until a signal."""
        if parent is not None:
            die_with_parent(parent, signal.SIGTERM)
        self.console = Console()
        try:
            asyncio.run(Supervisor(self._site(), self.console, self._announce, self._sweep).run())
        except CannotStart as error:
            raise CommandError(str(error)) from error

    def _site(self) -> Site:
        hosts = [host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"]
        return Site(
            base=settings.BASE_DIR,
            data=settings.DATA,
            host=settings.HOST,
            port=settings.PORT,
            debug=settings.DEBUG,
            redis_url=settings.GIVEN_REDIS_URL,
            host_header=hosts[0] if hosts else "localhost",
        )

    def _announce(self, url: str) -> None:
        pages = {
            "Flows": "/",
            "Workbench": "/admin/workbench/",
            "API": "/schema/docs/",
            "Docs": "/docs/",
            "Health": "/healthz",
        }
        self.console.say("\n".join(["ready", *(f"  {name:<10}{url}{path}" for name, path in pages.items())]))
        if settings.DEBUG and not settings.HOST.startswith(("127.", "localhost")):
            self.console.say(f"careful: DEBUG and its demo admin are open to everybody who reaches {settings.HOST}")

    def _sweep(self) -> None:
        try:
            heartbeats.sweep()
        except DatabaseError as error:
            self.console.say(f"old heartbeats stay where they are: {error}")
        finally:
            connection.close()
