"""What the writing processes of the fault tests do; run through a Console.

Everything tried is noted in a journal before and after: ``{"try": token, ...}`` and ``{"done" | "undone" | "unknown" |
"failed": token}``. A token is in the value or the event that it wrote, and in no other: who sees one that is undone has
seen what never happened. Nothing is said of a write whose commit was cut off.
"""

import json
import math
import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import Error, InterfaceError, OperationalError, connections, transaction

from steps import enqueue
from steps.models import Run
from streams import InvalidId, InvalidItem, Unavailable, lock
from streams.conf import conf
from streams.registry import registry

ITEMS = 12


class Journal:
    """Appends lines that a SIGKILL does not take back."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, **line: Any) -> None:
        os.write(self._file, (json.dumps({**line, "at": time.monotonic()}) + "\n").encode())


class Undo(Exception):
    """Rolls back."""


class Writer:
    """One seeded writer. places: [stream, group] pairs; heavy: characters of padding in each value."""

    def __init__(self, name: str, seed: int, places: list[list[str]], journal: Journal, heavy: int = 0) -> None:
        self.name, self.journal, self.heavy = name, journal, heavy
        self.places = [tuple(place) for place in places]
        self.dice, self.number = random.Random(f"{seed} {name}"), 0

    def token(self) -> str:
        self.number += 1
        return f"{self.name}:{self.number}"

    def value(self, token: str) -> dict[str, Any]:
        return {"token": token, "pad": "x" * (self.heavy or self.dice.randrange(40)), "n": self.dice.randrange(10**6)}

    def step(self) -> None:
        """Do one thing, whatever it is, and note how it ended."""
        works: list[tuple[int, Callable[..., None]]] = [
            *((30, self.put), (22, self.patch), (14, self.remove), (10, self.count), (6, self.batch), (6, self.say)),
            *((4, self.transact), (5, self.roll_back), (5, self.savepoint), (3, self.nested), (1, self.poison)),
        ]
        work = self.dice.choices([work for _, work in works], [weight for weight, _ in works])[0]
        name, group = self.dice.choices(self.places, [4, *[1] * (len(self.places) - 1)])[0]  # the first one is hot
        tokens = [self.token() for _ in range(3)]
        self.journal.note(**{"try": tokens, "work": work.__name__, "stream": name, "group": group})
        try:
            work(registry.get(name), group, tokens)
        except Undo:
            self.journal.note(undone=tokens)
        except Unavailable as error:  # nothing was done, it says
            # In the caller's own transaction nobody tries again. On PostgreSQL three writers of one group deadlock when
            # one of them rolls back to a savepoint and writes again.
            ours = work.__name__ in ("transact", "roll_back", "savepoint", "nested")
            self.journal.note(failed=tokens, **{"conflict" if ours else "error": type(error).__name__})
        except (OperationalError, InterfaceError) as error:  # the line broke: perhaps it was done
            self.journal.note(unknown=tokens, error=repr(error)[:200], work=work.__name__, group=group)
            connections.close_all()
        except Error as error:
            self.journal.note(unknown=tokens, wrong=repr(error)[:200], work=work.__name__, group=group)
            connections.close_all()
        else:
            self.journal.note(done=tokens, work=work.__name__, stream=name, group=group)

    def item(self) -> str:
        return f"i{self.dice.randrange(ITEMS)}"

    def put(self, stream: Any, group: str, tokens: list[str]) -> None:
        stream.set(group, self.item(), self.value(tokens[0]))

    def patch(self, stream: Any, group: str, tokens: list[str]) -> None:
        operations = [{"type": "set", "path": "token", "value": tokens[0]}, {"type": "increment", "path": "times"}]
        stream.update(group, self.item(), operations, if_exists=self.dice.random() < 0.5)

    def remove(self, stream: Any, group: str, tokens: list[str]) -> None:
        stream.delete(group, self.item())

    def count(self, stream: Any, group: str, tokens: list[str]) -> None:
        stream.update(group, "counter", [{"type": "increment", "path": "count"}])

    def batch(self, stream: Any, group: str, tokens: list[str]) -> None:
        with stream.batch(group) as batch:
            for token in tokens:
                batch.set(self.item(), self.value(token))
            batch.delete(self.item())

    def say(self, stream: Any, group: str, tokens: list[str]) -> None:
        item = self.dice.choice([None, self.item()])
        stream.send({"groupId": group} if item is None else {"groupId": group, "id": item}, self._event(tokens[0]))

    def transact(self, stream: Any, group: str, tokens: list[str]) -> None:
        other_name, other_group = self.dice.choice(self.places)
        other: Any = registry.get(other_name)
        with transaction.atomic(using=conf().database):
            lock((stream, group), (other, other_group))
            stream.set(group, self.item(), self.value(tokens[0]))
            other.set(other_group, self.item(), self.value(tokens[1]))
            other.send(other_group, self._event(tokens[2]))

    def roll_back(self, stream: Any, group: str, tokens: list[str]) -> None:
        with transaction.atomic(using=conf().database):
            stream.set(group, self.item(), self.value(tokens[0]))
            stream.send(group, self._event(tokens[1]))
            time.sleep(self.dice.uniform(0, 0.02))  # long enough to be seen by whoever does not wait for the commit
            raise Undo

    def savepoint(self, stream: Any, group: str, tokens: list[str]) -> None:
        """Roll back by hand, which Django does not notice."""
        undone = self.token()
        with transaction.atomic(using=conf().database):
            stream.set(group, self.item(), self.value(tokens[0]))
            mark = transaction.savepoint(using=conf().database)
            stream.set(group, self.item(), self.value(undone))
            transaction.savepoint_rollback(mark, using=conf().database)
        self.journal.note(undone=[undone])

    def nested(self, stream: Any, group: str, tokens: list[str]) -> None:
        undone = self.token()
        with transaction.atomic(using=conf().database):
            try:
                with transaction.atomic(using=conf().database):
                    stream.set(group, self.item(), self.value(undone))
                    raise Undo  # noqa: TRY301 - this is what it is about
            except Undo:
                self.journal.note(undone=[undone])
            stream.set(group, self.item(), self.value(tokens[0]))

    def poison(self, stream: Any, group: str, tokens: list[str]) -> None:
        """Write what must be refused."""
        deep: dict[str, Any] = {}
        for _ in range(200):
            deep = {"x": deep}
        poisons: list[tuple[str, Any]] = [
            (self.item(), {"token": tokens[0], "n": math.nan}),
            (self.item(), {"token": tokens[0], "n": math.inf}),
            (self.item(), {"token": tokens[0], "deep": deep}),
            (self.item(), {"token": tokens[0], "s": "\ud800"}),
            (self.item(), {"token": tokens[0], "pad": "x" * 2_000_000}),
            (self.item(), {"token": tokens[0], "id": "another"}),
            (self.item(), [tokens[0]]),
            ("x" * 300, {"token": tokens[0]}),
            ("\ud800", {"token": tokens[0]}),
            ("a\0b", {"token": tokens[0]}),
            ("", {"token": tokens[0]}),
        ]
        id, value = self.dice.choice(poisons)
        try:
            stream.set(group, id, value)
        except (InvalidItem, InvalidId):
            raise Undo from None
        self.journal.note(accepted=repr(value)[:200])

    @staticmethod
    def _event(token: str) -> dict[str, Any]:
        return {"type": "note", "data": {"token": token}}


def write(
    name: str, seed: int, places: list[list[str]], rate: float, journal: str, stop: threading.Event, heavy: int = 0
) -> int:
    """Write until stopped, about *rate* times a second; return how many things were tried."""
    writer = Writer(name, seed, places, Journal(journal), heavy)
    while not stop.wait(writer.dice.expovariate(rate)):
        writer.step()
    connections.close_all()
    return writer.number


def hold(name: str, place: list[str], seconds: float, commit: bool, journal: str, stop: threading.Event) -> None:
    """Write to a group in a transaction and keep it open, as a user's own transaction may be."""
    stream: Any = registry.get(place[0])
    notes, tokens = Journal(journal), [f"{name}:held"]
    notes.note(**{"try": tokens})
    try:
        with transaction.atomic(using=conf().database):
            stream.set(place[1], "i0", {"token": tokens[0]})
            stop.wait(seconds)
            if not commit:
                raise Undo  # noqa: TRY301 - this is what it is about
    except Undo:
        notes.note(undone=tokens)
    except Error as error:
        notes.note(unknown=tokens, error=repr(error)[:200])
    else:
        notes.note(done=tokens, stream=place[0], group=place[1])


