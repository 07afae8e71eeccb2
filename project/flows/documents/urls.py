"""The page of this flow, at /flows/documents/."""

from django.urls import path

from . import views

app_name = "documents"

urlpatterns = [path("", views.page, name="page")]
