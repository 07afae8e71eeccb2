"""Where everything is. The steps' own routes come last: they may be anything that is not taken here."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from steps.health import healthz

from . import pages, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.index, name="index"),
    path("docs/", views.docs, name="docs"),
    path("docs/images/<path:path>", serve, {"document_root": pages.DIRECTORY / "images"}, name="doc-image"),
    path("docs/<slug:name>/", views.doc, name="doc"),
    path("admin/workbench/", RedirectView.as_view(pattern_name="admin:steps_workbench_changelist"), name="workbench"),
    path("admin/", admin.site.urls),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("schema/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="schema-docs"),
    path("healthz", healthz, name="healthz"),
    path("streams/", include("streams.urls")),
    *(path(f"flows/{flow.rpartition('.')[2]}/", include(f"{flow}.urls")) for flow in settings.FLOWS),
    path("", include("steps.urls")),
]
