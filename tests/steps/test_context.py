"""What a handler's context gives it: streams by name, in the colour of the handler."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from steps.context import Context
from steps.definition import step
from steps.triggers import http

STREAM = """
    from streams import Stream

    chat = Stream("chatMessage", schema={"type": "object"})
"""
START = """
import django
from django.conf import settings

settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "found_app", "streams"])
django.setup()
from streams.context import Context, Logger
import logging
print(Context(asynchronous=False, logger=Logger(logging.getLogger())).streams.chatMessage)
"""


def started(app: Path) -> subprocess.CompletedProcess[str]:
    """Start a project of its own, with ``found_app`` in it."""
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(app.parent)])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run([sys.executable, "-c", START], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.feature("A11")
def test_stream_is_known_by_its_name_and_two_of_one_name_end_the_start(
    app: Path, write: Callable[[Path, str], None]
) -> None:
    write(app / "streams.py", STREAM)
    done = started(app)
    assert done.stdout.strip() == "<Stream 'chatMessage'>", done.stderr

    write(app / "other_stream.py", STREAM)
    done = started(app)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "two streams are named 'chatMessage'" in done.stderr
    assert str(app / "streams.py") in done.stderr
    assert str(app / "other_stream.py") in done.stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("spelling", ["attribute", "index"])
@pytest.mark.parametrize("colour", ["plain", "async"])
def test_streams_are_used_in_the_colour_of_the_handler(
    serve: Callable[..., None], client: Client, spelling: str, colour: str
) -> None:
    def todo(ctx: Context) -> Any:
        return ctx.streams.todo if spelling == "attribute" else ctx.streams["todo"]

    value = {"description": "milk", "createdAt": "now"}

    def plain(input: Any, ctx: Context) -> Any:
        return {"written": todo(ctx).set("inbox", "1", value), "read": todo(ctx).get("inbox", "1")}

    async def coloured(input: Any, ctx: Context) -> Any:
        return {"written": await todo(ctx).set("inbox", "1", value), "read": await todo(ctx).get("inbox", "1")}

    serve(step("Colour", plain if colour == "plain" else coloured, triggers=[http("POST", "/x")]))
    item = {**value, "id": "1"}
    address = {"streamName": "todo", "groupId": "inbox", "id": "1"}
    assert client.post("/x").json() == {"written": {**item, "__stream": address}, "read": item}


def test_unknown_stream_is_named_in_the_log_and_not_in_the_answer(
    serve: Callable[..., None], client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    serve(step("Wrong", lambda input, ctx: ctx.streams.nothing_like_it, triggers=[http("GET", "/x")]))
    answer = client.get("/x")
    assert answer.status_code == 500
    assert "nothing_like_it" not in answer.content.decode()
    assert "there is no stream named 'nothing_like_it'" in caplog.text
