"""Whatever happens in whatever order: what a client was sent is what a new client would be sent.

Programs are drawn from a seed; a failure names it and the steps that were taken.
"""

import logging
import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from streams.registry import registry
from streams.writer import Stream
from tests.support.warp import run
from tests.support.worlds import Actor, World

PROGRAMS = 20_000 if os.environ.get("MILLRACE_LONG") else 200
ITEMS = ["x", "y", "z"]
WHERE = [None, "x", "y"]

T = TypeVar("T")


@pytest.fixture(autouse=True)
def _stream() -> Iterator[None]:
    before = registry.all()
    registry.replace([Stream("s", public=True)])
    logging.disable(logging.CRITICAL)  # of thousands of resyncs there is nothing to be learnt
    yield
    logging.disable(logging.NOTSET)
    registry.replace(before)


class Program:
    """Takes one step after the other of those that are possible at the moment."""

    def __init__(self, world: World, seed: int, *, slow: bool, sizes: list[int]) -> None:
        self.world, self.dice, self.slow, self.sizes = world, random.Random(seed), slow, sizes
        self.taken: list[str] = []

    async def run(self, length: int) -> None:
        # each program knows some of the steps only, and likes some more than others: so it gets further in its own way
        likely = {name: self.dice.choice([0, 1, 1, 2, 4]) for name in self.steps}
        likely |= {"turn": 4, "join": 2, "write": 1 + likely["write"], "read answers": 1 + likely["read answers"]}
        for _ in range(length):
            names = [name for name, (may, _) in self.steps.items() if likely[name] and may(self)]
            [name] = self.dice.choices(names, [likely[name] for name in names])
            self.taken.append(name)
            await self.steps[name][1](self)

    def pick(self, values: Sequence[T]) -> T:
        value = self.dice.choice(values)
        self.taken[-1] += f" {value!r:.40}"
        return value

    def index(self, values: Sequence[Any]) -> int:
        return self.pick(range(len(values)))

    async def commit(self) -> None:
        self.world.commit(
            self.pick(ITEMS),
            self.pick(["update", "delete"]),
            self.pick(self.sizes),
            told=self.pick([True, True, False]),
        )

    async def write(self) -> None:
        """Commit, and be heard at once."""
        self.world.commit(self.pick(ITEMS), self.pick(["update", "delete"]), self.pick(self.sizes), told=True)
        self.world.hint(len(self.world.hints) - 1, keep=False, short=False)

    async def hint(self) -> None:
        self.world.hint(
            self.index(self.world.hints), keep=self.pick([False, True]), short=self.pick([False] * 5 + [True])
        )

    async def all_hints(self) -> None:
        self.world.all_hints()

    async def lose_hint(self) -> None:
        self.world.hints.pop(self.index(self.world.hints))

    async def look(self) -> None:
        self.world.look()

    async def event(self) -> None:
        self.world.event(self.pick(WHERE), own=self.pick([False, True]))

    async def hear_event(self) -> None:
        self.world.hear_event(self.index(self.world.events))

    async def read_looks(self) -> None:
        looking = [read for read in self.world.reads.pending if read.looks]
        looking[self.index(looking)].look()

    async def read_answers(self) -> None:
        self.world.reads.pending[self.index(self.world.reads.pending)].finish()

    async def read_fails(self) -> None:
        self.world.reads.pending[self.index(self.world.reads.pending)].fail()

    async def timer(self) -> None:
        self.world.timers[self.index(self.world.timers)].run()

    async def verify(self) -> None:
        self.world.verify()

    async def trim(self) -> None:
        self.world.database.trimmed = self.index([None, *self.world.database.changes])

    async def restore(self) -> None:
        """Go back to a backup, mostly to a recent one, and write on from there: another history of the same numbers."""
        back = self.pick([1, 1, 2, 3, len(self.world.database.changes)])
        self.world.database.restore(max(0, len(self.world.database.changes) - back), self.pick([0, 30_000_000]))
        for _ in range(self.pick([0, back, back + 1])):
            await self.commit()

    async def turn(self) -> None:
        await self.world.turn(self.pick([1, 1, 2, 10]))

    def any(self, wanted: Callable[[Actor], Any]) -> bool:
        return any(wanted(actor) for actor in self.world.actors)

    def actor(self, wanted: Callable[[Actor], Any] = lambda actor: True) -> Actor:
        actors = [number for number, actor in enumerate(self.world.actors) if wanted(actor)]
        return self.world.actors[self.pick(actors)]

    async def time_passes(self) -> None:
        await self.world.turn(seconds=self.pick([0.1, 0.5, 5.0]))

    async def join(self) -> None:
        actor = self.actor(lambda actor: not actor.peer.closed and len(actor.subscriptions) < 5)
        await actor.join(self.pick(WHERE))

    async def ask_again(self) -> None:
        actor = self.actor(lambda actor: not actor.peer.closed and actor.subscriptions)
        await actor.ask(self.pick(sorted(actor.subscriptions)))

    async def leave(self) -> None:
        actor = self.actor(lambda actor: actor.subscriptions)
        await actor.leave(self.pick(sorted(actor.subscriptions)))

    async def reconnect(self) -> None:
        await self.actor().reconnect()

    async def stop_reading(self) -> None:
        self.actor().peer.reading.clear()

    async def read_on(self) -> None:
        self.actor().peer.reading.set()

    # when it is possible, what it does
    steps: dict[str, tuple[Callable[["Program"], Any], Callable[["Program"], Any]]] = {
        "turn": (lambda _: True, turn),
        "time passes": (lambda _: True, time_passes),
        "write": (lambda _: True, write),
        "commit": (lambda _: True, commit),
        "hint": (lambda self: self.world.hints, hint),
        "all hints": (lambda self: self.world.hints, all_hints),
        "lose hint": (lambda self: self.world.hints, lose_hint),
        "look": (lambda _: True, look),
        "timer": (lambda self: self.world.timers, timer),
        "verify": (lambda _: True, verify),
        "read looks": (lambda self: any(read.looks for read in self.world.reads.pending), read_looks),
        "read answers": (lambda self: self.world.reads.pending, read_answers),
        "read fails": (lambda self: self.world.reads.pending, read_fails),
        "join": (lambda self: self.any(lambda actor: not actor.peer.closed and len(actor.subscriptions) < 5), join),
        "ask again": (lambda self: self.any(lambda actor: not actor.peer.closed and actor.subscriptions), ask_again),
        "leave": (lambda self: self.any(lambda actor: actor.subscriptions), leave),
        "reconnect": (lambda _: True, reconnect),
        "event": (lambda _: True, event),
        "hear event": (lambda self: self.world.events, hear_event),
        "trim": (lambda self: self.world.database.changes, trim),
        "restore": (lambda self: self.world.database.changes and self.dice.random() < 0.3, restore),
        "stop reading": (lambda self: self.slow, stop_reading),
        "read on": (lambda self: self.slow, read_on),
    }


