"""Who a client is, and whether its page may speak for it."""

import pytest
from django.contrib.auth.models import AnonymousUser, User

from streams.authentication import auth_of, same_origin


def test_somebody_is_named_by_the_key_of_the_user() -> None:
    assert auth_of(User(pk=7)) == {"userId": "7"}


@pytest.mark.parametrize("nobody", [None, AnonymousUser()])
def test_nobody_is_nothing(nobody: AnonymousUser | None) -> None:
    assert auth_of(nobody) is None


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        (None, True),  # no browser at all
        ("http://house.example:8000", True),
        ("https://HOUSE.example:8000", True),
        ("http://house.example", False),
        ("http://house.example:9000", False),
        ("http://evil.example:8000", False),
        ("http://house.example:8000.evil.example", False),
        ("null", False),
        ("", False),
        ("http://[::1", False),
        ("\xff", False),
    ],
)
def test_only_pages_of_this_host_speak_for_the_session(origin: str | None, same: bool) -> None:
    headers = {"host": "house.example:8000"} | ({} if origin is None else {"origin": origin})
    assert same_origin(headers) is same


def test_a_page_speaks_for_nobody_where_no_host_is_named() -> None:
    assert same_origin({"origin": "http://house.example"}) is False
