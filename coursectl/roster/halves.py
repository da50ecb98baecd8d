"""A document read in two halves, and the proof that both together are what one reading gives.

Where a document may be cut is a guess (`Cut`). The first half is read with the brackets closed
behind it. That it is valid then proves that no string and nothing else was open at the cut; what it
told of itself proves that the list which was cut is that of a page or of the document. From there
on, the second half is read as any reading would go on. Whatever is not plain (an invalid row, a
member in both halves, a list of pages) raises `NotInHalves`: then the document has to be read as
one, which says what is wrong and where.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from typing import NoReturn

from coursectl.errors import InvalidData
from coursectl.roster.documents import LIMIT, Document, Fields, joint
from coursectl.roster.member import Member
from coursectl.roster.parsing import Reading
from coursectl.roster.seen_ids import SeenIds

_START = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\n\r]*+([\[{])")
_RESULTS = re.compile(rb'"results"[ \t\n\r]*+:[ \t\n\r]*+\[')

_LARGEST = LIMIT // 4
"""Bytes of a member or value, far enough below `LIMIT` that it is no matter where blocks begin."""


_MOST_ENVELOPES = 1_000
"""Times that a second half may be told of what stands beside members; each is kept, and sent on."""


class NotInHalves(Exception):
    """A document has to be read as one."""


class Form(Enum):
    """What is cut; its value is what opens the second half and what closes the first."""

    PAGE = b'{"results":[', b"]}"
    LIST = b"[", b"]"
    LINES = b"", b""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a document may be cut in two."""

    form: Form
    end: int
    """Bytes of the first half."""
    start: int
    """Where the second half begins: behind the comma between two members."""

    @classmethod
    def guessed(cls, beginning: bytes, middle: bytes, at: int) -> "Cut | None":
        """Guess from the beginning of a document and what stands `at` its middle; None: no idea."""
        start = _START.match(beginning)
        if start is None:
            return None
        if start[1] == b"{" and not _RESULTS.search(beginning):
            newline = middle.find(b"\n") + 1
            return cls(Form.LINES, at + newline, at + newline) if newline else None
        comma = joint(middle)
        if comma is None:
            return None
        form = Form.LIST if start[1] == b"[" else Form.PAGE
        return cls(form, at + comma, at + comma + 1)


@dataclass(slots=True)
class Told:
    """What a second half told."""

    rows: int
    """Rows read, new or seen before."""
    unknown_statuses: set[str]
    """Values of `join_status` that the API does not document."""
    envelopes: list[tuple[bool, Fields]]
    """What stood beside the members of page objects, and whether it was the one that was cut."""


class _Half(Reading):
    """A reading that gives up on whatever is not plain."""

    form: Form
    _bare = 0

    def bare(self) -> None:
        """Take note of a member that no page holds. Raises NotInHalves, as all here does."""
        self._bare += 1
        if self.form is Form.PAGE or self._bare > 1:
            raise NotInHalves
        super().bare()

    def not_a_page(self, fields: Fields) -> None:
        """Look at an object without a list of results."""
        if self.form is Form.PAGE:
            raise NotInHalves
        super().not_a_page(fields)
        if self._course_in_rows is not None:
            raise NotInHalves  # the other half would have to name the same one

    def _reject(self, *_: object) -> NoReturn:
        raise NotInHalves

    def _check_paged(self) -> None:
        if self.form is not Form.PAGE:
            raise NotInHalves

    def _document_of(self, blocks: Iterable[bytes], name: str) -> Document:
        return Document(iter(blocks), name, self, quotes=not self.names_nobody, limit=_LARGEST)


class FirstHalf(_Half):
    """The reading of a first half, which takes over what the second one told."""

    def __init__(self, form: Form, *, moments_as_written: bool, in_cells: bool = False) -> None:
        super().__init__(
            moments_as_written=moments_as_written, in_cells=in_cells, may_be_marked=True
        )
        self.form = form
        self._beside: Fields = []
        self._known = -1
        self._ends_with_members = False

    def envelope(self, fields: Fields) -> None:
        """Take what stands beside the members of a page object."""
        self._check_paged()
        # Told twice of one page without a field in between: from where its members begin to where
        # it ends, so these come last in it.
        self._ends_with_members = fields is self._beside and len(fields) == self._known
        self._beside, self._known = fields, len(fields)
        super().envelope(fields)

    def prove_cut(self) -> None:
        """Raise NotInHalves unless the list that is closed at the end is the one to be cut."""
        match self.form:
            case Form.PAGE:
                proved = self._ends_with_members
            case Form.LIST:
                proved = self._bare == 1
            case Form.LINES:
                # The others came without being told of, which only lines do where no list begins.
                proved = self._bare == 1 and self.rows > 1
        if not proved:
            raise NotInHalves

    def go_on(self, told: Told, seen: Iterable[SeenIds]) -> None:
        """Take over what a second half told, and whom it has seen.

        Raises NotInHalves for what has to be said where it stands, and for a member in both halves.
        """
        if not all(map(self._seen.join, seen)):
            raise NotInHalves
        self.rows += told.rows
        self.unknown_statuses |= told.unknown_statuses
        before = self._beside
        try:
            for was_cut, fields in told.envelopes:
                both = before + fields if was_cut else fields
                if was_cut and self._origin is not None:
                    self._origin.goes_on(both)
                super().envelope(both)
            super()._end()
        except InvalidData:
            raise NotInHalves from None

    def _end(self) -> None:
        """End nothing: what is cut goes on in the second half."""

    def _cut(self, blocks: Iterable[bytes], name: str) -> Iterator[list[Member]]:
        return self._document_of(blocks, name).batches()


class SecondHalf(_Half):
    """The reading of a second half."""

    def __init__(self, form: Form, *, moments_as_written: bool, in_cells: bool = False) -> None:
        super().__init__(moments_as_written=moments_as_written, in_cells=in_cells)
        self.form = form
        self._first: Fields | None = None
        self._envelopes: list[tuple[bool, Fields]] = []

    def envelope(self, fields: Fields) -> None:
        """Keep what stands beside the members of a page object."""
        self._check_paged()
        self.in_page = True
        if self._first is None:
            self._first = fields  # of the brackets that have been put in front
        elif len(self._envelopes) == _MOST_ENVELOPES:
            raise NotInHalves
        else:
            self._envelopes.append((fields is self._first, fields.copy()))

    def told(self) -> Told:
        """Give what it told, once it has been read."""
        return Told(self.rows, self.unknown_statuses, self._envelopes)

    def seen(self) -> Iterator[SeenIds]:
        """Give the ids of its members, in parts that can be pickled."""
        return self._seen.parts()

    def _cut(self, blocks: Iterable[bytes], name: str) -> Iterator[list[Member]]:
        opening, _ = self.form.value
        document = self._document_of(chain([opening] if opening else [], blocks), name)
        return document.lines() if self.form is Form.LINES else document.batches()
