"""What a server refuses, as errors."""

from ..errors import StreamError


class ConnectionRefused(StreamError):
    """The server asks to stay away."""

    code = "CONNECTION_REFUSED"

    def __init__(self, message: str | None = None, close_code: int | None = None) -> None:
        super().__init__(message)
        self.close_code = close_code


def error_of(code: str, message: str) -> StreamError:
    """Return the error that an error frame stands for."""
    kinds: list[type[StreamError]] = [StreamError]
    for kind in kinds:
        if kind.code == code and kind is not ConnectionRefused:
            return kind(message)
        kinds += kind.__subclasses__()
    return StreamError(f"{message} ({code})")
