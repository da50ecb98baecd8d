"""What a source of a roster is."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from coursectl.roster.criteria import Criteria
    from coursectl.roster.member import Member
    from coursectl.roster.parsing import Reading

    OnProgress = Callable[[int, int | None], None]
    """Is told how many members have arrived, and of how many, where that is known."""

    OnWait = Callable[[float, str], None]
    """Is told that nothing is asked for so many seconds, and why."""


def no_wait(_seconds: float, _why: str) -> None:
    """Tell nobody."""


def no_progress(_done: int, _total: int | None) -> None:
    """Tell nobody."""


class Source(Protocol):
    """One roster, to be had once unless it `is_repeatable`.

    A source fetches bytes and hands them to a `Reading`, the one parser and validator; what comes
    back it passes on, so that a source may look at what a page said before it asks for the next.
    """

    @property
    def name(self) -> str:
        """What errors and warnings call the roster."""

    @property
    def is_local(self) -> bool:
        """Whether reading on costs no request: such a roster is read and proved to its end."""

    @property
    def is_repeatable(self) -> bool:
        """Whether `batches` may be asked for a second time, and gives the same."""

    @property
    def fetched_at(self) -> "datetime | None":
        """When the roster was fetched, UTC, where the source knows without reading it."""

    def batches(
        self, reading: "Reading", criteria: "Criteria", on_progress: "OnProgress" = no_progress
    ) -> "Iterator[list[Member]]":
        """Yield the members, each once; raise CoursectlError.

        Those that `criteria` does not want may be left out already. `on_progress` is told as they
        arrive, which may be long before they are given.
        """

    @property
    def course_name(self) -> str | None:
        """The course's name, where the source knows it without reading the roster."""

    @property
    def course_id(self) -> int | None:
        """The course's id, where the source knows it without reading the roster."""

    @property
    def community(self) -> str | None:
        """The URL of the community, where the source knows it without reading the roster."""

    def course_as_sent(self) -> "dict[str, object] | None":
        """Give every field of the course, if the source knows them without reading the roster.

        Raises CoursectlError.
        """

    def total(self, reading: "Reading") -> int | None:
        """Give how many members the roster has, wanted or not, once it has been read.

        None where that cannot be had.
        """

    def takes_status(self, word: str) -> bool:
        """Whether it was asked for members with a status, and did not refuse the word."""

    @property
    def caveats(self) -> list[str]:
        """Whom this roster may lack, which is said even where nothing else is to be said."""

    @property
    def warnings(self) -> list[str]:
        """What else a person should know about this roster."""
