"""The page of this flow, at /flows/merge/."""

from django.urls import path

from . import views

app_name = "merge"

urlpatterns = [path("", views.page, name="page")]
