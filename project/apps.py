"""The project as a Django app, so that its management commands are found."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """``project``: no models, only commands."""

    name = "project"
