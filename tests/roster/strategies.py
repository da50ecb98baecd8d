"""Rosters of every kind for property tests, the shapes they are saved in, and a plain reader."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
Shape = Callable[[list[Row]], bytes]

FIELDS = (
    "id",
    "username",
    "real_name",
    "avatar",
    "join_status",
    "user_completion_rate",
    "last_active_at",
    "joined_at",
)
MOMENTS = ("last_active_at", "joined_at")

COURSE = {"id": 42, "name": 'Safety }],{" \\', "slug": "safety", "type": "structured"}
FETCHED_AT = "2026-11-23T06:00:00Z"

FRAGMENTS = (
    "},{",
    "}, {",
    "}\n,\n{",
    "}]",
    "} ]",
    "}",
    "{",
    "[",
    "]",
    ",",
    ":",
    '"',
    '\\"',
    "\\",
    "\\\\",
    "\\u0041",
    "\\n",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x1b[31m",
    "\x07",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u202egnp.exe",
    "\u2066x\u2069",
    "👩🏽\u200d🚀",
    "李小龍",
    "e\u0301",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "|",
    ";",
    "; \uff1d",
    "<b>",
    "[bold]",
    "[/bad]",
    "null",
    '{"id": 7}',
    '"results": [',
    " ",
    "a",
    "Ann",
)


def texts() -> st.SearchStrategy[str]:
    """Text that a member could choose: believable, wide, empty, and hostile to every reader."""
    fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join)
    return st.one_of(fragments, st.text(max_size=20), st.just("x" * 255))


def statuses() -> st.SearchStrategy[str | None]:
    """Every documented `join_status`, null, and words that the API does not document."""
    documented = ("creator", "manager", "joined", "invited", "requested")
    unknown = ("payment_waiting", "JOINED", "none", "", "},{")
    return st.sampled_from((*documented, None, *unknown))


@st.composite
def moments(draw: st.DrawFn) -> str:
    """RFC 3339 date-times: in UTC, with an offset, or naive; with and without fractions."""
    moment = draw(st.datetimes(*_ERA))
    seconds = f"{moment:%Y-%m-%d}{draw(st.sampled_from('TT '))}{moment:%H:%M:%S}"
    fraction = draw(st.sampled_from(("", "", ".5", ".123", ".000001", ".123456", ".999999")))
    return seconds + fraction + draw(st.sampled_from(_OFFSETS))


_ERA = (datetime.fromisoformat("1970-01-02"), datetime.fromisoformat("2199-12-30"))
_OFFSETS = ("Z", "Z", "", "+00:00", "-00:00", "+02:00", "-05:30", "+14:00", "-12:00")


def members() -> st.SearchStrategy[Row]:
    """Rows with the eight documented fields, as the API sends them."""
    values = st.tuples(
        st.integers(0, 300) | st.integers(0, 2**63 - 1),
        st.none() | texts(),
        st.none() | texts(),
        st.none() | st.just("https://community.example/a.png") | texts(),
        statuses(),
        st.none() | st.integers(0, 100) | st.floats(0, 100),
        st.none() | moments(),
        st.none() | moments(),
    )
    return values.map(lambda row: dict(zip(FIELDS, row, strict=True)))


def rosters(min_size: int = 0, max_size: int = 8) -> st.SearchStrategy[list[Row]]:
    """Lists of members, no two of them with one id."""
    return st.lists(members(), min_size=min_size, max_size=max_size, unique_by=_id)


@st.composite
def loose_members(draw: st.DrawFn) -> Row:
    """Rows as a server may come to send them: fields left out, others added, in any order."""
    row = draw(members())
    for field in draw(st.sets(st.sampled_from(FIELDS[1:]))):
        del row[field]
    row |= draw(st.dictionaries(st.sampled_from(("badges", "x", "},{", '"')), _ANYTHING))
    return dict(draw(st.permutations(list(row.items()))))


def loose_rosters(min_size: int = 0, max_size: int = 6) -> st.SearchStrategy[list[Row]]:
    """Lists of loose members, no two of them with one id."""
    return st.lists(loose_members(), min_size=min_size, max_size=max_size, unique_by=_id)


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | texts(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(), inner, max_size=3),
    max_leaves=6,
)


def _id(row: Row) -> int:
    return row["id"]


# The shapes of an export

_compact = partial(json.dumps, separators=(",", ":"), ensure_ascii=False)
_spaced = partial(json.dumps, ensure_ascii=True)
_pretty = partial(json.dumps, indent=2, ensure_ascii=False)


def _pages(roster: list[Row], *, overlap: int = 0) -> list[Row]:
    """Pages of three rows; each but the first repeats so many of the rows before it."""
    starts = range(0, max(len(roster) - overlap, 1), 3 - overlap)
    return [
        {"count": len(roster), "next": None, "previous": "}],", "results": roster[at : at + 3]}
        for at in starts
    ]


def _page(roster: list[Row]) -> Row:
    return {"count": len(roster), "next": None, "previous": None, "results": roster}


def _results_first(roster: list[Row]) -> Row:
    return {"results": roster, "previous": [{"results": []}], "next": {}, "count": len(roster)}


def _own(roster: list[Row]) -> Row:
    return {"course": COURSE, "fetched_at": FETCHED_AT, **_page(roster)}


def _own_behind(roster: list[Row]) -> Row:
    return {**_page(roster), "fetched_at": FETCHED_AT, "course": COURSE}


def _saved(text: str) -> bytes:
    return text.encode()


def _one_object_shapes() -> Iterator[tuple[str, Shape]]:
    wholes = {
        "page": _page,
        "page with results first": _results_first,
        "own export": _own,
        "own export told behind": _own_behind,
        "list": list,
    }
    writers = {"compact": _compact, "spaced": _spaced, "pretty": _pretty}
    for whole_name, whole in wholes.items():
        for name, write in writers.items():
            yield (
                f"{whole_name}, {name}",
                lambda roster, whole=whole, write=write: _saved(write(whole(roster))),
            )


def _paged_shapes() -> Iterator[tuple[str, Shape]]:
    ways: dict[str, Callable[[list[Row]], str]] = {
        "list of pages, compact": _compact,
        "list of pages, pretty": _pretty,
        "run of pages": lambda pages: "".join(map(_compact, pages)),
        "run of pages, a line each": lambda pages: "".join(_compact(p) + "\n" for p in pages),
        "run of pages, pretty": lambda pages: "\n".join(map(_pretty, pages)),
        "run of lists": lambda pages: "".join(_compact(p["results"]) for p in pages),
    }
    for name, way in ways.items():
        yield name, lambda roster, way=way: _saved(way(_pages(roster)))
        yield (
            f"{name}, overlapping",
            lambda roster, way=way: _saved(way(_pages(roster, overlap=1))),
        )


def _line_shapes() -> Iterator[tuple[str, Shape]]:
    def lines(rows: list[Row], end: str = "\n") -> bytes:
        return _saved("".join(_compact(row) + end for row in rows))

    yield "NDJSON", lines
    yield "NDJSON, spaced", lambda roster: _saved("\n".join(map(_spaced, roster)))
    yield "NDJSON without a last line end", lambda roster: lines(roster)[:-1]
    yield "NDJSON, CRLF", lambda roster: lines(roster, "\r\n")
    yield "NDJSON, blank lines", lambda roster: b"\n\r\n" + lines(roster, " \n\n \t\r\n")
    yield "NDJSON, overlapping", lambda roster: lines(roster) + lines(roster[-2:])
    yield (
        "run of members, pretty",
        lambda roster: _saved("".join(_pretty(row) + "\n" for row in roster)),
    )


def _with_bom(shape: Shape) -> Shape:
    return lambda roster: b"\xef\xbb\xbf" + shape(roster)


LINE_SHAPES: dict[str, Shape] = dict(_line_shapes())
"""Shapes that say nothing but members: an empty roster is an empty file."""

PAGED_SHAPES: dict[str, Shape] = dict(_paged_shapes())
"""Shapes of several pages."""

PLAIN_SHAPES: dict[str, Shape] = dict(_one_object_shapes()) | PAGED_SHAPES | LINE_SHAPES
"""What coursectl reads, by name: functions that turn a roster of rows into bytes."""

EXPORT_SHAPES: dict[str, Shape] = PLAIN_SHAPES | {
    f"{name}, BOM": _with_bom(shape) for name, shape in PLAIN_SHAPES.items()
}
"""The same, each with and without a byte order mark."""


def export_shapes() -> st.SearchStrategy[Shape]:
    """Any of the shapes."""
    return st.sampled_from(list(EXPORT_SHAPES.values()))


# The plain reader: json.loads, and what the documentation says of each field


def as_member(row: Row) -> Row:
    """What a valid row becomes."""
    member = {field: row.get(field) for field in FIELDS}
    for field in MOMENTS:
        if member[field] is not None:
            member[field] = in_utc(member[field])
    return member


def in_utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def rows_in(document: bytes) -> list[Any]:
    """The rows of a document, whatever its shape and each as often as it is there.

    Raises ValueError for what is not JSON, RFC 8259, one value after another.
    """
    text = document.removeprefix(b"\xef\xbb\xbf").decode()
    decoder = json.JSONDecoder(object_pairs_hook=_joined)
    rows: list[Any] = []
    at = _after_space(text, 0)
    if at == len(text):
        raise ValueError("empty")
    while at < len(text):
        if text[at] not in "{[":
            raise ValueError("not a roster")
        value, at = decoder.raw_decode(text, at)
        for each in value if isinstance(value, list) else [value]:
            is_page = isinstance(each, dict) and isinstance(each.get("results"), list)
            rows += each["results"] if is_page else [each]
        at = _after_space(text, at)
    return rows


def _joined(pairs: list[tuple[str, Any]]) -> Row:
    """An object whose lists of results are all heard, should it have several."""
    results = [value for key, value in pairs if key == "results" and isinstance(value, list)]
    return dict(pairs) | ({"results": list(chain(*results))} if results else {})


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\n\r":
        at += 1
    return at


def unique(rows: list[Row]) -> list[Row]:
    """Those rows whose id did not occur before."""
    firsts: dict[int, Row] = {}
    for row in rows:
        firsts.setdefault(row["id"], row)
    return list(firsts.values())
