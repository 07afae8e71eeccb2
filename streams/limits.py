"""How often something may happen."""

import time
from collections import deque
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address


class Window:
    """Allows *limit* events within any *seconds*."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self._limit, self._seconds = limit, seconds
        self._times: deque[float] = deque()

    def allows(self) -> bool:
        """Count one more event; tell whether it is within the limit."""
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._limit:
            return False
        self._times.append(now)
        return True


class Windows:
    """The same for many parties, each by itself; the number of those kept is bounded."""

    def __init__(self, limit: int, seconds: float = 60.0, most: int = 10_000) -> None:
        self._limit, self._seconds, self._most = limit, seconds, most
        self._counts: dict[str, int] = {}
        self._until = 0.0

    def allows(self, party: str) -> bool:
        """Count one more event of *party*; tell whether it is within the limit.

        It is a count per fixed span of time, which costs a number per party, not one per event.
        """
        now = time.monotonic()
        if now >= self._until or len(self._counts) > self._most:
            self._counts, self._until = {}, now + self._seconds
        count = self._counts[party] = self._counts.get(party, 0) + 1
        return count <= self._limit


@lru_cache(maxsize=4096)  # asked for each message of who is nobody in particular
def network(client: str) -> str:
    """Return what an address counts as: of IPv6 the /64, which is what one customer has."""
    try:
        address = ip_address(client)
    except ValueError:
        return client
    if not isinstance(address, IPv6Address):
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))
