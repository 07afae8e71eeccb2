"""What the bus was told: the hub of this process hears the same, and every other one by way of the layer."""

from dataclasses import dataclass, field

from streams.changes import Address
from streams.hints import Hint, Message

WORKBENCH = "streams:workbench"


@dataclass
class Heard:
    """A reader at the bus: what every hub of this process is told, but not what the workbench is."""

    messages: list[Message] = field(default_factory=list)

    def receive(self, message: Message) -> None:
        if message.address.stream != WORKBENCH:  # its thread speaks when it likes
            self.messages.append(message)

    def polled(self) -> int:
        return 0

    @property
    def hints(self) -> list[Hint]:
        """All hints in the order they came."""
        return [hint for message in self.messages for hint in message.hints]

    @property
    def sequences(self) -> list[int]:
        """Their sequences."""
        return [hint.sequence for hint in self.hints]

    def frames(self, address: Address | None = None) -> list[str]:
        """The frames told, of one group or of all."""
        told = [message for message in self.messages if address in (None, message.address)]
        return [hint.frame for message in told for hint in message.hints if hint.frame is not None]
