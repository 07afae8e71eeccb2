"""The clients as the property tests know them do what the vectors say of the real ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.replicas import Own, Published

VECTORS = Path(__file__).parent.parent / "vectors"
OWN = json.loads((VECTORS / "own.json").read_text())
# which array object a subscription shows is beyond what is kept here
PUBLISHED = [
    vector
    for vector in json.loads((VECTORS / "published.json").read_text())
    if "sortKey" not in json.dumps(vector["steps"])
]


@pytest.mark.parametrize("vector", OWN, ids=lambda vector: vector["name"])
def test_own_client_in(vector: dict[str, Any]) -> None:
    start, end = vector["start"], vector["end"]
    position = start["pos"] and (start["pos"]["sequence"], start["pos"]["epoch"])
    client = Own(start["subId"], start.get("id"), start["state"], position, start["pending"])
    client.seen = position[0] if position else 0
    assert [client.take(frame) for frame in vector["frames"]] == vector["results"]
    assert (client.state, client.pending, client.since) == (end["state"], end["pending"], end["since"])
    assert client.position == (end["position"] and (end["position"]["sequence"], end["position"]["epoch"]))


@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
def test_published_client_in(vector: dict[str, Any]) -> None:
    client, subscriptions = Published(), dict[str, Any]()
    for step in vector["steps"]:
        match step:
            case {"sub": {"as": name, "group": group, **more}}:
                subscriptions[name] = client.subscribe("s", group, more.get("id"))
            case {"frame": _, "throws": True}:
                with pytest.raises(TypeError):
                    client.take(step["frame"])
            case {"frame": frame}:
                client.take(frame)
            case {"close": name}:
                client.close(subscriptions.pop(name))
            case {"state": states}:
                assert {name: subscriptions[name].state for name in states} == states
            case {"events": events}:
                heard = {name: [e["data"] for e in subscriptions[name].events if e["type"] == "e"] for name in events}
                assert heard == events
            case _:
                assert step.keys() == {"reconnect"}  # what it keeps outlives the socket
