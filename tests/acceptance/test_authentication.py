"""Who a real handshake, event stream or request is, on both servers; who is refused, and with what."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.support.product import Product, Products
from tests.support.server import Server
from tests.support.sockets import Socket

SETTINGS = "tests.support.guarded_settings"
USER, PASSWORD = "keeper", "for-tests-only"


@pytest.fixture(scope="module")
def guarded(products: Products) -> Product:
    """A copy whose processes know the guarded streams."""
    product = products.make("sqlite")
    product.environment["DJANGO_SETTINGS_MODULE"] = SETTINGS
    product.writer.call("make_user", username=USER, password=PASSWORD)
    return product


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def server(request: pytest.FixtureRequest, guarded: Product) -> Server:
    return guarded.serve(request.param, settings=SETTINGS)


@pytest.fixture
async def cookie(guarded: Product) -> str:
    key: str = await guarded.writer.acall("log_in", username=USER)
    return f"sessionid={key}"


async def told(server: Server, path: str = "/", **how: Any) -> Any:
    """Return what the server makes of who opens a socket."""
    async with await Socket.connect(f"{server.ws}{path}", **how) as socket:
        await socket.join("mirror", "g")
        [answer] = await socket.recv()
        assert answer.error == "STREAM_ACCESS_DENIED"
        return json.loads(answer.value["data"]["message"])


async def refused(server: Server, path: str = "/", **how: Any) -> int:
    with pytest.raises(InvalidStatus) as caught:
        await Socket.connect(f"{server.ws}{path}", **how)
    return caught.value.response.status_code


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.feature("D11", "D12")
async def test_token_in_a_header(server: Server) -> None:
    assert await told(server, headers=bearer("user.ada")) == {"userId": "ada"}


@pytest.mark.feature("D13")
async def test_token_in_a_subprotocol_is_echoed_without_it(server: Server) -> None:
    async with await Socket.connect(server.ws, subprotocols=["Authorization", "user.ada"]) as socket:
        assert socket.connection.subprotocol == "Authorization"
        assert (await socket.joined("vault", "ada")).kind == "sync"


@pytest.mark.feature("D13")
async def test_token_in_the_query(server: Server) -> None:
    for path in ("/?authToken=user.ada", "/streams/?x=1&authToken=user.ada", "/streams?authToken=user%2Eada"):
        assert await told(server, path) == {"userId": "ada"}


async def test_nobody_is_let_in_and_kept_out_of_what_is_guarded(server: Server) -> None:
    assert await told(server) is None
    async with await Socket.connect(server.ws) as socket:
        await socket.join("vault", "ada")
        assert (await socket.recv())[0].error == "STREAM_ACCESS_DENIED"


@pytest.mark.feature("D11", "D14")
@pytest.mark.parametrize("token", ["no", "raises", "sleeps", "brief.-1_ada", "ticket.forged"])
async def test_refusal(server: Server, token: str) -> None:
    expected = 401 if server.process.name.startswith("uvicorn") else 403
    assert await refused(server, headers=bearer(token)) == expected
    assert await refused(server, subprotocols=["Authorization", token]) == expected
    assert await refused(server, f"/?authToken={token}") == expected
    assert await told(server, headers=bearer("user.ada")) == {"userId": "ada"}  # and the next one is served


async def test_session_needs_no_code(server: Server, cookie: str) -> None:
    me = await told(server, headers={"Cookie": cookie})
    assert me["userId"].isdigit()
    assert await told(server, headers={"Cookie": cookie}, origin=server.url) == me


async def test_cookie_of_another_sites_page_is_ignored(server: Server, cookie: str) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
        assert await told(server, headers={"Cookie": cookie}, origin=origin) is None


async def test_with_a_token_the_session_is_not_looked_at(server: Server, cookie: str) -> None:
    assert await told(server, headers={"Cookie": cookie, **bearer("user.ada")}) == {"userId": "ada"}
    assert await refused(server, headers={"Cookie": cookie, **bearer("no")}) in (401, 403)


async def test_ticket_opens_once(server: Server, guarded: Product) -> None:
    made = await guarded.writer.acall("make_ticket", username=USER)
    me = await told(server, subprotocols=["Authorization", made])
    assert me["userId"].isdigit()
    assert await refused(server, subprotocols=["Authorization", made]) in (401, 403)


async def test_connection_ends_when_its_token_does(server: Server) -> None:
    async with await Socket.connect(server.ws, headers=bearer("brief.0.7_ada")) as socket:
        await socket.joined("vault", "ada")
        assert await socket.wait_closed() == 4401
        assert socket.frames[-1].error == "TOKEN_EXPIRED"


async def test_refresh_over_the_open_socket(server: Server, guarded: Product) -> None:
    async with await Socket.connect(server.ws, headers=bearer("brief.2_ada")) as socket:
        await socket.joined("vault", "ada")
        await socket.send({"type": "refresh", "data": {"token": "brief.60_ada"}})
        await socket.recv_until(lambda frame: frame.kind == "refreshed")
        async with await Socket.connect(server.ws, headers=bearer("brief.2_ada")) as other:
            assert await other.wait_closed() == 4401  # by now the first token is over
        await guarded.writer.astream("vault", "set", "ada", "i", {"v": 1})
        await socket.recv_until(lambda frame: frame.kind in ("create", "update"))
        await socket.send({"type": "refresh", "data": {"token": "no"}})
        assert await socket.wait_closed() == 4401


async def test_refresh_to_somebody_else_ends_it(server: Server) -> None:
    async with await Socket.connect(server.ws, headers=bearer("user.ada")) as socket:
        await socket.joined("vault", "ada")
        await socket.send({"type": "refresh", "data": {"token": "user.bob"}})
        assert await socket.wait_closed() == 4401


async def test_subscriptions_are_each_their_own(server: Server) -> None:
    async with await Socket.connect(server.ws, headers=bearer("user.ada")) as ada:
        await ada.joined("vault", "ada")
        await ada.join("vault", "bob")
        assert (await ada.recv())[0].error == "STREAM_ACCESS_DENIED"


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        yield client


@pytest.mark.feature("D14")
async def test_refusals_and_tokens_are_logged_without_the_token(server: Server, http: httpx.AsyncClient) -> None:
    secret = "s3cretive"
    before = len(server.process.output)
    await refused(server, headers=bearer(f"raises.{secret}"))
    await refused(server, subprotocols=["Authorization", f"raises.{secret}"])
    await refused(server, f"/?authToken=raises.{secret}")
    await http.get(f"/healthz?x=1&authToken={secret}")
    await http.get(f"/nowhere?authToken={secret}&y=1")
    assert await told(server, f"/?authToken=user.{secret}") == {"userId": secret}
    await told(server, subprotocols=["Authorization", f"user.{secret}"])
    said = server.process.output[before:]
    assert "authenticate_stream failed" in said
    assert "authentication refused" in said
    assert secret not in said


@pytest.mark.parametrize(("kind", "arguments"), [("daphne", ["--verbosity", "1"]), ("uvicorn", ["--access-log"])])
async def test_access_logs_show_requests_without_their_tokens(
    guarded: Product, kind: str, arguments: list[str]
) -> None:
    server, secret = guarded.serve(kind, *arguments, settings=SETTINGS), "s3cretive"
    assert await told(server, f"/?x=1&authToken=user.{secret}") == {"userId": secret}
    assert await refused(server, f"/?authToken=raises.{secret}&x=2") in (401, 403)
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        assert (await client.get(f"/streams/?authToken=user.{secret}&x=3")).status_code == 200
    shown = (
        ["?x=1&authToken=***", "?authToken=***&x=2", "?authToken=***&x=3"]
        if kind == "uvicorn"
        else ["?authToken=***&x=3"]
    )
    server.process.says(shown[-1])
    assert [text for text in shown if text not in server.process.output] == []
    assert secret not in server.process.output
    server.kill()
