"""What a renderer is, and what it is given."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from coursectl.roster import criteria

if TYPE_CHECKING:
    from coursectl.render.columns import Column


class Caption(NamedTuple):
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


class Rendered(criteria.Batch):
    """Members that a renderer like the one that meets them has made into bytes already.

    `number` tells how many they are, at least one, and `pieces` are what its `body` gave of them.
    """

    __slots__ = ("number", "pieces")

    def __init__(self, roster: criteria.Roster, number: int, pieces: Iterable[bytes]) -> None:
        super().__init__(roster, [])
        self.number = number
        self.pieces = pieces

    def __len__(self) -> int:
        return self.number


class Answer(NamedTuple):
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


class PiecewiseRenderer(Renderer, Protocol):
    """A format in which rows look the same wherever they stand."""

    def body(self, batches: Iterable[Batch], columns: "tuple[Column, ...]") -> Iterator[bytes]:
        """Give the rows and what stands between them, nothing in front or behind."""

    def records(self, batch: Batch, columns: "tuple[Column, ...]") -> list[bytes]:
        """Give each row on its own, of a batch with rows."""

    @property
    def takes_cells(self) -> bool:
        """Whether it can be given members in cells, and is faster for it."""

    @property
    def between(self) -> bytes:
        """What stands between two records."""