async def live(kinds: str, seed: int, *, slow: bool, sizes: list[int], length: int | None = None) -> None:
    world = World(kinds, exact=not slow and sizes == [0])
    program = Program(world, seed, slow=slow, sizes=sizes)
    try:
        await program.run(length or program.dice.randrange(5, 120))
        await world.rest()
        world.check()
        world.hints.clear()  # of histories that are lost
        for number in range(3):  # and it goes on from there
            world.commit(ITEMS[number], "update", 0, told=True)
            world.all_hints()
            await world.turn(5)
        world.check()
        await world.end()
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, after {len(program.taken)} steps:\n" + "\n".join(program.taken)) from error


def live_many(kinds: str, *, slow: bool, sizes: list[int]) -> None:
    for seed in range(PROGRAMS):
        run(live(kinds, seed, slow=slow, sizes=sizes))


def test_clients_that_read_show_what_was_true_after_every_frame() -> None:
    live_many("opo", slow=False, sizes=[0])


def test_clients_that_stop_reading_show_what_is_true_in_the_end(settings: Any) -> None:
    settings.STREAMS = {"conflate_bytes": 400, "outbox_bytes": 3000}
    live_many("oop", slow=True, sizes=[0, 100])


def test_groups_that_do_not_fit_into_one_frame_come_in_parts(settings: Any) -> None:
    settings.STREAMS = {"sync_bytes": 5300}  # so that about 300 bytes of items fit
    live_many("op", slow=False, sizes=[0, 100, 200])
