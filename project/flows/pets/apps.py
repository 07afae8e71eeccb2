"""The flow as a Django app."""

from django.apps import AppConfig


class PetsConfig(AppConfig):
    """``project.flows.pets``."""

    name = "project.flows.pets"
    label = "pets"
    verbose_name = "Pet shelter"
