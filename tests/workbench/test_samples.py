"""What a process says of its connections: enough to see who is behind, nothing that lets others in."""

from typing import Any

import pytest

from steps import samples
from steps.feed import STREAM, group_of
from streams.identity import Identity
from streams.roster import Look


def look(**facts: Any) -> Look:
    known = {"id": "c", "identity": Identity(), "groups": [], "waiting": 0, "lag_s": 0.0, "since": 1.0}
    return Look(**{**known, **facts})


def test_connections_are_told_with_their_lag_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [f"todo/g{number}" for number in range(12)]
    somebody = look(identity=Identity({"userId": 7}, client="192.0.2.1"), groups=groups, waiting=10, lag_s=1.5)
    monkeypatch.setattr(samples, "looks", lambda most: [somebody, look()][:most])
    first, second = samples.connections()
    assert (first["user"], first["address"], first["lag"], first["waiting"]) == ("7", "192.0.2.1", 1500.0, 10)
    assert (first["groups"], first["joined"]) == (groups[:10], 12)
    assert (second["user"], second["since"]) == (None, 1000.0)


def test_names_that_let_people_in_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "looks", lambda most: [look(groups=[f"{STREAM}/{group_of('runs')}", "todo/a.b"])])
    [found] = samples.connections()
    assert found["groups"] == ["streams:workbench/runs", "todo/a.b"]
