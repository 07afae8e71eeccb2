"""Demo 2, the pet shelter: the request answers at once, the jobs tell the rest into one group."""

import asyncio
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from tests.steps.factory import Factory
from tests.support.postgres import GivenPostgres, Postgres
from tests.support.sockets import Frame, Socket

PET = {"name": "Max", "species": "dog", "ageMonths": 24}
STAGES = ["bio", "breedGuess", "temperamentTags", "adopterHints"]


class Model(BaseHTTPRequestHandler):
    """Answers as OpenAI's chat API does; from the third question on it is broken while ``broken`` says so."""

    broken = False
    asked = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked += 1
        if self.broken and type(self).asked > 2:
            self.send_error(500)
            return
        body = json.dumps({"choices": [{"message": {"content": f" answer {type(self).asked} "}}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def model() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def factory(
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: Postgres | GivenPostgres,
    model: ThreadingHTTPServer,
) -> Iterator[Factory]:
    made = Factory(
        "sqlite",
        tmp_path_factory.mktemp("pets"),
        postgres_server,
        OPENAI_API_KEY="a key",
        OPENAI_BASE_URL=f"http://127.0.0.1:{model.server_address[1]}/v1",
    )
    made.start(web=True)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def _working_model() -> None:
    Model.broken, Model.asked = False, 0


async def follow(factory: Factory, **pet: Any) -> tuple[httpx.Response, list[Frame], list[Frame]]:
    """Take a pet in; return the answer, what a subscriber of the item and one of the group were told."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.post(f"{factory.product.web.url}/pets", json=PET | pet)
    address = answer.json()["__stream"]
    web = factory.product.web.ws
    async with await Socket.connect(web) as item, await Socket.connect(web) as group:
        await item.join(address["streamName"], address["groupId"], address["id"])
        await group.join(address["streamName"], address["groupId"])
        told = await item.recv_until(lambda frame: _progress(frame) == 100, within=30)
        rest = await group.recv_until(lambda frame: "completed" in _ids(frame), within=30)
        return answer, told, rest


def _progress(frame: Frame) -> object:
    return frame.value.get("progress") if isinstance(frame.value, dict) else None


def _ids(frame: Frame) -> set[str]:
    values = frame.value if isinstance(frame.value, list) else [frame.value]
    return {value["id"] for value in values if value}


def messages(frames: list[Frame]) -> list[str]:
    return [frame.value["message"] for frame in frames]


@pytest.mark.feature("I9", "B23", "B24", "E23")
async def test_pet_with_symptoms(factory: Factory) -> None:
    answer, told, rest = await follow(factory, symptoms=["coughing"])
    assert answer.status_code == 201
    body = answer.json()
    trace = answer.headers["traceparent"].split("-")[1]
    assert body["message"].startswith("Pet Max (ID: ")
    assert ") created successfully" in body["message"]
    assert body["__stream"] == {"streamName": "petCreation", "groupId": trace, "id": "message"}
    assert told[0].kind == "sync"
    assert "created successfully" in told[0].value["message"] or "quarantine" in told[0].value["message"]
    assert messages(told)[-2:] == [
        "Health check failed for Max - symptoms detected: coughing",
        "Max needs medical treatment ❌",
    ]
    assert any("entered quarantine period" in text for text in messages(told))

    seen = [id for frame in rest for id in ([frame.data["id"]] if "id" in frame.data else sorted(_ids(frame)))]
    order = [id for id in dict.fromkeys(seen) if id != "message"]
    assert order == ["enrichment_started", *(f"progress_{stage}" for stage in STAGES), "completed"]
    profile = rest[-1].value["data"]
    assert profile == {stage: f"answer {number}" for number, stage in enumerate(STAGES, 1)}

    await asyncio.to_thread(factory.finished, 20)
    runs = dict(factory.rows("SELECT step, operations FROM steps_run WHERE trace_id = ?", trace))
    assert runs.keys() == {"CreatePet", "SetNextFeedingReminder", "Orchestrator", "AiProfileEnrichment"}
    for operations in runs.values():
        assert "streams.petCreation.set" in [entry["operation"] for entry in json.loads(operations)]
    logs = "".join(text for (text,) in factory.rows("SELECT logs FROM steps_run WHERE trace_id = ?", trace))
    said = {line["message"] for part in logs.split("][") for line in json.loads(f"[{part.strip('[]')}]")}
    assert {"🐾 Pet created", "🔒 Quarantine begun", "🤒 Symptoms detected", "❌ Treatment needed"} <= said
    assert {"🤖 Enrichment started", "🎉 Enrichment completed"} <= said


@pytest.mark.feature("I9")
async def test_pet_without_symptoms(factory: Factory) -> None:
    _, told, _ = await follow(factory)
    assert messages(told)[-2:] == [
        "Health check passed for Max - no symptoms found",
        "Max is healthy and ready for adoption! ✅",
    ]


@pytest.mark.feature("E26", "I9")
async def test_model_that_fails_leads_to_the_plain_profile(factory: Factory) -> None:
    Model.broken = True
    answer, _, rest = await follow(factory, name="Minka", species="cat")
    assert rest[-1].value["message"] == "Enrichment of Minka completed with fallback profile"
    assert rest[-1].value["data"]["bio"] == "Minka is a lovely cat looking for a home."
    trace = answer.headers["traceparent"].split("-")[1]
    await asyncio.to_thread(factory.finished, 20)
    look = "SELECT state, failures FROM steps_run WHERE trace_id = ? AND step = 'AiProfileEnrichment'"
    assert factory.rows(look, trace) == [("done", 0)], "the job is not lost"


@pytest.mark.parametrize(
    "wrong",
    [{"species": "dragon"}, {"name": ""}, {"ageMonths": -1}, {"ageMonths": "old"}, {"symptoms": "coughing"}],
)
def test_wrong_pet_is_refused(factory: Factory, wrong: dict[str, Any]) -> None:
    answer = httpx.post(f"{factory.product.web.url}/pets", json=PET | wrong, trust_env=False, timeout=60)
    assert answer.status_code == 400
    assert [name.split(".")[0] for name in answer.json()["fields"]] == list(wrong)


@pytest.mark.feature("E6")
def test_request_is_answered_before_its_first_job_began(factory: Factory) -> None:
    answer = httpx.post(f"{factory.product.web.url}/pets", json=PET, trust_env=False, timeout=60)
    assert answer.json()["progress"] == 10
    assert "status: new" in answer.json()["message"]
