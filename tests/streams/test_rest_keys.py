"""``Idempotency-Key``: what is repeated is written once, and answered as the first time."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from streams import idempotency
from streams.conf import conf
from streams.models import Answer
from streams.writer import Stream
from tests.support.heard import Heard
from tests.support.threads import Steps, together
from tests.support.web import ON_BOTH, ON_SQLITE, POSTGRES, SQLITE

Declare = Callable[..., Stream]


class Unlucky(Exception):
    """What a test throws in."""


COUNT = [{"type": "increment", "path": "n"}]


@pytest.fixture
def client() -> APIClient:
    return APIClient()


@pytest.fixture
def stream(declare: Declare) -> Stream:
    return declare("s", public=True, can_write=lambda subscription, auth, operation: True)


def send(client: APIClient, method: str, path: str, body: Any, key: str | None = "k1") -> Any:
    more = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    return getattr(client, method)(path, json.dumps(body), content_type="application/json", **more)


def count(client: APIClient, key: str | None = "k1", path: str = "/streams/s/g/a/") -> Any:
    return send(client, "patch", path, COUNT, key)


@ON_BOTH
def test_the_same_key_writes_once_and_gets_the_same_answer(stream: Stream, client: APIClient, heard: Heard) -> None:
    first, second = count(client), count(client)
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, {"n": 1, "id": "a"})
    assert [answer.get("Idempotency-Replayed") for answer in (first, second)] == [None, "true"]
    assert stream.get("g", "a") == {"n": 1, "id": "a"}
    assert len(heard.messages) == 1
    assert count(client, "k2").json() == {"n": 2, "id": "a"}
    assert count(client, None).json() == {"n": 3, "id": "a"}
    assert count(client).json() == {"n": 1, "id": "a"}


@ON_SQLITE
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "/streams/s/g/a/", {"n": 1}),
        ("delete", "/streams/s/g/a/", None),
        ("post", "/streams/s/g/", {"type": "ping"}),
        ("post", "/streams/s/g/a/", {"type": "ping"}),
    ],
)
def test_every_write_takes_a_key(
    stream: Stream, client: APIClient, heard: Heard, method: str, path: str, body: Any
) -> None:
    stream.set("g", "a", {"n": 0})
    first = send(client, method, path, body)
    stream.set("g", "a", {"n": 5})
    told = len(heard.messages)
    second = send(client, method, path, body)
    assert first.status_code < 300
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (stream.get("g", "a"), len(heard.messages)) == ({"n": 5, "id": "a"}, told)


@ON_SQLITE
def test_a_key_for_something_else_is_refused(stream: Stream, client: APIClient) -> None:
    count(client)
    answer = send(client, "patch", "/streams/s/g/a/", [*COUNT, *COUNT])
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert stream.get("g", "a") == {"n": 1, "id": "a"}


@ON_SQLITE
def test_a_key_is_of_one_user_method_and_path(stream: Stream, client: APIClient) -> None:
    count(client)
    assert count(client, path="/streams/s/g/b/").status_code == 201
    assert count(client, path="/streams/s/h/a/").status_code == 201
    assert send(client, "put", "/streams/s/g/a/", {"n": 7}).json() == {"n": 7, "id": "a"}
    client.force_login(User.objects.create_user("eve"))
    assert count(client).json() == {"n": 8, "id": "a"}


@ON_SQLITE
def test_what_failed_may_be_tried_again(stream: Stream, client: APIClient) -> None:
    stream.set("g", "a", {"n": "text"})
    assert count(client).status_code == 400
    assert send(client, "delete", "/streams/s/g/b/", None).status_code == 404
    assert not Answer.objects.exists()
    stream.set("g", "a", {"n": 4})
    assert count(client).json() == {"n": 5, "id": "a"}


@ON_BOTH
def test_the_answer_commits_with_the_write(
    stream: Stream, client: APIClient, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise Unlucky

    with monkeypatch.context() as patched:
        patched.setattr("django.db.models.query.QuerySet.update", die)
        with pytest.raises(Unlucky):
            count(client)
    assert (stream.get("g", "a"), heard.messages) == (None, [])
    assert count(client).json() == {"n": 1, "id": "a"}


@ON_BOTH
def test_of_many_at_once_one_writes(stream: Stream) -> None:
    def ask() -> Any:
        answer = count(APIClient())
        return answer.status_code, answer.json(), answer.get("Idempotency-Replayed")

    answers = together(*[ask] * 6)
    assert [answer[:2] for answer in answers] == [(201, {"n": 1, "id": "a"})] * 6
    assert sorted(str(replayed) for _, _, replayed in answers) == ["None", *["true"] * 5]
    assert stream.get("g", "a") == {"n": 1, "id": "a"}


@ON_BOTH
def test_who_waits_for_one_that_fails_writes(stream: Stream) -> None:
    """The first has claimed the key, writes and fails; the second, which asked meanwhile, is the one."""
    steps = Steps("claimed", "asked")

    def first() -> None:
        def write() -> idempotency.Answer:
            stream.update("g", "a", COUNT)
            steps.reach("claimed")
            steps.wait("asked")
            raise Unlucky

        keyed = idempotency.KeyedWrite("k1", [None, "PATCH", "s", "g", "a"], json.dumps(COUNT).encode())
        with pytest.raises(Unlucky):
            keyed.once(stream.store, write)

    def second() -> Any:
        steps.wait("claimed")
        steps.reach("asked")
        answer = count(APIClient())
        return answer.status_code, answer.json(), answer.get("Idempotency-Replayed")

    assert together(first, second)[1] == (201, {"n": 1, "id": "a"}, None)


@ON_SQLITE
@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_is_bounded(stream: Stream, client: APIClient, key: str) -> None:
    assert count(client, key).status_code == 400
    assert stream.get("g", "a") is None


@ON_SQLITE
def test_a_key_is_forgotten_after_its_time(stream: Stream, client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    count(client)
    old = timezone.now() - timedelta(seconds=conf().idempotency_s + 1)
    Answer.objects.update(created_at=old)
    assert count(client).json() == {"n": 2, "id": "a"}
    count(client, "k2")
    Answer.objects.update(created_at=old)
    monkeypatch.setattr(idempotency._purger, "_next", 0.0)
    count(client, "k3")
    assert Answer.objects.count() == 1, "the others are deleted"


@ON_SQLITE
def test_who_may_not_write_any_more_gets_no_old_answer(declare: Declare, client: APIClient) -> None:
    allowed = [True]
    declare("s", public=True, can_write=lambda *_: allowed[0])
    count(client)
    allowed[0] = False
    assert count(client).status_code == 403


@ON_SQLITE
def test_who_may_not_read_any_more_is_told_nothing(declare: Declare, client: APIClient) -> None:
    allowed = [True]
    declare("s", can_access=lambda *_: allowed[0], can_write=lambda *_: True)
    assert count(client).status_code == 201
    allowed[0] = False
    answer = count(client)
    assert (answer.status_code, answer.content, answer["Idempotency-Replayed"]) == (204, b"", "true")


@pytest.mark.parametrize("kept", [pytest.param({"storage": "memory"}, marks=SQLITE)], indirect=True)
def test_streams_in_memory_take_keys_too(declare: Declare, client: APIClient) -> None:
    declare("s", public=True, storage="memory", can_write=lambda *_: True)
    assert [count(client, "m1").json()["n"], count(client, "m1").json()["n"], count(client, "m2").json()["n"]] == [
        1,
        1,
        2,
    ]


@pytest.mark.parametrize("kept", [pytest.param({"database": "default"}, marks=POSTGRES)], indirect=True)
def test_the_answer_is_kept_where_the_items_are(declare: Declare, client: APIClient) -> None:
    declare("s", public=True, storage="tests.support.stores.PostgresStore", can_write=lambda *_: True)
    assert [count(client).json()["n"] for _ in range(2)] == [1, 1]
    assert [Answer.objects.using(alias).count() for alias in ("default", "postgres")] == [0, 1]
