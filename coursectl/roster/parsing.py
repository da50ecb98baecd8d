"""Bytes to batches of validated members, each once. The one validator for every source."""

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pydantic_core import ValidationError, from_json, to_json

from coursectl.errors import IncompleteRoster, InvalidData
from coursectl.printable import shortened
from coursectl.redaction import redacted_bytes
from coursectl.roster import schemas
from coursectl.roster.documents import STRING, Document, Fields, told_behind
from coursectl.roster.error_body import message_in
from coursectl.roster.fields import EXPECTED, EXPECTED_OF_COURSE, FIELDS
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.left_out import LeftOut
from coursectl.roster.member import Course, ListedCourse, Member, Person
from coursectl.roster.origin import OneCourse, OneOrigin, Origin
from coursectl.roster.remedies import (
    CORRECT_ROWS,
    NAME_A_ROSTER,
    NO_ROSTER,
    SAVE_A_ROSTER,
    SAVE_AGAIN,
)
from coursectl.roster.schemas import Kind, validator
from coursectl.roster.seen_ids import SeenIds

if TYPE_CHECKING:
    from datetime import datetime

    from pydantic_core import ErrorDetails

    from coursectl.roster.glance import Glance

_KNOWN = frozenset[str | None]({*JoinStatus, None})
_NAMED_PROBLEMS = 10

_MOST_INVALID = 100_000
"""Invalid rows of one roster; what has more is none."""

_MOST_STATUSES = 10_000
"""Values of `join_status` in one roster that the API does not document."""

PROVENANCE = frozenset({"community", "course", "fetched_at"})
"""Names under which an export says where it is from."""

_WHITE = b" \t\n\r"
_STRING = re.compile(STRING, re.DOTALL)
_SOLID = re.compile(rb'%b|[^" \t\n\r]++' % STRING, re.DOTALL)


_Getter = Callable[[Any], Any]

_BY_NAME: tuple[_Getter, _Getter] = itemgetter("id"), itemgetter("join_status")
_IN_CELLS: tuple[_Getter, _Getter] = (
    itemgetter(FIELDS.index("id")),
    itemgetter(FIELDS.index("join_status")),
)
_CELLS_OF = itemgetter(0)


def prepare() -> None:
    """Make what validates nearly every roster, which is made when it is needed otherwise."""
    validator(schemas.members_as_written)
    validator(schemas.cells_as_written)


def _valid(text: bytes, *, as_written: bool, in_cells: bool) -> list[Any] | None:
    """Give members that are valid, each and all; None otherwise."""
    if in_cells:
        kind = schemas.cells_as_written if as_written else schemas.cells
    else:
        kind = schemas.members_as_written if as_written else schemas.members
    try:
        members: list[Any] = validator(kind).validate_json(text)
    except ValidationError:
        return None
    return list(map(_CELLS_OF, members)) if in_cells else members


def _as_sent(text: bytes) -> Any:
    """Give the value of a JSON text. Raises ValueError, for NaN and infinite numbers too."""
    value = from_json(text, allow_inf_nan=False)
    again = to_json(value)
    if b"Infinity" in again and again != to_json(value, inf_nan_mode="null"):
        raise ValueError("a number that is too large")
    return value


class _TooManyInvalid(Exception):
    """There are more invalid rows than any roster has."""


class RowAsWritten(dict[str, Any]):
    """A row of a roster whose values, written again, would not be what the server wrote.

    It may hold `12.50`, `1e400` or the same name twice. `text` is the row as it was written, but
    for white space.
    """

    __slots__ = ("text",)

    def __init__(self, fields: dict[str, Any], text: bytes) -> None:
        super().__init__(fields)
        self.text = text


def _writes_back(value: Any, text: bytes) -> bool:
    """Whether a value is written as in `text`, but for white space and how strings are escaped."""
    again = to_json(value)
    if again.translate(None, _WHITE) == text.translate(None, _WHITE):
        return True
    if b"\\" not in text:
        return False
    return _STRING.sub(b'"', again) == _STRING.sub(b'"', text).translate(None, _WHITE)


