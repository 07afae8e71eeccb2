"""Every path that nothing else has taken. Include it last: ``path("", include("steps.urls"))``."""

from django.urls import re_path

from .views import dispatch

app_name = "steps"

urlpatterns = [re_path(r"^(?P<path>[\s\S]*)\Z", dispatch, name="dispatch")]
