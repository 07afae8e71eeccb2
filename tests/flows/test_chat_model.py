"""The chat and a model that fails, stalls, or says more than anybody wants to hear."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.steps.factory import Factory
from tests.support.peers import aeventually
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.sockets import Frame, Socket
from tests.support.talker import WORDS, Talker, talker

STREAM = "chatMessage"
FALLBACK = "The model does not answer. Please try again later."


@pytest.fixture(scope="module")
def model() -> Iterator[Talker]:
    with talker() as running:
        yield running


@pytest.fixture(scope="module")
def factory(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres | GivenPostgres, model: Talker
) -> Iterator[Factory]:
    asked = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "a key", "OPENAI_MODEL": "talker"}
    made = Factory("sqlite", tmp_path_factory.mktemp("talker"), postgres_server, **asked)
    made.start(web=True)
    yield made
    made.stop()


@pytest.fixture
async def http(factory: Factory) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=factory.product.web.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
async def socket(factory: Factory, room: str) -> AsyncIterator[Socket]:
    """Somebody who is in the room."""
    async with await Socket.connect(factory.product.web.ws) as joined:
        await joined.joined(STREAM, room)
        yield joined


@pytest.fixture
def room() -> str:
    return f"r-{uuid4().hex[:12]}"


async def say(http: httpx.AsyncClient, room: str, message: str) -> str:
    response = await http.post("/chat", json={"message": message, "room": room})
    assert response.status_code == 200
    id: str = response.json()["id"]
    return id


def has(status: str) -> Any:
    return lambda frame: frame.kind == "update" and frame.value["status"] == status


def last(frames: list[Frame]) -> str:
    text: str = frames[-1].value["message"]
    return text


async def test_what_was_said_in_the_room_is_told_to_the_model(
    http: httpx.AsyncClient, socket: Socket, room: str, model: Talker
) -> None:
    for question in ("one", "two"):
        await say(http, room, question)
        assert last(await socket.recv_until(has("completed"))) == "".join(WORDS)
    assert model.asked[-1]["model"] == "talker"
    assert model.asked[-1]["messages"] == [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "".join(WORDS)},
        {"role": "user", "content": "two"},
    ]


@pytest.mark.feature("E26")
@pytest.mark.parametrize(
    ("how", "text"),
    [("fail", FALLBACK), ("break", f"Once upon \n\n{FALLBACK}"), ("garble", f"Once upon \n\n{FALLBACK}")],
)
async def test_a_model_that_fails_is_told_and_the_job_is_not_lost(
    factory: Factory, http: httpx.AsyncClient, socket: Socket, room: str, model: Talker, how: str, text: str
) -> None:
    id = await say(http, room, how)
    assert last(await socket.recv_until(has("failed"))) == text
    look = "SELECT state, failures FROM steps_run WHERE step = 'AnswerChat' AND input LIKE ?"
    rows = await aeventually(
        lambda: [row for row in factory.rows(look, f"%{id}%") if row[0] != "running"], what="the run ends"
    )
    assert rows == [("done", 0)]
    await say(http, room, "and now?")
    assert last(await socket.recv_until(has("completed"))) == "".join(WORDS)
    told = model.asked[-1]["messages"]
    assert [one["content"] for one in told] == [how, "and now?"], "the model is not told that it failed"


@pytest.mark.parametrize("how", ["endless", "silent"])
async def test_stopping_ends_the_answer_and_the_model(
    http: httpx.AsyncClient, socket: Socket, room: str, model: Talker, how: str
) -> None:
    id = await say(http, room, how)
    await socket.recv_until(has("streaming"))
    response = await http.post(f"/chat/{id}/stop", json={"room": room})
    assert response.status_code == 200
    stopped = (await socket.recv_until(has("stopped")))[-1].value
    assert stopped["message"].startswith("more " if how == "endless" else "Once ")
    await aeventually(lambda: model.gone[how] == 1, what="nobody listens to the model any more")
    await say(http, room, "next")  # the room's next question waits for nothing
    after = await socket.recv_until(has("completed"))
    assert [frame for frame in after if frame.data.get("id") == id] == [], "nothing is added to what was stopped"


async def test_an_answer_that_is_stopped_before_its_turn_is_not_asked_for(
    http: httpx.AsyncClient, socket: Socket, room: str, model: Talker
) -> None:
    first = await say(http, room, "endless")
    await socket.recv_until(has("streaming"))
    second, asked = await say(http, room, "second"), len(model.asked)
    for id in (second, first):
        assert (await http.post(f"/chat/{id}/stop", json={"room": room})).status_code == 200
    ends = [(await socket.recv_until(has("stopped")))[-1].value for _ in range(2)]
    assert [end["id"] for end in ends] == [first, second], "one after the other"
    assert ends[1]["message"] == ""
    assert len(model.asked) == asked


async def test_an_answer_that_is_deleted_is_not_written_again(
    factory: Factory, http: httpx.AsyncClient, socket: Socket, room: str, model: Talker
) -> None:
    before = model.gone["endless"]
    id = await say(http, room, "endless")
    await socket.recv_until(has("streaming"))
    await factory.product.writer.astream(STREAM, "delete", room, id)
    await socket.recv_until(lambda frame: frame.kind == "delete")
    await aeventually(lambda: model.gone["endless"] == before + 1, what="nobody listens to the model any more")
    assert [item["message"] for item in await factory.product.writer.astream(STREAM, "list", room)] == ["endless"]


@pytest.mark.slow
async def test_an_answer_begins_again_when_its_worker_was_killed(
    factory: Factory, http: httpx.AsyncClient, socket: Socket, room: str
) -> None:
    await say(http, room, "shy")
    await socket.recv_until(lambda frame: frame.kind == "update" and frame.value["message"] == "Once upon ")
    factory.workers[0].kill()
    factory.revive(factory.workers[0])
    frames = await socket.recv_until(has("completed"), within=60)
    assert last(frames) == "".join(WORDS), "and nothing twice"


@pytest.mark.feature("F7")
async def test_who_goes_away_stops_the_model(http: httpx.AsyncClient, model: Talker) -> None:
    before = model.gone["endless"]
    async with http.stream("POST", "/ai", json={"message": "endless"}) as response:
        async for text in response.aiter_text():
            assert text.startswith('data: {"content":"more "}')
            break
    await aeventually(lambda: model.gone["endless"] == before + 1, what="the handler is cancelled")


async def test_a_model_that_fails_at_once_is_a_502(http: httpx.AsyncClient) -> None:
    response = await http.post("/ai", json={"message": "fail"})
    assert response.status_code == 502
    assert response.json() == {"error": "The model does not answer"}


async def test_a_model_that_fails_later_ends_the_stream_with_an_error(http: httpx.AsyncClient) -> None:
    text = ""
    with suppress(httpx.RemoteProtocolError):
        text = (await http.post("/ai", json={"message": "garble"})).text
    assert '{"content":"upon "}' in text
    assert "event: error" in text
    assert "[DONE]" not in text