def _solid(text: bytes) -> bytes:
    """Give a JSON text without the white space between its tokens."""
    return b"".join(_SOLID.findall(text))


def _as_written(rows: list[Any], piece: bytes) -> list[Any] | None:
    """Give rows, with their texts where they need these; None if it is not plain which is whose."""
    texts = _solid(piece)[1:-1].split(b"},{")
    if len(texts) != len(rows):
        return None  # some of these stand inside a row
    return [_row_as_written(*each) for each in zip(rows, (b"{%b}" % t for t in texts), strict=True)]


def _row_as_written(row: Any, text: bytes) -> Any:
    return row if _writes_back(row, text) else RowAsWritten(row, text)


class Reading:
    """One roster as it is read, from however many documents; what is known of it grows.

    With `skip_invalid`, rows that are not valid are left out and counted in `invalid`; without, a
    document that holds one raises InvalidData once it has been read to its end, and gives no
    member from the bad row on. With `moments_as_written`, moments may stay text, validated and in
    the form in which every format writes them; making them, and text of them again, takes a sixth
    of the time of an answer that only passes them on. With `as_sent`, members are valid all the
    same, and given as the objects that the server sent: every field and no other, moments as text.
    With `in_cells`, which neither pages nor members `as_sent` go with, they are given as `Cells`.
    With `names_nobody`, what is said of a bad row or document quotes nothing of it. Only if it
    `may_be_marked` is a roster believed that its members are pseudonyms.
    """

    def __init__(
        self,
        *,
        skip_invalid: bool = False,
        moments_as_written: bool = False,
        as_sent: bool = False,
        in_cells: bool = False,
        allow_incomplete: bool = False,
        names_nobody: bool = False,
        may_be_marked: bool = False,
    ) -> None:
        self.allow_incomplete = allow_incomplete
        """Whether members are wanted even if others are missing."""
        self.names_nobody = names_nobody
        """Whether what is said of a bad row or document quotes nothing of it."""
        self.pseudonyms: str | None = None
        """Which key the members' pseudonyms are under, where an export says that they are some."""
        self.course: Course | None = None
        """The course, where an export names it."""
        self.course_as_sent: dict[str, Any] | None = None
        """All that an export says of it."""
        self.community: str | None = None
        """The URL of the community, where an export says it."""
        self.fetched_at: datetime | None = None
        """When the roster was fetched, UTC, where it says so."""
        self.count: int | None = None
        """How many members the server says there are, from the last page that says it."""
        self.has_next = False
        """Whether the last page says that there is another one."""
        self.in_page = False
        """Whether a page object has been met, which may tell more of itself behind its members."""
        self.said: set[str] = set()
        """What page objects have said of where the roster is from, by name."""
        self.rows = 0
        """Rows read: valid or not, new or seen before."""
        self.invalid = 0
        """Rows that are not valid."""
        self.problems: list[str] = []
        """What is wrong with the first few of these, a line each."""
        self.unknown_statuses: set[str] = set()
        """Values of `join_status` that the API does not document."""
        self._skip_invalid = skip_invalid
        self._moments_as_written = moments_as_written
        self._as_sent = as_sent
        self._in_cells = in_cells
        self._id_of, self._status_of = _IN_CELLS if in_cells else _BY_NAME
        self._may_be_marked = may_be_marked
        self._origin = OneOrigin() if may_be_marked else None
        self._course_in_rows: OneCourse | None = None
        self._seen = SeenIds()
        self._left_out: set[int] = set()
        self._left_out_before = LeftOut()
        self._nameless = 0
        self._rejected_in: dict[int | bytes, int] = {}  # by id, or by a digest of the row
        self._page: tuple[Fields, int, dict[str, Any]] = [], 0, {}
        self._document = ""
        self._documents = 0
        self._largest_count = 0
        self._doubt: str | None = None
        self._rows_before = 0

    def anew(self) -> "Reading":
        """Give a reading of nothing yet that takes what this one takes."""
        return Reading(
            skip_invalid=self._skip_invalid,
            moments_as_written=self._moments_as_written,
            as_sent=self._as_sent,
            in_cells=self._in_cells,
            allow_incomplete=self.allow_incomplete,
            names_nobody=self.names_nobody,
            may_be_marked=self._may_be_marked,
        )

    def take_over(self, other: "Reading") -> None:
        """Have read what another one has, which this one made and which ends here."""
        vars(self).update(vars(other))

    def supposing(self, end: bytes) -> "Reading | None":
        """Give a reading that knows what this one may once it has come to the last bytes, if any.

        It is a guess. None where there is no telling.
        """
        said = told_behind(end)
        if said is None:
            return None
        supposed = copy(self)
        try:
            supposed._take(said)  # noqa: SLF001 - a copy of this
        except InvalidData:
            return None
        return supposed

    @property
    def members(self) -> int:
        """Members received, each counted once, those of invalid rows too."""
        return self.valid + len(self._left_out) + self._nameless

    @property
    def valid(self) -> int:
        """Members received in a valid row, each counted once."""
        return len(self._seen)

    @property
    def left_out(self) -> LeftOut:
        """Who is in the roster and was not given, since their rows are, or were, not valid."""
        return LeftOut(frozenset(self._left_out), self._nameless).along_with(self.left_out_before)

    @property
    def left_out_before(self) -> LeftOut:
        """Those of whom an export says that their rows were left out of it."""
        before = self._left_out_before
        return before._replace(ids=frozenset(id_ for id_ in before.ids if id_ not in self._seen))

    @property
    def claimed(self) -> int:
        """How many valid members there should be, by what the server says, if it says anything."""
        return self.valid if self.count is None else self.count - (self.members - self.valid)

    def document(self, blocks: Iterable[bytes], name: str) -> Iterator[list[Member]]:
        """Yield the members of a document that were not in an earlier one, or earlier in it.

        `name` is what errors call it: a path, or the URL path of a page. Raises InvalidData.
        """
        self._begin(name)
        before = self.invalid
        try:
            for members in self._cut(blocks, name):
                fresh = self._fresh(members)
                if fresh and (self._skip_invalid or self.invalid == before):
                    yield fresh
        except InvalidData as error:
            if self._skip_invalid or self.invalid == before:
                raise
            raise self._invalid_rows(error.message) from None
        except _TooManyInvalid:
            raise self._invalid_rows() from None
        self._end()
        if not self._skip_invalid and self.invalid > before:
            raise self._invalid_rows()

    def page(self, seen: "Glance", body: bytes, name: str) -> list[list[Member]]:
        """Give what `document` gives of the body of a page that has been looked at.

        Raises InvalidData.
        """
        if seen.members is None or self._as_sent or not self._moments_as_written:
            return list(self.document([body], name))
        self._begin(name)
        self._take({"count": seen.count, "next": seen.has_next or None, "previous": None})
        self.rows += len(seen.members)
        fresh = self._fresh(seen.members)
        return [fresh] if fresh else []

    def _begin(self, name: str) -> None:
        """Begin with another document."""
        self._document = name
        self._documents += 1
        self._rows_before = self.rows

    def _end(self) -> None:
        """End a document. Raises InvalidData if it was of several rosters."""
        if self._origin is not None:
            self._origin.end(self._document, quotes=not self.names_nobody)

    def _cut(self, blocks: Iterable[bytes], name: str) -> Iterator[list[Member]]:
        return Document(iter(blocks), name, self, quotes=not self.names_nobody).batches()

    def settle(self, count: int, doubt: str | None) -> None:
        """Take the word of a source that has proved the roster, or knows why it cannot."""
        self.count = self._largest_count = count
        self._doubt = doubt

    def prove_complete(self, name: str) -> None:
        """Raise IncompleteRoster unless as many members arrived as the server says there are."""
        remedy = "Fetch it again, every page of it, or list what there is with --allow-incomplete."
        if self._doubt is not None:
            raise IncompleteRoster(self._doubt, remedy)
        if self.count is None and self.has_next:
            raise IncompleteRoster(
                f"{name} is not the whole roster: its last page says that there is a next one",
                remedy,
            )
        if self.count is not None and self.count != self.members:
            raise IncompleteRoster(
                f"{name} is not the whole roster:"
                f" expected {self.count:,} members, received {self.members:,} unique",
                remedy,
            )
        if self.count is not None and self.count < self._largest_count:
            # Who left made the later pages move up, so another may never have been sent.
            raise IncompleteRoster(
                f"{name} may not be the whole roster: it shrank from {self._largest_count:,} to"
                f" {self.count:,} members while it was fetched",
                remedy,
            )

    # coursectl.roster.documents.Rows

    def together(self, piece: bytes, rows: int | None = None) -> list[Member] | None:
        """Validate comma-separated members; None if not valid JSON or not `rows` valid members.

        None also for members `as_sent` of which some have to be looked at one by one.
        """
        text = b"[%b]" % piece
        members = None
        if self._moments_as_written:
            members = _valid(text, as_written=True, in_cells=self._in_cells)
        if members is None:
            members = _valid(text, as_written=False, in_cells=self._in_cells)
            if members is None:
                return None
            # Moments are written otherwise here, and will be in the rest of the roster.
            self._moments_as_written = False
        if rows is not None and rows != len(members):
            return None
        if self._as_sent:
            try:
                given = from_json(text, allow_inf_nan=False)
            except ValueError:
                return None
            members = given if _writes_back(given, text) else _as_written(given, piece)
            if members is None:
                return None
        if self._course_in_rows is not None:
            self._check_course(self._course_in_rows, text)
        self.rows += len(members)
        return members

    def one_by_one(self, members: list[tuple[bytes, int]]) -> list[Member]:
        """Validate members of which some are not valid, each given with its line."""
        valid = []
        for text, line in members:
            self.rows += 1
            try:
                member = validator(schemas.member).validate_json(text)
                if self._course_in_rows is not None:
                    self._check_course(self._course_in_rows, b"[%b]" % text)
                valid.append(self._given(member, text))
            except ValidationError as error:
                self._reject(text, line, partial(_problem, error))
            except ValueError as error:
                self._reject(text, line, partial(_no_json, text, error))
        return valid

    def not_a_page(self, fields: Fields) -> None:
        """Raise InvalidData if the first thing in a document is an object of another kind."""
        if self._course_in_rows is None and self._may_be_marked:
            named = [self._value(key, text) for key, text in fields if key == "course"]
            if named and isinstance(named[-1], str):
                self._course_in_rows = OneCourse(named[-1])
        if self.rows > self._rows_before or any(key in EXPECTED for key, _ in fields):
            return
        said = message_in(to_json({key: self._value(key, text) for key, text in fields}))
        if said and self.names_nobody:
            said = "not quoted here"
        raise InvalidData(
            f"{self._document}: found "
            + (f"an error of the server ({said})" if said else "an object without results")
            + ", expected a roster",
            NAME_A_ROSTER,
        )

    def bare(self) -> None:
        """Take note that nothing marks the members that follow. Raises InvalidData."""
        self._take_mark(None)
        self._take_origin(None, {})

    def envelope(self, fields: Fields) -> None:
        """Take what a page object says beside its members. Raises InvalidData.

        Each value is read once, however often a page is told of.
        """
        known, number, said = self._page
        if fields is not known:
            number, said = 0, {}
        said |= {key: self._value(key, text) for key, text in fields[number:]}
        self._page = fields, len(fields), said
        self._take(said)
        self._take_origin(fields, said)

    def _take(self, said: dict[str, Any]) -> None:
        """Take what a page object says. Raises InvalidData."""
        self.in_page = True
        self.said |= said.keys() & PROVENANCE
        if self._may_be_marked:
            mark = said.get("pseudonyms")
            self._take_mark(mark if isinstance(mark, str) else None)
        self.has_next = said.get("next") is not None
        if (count := said.get("count")) is not None:
            self.count = self._as(schemas.identifier, "count", count, "a whole number, 0 or more")
            self._largest_count = max(self._largest_count, self.count or 0)
        if (moment := said.get("fetched_at")) is not None:
            self.fetched_at = self._as(
                schemas.moment, "fetched_at", moment, "an ISO 8601 date-time"
            )
        if (course := said.get("course")) is not None:
            self.course = self._as(
                schemas.course, "course", course, "an object with id, name and slug"
            )
            self.course_as_sent = course
        if isinstance(community := said.get("community"), str):
            scheme, mark, rest = community.rpartition("://")
            self.community = scheme + mark + rest.rpartition("@")[2]
        if self._may_be_marked and (left_out := said.get("left_out")) is not None:
            told = self._as(schemas.left_out, "left_out", left_out, "an object with rows and ids")
            self._left_out_before = LeftOut.said(told)
        if isinstance(doubt := said.get("incomplete"), str):
            why = "" if self.names_nobody else f": {shortened(doubt, 200)}"
            self._doubt = f"{self._document} was exported incomplete{why}"

    # Within

    def _take_origin(self, fields: Fields | None, said: dict[str, Any]) -> None:
        """Take what a part of the document, which has been taken, says of where it is from.

        Raises InvalidData.
        """
        if self._origin is None:
            return
        community = said.get("community")
        origin = Origin(
            None if said.get("course") is None else self.course,
            self.community if isinstance(community, str) else None,
            None if said.get("fetched_at") is None else self.fetched_at,
        )
        self._origin.take(fields, origin, self._document, quotes=not self.names_nobody)

    def _check_course(self, course: OneCourse, rows: bytes) -> None:
        course.check(from_json(rows), self._document, quotes=not self.names_nobody)

    def _take_mark(self, mark: str | None) -> None:
        """Take note whether members are pseudonyms, which has to be known before the first."""
        if mark == self.pseudonyms:
            return
        if self.rows:
            raise InvalidData(
                f"{self._document}: only some of its members are marked as pseudonyms",
                'In an export "pseudonyms" stands before "results", and holds for all of them.',
            )
        self.pseudonyms = mark

    def _fresh(self, members: list[Member]) -> list[Member]:
        """Leave out members seen before; take note of their statuses."""
        statuses: set[Any] = (
            {member.get("join_status") for member in members}
            if self._as_sent
            else set(map(self._status_of, members))
        )
        self.unknown_statuses |= statuses.difference(_KNOWN)
        if len(self.unknown_statuses) > _MOST_STATUSES:
            raise InvalidData(
                f"{self._document}: more than {_MOST_STATUSES:,} different values of join_status",
                NO_ROSTER,
            )
        ids = list(map(self._id_of, members))
        fresh = self._seen.take(ids)
        if self._left_out:
            self._left_out.difference_update(fresh)
        again = len(ids) - len(fresh)
        if not again:
            return members
        first_time = set(fresh)
        if fresh == ids[again:] and first_time.isdisjoint(ids[:again]):
            return members[again:]  # as where a page overlaps the one before
        kept = []
        for member in members:
            if (id_ := self._id_of(member)) in first_time:
                first_time.remove(id_)
                kept.append(member)
        return kept

    def _given(self, member: Member, text: bytes) -> Any:
        """Give a member as it is wanted. Raises ValueError for a row that no JSON can hold."""
        if self._in_cells:
            return tuple(member.values())
        if not self._as_sent:
            return member
        return _row_as_written(from_json(text, allow_inf_nan=False), _solid(text))

    def _reject(self, text: bytes, line: int, problem: Callable[..., str]) -> None:
        """Take down an invalid row, unless an earlier page overlaps this one in it.

        Raises InvalidData for one too many.
        """
        id_ = _id_in(text)
        document = self._rejected_in.setdefault(
            _digest(text) if id_ is None else id_, self._documents
        )
        if document < self._documents:
            return
        self.invalid += 1
        if id_ is None:
            self._nameless += 1
        elif id_ not in self._seen:
            self._left_out.add(id_)
        if len(self.problems) < _NAMED_PROBLEMS:
            row = f"row {self.rows - self._rows_before:,}"
            if id_ is not None and not self.names_nobody:
                row += f" (id {id_})"
            told = problem(quotes=not self.names_nobody)
            self.problems.append(f"{self._document}:{line}: {row}: {told}")
        if self.invalid > _MOST_INVALID:
            raise _TooManyInvalid

    def _invalid_rows(self, also: str | None = None) -> InvalidData:
        lines = self.problems.copy()
        if self.invalid > len(lines):
            lines.append(f"and {self.invalid - len(lines):,} more")
        if also is not None:
            lines.append(also)
        if self.invalid > _MOST_INVALID:
            return InvalidData(
                f"{self._document}: more than {_MOST_INVALID:,} invalid members, after"
                f" {self.rows:,} rows",
                *lines[:_NAMED_PROBLEMS],
                NO_ROSTER,
            )
        members = "1 invalid member" if self.invalid == 1 else f"{self.invalid:,} invalid members"
        return InvalidData(
            f"{self._document}: {members}",
            *lines,
            CORRECT_ROWS,
        )

    def _value(self, key: str, text: bytes) -> Any:
        try:
            return _as_sent(text) if self._as_sent else from_json(text)
        except ValueError as error:
            where = "" if self.names_nobody else f"{shortened(key)}: "
            raise InvalidData(
                f"{self._document}: {where}invalid JSON: {_without_place(error)}",
                SAVE_AGAIN,
            ) from None

    def _as(self, kind: Kind, key: str, value: Any, expected: str) -> Any:
        try:
            return validator(kind).validate_python(value)
        except ValidationError:
            found = "" if self.names_nobody else f"found {shortened(to_json(value).decode())}, "
            raise InvalidData(
                f"{self._document}: {key}: {found}expected {expected}",
                SAVE_A_ROSTER,
            ) from None


