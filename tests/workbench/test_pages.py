"""Who sees which page of the workbench, and what each of them costs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from steps.workbench.pages import PAGES

pytestmark = pytest.mark.django_db
NAMES = [page.name for page in PAGES]
READS = [(page.name, item) for page in PAGES for item in page.reads]
ACTIONS = [(page.name, item, action.permission) for page in PAGES for item, action in page.actions.items()]


def url(name: str) -> str:
    return reverse(f"admin:steps_workbench_{name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_there_for_who_has_its_permission(person: Any, name: str) -> None:
    page = next(page for page in PAGES if page.name == name)
    answer = person(page.permission).get(url(name))
    assert answer.status_code == 200
    assert f"<h1>{page.title}</h1>" in answer.content.decode()
    assert f"steps/workbench/{name}.js" in answer.content.decode()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_not_there_for_others(person: Any, name: str) -> None:
    refused = person().get(url(name))
    assert refused.status_code == 403
    assert next(page for page in PAGES if page.name == name).permission in refused.content.decode()
    everything = person(staff=False, superuser=True)
    assert everything.get(url(name)).status_code == 302  # to the login: nobody but staff is in the admin
    assert Client().get(url(name)).status_code == 302


@pytest.mark.parametrize(("name", "item"), READS)
def test_nobody_reads_what_they_may_not_see(person: Any, name: str, item: str) -> None:
    address = url(f"{name}_{item}")
    assert person().get(address).status_code == 403
    assert person(superuser=True, staff=False).get(address).status_code == 401
    assert Client().get(address).json() == {"error": "You are not logged in any more."}
    assert person(superuser=True).post(address).status_code == 405
    assert person(superuser=True).get(address, {"any": "a\0b"}).status_code == 400


@pytest.mark.parametrize(("name", "item", "permission"), ACTIONS)
def test_nobody_does_what_they_may_not(person: Any, name: str, item: str, permission: str) -> None:
    address, page = url(f"{name}_do_{item}"), next(page for page in PAGES if page.name == name)
    looking = person(page.permission)
    if permission != page.permission:
        refused = looking.post(address, {}, content_type="application/json")
        assert refused.status_code == 403
        assert permission in refused.json()["error"]
        assert address not in looking.get(url(name)).content.decode()
    assert Client().post(address, {}, content_type="application/json").status_code == 401
    assert person(superuser=True).get(address).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = person(superuser=True).cookies
    assert strict.post(address, {}, content_type="application/json").status_code == 403


def test_the_admin_leads_to_the_first_page_one_may_see(person: Any) -> None:
    entry = reverse("admin:steps_workbench_changelist")
    assert person(superuser=True).get(entry).url == url("overview")
    assert entry in person("steps.view_workbench").get(reverse("admin:index")).content.decode()
    nobody = person()
    assert "Workbench</a></th>" not in nobody.get(reverse("admin:index")).content.decode()
    assert nobody.get(entry).status_code == 403


def test_pages_carry_no_inline_style_or_script(person: Any) -> None:
    client = person(superuser=True)
    for name in NAMES:
        text = client.get(url(name)).content.decode()
        main = text[text.index('class="wb"') :]
        assert "style=" not in main
        assert "onclick" not in main
        assert main.count("<script") == main.count('type="module"') + main.count('type="application/json"')


def test_the_project_has_a_short_way_to_it(person: Any) -> None:
    client = person(superuser=True)
    assert client.get("/admin/workbench/", follow=True).redirect_chain[-1][0] == url("overview")
    assert "/admin/workbench/" in client.get("/").content.decode()
