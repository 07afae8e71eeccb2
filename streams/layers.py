"""The channel layer as Millrace uses it: Channels' own, named by the setting ``channel_layer``."""

from hashlib import blake2b
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from .changes import Address
from .conf import conf


def shared_layer() -> Any | None:
    """Return the channel layer if it reaches other processes, else None."""
    layer = get_channel_layer(conf().channel_layer)
    return None if layer is None or isinstance(layer, InMemoryChannelLayer) else layer


def channel_group(address: Address) -> str:
    """Return the Channels group of *address*; ids may hold what Channels' names may not, and neither holds U+0000."""
    digest = blake2b(f"{address.stream}\0{address.group}".encode(), digest_size=16)
    return f"s.{digest.hexdigest()}"