def parse_course(body: bytes, name: str, *, quotes: bool = True) -> Course:
    """Read the answer of `GET /api/v2/course/{id}/`.

    Raises InvalidData, which without `quotes` repeats nothing of the answer, here and below.
    """
    course: Course = _answer(body, name, schemas.course, "a course", quotes=quotes)
    return course


def parse_course_as_sent(body: bytes, name: str, *, quotes: bool = True) -> dict[str, Any]:
    """Read the same answer, and give every field of it. Raises InvalidData."""
    parse_course(body, name, quotes=quotes)
    try:
        course: dict[str, Any] = _as_sent(body)
    except ValueError as error:
        raise InvalidData(
            f"{name}: invalid JSON: {_without_place(error)}",
            "The server sent something that no reader of an export can hold; tell its owner.",
        ) from None
    return course


def parse_own_status(body: bytes, name: str, *, quotes: bool = True) -> str | None:
    """Read the answer of `GET /api/v2/course/{id}/status/`. Raises InvalidData."""
    answer: dict[str, str | None] = _answer(
        body, name, schemas.own_status, "a status", quotes=quotes
    )
    return answer["status"]


def parse_course_page(body: bytes, name: str, *, quotes: bool = True) -> tuple[int, list[Course]]:
    """Read a page of courses: how many there are, and those on it. Raises InvalidData."""
    page = _answer(body, name, schemas.page_of_courses, "a page of courses", quotes=quotes)
    return page["count"], page["results"]