def fill(stream: str, group: str, count: int, size: int) -> None:
    """Set one item *count* times to a value of *size* characters, in batches."""
    target: Any = registry.get(stream)
    for start in range(0, count, 50):
        with target.batch(group) as batch:
            for number in range(start, min(start + 50, count)):
                batch.set(f"b{number}", {"n": number, "pad": "x" * size})


def overwrite(stream: str, group: str, rounds: int, size: int) -> None:
    """Set three items *rounds* times to values of *size* characters, in batches."""
    target: Any = registry.get(stream)
    for start in range(0, rounds, 20):
        with target.batch(group) as batch:
            for number in range(start, min(start + 20, rounds)):
                for item in range(3):
                    batch.set(f"o{item}", {"n": number, "pad": "x" * size})


def enqueue_notes(name: str, place: list[str], part: int, count: int, journal: str) -> None:
    """Enqueue messages that a worker shall write; what is enqueued counts as committed."""
    notes, (stream, group) = Journal(journal), place
    for number in range(count * part, count * (part + 1)):
        token = f"{name}:note-{number}"
        notes.note(**{"try": [token]})
        enqueue("chaos.note", {"stream": stream, "group": group, "id": f"note-{number}", "token": token})
        notes.note(done=[token], work="put", stream=stream, group=group)


def notes_waiting() -> int:
    """Return how many of these are not done yet."""
    return Run.objects.using(conf().database).filter(step="ChaosNote").exclude(state=Run.State.DONE).count()
