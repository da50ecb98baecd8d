"""A plain reader and writer of rosters, against which the fast ones of coursectl are held.

`json` reads a document whole, a pydantic model checks one row after the other, `csv` and `json`
write. Nothing here is shared with coursectl but the rule of what is printable.
"""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from coursectl.printable import printable

MOST_LEVELS = 200
"""Of lists and objects inside each other; the last may have another inside that is empty."""

_BOM = "\ufeff"


class Refused(Exception):
    """A document that is no roster."""


class NotJson(Refused):
    """A document that is not even JSON, one value after another."""


# What a member is


def _moment_as_text(value: Any) -> str:
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:", value):
        return value
    raise ValueError("no date-time")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None


_Id = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
_Text = Annotated[str, Field(strict=True, max_length=255)]
_Moment = Annotated[datetime, BeforeValidator(_moment_as_text), AfterValidator(_in_utc)]
_Fraction = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]


class Member(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: _Id
    username: _Text | None = None
    real_name: _Text | None = None
    avatar: Annotated[str, Field(strict=True, max_length=65_536)] | None = None
    join_status: _Text | None = None
    user_completion_rate: Annotated[int, Field(strict=True, ge=0, le=100)] | _Fraction | None = None
    last_active_at: _Moment | None = None
    joined_at: _Moment | None = None


class Course(BaseModel):
    id: _Id | None = None
    name: str | None = None
    slug: str | None = None


_COLUMNS = tuple(Member.model_fields)
_ID, _MOMENT, _COURSE = TypeAdapter(_Id), TypeAdapter(_Moment), TypeAdapter(Course)


# Reading


@dataclass
class Roster:
    """What a document says."""

    members: dict[int, Member] = field(default_factory=dict)
    """By id, in the order in which they came."""
    rows: int = 0
    invalid: int = 0
    left_out: set[int] = field(default_factory=set)
    """The ids of invalid rows."""
    nameless: int = 0
    """Invalid rows without an id."""
    counts: list[int] = field(default_factory=list)
    has_next: bool = False
    doubted: bool = False
    mark: str | None = None
    first: tuple[Any, ...] | None = None
    """Where the first part of the document is from: a page, or members in none."""
    this: tuple[Any, ...] | None = None
    """Where the part is from that is being read, as far as it has said so."""

    @property
    def received(self) -> int:
        return len(self.members.keys() | self.left_out) + self.nameless

    @property
    def is_whole(self) -> bool:
        if self.doubted or (self.has_next and not self.counts):
            return False
        return not self.counts or self.counts[-1] == self.received == max(self.counts)


class _Object(dict[str, Any]):
    """An object that remembers all of its names, in order."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


_DECODER = json.JSONDecoder(object_pairs_hook=_Object)


def read(document: bytes) -> Roster:
    """Read a document, rows that are not valid left out. Raises Refused."""
    try:
        text = document.decode()
    except UnicodeDecodeError:
        raise NotJson from None
    roster = Roster()
    at = _beginning(text, 0)
    if at == len(text):
        raise NotJson("empty")
    last_line = 0  # on which an object ended
    while at < len(text):
        if text[at] not in "{[":
            raise NotJson
        value, end = _decoded(text, at)
        if isinstance(value, _Object):
            line = text.count("\n", 0, at)
            begins_line, last_line = last_line <= line, text.count("\n", 0, end) + 1
            rest, _, lines = text[end:].partition("\n")
            is_page = _page_or_member(value, roster)
            if not is_page and begins_line and last_line == line + 1 and not rest.strip(" \t\r"):
                _lines(lines, roster)
                break
        else:
            _list(value, roster)
        at = _beginning(text, end)
    _end_part(roster)
    return roster


def _decoded(text: str, at: int = 0) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        raise NotJson from None


def _beginning(text: str, at: int) -> int:
    """Where a value at the top begins: behind spaces, and a byte order mark among them."""
    rest = text[at:].lstrip(" \t\n\r").removeprefix(_BOM).lstrip(" \t\n\r")
    return len(text) - len(rest)


def _lines(text: str, roster: Roster) -> None:
    """Each line of NDJSON is a member, or blank."""
    for line in text.split("\n"):
        if row := line.removeprefix(_BOM).strip(" \t\r"):
            try:
                value, end = _decoded(row)
            except NotJson:
                value, end = None, 0
            _row(value if end == len(row) else None, roster)


def _list(values: list[Any], roster: Roster) -> None:
    """A list is of pages until there is something else in it, and then of members."""
    pages = True
    for value in values:
        if not pages:
            _row(value, roster)
        elif isinstance(value, _Object):
            pages = _page_or_member(value, roster)
        else:
            pages = False
            _bare(roster)
            _row(value, roster)


def _page_or_member(value: _Object, roster: Roster) -> bool:
    """A page has a list of results, and no id in front of it."""
    beside: list[tuple[str, Any]] = []
    is_page = False
    for name, each in value.pairs:
        if not _can_be_held(name):
            raise Refused
        if name == "results" and isinstance(each, list) and "id" not in dict(beside):
            _envelope(beside, roster, begins=not is_page)
            is_page = True
            for row in each:
                _row(row, roster)
        else:
            beside.append((name, each))
    if is_page:
        _envelope(beside, roster, begins=False)
        return True
    if not roster.rows and value.keys().isdisjoint(_COLUMNS):
        raise Refused
    _bare(roster)
    _row(value, roster)
    return False


def _envelope(beside: list[tuple[str, Any]], roster: Roster, *, begins: bool) -> None:
    if not all(_can_be_held(value) for _, value in beside):
        raise Refused
    said = dict(beside)
    mark = said.get("pseudonyms")
    _take_mark(mark if isinstance(mark, str) else None, roster)
    for name, kind in (("count", _ID), ("fetched_at", _MOMENT), ("course", _COURSE)):
        if said.get(name) is not None and not _is(kind, said[name]):
            raise Refused
    roster.has_next = said.get("next") is not None
    if said.get("count") is not None:
        roster.counts.append(said["count"])
    roster.doubted |= isinstance(said.get("incomplete"), str)
    course, moment = said.get("course"), said.get("fetched_at")
    _take_origin(
        (
            None if course is None else _COURSE.validate_python(course),
            None if moment is None else _MOMENT.validate_python(moment),
        ),
        roster,
        begins=begins,
    )


def _bare(roster: Roster) -> None:
    """Members in no page begin, or go on."""
    _take_mark(None, roster)
    _take_origin((None, None), roster, begins=True)


def _take_origin(origin: tuple[Any, ...], roster: Roster, *, begins: bool) -> None:
    if begins:
        _end_part(roster)
    roster.this = origin
    both = zip(roster.first or (), origin, strict=False)
    if any(one != other for one, other in both if None not in (one, other)):
        raise Refused


def _end_part(roster: Roster) -> None:
    """All parts of a document are of one roster."""
    if roster.first is None:
        roster.first = roster.this
    elif roster.this not in (None, roster.first):
        raise Refused
    roster.this = None


def _take_mark(mark: str | None, roster: Roster) -> None:
    if mark != roster.mark and roster.rows:
        raise Refused
    roster.mark = mark


def _row(row: Any, roster: Roster) -> None:
    roster.rows += 1
    id_ = None
    if _can_be_held(row):
        try:
            member = Member.model_validate(row)
        except ValidationError:
            id_ = row.get("id") if isinstance(row, dict) else None
        else:
            roster.members.setdefault(member.id, member)
            return
    roster.invalid += 1
    if id_ is not None and _is(_ID, id_):
        roster.left_out.add(id_)
    else:
        roster.nameless += 1


def _is(kind: TypeAdapter[Any], value: Any) -> bool:
    try:
        kind.validate_python(value)
    except ValidationError:
        return False
    return True


def _can_be_held(value: Any, levels: int = MOST_LEVELS) -> bool:
    """Whether no text holds half a character, and nothing lies too deep."""
    match value:
        case str():
            return not re.search("[\ud800-\udfff]", value)
        case _Object():
            inside = [each for pair in value.pairs for each in pair]
        case list():
            inside = value
        case _:
            return True
    return not inside or (levels > 0 and all(_can_be_held(each, levels - 1) for each in inside))


# Writing

_SIGNS = tuple("=+-@\ufe62\ufe63\ufe66\ufe6b\uff0b\uff0d\uff1d\uff20")
_INVISIBLE = "\u200b\u200c\u200d\u2060"
_ACTING = "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"


def as_csv(
    members: Sequence[Member],
    *,
    raw: bool = False,
    excel: bool = False,
    columns: Sequence[str] = _COLUMNS,
) -> bytes:
    end = "\r\n" if excel else "\n"
    text = _BOM if excel else ""
    rows = map(_values, members)
    for record in (columns, *([row[name] for name in columns] for row in rows)):
        out = io.StringIO(newline="")
        csv.writer(out).writerow([_cell(value, raw=raw) for value in record])
        text += out.getvalue().removesuffix("\r\n") + end
    return text.encode()


def _cell(value: Any, *, raw: bool) -> Any:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str) and not raw:
        cells = re.split("([,;|])", printable(value))
        return "".join(f"'{cell}" if _is_formula(cell) else cell for cell in cells)
    return value


def _is_formula(cell: str) -> bool:
    skipped = {'"', *_INVISIBLE}
    visible = (each for each in cell if not each.isspace() and each not in skipped)
    return next(visible, "") in _SIGNS


def as_json(members: Sequence[Member]) -> bytes:
    objects = [_as_object(member) for member in members]
    return ("[\n" + ",\n".join(objects) + "\n]\n" if objects else "[]\n").encode()


def as_lines(members: Sequence[Member]) -> bytes:
    return "".join(_as_object(member) + "\n" for member in members).encode()


def _as_object(member: Member) -> str:
    fields = (f'"{name}":{_as_json(value)}' for name, value in _values(member).items())
    text = "{" + ",".join(fields) + "}"
    return re.sub(_ACTING, lambda match: f"\\u{ord(match[0]):04x}", text)


def _as_json(value: Any) -> str:
    return _number(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """Write a fraction as JSON's writers do who are not Python: 0.00001, and 1e-6."""
    text = repr(value)
    return f"{Decimal(text):f}" if text.endswith("e-05") else text.replace("e-0", "e-")


def _values(member: Member) -> dict[str, Any]:
    return {
        name: f"{value.replace(tzinfo=None).isoformat()}Z" if isinstance(value, datetime) else value
        for name, value in member
    }


# Order


def in_order(rows, value, *, id_, descending):
    """Rows by a value, equals by id, nulls last both ways, text without regard to case."""

    def folded(row):
        found = value(row)
        return found.casefold() if isinstance(found, str) else found

    rows = sorted(rows, key=id_)
    some = [row for row in rows if value(row) is not None]
    none = [row for row in rows if value(row) is None]
    return sorted(some, key=folded, reverse=descending) + none
