"""Where the pages are in the admin: below the entry of the model ``Workbench``, which has no rows of its own.

So they are in every project whose admin finds ``steps``: nothing is included, and no admin site is replaced. For a site
of your own: ``site.register(Workbench, WorkbenchAdmin)``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_POST

from ..feed import PERMISSIONS, STREAM, group_of
from .history import note
from .page import Action, Json, Page, Read, answer, body_of, problem
from .pages import PAGES

if TYPE_CHECKING:  # Django's classes are generic in their type stubs only
    ModelAdmin: TypeAlias = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

FIRST = "steps_workbench_changelist"  # what the admin's own lists link to


class WorkbenchAdmin(ModelAdmin):
    """Serves the pages to whoever may see them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(_visible(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(_visible(request))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        urls = [path("", self.admin_site.admin_view(self._enter), name=FIRST)]
        for page in PAGES:
            name = f"steps_workbench_{page.name}"
            urls.append(path(f"{page.name}/", self._page_view(page), name=name))
            for item, read in page.reads.items():
                urls.append(path(f"{page.name}/data/{item}", self._data_view(page, read), name=f"{name}_{item}"))
            for item, action in page.actions.items():
                urls.append(
                    path(f"{page.name}/do/{item}", self._act_view(page, item, action), name=f"{name}_do_{item}")
                )
        return urls

    def _enter(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the first page that the user may see."""
        visible = _visible(request)
        return HttpResponseRedirect(self._url(visible[0].name)) if visible else self._denied(request, None)

    def _page_view(self, page: Page) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            if not page.may_see(request):
                return self._denied(request, page)
            request.current_app = self.admin_site.name  # what {% url "admin:..." %} asks
            context = self._context(request, page) | dict(page.first(request) if page.first else {})
            return TemplateResponse(request, f"steps/workbench/{page.name}.html", context)

        return self.admin_site.admin_view(view)

    def _data_view(self, page: Page, read: Read) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest) -> JsonResponse:
            if any("\0" in value for value in request.GET.values()):  # PostgreSQL has no text with it
                return problem("There is a NUL character in what was asked.", 400)
            return self._objection(request, page, page.permission) or answer(lambda: read(request))

        return never_cache(require_GET(view))

    def _act_view(self, page: Page, name: str, action: Action) -> Callable[..., HttpResponse]:
        def do(request: HttpRequest) -> Json:
            body = body_of(request)
            result = action.act(request, body)
            if action.noted:
                note(request, page, name, body)
            return result

        def view(request: HttpRequest) -> JsonResponse:
            return self._objection(request, page, action.permission) or answer(lambda: do(request))

        return never_cache(csrf_protect(require_POST(view)))

    def _objection(self, request: HttpRequest, page: Page, permission: str) -> JsonResponse | None:
        """Return the answer to who may not; scripts are told, where a page would lead to the login."""
        if not self.admin_site.has_permission(request):
            return problem("You are not logged in any more.", 401)
        if not (page.may_see(request) and request.user.has_perm(permission)):
            return problem(f"You need the permission {permission}.", 403)
        return None

    def _denied(self, request: HttpRequest, page: Page | None) -> HttpResponse:
        context = self._frame(request, page) | {"title": "Not for you", "needed": page.permission if page else ""}
        return TemplateResponse(request, "steps/workbench/denied.html", context, status=403)

    def _context(self, request: HttpRequest, page: Page) -> dict[str, Any]:
        return self._frame(request, page) | {"config": self._config(request, page), "script": _script(page)}

    def _frame(self, request: HttpRequest, page: Page | None) -> dict[str, Any]:
        """Return what the frame of every page needs."""
        pages = [
            {"title": one.title, "icon": one.icon, "url": self._url(one.name), "here": one is page}
            for one in _visible(request)
        ]
        return {
            **self.admin_site.each_context(request),
            "title": page.title if page else "Workbench",
            "page": page,
            "pages": pages,
            "is_nav_sidebar_enabled": False,
        }

    def _config(self, request: HttpRequest, page: Page) -> dict[str, Json]:
        """Return what the script needs to know: where to read, what it may do, whom to follow."""
        may = request.user.has_perm
        return {
            "page": page.name,
            "pages": {one.name: self._url(one.name) for one in _visible(request)},
            "data": {item: self._url(f"{page.name}_{item}") for item in page.reads},
            "actions": {
                item: self._url(f"{page.name}_do_{item}")
                for item, action in page.actions.items()
                if may(action.permission)
            },
            "feed": {
                "url": _socket(),
                "stream": STREAM,
                "topics": {topic: group_of(topic) for topic in page.topics if may(PERMISSIONS[topic])},
            },
            "csrf": get_token(request),
        }

    def _url(self, name: str) -> str:
        return reverse(f"admin:steps_workbench_{name}", current_app=self.admin_site.name)


def _visible(request: HttpRequest) -> list[Page]:
    return [page for page in PAGES if page.may_see(request)]


def _script(page: Page) -> str:
    return f"steps/workbench/{page.name}.js"


def _socket() -> str:
    try:
        return reverse("streams:streams")
    except NoReverseMatch:  # the project serves no requests there; sockets it may
        return "/streams/"