def parse_listed_courses(
    body: bytes, name: str, *, quotes: bool = True
) -> tuple[int, list[ListedCourse]]:
    """Read a page of `GET /api/v2/course/`: how many courses there are, and those on it.

    Raises InvalidData.
    """
    page = _answer(body, name, schemas.page_of_listed_courses, "a page of courses", quotes=quotes)
    return page["count"], page["results"]


def parse_people(body: bytes, name: str, *, quotes: bool = True) -> tuple[int, list[Person]]:
    """Read a page of `.../invite/` or `.../request_join/`: how many there are, and those on it.

    Raises InvalidData.
    """
    page = _answer(body, name, schemas.page_of_people, "a page of people", quotes=quotes)
    return page["count"], page["results"]


def parse_creator(body: bytes, name: str, *, quotes: bool = True) -> Person | None:
    """Read who created a course from `GET /api/v2/course/{id}/?view=dashboard`; None is nobody.

    Raises InvalidData, also where it does not say.
    """
    answer = _answer(
        body, name, schemas.course_on_dashboard, "a course and who created it", quotes=quotes
    )
    by: Person | int | None = answer["created_by"]
    return Person(id=by, username=None, real_name=None, avatar=None) if isinstance(by, int) else by


def _answer(body: bytes, name: str, of: Kind, expected: str, *, quotes: bool) -> Any:
    try:
        return validator(of).validate_json(body)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            match each["loc"]:
                case ("results", int(place), str(field), *_) if field in EXPECTED_OF_COURSE:
                    raise InvalidData(
                        f"{name}: row {place + 1:,}: {field}: {_found_by(each, quotes=quotes)}"
                        f"expected {EXPECTED_OF_COURSE[field]}",
                        "Tell the owner of the server; a list of courses is given whole, or not.",
                    ) from None
        said = message_in(body) or shortened(redacted_bytes(body)[:200].decode(errors="replace"))
        raise InvalidData(
            f"{name}: found {repr(said) if quotes else 'something else'}, expected {expected}",
            "Check COURSECTL_URL; if it is right, the API has changed.",
        ) from None


