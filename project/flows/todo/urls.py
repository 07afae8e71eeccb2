"""The page of this flow, at /flows/todo/."""

from django.urls import path

from . import views

app_name = "todo"

urlpatterns = [path("", views.page, name="page")]
