"""``{% load streams %}``: the first state of a page."""

import json
import re

import pytest
from django.template import Context, Template

from streams.errors import StreamNotFound
from streams.writer import Stream

PAGE = """{% load streams %}{% stream_group name group as state %}
<ul>{% for item in state.items %}<li>{{ item.text }}</li>{% endfor %}</ul>{{ state|stream_script:"first" }}"""


def rendered(name: str, group: object) -> str:
    return Template(PAGE).render(Context({"name": name, "group": group}))


def test_the_items_and_what_the_script_goes_on_from(stream: Stream) -> None:
    stream.set("7", "a", {"text": "</script><b>"})
    stream.set("7", "b", {"text": "bread"})
    html = rendered("s", 7)
    assert "<li>&lt;/script&gt;&lt;b&gt;</li><li>bread</li>" in html
    found = re.search(r'<script id="first" type="application/json">(.*?)</script>', html)
    assert found is not None
    state = stream.snapshot("7")
    assert json.loads(found[1]) == {"items": state.items, "sequence": 2, "epoch": state.epoch}


def test_an_empty_group(stream: Stream) -> None:
    assert '{"items": [], "sequence": 0, "epoch": ""}' in rendered("s", "never written")


@pytest.mark.usefixtures("stream")
def test_a_stream_that_is_not_there_is_an_error() -> None:
    with pytest.raises(StreamNotFound):
        rendered("x", "g")