def _digest(row: bytes) -> bytes:
    """Give what stands for a row, in fewer bytes than it may have."""
    from hashlib import blake2b

    return blake2b(row, digest_size=16).digest()


def _id_in(row: bytes) -> int | None:
    try:
        value = from_json(row)
        id_: int = validator(schemas.identifier).validate_python(value["id"])
    except (ValueError, TypeError, KeyError):
        return None
    return id_


def _problem(error: ValidationError, *, quotes: bool) -> str:
    """Say what is wrong with one row, field by field, and if it `quotes`, what stands there."""
    fields: dict[str, str] = {}
    for each in error.errors(include_url=False):
        if each["type"] == "json_invalid":
            return f"invalid JSON: {_without_place(each.get('ctx', {}).get('error', ''))}"
        if not each["loc"]:
            return f"{_found_by(each, quotes=quotes)}expected an object"
        field = str(each["loc"][0])
        fields[field] = f"{field}: {_found_by(each, quotes=quotes)}expected {EXPECTED[field]}"
    return "; ".join(fields.values())


def _no_json(row: bytes, error: ValueError, *, quotes: bool) -> str:
    """Say in which fields of a valid row there is something that no JSON, or no program, holds.

    Unless it `quotes`, only those are named that are documented.
    """
    try:
        fields = dict.fromkeys(
            shortened(key) if quotes or key in EXPECTED else "another field"
            for key, value in from_json(row).items()
            if to_json(value) != to_json(value, inf_nan_mode="null")
        )
    except ValueError:
        return f"invalid JSON: {_without_place(error)}"
    return f"{', '.join(fields)}: NaN and Infinity are no JSON"


def _without_place(said: object) -> str:
    """Give the parser's own words without its line and column, which are those of a piece."""
    return str(said).partition(" at line ")[0]


def _found_by(error: "ErrorDetails", *, quotes: bool) -> str:
    """Begin to say what is wrong with a value: what it is, if that may be quoted."""
    if not quotes:
        return ""
    return f"found {'nothing' if error['type'] == 'missing' else _found(error['input'])}, "


def _found(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        length = f" ({len(value):,} characters)" if len(value) > 255 else ""
        return f'"{shortened(value)}"' + length
    return shortened(to_json(value).decode())
