"""The flow as a Django app."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """``project.flows.chat``."""

    name = "project.flows.chat"
    label = "chat"
    verbose_name = "Chat"
