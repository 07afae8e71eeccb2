"""The page of this flow, at /flows/pets/."""

from django.urls import path

from . import views

app_name = "pets"

urlpatterns = [path("", views.page, name="page")]
