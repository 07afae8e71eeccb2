"""System checks: what is wrong with the settings or the declarations, and how to put it right."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from .conf import SETTING, conf, names
from .errors import DefinitionError
from .layers import shared_layer
from .registry import registry
from .stores import store_for


@register("streams")
def check_settings(**_: Any) -> Sequence[CheckMessage]:
    """streams.E001: unknown settings."""
    given = getattr(settings, SETTING, {})
    if not isinstance(given, dict):
        return [Error(f"{SETTING} must be a dict.", id="streams.E001")]
    return [
        Error(f"{SETTING} has no setting {name!r}.", hint=f"Known are {', '.join(sorted(names()))}.", id="streams.E001")
        for name in sorted(set(given) - names())
    ]


@register("streams")
def check_imports(**_: Any) -> Sequence[CheckMessage]:
    """streams.E002: modules with streams that cannot be imported (without DEBUG start-up has failed already)."""
    return [
        Error(f"{failure.module} cannot be imported: {failure.error!r}", id="streams.E002")
        for failure in registry.discovery.failures
    ]


@register("streams")
def check_stores(**_: Any) -> Sequence[CheckMessage]:
    """streams.E003: a stream names a store that does not exist."""
    found: list[CheckMessage] = []
    for stream in registry.all():
        try:
            store_for(stream.definition.storage)
        except DefinitionError as error:
            message = f"{stream.definition.file}: stream {stream.definition.name!r}: {error.message}"
            found.append(Error(message, id="streams.E003"))
    return found


@register("streams", deploy=True)
def check_layer(**_: Any) -> Sequence[CheckMessage]:
    """streams.W001: no channel layer that other processes share, said with ``check --deploy``."""
    if shared_layer() is not None:
        return []
    interval = conf().poll_interval_ms
    return [
        Warning(
            f"No other process shares the channel layer {conf().channel_layer!r}: what one process writes, the browsers"
            f" of another see only when that looks at the database, up to {interval:g} ms later. Each web process runs"
            f" {1000 / interval:g} queries a second for that, and events sent with send() do not leave their process.",
            hint="Set REDIS_URL, or CHANNEL_LAYERS to a layer of channels_redis. Nothing stored is lost either way.",
            id="streams.W001",
        )
    ]
