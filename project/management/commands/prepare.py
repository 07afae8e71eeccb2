"""``manage.py prepare``: what must be there before the project runs."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand

NAME = PASSWORD = "admin"  # noqa: S105 - printed for everybody, made in DEBUG only


class Command(BaseCommand):
    """Makes the tables, and the demo admin (DEBUG) or the collected static files (production)."""

    help = "Migrate; in DEBUG make a demo admin, else collect the static files."

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring the database and the files up to date; harmless to repeat."""
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        if settings.DEBUG:
            self._demo_admin()
        else:
            call_command("collectstatic", interactive=False, verbosity=0)

    def _demo_admin(self) -> None:
        users = get_user_model().objects
        admin = users.filter(username=NAME).first()
        if admin is None:
            admin = users.create_superuser(username=NAME, password=PASSWORD)
        if admin.check_password(PASSWORD):
            self.stdout.write(f"Demo admin (DEBUG only): {NAME} / {PASSWORD}")
