"""The segments of a request's path, each decoded for itself.

Django routes on the decoded path, where ``%2F`` has become a slash that cannot be told from the others.
"""

from urllib.parse import unquote, unquote_to_bytes

from django.http import HttpRequest


def segments_of(request: HttpRequest, rest: str) -> list[str] | None:
    """Return the decoded segments of *rest*, the last part of the path; None if they are not UTF-8.

    They are taken from the raw path where the server passes it on and nobody has changed the path since.
    """
    raw = getattr(request, "scope", {}).get("raw_path")
    text = raw.decode("latin-1") if raw else ""
    if unquote(text) != request.path or not request.path.endswith(rest):
        return rest.split("/")
    before = request.path[: len(request.path) - len(rest)].count("/")
    try:
        return [unquote_to_bytes(segment).decode() for segment in text.split("/")[before:]]
    except UnicodeDecodeError:
        return None
