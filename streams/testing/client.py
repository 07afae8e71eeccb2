"""Somebody who subscribes, in a test."""

from typing import Any, Self, cast
from uuid import uuid4

from ..authentication import auth_of
from ..bus import bus
from ..hints import Message
from ..leases import Subscription as Asked
from ..registry import registry
from ..values import loads
from ..writer import Stream
from .admission import admit, dismiss
from .commits import commit
from .subscription import Subscription


class StreamClient:
    """Somebody who subscribes. user: of Django, as the session knows them; auth: what rules and hooks are told instead.

    Used in the thread of the test; in an ``async def`` test call it through ``sync_to_async``. As a context manager it
    leaves everything at the end.
    """

    def __init__(self, user: Any = None, *, auth: dict[str, Any] | None = None) -> None:
        self.auth = auth if auth is not None else auth_of(user)
        self.connection_id = uuid4().hex
        self.subscriptions: list[Subscription] = []
        self._inbox: list[Message] = []
        bus.attach(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def group(self, stream: str, group: str) -> Subscription:
        """Subscribe to a whole group. Raises: StreamNotFound, AccessDenied - with the hook's reason."""
        return self._subscribe(stream, group, None)

    def item(self, stream: str, group: str, id: str) -> Subscription:
        """Subscribe to one item. Raises: StreamNotFound, AccessDenied - with the hook's reason."""
        return self._subscribe(stream, group, id)

    def disconnect(self) -> None:
        """Leave everything."""
        for subscription in list(self.subscriptions):
            subscription.close()
        bus.detach(self)

    def receive(self, message: Message) -> None:
        """Take news of this process (see ``bus.Reader``)."""
        self._inbox.append(message)

    def polled(self) -> int:
        """Return 0: nothing is asked for often (see ``bus.Reader``)."""
        return 0

    def receive_committed(self) -> None:
        """Let everything that is committed be told to the subscriptions."""
        commit()
        inbox, self._inbox = self._inbox, []
        for message in inbox:
            texts = [*(hint.frame for hint in message.hints), *(event.frame for event in message.events)]
            for subscription in [one for one in self.subscriptions if one.address == message.address]:
                if not texts:  # of a stream without a log: look yourself
                    subscription.answer()
                for text in texts:
                    subscription.take(loads(text or "null"))

    def _subscribe(self, stream: str, group: str, id: str | None) -> Subscription:
        definition = registry.get(stream).definition
        address = cast("Stream", registry.get(stream)).address(group)
        asked = Asked(stream, group, id, uuid4().hex, self.connection_id)
        context = admit(definition, asked, self.auth)
        self.receive_committed()  # what was before the join, what on_join did included, is in its answer

        def leave() -> None:
            self.subscriptions.remove(subscription)
            dismiss(definition, asked, context)

        subscription = Subscription(address, id, self.receive_committed, leave)
        self.subscriptions.append(subscription)
        subscription.answer()
        return subscription
