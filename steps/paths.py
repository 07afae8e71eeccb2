"""The path of an HTTP trigger: ``/todo/{id}`` or ``/todo/:id``, a parameter being one whole segment."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from .errors import InvalidStep

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NOT_A_LITERAL = re.compile(r"[{}:?#*<>\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A segment that takes whatever stands there, under a name."""

    name: str


Segment = str | Parameter
"""A literal is kept decoded: it is compared with decoded segments of requests."""


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path."""

    segments: tuple[Segment, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, from left to right."""
        return tuple(segment.name for segment in self.segments if isinstance(segment, Parameter))

    @property
    def shape(self) -> tuple[str | None, ...]:
        """Two paths of one shape match the same requests: their parameters differ by name alone."""
        return tuple(None if isinstance(segment, Parameter) else segment for segment in self.segments)

    def __str__(self) -> str:
        """Return the path as OpenAPI writes it."""
        return "/" + "/".join(
            f"{{{segment.name}}}" if isinstance(segment, Parameter) else quote(segment, safe="!$&'()*+,;=@~")
            for segment in self.segments
        )


def compile_path(text: str) -> Path:
    """Return *text* compiled; one slash at its end and white space around a segment do not count.

    Raises: InvalidStep - no slash in front, an empty segment, a parameter that is not a whole segment or has no proper
    name, a name used twice.
    """
    if not isinstance(text, str) or not text.strip().startswith("/"):
        raise InvalidStep(f'a path starts with "/", {text!r:.80} does not')
    pieces = [piece.strip() for piece in text.strip().split("/")[1:]]
    if pieces[-1] == "":
        pieces.pop()
    path = Path(tuple(_segment(piece, text) for piece in pieces))
    if len(set(path.parameters)) < len(path.parameters):
        raise InvalidStep(f"a parameter appears twice in the path {text!r:.80}")
    return path


def _segment(piece: str, text: str) -> Segment:
    if not piece:
        raise InvalidStep(f"a segment of the path {text!r:.80} is empty")
    name = piece[1:-1] if piece.startswith("{") and piece.endswith("}") else piece[1:] if piece[0] == ":" else None
    if name is None:
        if _NOT_A_LITERAL.search(piece):
            raise InvalidStep(
                f"the path {text!r:.80}: a parameter is a whole segment, {{name}} or :name, not {piece!r:.80}"
            )
        return unquote(piece)
    if not _NAME.fullmatch(name):
        raise InvalidStep(f"the path {text!r:.80}: {name!r:.80} is no name for a parameter")
    return Parameter(name)
