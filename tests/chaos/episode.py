"""One fault under load: people come, writers write, the fault happens and ends, all must be as if it had not."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.checker import Excuses, Journals, check
from tests.chaos.clients import Client, Kind, Pace, Subscription
from tests.chaos.database import Dump, Place
from tests.chaos.ledger import Ledger, Violation
from tests.chaos.poster import Poster
from tests.chaos.views import OwnView
from tests.chaos.world import World

SETTLE_S = 60.0  # of a machine that may be busy; it takes a second or two


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong. act: does it and ends it again, in the main thread, while people and writers go on.

    errors: writes may fail meanwhile; holes: fast clients too may be too slow; rate: of each writer, per second.
    """

    name: str
    act: Callable[["Episode"], None]
    errors: bool = False
    holes: bool = False
    only: str | None = None
    rate: float = 40.0
    heavy: int = 0


@dataclass
class Result:
    """How an episode went."""

    fault: str
    kind: str
    tried: int
    frames: int
    sessions: int
    settled_s: float
    violations: list[Violation]
    failed: Counter[str] = field(default_factory=Counter)


class Episode:
    """One run of a fault in a world. span: seconds that the fault may take; settle: how long all may take to be right
    again."""

    def __init__(
        self, world: World, fault: Fault, seed: int, number: int, *, span: float = 3.0, settle: float = SETTLE_S
    ) -> None:
        self.world, self.fault, self.span, self.settle = world, fault, span, settle
        self.dice = random.Random(f"episode {seed} {number} {fault.name}")
        self.seed, self.mark = seed + number, f"-e{number}"
        self.directory = world.home / f"episode-{number}-{fault.name}"
        self.excuses = Excuses(errors=fault.errors, holes=fault.holes)
        self.places: list[Place] = [
            (stream, f"{name}{self.mark}")
            for stream, name in (
                *(("whole", "hot"), ("whole", "calm"), ("brief", "hot"), ("unlogged", "hot")),
                *(("guarded", "open"), ("guarded", "closed-to-all")),
            )
        ]
        self.clients: list[Client] = []
        url = f"http://127.0.0.1:{world.proxy.port}"
        self.poster = Poster(f"poster{self.mark}", url, self.place("whole/hot"), random.Random(f"{self.dice.random()}"))
        self.dumps: list[Dump] = []
        self.found: list[Violation] = []

    def place(self, name: str) -> Place:
        """Return the place "stream/group" of this episode."""
        stream, _, group = name.partition("/")
        return stream, f"{group}{self.mark}"

    # -- the course of it -----------------------------------------------------------------------------------------

    def run(self) -> Result:
        """Do it all."""
        self.directory.mkdir()
        try:
            settled, took = self._course()
        finally:
            self.world.run(self._leave())
        ledger = Ledger(self.dumps)
        found = [*self.found, *check(self.directory, ledger, self.excuses)]
        if not settled and not found:
            found.append(Violation("I1", "clients", f"not settled after {self.settle:g} s"))
        found += [Violation("I11", "processes", what) for what in self.world.left_behind()]
        journals = Journals.of(self.directory, self.excuses)
        return Result(
            fault=self.fault.name,
            kind=self.world.kind,
            tried=journals.tried,
            frames=sum(1 for path in self.directory.glob("client-*") for line in path.open() if '"frame"' in line[:16]),
            sessions=sum(client.sessions for client in self.clients),
            settled_s=took,
            violations=found,
            failed=journals.failed,
        )

    def _course(self) -> tuple[bool, float]:
        """Let it happen; say whether all was right in the end, and after how many seconds."""
        self.people()
        self.world.run(self._all_joined(), 30)
        self.write()
        self.world.loop.loop.call_soon_threadsafe(self.poster.start)
        self.world.pause(min(0.7, self.span / 3))
        try:
            self.fault.act(self)
        finally:
            self.world.revive()
        self.world.pause(min(0.7, self.span / 3))
        self.end_writing()
        self.dumps.append(self.world.database.dump(self.mark))
        began = time.monotonic()
        settled = self.world.run(self._settled(self.dumps[-1]), self.settle + 30)
        return settled, time.monotonic() - began

    def people(self) -> None:
        """Let the usual mix of clients come."""
        whole, calm, brief, unlogged, open_, closed = self.places
        items = [(whole, f"i{number}") for number in range(3)]
        for number in range(5):
            wanted = [(whole, None), (brief, None), (self.dice.choice([calm, unlogged, open_]), None)]
            self.client(f"own{number}", "own", [*wanted, *self.dice.sample(items, 2)])
            self.client(f"published{number}", "published", wanted)
        self.client("items", "own", [(whole, "i0"), (whole, "i1"), (calm, "i2"), (brief, "i3"), (unlogged, "i4")])
        self.client("old-items", "published", [(whole, "i0"), (calm, "i2"), (brief, "i3")])
        for number, wanted in enumerate([(whole, None), (brief, None), (unlogged, None), (whole, "i0"), (whole, None)]):
            self.client(f"switching{number}", "own", [wanted], switching=True)
        self.client("slow", "own", [(whole, None), (brief, None)], pace="slow")
        self.client("old-slow", "published", [(whole, None), (calm, None)], pace="slow")
        self.client("noisy", "own", [(calm, None), (open_, None)], noisy=True)
        self.client("spy", "own", [(closed, None), (closed, "i1"), (calm, None)])
        self.client("old-spy", "published", [(open_, None), (closed, None)])

    def client(
        self,
        name: str,
        kind: Kind,
        wanted: list[tuple[Place, str | None]],
        *,
        pace: Pace = "fast",
        noisy: bool = False,
        switching: bool = False,
        url: str = "",
    ) -> Client:
        """Let one more come."""
        client = Client(
            name=name,
            kind=kind,
            url=url or f"ws://127.0.0.1:{self.world.proxy.port}",
            wanted=[(*place, item) for place, item in wanted],
            directory=self.directory,
            dice=random.Random(f"{self.dice.random()} {name}"),
            pace=pace,
            noisy=noisy,
            switching=switching,
        )
        self.clients.append(client)
        self.world.loop.loop.call_soon_threadsafe(client.start)
        return client

    def write(self, rate: float | None = None) -> None:
        """Let the writers begin, those who do not write already."""
        for writing in self.world.writers:
            if not writing.busy and writing.console.process.running:
                writing.busy = True
                writing.console.begin(
                    "tests.chaos.writers:write",
                    name=f"{writing.name}{self.mark}.{self.dice.randrange(10**6)}",
                    seed=self.seed,
                    places=[list(place) for place in self.places],
                    rate=rate or self.fault.rate,
                    journal=str(self.directory / f"journal-{writing.name}.jsonl"),
                    heavy=self.fault.heavy,
                )

    def end_writing(self) -> None:
        """Let everybody come to the end of what they write."""
        self.world.run(self.poster.stop())
        self.world.end_writing()

    # -- in the loop of the clients -------------------------------------------------------------------------------

    async def _all_joined(self) -> None:
        async with asyncio.timeout(25):
            while not all(client.joined or client.pace == "never" for client in self.clients):  # noqa: ASYNC110 - many
                await asyncio.sleep(0.02)

    async def _settled(self, end: Dump) -> bool:
        """Wait until everybody shows what is kept; say whether that came to be."""
        deadline = time.monotonic() + self.settle
        waiting = [client for client in self.clients if client.pace != "never"]
        while time.monotonic() < deadline:
            waiting = [client for client in waiting if not _settled(client, end)]
            if not waiting:
                await asyncio.sleep(0.1)  # what should not come any more has the time to come
                waiting = [client for client in self.clients if client.pace != "never" and not _settled(client, end)]
                if not waiting:
                    return True
            await asyncio.sleep(0.02)
        return False

    async def _leave(self) -> None:
        for client in self.clients:
            await client.stop()


def _settled(client: Client, end: Dump) -> bool:
    return client.joined and all(
        subscription.denied or _shows(subscription, end) for subscription in client.subscriptions
    )


def _shows(subscription: Subscription, end: Dump) -> bool:
    kept, view = end.get((subscription.stream, subscription.group)), subscription.view
    if kept is None:
        return not view.state
    if isinstance(view, OwnView) and view.item is None and (view.sequence, view.epoch) != (kept.sequence, kept.epoch):
        return False
    return view.state == [value for key, value, _, _ in kept.items if subscription.item in (None, key)]
