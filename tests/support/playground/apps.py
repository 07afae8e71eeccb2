"""An app of the tests' own inside the product, for what no flow of the project shows."""

from django.apps import AppConfig


class PlaygroundConfig(AppConfig):
    """``tests.support.playground``."""

    name = "tests.support.playground"
    label = "playground"
