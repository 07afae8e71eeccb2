"""The models of clients that other tests believe in do what the vectors say that the real clients do."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import Own, Published

VECTORS = Path(__file__).parent.parent / "vectors"
OWN = json.loads((VECTORS / "own.json").read_text())
# what the model leaves out: rooms that are one by accident, sorting, and what throws inside the client
LEFT_OUT = {"group-id-like-an-item-room", "two-sort-keys-share-one-array", "delete-without-data"}
PUBLISHED = [
    vector for vector in json.loads((VECTORS / "published.json").read_text()) if vector["name"] not in LEFT_OUT
]


def position(value: Any) -> tuple[int, str] | None:
    return None if value is None else (value["sequence"], value["epoch"])


@pytest.mark.parametrize("vector", OWN, ids=lambda vector: vector["name"])
def test_own(vector: dict[str, Any]) -> None:
    start, end = vector["start"], vector["end"]
    client = Own(start["subId"], start.get("id"), start["state"], position(start["pos"]), start["pending"])
    assert [client.take(frame) for frame in vector["frames"]] == vector["results"]
    assert (client.state, client.position, client.pending, client.since) == (
        *(end["state"], position(end["position"])),
        *(end["pending"], position(end["since"])),
    )


@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
def test_published(vector: dict[str, Any]) -> None:
    clients: dict[str, tuple[str, Published]] = {}
    for step in vector["steps"]:
        match step:
            case {"sub": sub}:
                clients[sub["as"]] = (sub["group"], Published(sub.get("id")))
            case {"close": name}:
                del clients[name]
            case {"frame": dict() as frame}:
                for group, client in clients.values():
                    if frame.get("groupId") == group:
                        client.take(frame)
            case {"state": states}:
                assert {name: clients[name][1].state for name in states} == states
            case {"events": events}:
                assert {name: clients[name][1].events for name in events} == events
