"""What a renderer is, and what it is given."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from coursectl.render.columns import Column
    from coursectl.roster.criteria import Batch


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands above a table."""

    title: str
    """The course, or the courses."""
    facts: tuple[str, ...]
    """How many members of how many, and which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Members, ready to be shown."""

    columns: "tuple[Column, ...]"
    batches: "Iterable[Batch]"
    """The members, in order. Reading on may raise CoursectlError; let it pass."""
    caption: Callable[[], Caption]
    """Known once all batches have been read."""


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""


class Renderer(Protocol):
    """One format. It writes UTF-8 as it goes and closes what it opened only at a good end."""

    def render(self, answer: Answer, out: Sink) -> None:
        """Write `answer` to `out`."""
