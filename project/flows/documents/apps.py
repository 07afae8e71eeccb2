"""The flow as a Django app."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """``project.flows.documents``."""

    name = "project.flows.documents"
    label = "documents"
    verbose_name = "Documents"
