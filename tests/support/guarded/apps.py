"""An app of the tests' own whose streams are guarded in every way there is."""

from django.apps import AppConfig


class GuardedConfig(AppConfig):
    """``tests.support.guarded``."""

    name = "tests.support.guarded"
    label = "guarded"
