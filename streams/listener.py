"""The process's ear at the channel layer: one channel, one subscription per group, each proven by an echo.

``group_add`` proves nothing: it returned at once on a stopped server. And ``receive()`` never raises when a
subscription is gone, it goes silent. So a nonce is sent to the group, and only its echo counts.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .changes import Address
from .conf import conf
from .counters import counters
from .hints import Message
from .layers import channel_group, shared_layer

log = logging.getLogger(__name__)

RETRY_S = 1.0
PROBES = 16  # subscriptions proven again per interval, in turn


@dataclass(slots=True, eq=False)
class _Subscription:
    """One group. lock: adding and discarding come one after another; wanted: somebody is in the room, or was just
    now.
    """

    address: Address
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: bool = True
    added: bool = False
    proven: bool = False
    lingering: asyncio.TimerHandle | None = None


class Listener:
    """Hears messages of the groups it subscribes to. hear: called with each, in the loop, must not block."""

    def __init__(self, hear: Callable[[Message], None]) -> None:
        self._hear = hear
        self._layer = shared_layer()
        self._channel: str | None = None
        self._opening = asyncio.Lock()
        self._subscriptions: dict[Address, _Subscription] = {}
        self._echoes: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0

    def start(self) -> None:
        """Begin to listen; without a shared layer there is nothing to hear."""
        if self._layer is not None:
            self._spawn(self._receive())
            self._spawn(self._probe())

    async def stop(self) -> None:
        """Hear nothing more; give the subscriptions back."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for subscription in list(self._subscriptions.values()):
            if subscription.lingering is not None:
                subscription.lingering.cancel()
            subscription.wanted = False
            await self._discard(subscription)

    async def subscribe(self, address: Address) -> None:
        """Subscribe to *address*; takes at most the setting ``echo_wait_ms``, after which polling has to do."""
        if self._layer is None:
            return
        subscription = self._subscriptions.setdefault(address, _Subscription(address))
        subscription.wanted = True
        if subscription.lingering is not None:
            subscription.lingering.cancel()
            subscription.lingering = None
        if not subscription.proven:
            async with subscription.lock:
                if not subscription.proven and subscription.wanted:
                    await self._prove(subscription)

    def unsubscribe(self, address: Address) -> None:
        """Give up *address* when nobody has come back after the setting ``linger_s``."""
        subscription = self._subscriptions.get(address)
        if subscription is not None and subscription.wanted:
            subscription.wanted = False
            loop = asyncio.get_running_loop()
            subscription.lingering = loop.call_later(conf().linger_s, self._leave, subscription)

    def polled(self, address: Address) -> bool:
        """Is it unknown whether messages of *address* arrive, so that it has to be looked at often?"""
        subscription = self._subscriptions.get(address)
        return subscription is None or not subscription.proven

    @property
    def subscriptions(self) -> int:
        """How many groups are subscribed to, lingering ones included."""
        return len(self._subscriptions)

    def _leave(self, subscription: _Subscription) -> None:
        subscription.lingering = None
        self._spawn(self._discard(subscription))

    async def _discard(self, subscription: _Subscription) -> None:
        async with subscription.lock:
            if subscription.wanted:
                return
            if subscription.added and self._layer is not None and self._channel is not None:
                subscription.added = subscription.proven = False
                try:
                    async with asyncio.timeout(conf().publish_timeout_s):
                        await self._layer.group_discard(channel_group(subscription.address), self._channel)
                except Exception as error:  # noqa: BLE001 - a layer may raise anything; polling serves meanwhile
                    counters.add("layer_failed", type(error).__name__)
            if not subscription.wanted and not subscription.added:
                self._subscriptions.pop(subscription.address, None)

    async def _prove(self, subscription: _Subscription) -> bool:
        """Add the group and wait for the echo of a nonce; note and return whether it came."""
        if self._layer is None:
            return False
        nonce, group = secrets.token_hex(8), channel_group(subscription.address)
        echo = self._echoes[nonce] = asyncio.get_running_loop().create_future()
        proven = False
        try:
            async with asyncio.timeout(conf().echo_wait_ms / 1000):
                channel = await self._open()
                subscription.added = True
                await self._layer.group_add(group, channel)
                await self._layer.group_send(group, {"type": "streams.echo", "nonce": nonce})
                await echo
            proven = True
        except Exception as error:  # noqa: BLE001 - a layer may raise anything; polling serves meanwhile
            counters.add("layer_failed", type(error).__name__)
        finally:
            self._echoes.pop(nonce, None)
        if proven != subscription.proven:
            log.log(
                logging.DEBUG if proven else logging.INFO,
                "subscription",
                extra={"action": "proven" if proven else "polled"},
            )
        subscription.proven = proven
        return proven

    async def _probe(self) -> None:
        """Prove again: soon what failed, in turn what works; without a pause as long as what failed works again."""
        recovering = False
        while True:
            failed = self._unproven()
            if not (failed and recovering):
                await asyncio.sleep(RETRY_S if failed else conf().echo_interval_s)
            waiting = self._unproven()[:PROBES]
            proven = [s for s in self._subscriptions.values() if s.wanted and s.proven]
            if not waiting and proven:
                self._turn = (self._turn + PROBES) % len(proven)
                waiting = (proven[self._turn :] + proven)[:PROBES]
            await asyncio.gather(*(self._reprove(subscription) for subscription in waiting))
            recovering = bool(waiting) and all(subscription.proven for subscription in waiting)

    def _unproven(self) -> list[_Subscription]:
        return [s for s in self._subscriptions.values() if s.wanted and not s.proven]

    async def _reprove(self, subscription: _Subscription) -> None:
        async with subscription.lock:
            if not subscription.wanted:
                return
            if not await self._prove(subscription):
                for other in self._subscriptions.values():  # one connection serves them all
                    other.proven = False

    async def _open(self) -> str:
        """Return the channel of this process; the first call makes it."""
        if self._channel is None:
            async with self._opening:
                if self._channel is None and self._layer is not None:
                    self._channel = await self._layer.new_channel("streams")
        assert self._channel is not None
        return self._channel

    async def _receive(self) -> None:
        """Take messages in; never awaits anything else, because the layer's queue is unbounded."""
        assert self._layer is not None
        while True:
            try:
                self._take(await self._layer.receive(await self._open()))
            except Exception as error:  # noqa: BLE001 - a layer may raise anything; polling serves meanwhile
                counters.add("layer_failed", type(error).__name__)
                log.warning("the layer fails", extra={"action": "layer_failed", "error": repr(error)})
                await asyncio.sleep(RETRY_S)

    def _take(self, packed: dict[str, Any]) -> None:
        if packed.get("type") == "streams.echo":
            echo = self._echoes.get(str(packed.get("nonce")))
            if echo is not None and not echo.done():
                echo.set_result(None)
            return
        try:
            message = Message.unpack(packed)
        except (KeyError, TypeError) as error:
            counters.add("message_refused", type(error).__name__)
            return
        self._hear(message)

    def _spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
