"""/flows/merge/ and /flows/pets/ as the server renders them."""

import json
import re

import pytest
from django.test import Client
from pytest_django import Settings

from project.flows.merge.streams import GROUP, parallel_merge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    """No collected files are needed to look at a page, whatever .env says."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def test_page_of_merges_shows_the_newest_first_and_hands_them_to_the_script() -> None:
    for number in range(15):
        item = {"totalSteps": 4, "completedSteps": min(number, 4), "startedAt": number}
        parallel_merge.set(GROUP, f"m{number}", item)
    html = Client().get("/flows/merge/").content.decode()
    assert re.findall(r'data-id="(m\d+)"', html) == [f"m{number}" for number in range(14, 2, -1)]
    assert re.search(r'data-id="m14" data-done', html)
    assert not re.search(r'data-id="m3" data-done', html)
    [text] = re.findall(r'<script id="snapshot" type="application/json">(.*?)</script>', html)
    assert json.loads(text)["sequence"] == 15


def test_page_of_merges_without_any_says_so() -> None:
    html = Client().get("/flows/merge/").content.decode()
    assert re.search(r'id="empty">', html)


def test_page_of_pets_has_a_form_for_scripts() -> None:
    html = Client().get("/flows/pets/").content.decode()
    assert re.search(r'<form class="pet-form" id="pet" hidden>', html)
    assert "temperamentTags" in html


@pytest.mark.parametrize("page", ["/flows/merge/", "/flows/pets/"])
def test_pages_are_for_looking_only(page: str) -> None:
    assert Client().post(page).status_code == 405
