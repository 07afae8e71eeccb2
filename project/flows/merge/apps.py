"""The flow as a Django app."""

from django.apps import AppConfig


class MergeConfig(AppConfig):
    """``project.flows.merge``."""

    name = "project.flows.merge"
    label = "merge"
    verbose_name = "Parallel merge"
