"""What test processes do to the product's streams; run through a Console, arguments and results are JSON."""

import random
import threading
from dataclasses import asdict
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.db import transaction

from streams.changes import Written
from streams.conf import conf
from streams.registry import registry
from streams.revocations import revoke
from streams.state import state
from streams.tickets import ticket

from .values import todo


def call(stream: str, method: str, arguments: list[Any]) -> Any:
    """Call a method of a stream: ``call("todo", "set", ["inbox", "t1", {...}])``; a Written comes as a dict."""
    result = getattr(registry.get(stream), method)(*arguments)
    return asdict(result) if isinstance(result, Written) else result


def ticks(stream: str, group: str, item: str, count: int) -> Any:
    """Update an item *count* times in one transaction: all become visible in one tick. Returns its last value."""
    target: Any = registry.get(stream)
    with transaction.atomic(using=conf().database):
        for number in range(1, count + 1):
            last = target.update(group, item, [{"type": "set", "path": "tick", "value": number}])
    return last.new_value


def empty(stream: str, group: str) -> int:
    """Delete every item of a group and return their number."""
    target: Any = registry.get(stream)
    return len([target.delete(group, item["id"]) for item in target.list(group)])


def churn(stream: str, group: str, seed: int, stop: threading.Event) -> dict[str, int]:
    """Create, update and delete items as fast as it goes until stopped; returns how often each was done.

    Seeded: the same numbers choose the same operations.
    """
    target: Any = registry.get(stream)
    dice = random.Random(seed)
    done = {"set": 0, "update": 0, "delete": 0}
    while not stop.is_set():
        item = f"w{seed}-{dice.randrange(10)}"
        kind = dice.choices(["set", "update", "delete"], [3, 5, 2])[0]
        number = sum(done.values())
        if kind == "set":
            target.set(group, item, todo(f"set {number}"))
        elif kind == "update" and target.get(group, item) is not None:
            target.update(group, item, [{"type": "set", "path": "description", "value": f"update {number}"}])
        elif kind == "delete":
            target.delete(group, item)
        done[kind] += 1
    return done


def increments(stream: str, group: str, item: str, count: int) -> int:
    """Increment ``number`` of an item *count* times, each in a transaction of its own."""
    target: Any = registry.get(stream)
    for _ in range(count):
        target.update(group, item, [{"type": "increment", "path": "number", "by": 1}])
    return count


def make_user(username: str, password: str) -> None:
    """Make a superuser, or give the one that is there this password."""
    users = get_user_model()
    defaults = {"is_staff": True, "is_superuser": True, "password": make_password(password)}
    user, made = users.objects.get_or_create(username=username, defaults=defaults)
    if not made:  # another password ends whatever the user has open
        user.set_password(password)
        user.save()


def send_task(name: str, arguments: list[Any]) -> None:
    """Put a task on the queue, as any process of the product can."""
    from project.celery import app

    app.send_task(name, args=arguments)


def fill(stream: str, group: str, start: int, count: int, size: int) -> None:
    """Create items ``i<start>``... with a padding of *size* characters, in one batch."""
    target: Any = registry.get(stream)
    with target.batch(group) as batch:
        for number in range(start, start + count):
            batch.set(f"i{number}", {**todo("padded"), "padding": "x" * size})


def overwrite(stream: str, group: str, items: int, rounds: int, value: dict[str, Any]) -> None:
    """Set *items* items *rounds* times to *value* with the round as ``number``, each round in one batch."""
    target: Any = registry.get(stream)
    for number in range(1, rounds + 1):
        with target.batch(group) as batch:
            for item in range(items):
                batch.set(f"i{item}", {**value, "number": number})


def log_in(username: str) -> str:
    """Begin a session of a user, as the login page does; returns its key."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username=username))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def make_ticket(username: str) -> str:
    """Return a ticket of a user."""
    return ticket(get_user_model().objects.get(username=username))


def do_revoke(**what: Any) -> None:
    """Revoke a user, a session or a token."""
    revoke(**what)


def end_logout(username: str, session: str) -> None:
    """Log out as the logout page does."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    client.logout()


def end_password(username: str, session: str) -> None:
    """Give a user another password."""
    user = get_user_model().objects.get(username=username)
    user.set_password("another")
    user.save()


def end_is_active(username: str, session: str) -> None:
    """Deactivate a user, as the admin's form does."""
    user = get_user_model().objects.get(username=username)
    user.is_active = False
    user.save()


def end_group(username: str, session: str) -> None:
    """Put a user into a group."""
    from django.contrib.auth.models import Group

    Group.objects.get_or_create(name="some")[0].user_set.add(get_user_model().objects.get(username=username))


def pour(groups: list[str], stop: threading.Event) -> int:
    """Update an item of each group in the vault as fast as it goes, until stopped; the last value says that it is."""
    vault: Any = registry.get("vault")
    number = 0
    while not stop.is_set():
        for group in groups:
            vault.set(group, "i", {"n": number})
        number += 1
    for group in groups:
        vault.set(group, "i", {"n": number, "last": True})
    return number


def write_state(scope: str, key: str, value: Any) -> None:
    """Set a value of the state."""
    state.set(scope, key, value)


def send(topic: str, data: Any, delay: float = 0) -> None:
    """Enqueue a message, as any code of the project may."""
    from steps.messages import enqueue

    enqueue(topic, data, delay=delay)


def make_staff(username: str, password: str, permissions: list[str]) -> None:
    """Make somebody who may come into the admin and do no more than this."""
    from django.contrib.auth.models import Permission

    user = get_user_model().objects.create_user(username, password=password, is_staff=True)
    for name in permissions:
        app, _, codename = name.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))


def read_state(scope: str, key: str) -> Any:
    """Return a value of the state."""
    return state.get(scope, key)


def project_token(user_id: str, seconds: float) -> str:
    """Return a token of the project's own."""
    from project.tokens import token_for

    return token_for(user_id, seconds)


def write_document(workspace: str, doc: str) -> None:
    """Write a document that has something in it."""
    documents: Any = registry.get("documents")
    documents.set(workspace, doc, {"title": "t", "content": "c", "updatedAt": 1, "authorId": "u42"})
