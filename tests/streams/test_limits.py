"""How much is too much: of one connection, of one user, of one address."""

import pytest

from streams.connection import Connection
from streams.errors import TooManyConnections
from streams.identity import Identity, user_key
from streams.limits import Window, Windows, network
from tests.support.peers import Peer, house
from tests.support.stores import PEOPLE

pytestmark = PEOPLE


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What ``time.monotonic`` says there: ``clock[0]``."""
    now = [1000.0]
    monkeypatch.setattr("streams.limits.time.monotonic", lambda: now[0])
    return now


def test_a_window_slides(clock: list[float]) -> None:
    window = Window(3, 10)
    assert [window.allows() for _ in range(4)] == [True, True, True, False]
    clock[0] += 9.9
    assert not window.allows()
    clock[0] += 0.1
    assert [window.allows() for _ in range(4)] == [True, True, True, False]


def test_parties_do_not_use_up_each_others(clock: list[float]) -> None:
    windows = Windows(2, 10)
    assert [windows.allows("a") for _ in range(3)] == [True, True, False]
    assert windows.allows("b")
    clock[0] += 10
    assert windows.allows("a")


def test_the_number_of_parties_is_bounded(clock: list[float]) -> None:
    windows = Windows(1, 10, most=100)
    for number in range(1000):
        windows.allows(str(number))
    assert len(windows._counts) <= 101


@pytest.mark.parametrize(
    ("client", "same"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_an_address_counts_as_its_network(client: str, same: str) -> None:
    assert network(client) == same


async def test_a_user_has_so_many_connections(kept: dict[str, object], settings: object) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_connections_per_user": 2}  # type: ignore[attr-defined]
    ada, bob = (Identity({"userId": name}, frozenset({user_key(name)})) for name in ("ada", "bob"))
    async with house() as opened:
        first, _ = opened.guest(ada), opened.guest(ada)
        with pytest.raises(TooManyConnections):
            opened.guest(ada)
        opened.guest(bob)
        opened.guest(Identity())
        await first.cut()
        opened.guest(ada)
        with pytest.raises(TooManyConnections):
            opened.guest(ada)


async def test_an_address_has_so_many_connections(kept: dict[str, object], settings: object) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_connections_per_address": 2}  # type: ignore[attr-defined]
    async with house() as opened:
        peers = [opened.guest(Identity(client="2001:db8::1")), opened.guest(Identity(client="2001:db8::2"))]
        with pytest.raises(TooManyConnections):
            opened.guest(Identity(client="2001:db8::3"))
        opened.guest(Identity(client="192.0.2.7"))
        await peers[0].cut()
        opened.guest(Identity(client="2001:db8::3"))


async def flood(peer: Peer, joins: int) -> list[str | None]:
    for number in range(joins):
        await peer.join("s", "g", subscription=f"s{number % 3}")
    await peer.wait_closed()
    return [frame.error for frame in peer.frames if frame.error]


async def test_a_connection_joins_so_often(kept: dict[str, object], stream: object, settings: object) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_joins_per_minute": 20}  # type: ignore[attr-defined]
    async with house() as opened:
        peer, neighbour = opened.peer(), opened.peer()
        await neighbour.joined("s", "g")
        assert await flood(peer, 21) == ["RATE_LIMITED"]
        assert peer.close_code == 4508
        assert (await neighbour.joined("s", "g")).kind == "sync"


async def test_a_user_joins_so_often_over_all_connections(
    kept: dict[str, object], stream: object, settings: object
) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_joins_per_user_per_minute": 30}  # type: ignore[attr-defined]
    async with house() as opened:
        ada, bob = (Identity({"userId": name}, frozenset({user_key(name)})) for name in ("ada", "bob"))
        first, second, other = opened.guest(ada), opened.guest(ada), opened.guest(bob)
        for number in range(30):
            await first.join("s", "g", subscription=f"s{number % 3}")
        assert await flood(second, 1) == ["RATE_LIMITED"]
        assert not first.closed
        assert (await other.joined("s", "g")).kind == "sync"


def say(peer: Peer, messages: int, message: object = '{"type":"ping"}') -> None:
    for _ in range(messages):
        peer.server.take(message)  # type: ignore[arg-type]


async def test_a_user_says_so_much_over_all_connections(kept: dict[str, object], settings: object) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_messages_per_user_per_minute": 30}  # type: ignore[attr-defined]
    async with house() as opened:
        ada, bob = (Identity({"userId": name}, frozenset({user_key(name)}), client="192.0.2.7") for name in "ab")
        first, second, other = opened.guest(ada), opened.guest(ada), opened.guest(bob)
        say(first, 20)
        say(second, 10, "{bad")  # what is wrong is heard, too
        assert not first.closed
        say(first, 1)
        assert await first.wait_closed() == 4508
        assert first.frames[-1].error == "RATE_LIMITED"
        assert [frame.error for frame in first.frames].count("RATE_LIMITED") == 1
        await first.cut()
        say(again := opened.guest(ada), 1)  # a new connection starts from nothing; its user does not
        assert await again.wait_closed() == 4508
        say(other, 30)
        assert not other.closed


async def test_nobodies_of_one_address_say_so_much(kept: dict[str, object], settings: object) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_messages_per_user_per_minute": 30}  # type: ignore[attr-defined]
    async with house() as opened:
        peers = [opened.guest(Identity(client=f"2001:db8::{number}")) for number in (1, 2)]
        neighbour = opened.guest(Identity(client="2001:db8:0:1::1"))
        say(peers[0], 15)
        say(peers[1], 16)
        assert await peers[1].wait_closed() == 4508
        assert not peers[0].closed
        say(neighbour, 30)
        assert not neighbour.closed


async def test_refreshes_count_as_joins(kept: dict[str, object], stream: object, settings: object) -> None:
    settings.STREAMS = {**settings.STREAMS, "max_joins_per_minute": 2}  # type: ignore[attr-defined]
    async with house() as opened:
        peer = opened.peer()
        await peer.joined("s", "g")
        await peer.joined("s", "g")
        await peer.send({"type": "refresh", "data": {"token": "t"}})
        assert await peer.wait_closed() == 4508
        assert isinstance(peer.server, Connection)
