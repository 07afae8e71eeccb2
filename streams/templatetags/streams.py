"""``{% load streams %}``: the first state of a page, from which its script goes on without loading it again.

::

    {% stream_group "todo" "inbox" as inbox %}
    {% for todo in inbox.items %}<li>{{ todo.description }}</li>{% endfor %}
    {{ inbox|stream_script:"inbox" }}

and in the script::

    const initial = JSON.parse(document.getElementById("inbox").textContent);
    client.group("todo", "inbox", { initial }).on("*", render);
"""

from typing import cast

from django import template
from django.utils.html import json_script
from django.utils.safestring import SafeString

from ..changes import GroupState
from ..registry import registry
from ..writer import Stream

register = template.Library()


@register.simple_tag
def stream_group(stream: str, group: str) -> GroupState:
    """Return a group as it is now: ``items``, ``sequence`` and ``epoch``, all of one moment.

    Nobody is asked for permission: who sees the page is for its view to decide. Raises: StreamNotFound, InvalidId.
    """
    return cast("Stream", registry.get(stream)).snapshot(str(group))


@register.filter
def stream_script(state: GroupState, element_id: str) -> SafeString:
    """Return the element that hands *state* to the page's script, which takes it as ``initial``."""
    return json_script(state.as_json(), element_id)
