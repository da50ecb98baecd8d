"""What a renderer is, and what it is given."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from coursectl.render.columns import Column


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands above a table."""

    title: str
    """Whose members, or whose courses."""
    facts: tuple[str, ...]
    """How many of how many, and which."""


class Batch(Protocol):
    """Some rows of an answer, in order: members, or courses.

    All rows of an answer have the same keys in the same order.
    """

    @property
    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The values of each, by the keys of columns."""

    @property
    def shared(self) -> Mapping[str, str]:
        """What all of these have in common, by the keys of further columns."""

    @property
    def as_of(self) -> datetime:
        """The moment, UTC, from which ages are measured."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Members or courses, ready to be shown."""

    columns: "tuple[Column, ...]"
    batches: Iterable[Batch]
    """The rows, in order. Reading on may raise CoursectlError; let it pass."""
    caption: Callable[[], Caption]
    """Known once all batches have been read."""
    heading: str = "Members"
    """What the rows are, where a format has a name for them."""
    takes_columns: bool = True
    """Whether other columns can be asked for."""


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""

    def flush(self) -> object:
        """Let what was written be seen. Nothing that comes after it can fail."""


class Renderer(Protocol):
    """One format. It writes UTF-8 as it goes and closes what it opened only at a good end."""

    def render(self, answer: Answer, out: Sink) -> None:
        """Write `answer` to `out`."""
