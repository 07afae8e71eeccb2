"""An app of the tests' own with a stream that counts who is there."""

from django.apps import AppConfig


class AttendedConfig(AppConfig):
    """``tests.support.attended``."""

    name = "tests.support.attended"
    label = "attended"
