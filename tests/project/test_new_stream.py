"""A stream is a file: dropped into an app it is served and shown, removed it is gone. Nothing else is touched."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.waiting import eventually

from .copies import Run

STREAM = """
from pydantic import BaseModel

from streams import Stream


class News(BaseModel):
    text: str


newsFlash = Stream("newsFlash", schema=News, base_config={"storageType": "default"}, description="What is new")
"""
STEP = """
from steps import http, step


@step("AddNews", triggers=[http("POST", "/news")])
async def add_news(request, ctx):
    return await ctx.streams.newsFlash.set("front", "1", {"text": "Hello"})
"""


@pytest.fixture
def staff(shared_run: Run) -> Iterator[httpx.Client]:
    """Somebody who is logged in to the admin of the running copy."""
    with httpx.Client(base_url=shared_run.url, trust_env=False, timeout=60, follow_redirects=True) as client:
        client.get("/admin/login/")
        login = {"username": "admin", "password": "admin", "csrfmiddlewaretoken": client.cookies["csrftoken"]}
        assert client.post("/admin/login/?next=/admin/", data=login).status_code == 200
        yield client


def asked(client: httpx.Client, method: str, path: str) -> httpx.Response | None:
    """Send a request; None while the web process starts again."""
    try:
        answer = client.request(method, path)
    except httpx.TransportError:
        return None
    return answer if answer.status_code == 200 else None


def listed(staff: httpx.Client) -> set[str]:
    """Return the streams that the workbench lists."""
    answer = asked(staff, "GET", "/admin/steps/workbench/streams/data/declared")
    return set() if answer is None else {stream["name"] for stream in answer.json()["streams"]}


@pytest.mark.feature("A1")
def test_a_file_makes_a_stream_and_its_end_ends_it(shared_run: Run, staff: httpx.Client) -> None:
    before = listed(staff)
    assert "todo" in before
    flow = shared_run.tree / "project" / "flows" / "todo"
    (flow / "news_step.py").write_text(STEP)
    (flow / "news_stream.py").write_text(STREAM)
    eventually(lambda: listed(staff) == before | {"newsFlash"}, what="the workbench lists the stream")
    with httpx.Client(base_url=shared_run.url, trust_env=False, timeout=60) as guest:
        answer = eventually(lambda: asked(guest, "POST", "/news"), what="its step writes it")
    assert answer is not None
    written = answer.json()
    assert written["text"] == "Hello"
    assert written["__stream"] == {"streamName": "newsFlash", "groupId": "front", "id": "1"}

    (flow / "news_stream.py").unlink()
    (flow / "news_step.py").unlink()
    eventually(lambda: listed(staff) == before, what="it is listed no more")
