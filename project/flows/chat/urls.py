"""The page of this flow, at /flows/chat/, and the parrot that answers in it for want of a language model."""

from django.urls import path

from . import parrot, views

app_name = "chat"

urlpatterns = [
    path("", views.page, name="page"),
    path("v1/chat/completions", parrot.completions, name="completions"),
]
