"""The streams that the fault tests write, inside the product; and the breakage that its environment names."""

import os

from django.apps import AppConfig


class PlaygroundConfig(AppConfig):
    """``tests.chaos.playground``."""

    name = "tests.chaos.playground"
    label = "chaos"

    def ready(self) -> None:
        """Break the product as CHAOS_MUTANT says, before any of it runs."""
        if name := os.environ.get("CHAOS_MUTANT"):
            from tests.chaos.mutants import MUTANTS

            MUTANTS[name].apply()
