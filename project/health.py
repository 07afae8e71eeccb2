"""Asks the web server of this machine what it lacks."""

import http.client
import json

TIMEOUT_S = 5.0


def lacking(address: tuple[str, int], host: str, require: str) -> str:
    """Return what keeps the server at *address* from being healthy, in one line; ``""`` when nothing does.

    host: the name by which the server knows itself (Django refuses others). require: names, joined by commas.
    """
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"/healthz?require={require}", headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"the web server does not answer ({error})"
    finally:
        connection.close()
    if answer.status == http.HTTPStatus.OK:
        return ""
    try:
        found = json.loads(body)
        parts = {name: found[name] for name in ("database", *require.split(",")) if found[name] != "ok"}
        return "; ".join(f"{name} is {state}: {found['detail'].get(name, '')}" for name, state in parts.items())
    except (ValueError, KeyError, TypeError):  # a proxy's page, an error page: not our JSON
        return f"/healthz answers {answer.status}"
