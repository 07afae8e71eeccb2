"""/flows/chat/ as the server renders it, and the parrot that answers there."""

import json
import re
from typing import Any

import pytest
from django.test import AsyncClient, Client
from pytest_django import Settings

from project.flows.chat.parrot import speech
from project.flows.chat.streams import LOBBY, chat_message

COMPLETIONS = "/flows/chat/v1/chat/completions"
SAID = {"role": "user", "userId": "Ada", "status": "completed", "createdAt": 1}


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    """No collected files are needed to look at a page, whatever .env says."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.mark.django_db(transaction=True)
def test_page_shows_what_was_said_and_hands_it_to_the_script() -> None:
    for number in range(3):
        chat_message.set(LOBBY, f"m{number}", {**SAID, "message": f"<b>{number}</b>"})
    html = Client().get("/flows/chat/").content.decode()
    assert re.findall(r'data-id="(m\d)"', html) == ["m0", "m1", "m2"]
    assert "&lt;b&gt;1&lt;/b&gt;" in html
    assert "<b>1</b>" not in html
    [text] = re.findall(r'<script id="history" type="application/json">(.*?)</script>', html)
    history = json.loads(text)
    assert [item["message"] for item in history["items"]] == ["<b>0</b>", "<b>1</b>", "<b>2</b>"]
    assert history["sequence"] == 3
    assert history["epoch"]


@pytest.mark.django_db
def test_page_is_for_looking_only_and_the_landing_page_leads_there() -> None:
    assert Client().post("/flows/chat/").status_code == 405
    assert re.search(r'<a href="/flows/chat/">Chat</a>', Client().get("/").content.decode())


async def ask(body: Any) -> Any:
    return await AsyncClient().post(COMPLETIONS, body, content_type="application/json")


async def test_parrot_answers_at_once_to_who_does_not_stream() -> None:
    response = await ask({"model": "parrot", "messages": [{"role": "user", "content": "hello"}]})
    answer = json.loads(response.content)
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["content"].startswith("You said “hello”. I am a parrot")


@pytest.mark.parametrize(
    "body", ["{bad", "[]", {}, {"model": "parrot", "messages": []}, {"model": "m", "messages": [1]}]
)
async def test_parrot_refuses_what_it_does_not_understand(body: Any) -> None:
    response = await ask(body)
    assert response.status_code == 400
    assert json.loads(response.content)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("model", "count", "pace"),
    [("parrot:200@1000", 200, 1000), ("parrot:9999@0", 2000, 30), ("parrot:0@50", 0, 50)],
)
def test_parrot_says_as_much_as_it_is_asked_to(model: str, count: int, pace: float) -> None:
    words, fast = speech(model, "hello")
    assert (len(words), fast) == (count, pace)


def test_parrot_loses_nothing_of_its_text() -> None:
    words, _ = speech("parrot", "  two  spaces\n")
    assert "You said “  two  spaces\n”." in "".join(words)
