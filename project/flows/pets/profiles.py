"""Asks a language model for a pet's profile: anything that speaks OpenAI's chat API.

``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` say which; without a key there is none, and the flow falls back.
"""

import asyncio
import json
import os
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

TIMEOUT_S = 20
MODEL = "gpt-4o-mini"
QUESTIONS = {
    "bio": "Write a warm biography of two sentences for its adoption page.",
    "breedGuess": "Guess its breed. Answer with the breed alone.",
    "temperamentTags": "Name three words for its temperament, separated by commas.",
    "adopterHints": "Say in one sentence which home suits it.",
}


class NoAnswer(Exception):
    """The model cannot be asked, or does not answer; the message says why."""


async def ask(field: str, pet: dict[str, Any]) -> str:
    """Return the model's answer for one *field* of a pet's profile. Raises: NoAnswer."""
    return await asyncio.to_thread(_ask, field, pet)


def fallback(pet: dict[str, Any]) -> dict[str, str]:
    """Return the profile of a pet that nobody could describe."""
    return {
        "bio": f"{pet['name']} is a lovely {pet['species']} looking for a home.",
        "breedGuess": f"mixed {pet['species']}",
        "temperamentTags": "friendly, curious",
        "adopterHints": "A patient home with time to get to know each other.",
    }


def _ask(field: str, pet: dict[str, Any]) -> str:
    key = os.environ.get("OPENAI_API_KEY", "")
    base = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1").rstrip("/")
    if not key:
        raise NoAnswer("OPENAI_API_KEY is not set")
    if urlsplit(base).scheme not in ("http", "https"):
        raise NoAnswer("OPENAI_BASE_URL is no web address")
    about = f"A {pet['species']} named {pet['name']}, {pet['ageMonths']} months old. {QUESTIONS[field]}"
    body = {"model": os.environ.get("OPENAI_MODEL", MODEL), "messages": [{"role": "user", "content": about}]}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = Request(f"{base}/chat/completions", json.dumps(body).encode(), headers)  # noqa: S310 - checked above
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
            return str(json.load(response)["choices"][0]["message"]["content"]).strip()
    except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
        raise NoAnswer(f"{type(error).__name__}: {error}") from error
