"""The flow as a Django app."""

from django.apps import AppConfig


class TodoConfig(AppConfig):
    """``project.flows.todo``."""

    name = "project.flows.todo"
    label = "todo"
    verbose_name = "Todo"
