"""Hostile exports, and what coursectl makes of one held against what a plain reader and writer do.

`hostile_export` makes an export of bytes that choose what is in it, and `compare` holds one against
`tests.plain`, byte for byte. tests/test_hostile.py gives the bytes by chance, tests/fuzz.py those
that lead to branches not taken yet.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, product
from typing import Any

import pytest

from coursectl.errors import IncompleteRoster, InvalidData
from coursectl.gather import Gathering, Tolerance
from coursectl.render.columns import MEMBER, Column
from coursectl.render.csv import CsvRenderer
from coursectl.render.interface import Answer, Caption, Renderer
from coursectl.render.json import JsonRenderer
from coursectl.roster import documents
from coursectl.roster.criteria import Batch, BatchInCells, Criteria
from coursectl.roster.member import Member
from coursectl.roster.parsing import Reading
from coursectl.sources.export import Export
from tests import plain
from tests.roster.strategies import FIELDS, FRAGMENTS, MOMENTS

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

BACKWARDS = MEMBER[::-1]
"""With columns first that may be null."""

WRITERS: dict[str, tuple[Renderer, tuple[Column, ...], Callable[..., bytes]]] = {
    "CSV": (CsvRenderer(), MEMBER, plain.as_csv),
    "raw CSV, backwards": (
        CsvRenderer(raw=True),
        BACKWARDS,
        partial(plain.as_csv, raw=True, columns=[column.key for column in BACKWARDS]),
    ),
    "CSV for Excel": (CsvRenderer(excel=True), MEMBER, partial(plain.as_csv, excel=True)),
    "JSON": (JsonRenderer(), MEMBER, plain.as_json),
    "JSON lines": (JsonRenderer(lines=True), MEMBER, plain.as_lines),
}


# Comparing


@dataclass(frozen=True)
class Cut:
    """How the bytes of an export arrive."""

    block: int = documents.BLOCK
    """How many are looked at in one go."""
    sizes: tuple[int, ...] = (documents.BLOCK,)
    """How many come at a time, in turn."""

    def of(self, document: bytes) -> Iterator[bytes]:
        at = 0
        for size in cycle(self.sizes):
            if at >= len(document):
                return
            yield document[at : at + size]
            at += size


class _InPieces(Export):
    """An export whose bytes arrive as a test wants them to."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        super().__init__(None, "roster.json")
        self._pieces = blocks
        self.reading = Reading()

    def batches(self, reading: Reading, *others: Any) -> Iterator[list[Member]]:
        self.reading = reading
        return super().batches(reading, *others)

    def blocks(self) -> Iterator[bytes]:
        yield from self._pieces


def compare(document: bytes, *cuts: Cut) -> str:
    """Raise AssertionError unless coursectl reads and writes as the plain ones do; say what it is.

    Where a document is not JSON, which of it are rows to be left out is for coursectl to say.
    """
    try:
        expected = plain.read(document)
    except plain.NotJson:
        outcome, expected = "not JSON", None
    except plain.Refused:
        outcome, expected = "no roster", None
    else:
        outcome = (
            "invalid rows" if expected.invalid else "whole" if expected.is_whole else "partial"
        )
    written = (
        {name: write([*expected.members.values()]) for name, (_, _, write) in WRITERS.items()}
        if expected
        else {}
    )
    for cut, in_cells in product(cuts or (Cut(),), (False, True)):
        wanted = {name: written[name] for name in _writers(in_cells=in_cells) if expected}
        strict = _read(document, cut, Tolerance(), in_cells=in_cells)
        if outcome in ("whole", "partial"):
            assert strict is IncompleteRoster if outcome == "partial" else strict == wanted
        else:
            assert strict is InvalidData
        lax = Tolerance(skip_invalid=True, allow_incomplete=True)
        tolerant = _read(document, cut, lax, expected, in_cells=in_cells)
        if outcome == "no roster":
            assert tolerant is InvalidData
        elif expected:
            assert tolerant == wanted
    return outcome


def _writers(*, in_cells: bool) -> list[str]:
    """The formats that can be made of members in cells, or all."""
    return [
        name
        for name, (renderer, _, _) in WRITERS.items()
        if not in_cells or isinstance(renderer, CsvRenderer)
    ]


def _read(
    document: bytes,
    cut: Cut,
    tolerance: Tolerance,
    expected: plain.Roster | None = None,
    *,
    in_cells: bool,
) -> dict[str, bytes] | type[Exception]:
    """What is written of a document in each format that is made so, or the error that it is."""
    source = _InPieces(cut.of(document))
    gathering = Gathering(
        [source],
        Criteria(),
        now=NOW,
        tolerance=tolerance,
        renderer=CsvRenderer() if in_cells else None,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", cut.block)
        try:
            batches = list(gathering.batches())
        except (InvalidData, IncompleteRoster) as error:
            return type(error)
    if expected is not None:
        reading = source.reading
        assert [id_ for batch in batches for id_ in _ids(batch)] == [*expected.members]
        assert reading.valid == len(expected.members)
        assert (reading.members, reading.rows) == (expected.received, expected.rows)
        assert reading.invalid == expected.invalid
        assert reading.count == (expected.counts[-1] if expected.counts else None)
    return {name: _rendered(*WRITERS[name][:2], batches) for name in _writers(in_cells=in_cells)}


def _ids(batch: Batch) -> list[int]:
    if isinstance(batch, BatchInCells):
        return [cells[0] for cells in batch.cells]
    return [member["id"] for member in batch.members]


def _rendered(renderer: Renderer, columns: tuple[Column, ...], batches: list[Batch]) -> bytes:
    out = io.BytesIO()
    renderer.render(Answer(columns, batches, lambda: Caption("", ())), out)
    return out.getvalue()


# Making


class Verbatim(str):
    """A JSON text that stands as it is."""

    __slots__ = ()


def nested(levels: int) -> Verbatim:
    """Lists and objects inside each other, and a look of the end of a member on each level."""
    odd = levels % 2
    return Verbatim('[{"},{":' * (levels // 2) + "[" * odd + "]" * odd + "}]" * (levels // 2))


_NAMES = ("x", "},{", '"', "count", "results")
_ALL_NAMES = (*_NAMES, *FIELDS, "\ud83d")

_ODD = (
    *map(Verbatim, (r'"\ud83d\ude00"', r'"\uD83D\uDE00},{"')),
    *map(Verbatim, ("NaN", "-Infinity", "1e400", "-0", "-0.0", "1E-7", "0.00001", "1e2", "9" * 30)),
    *map(Verbatim, (r'"}],\"{"', r'"\\"', r'"\u0000\n\/"', "25.0", "2.5e-6", "9007199254740993")),
    *(True, False, None, -1, 0, 7, 100, 101, 2**63 - 2, 2**63 - 1, [], {}, [[]], {"id": 1}, [{}]),
    *("x" * 255, "x" * 256, "é" * 255, "x" * 65_537, "1", "", "2026-01-02", "1767323045"),
    *(nested(plain.MOST_LEVELS + more) for more in (-3, -2, -1)),
)
"""Values that are valid in some fields, in those that are ignored, or in none."""

_UNHOLDABLE = (
    Verbatim(r'"\ud83d"'),
    Verbatim(r'"\ude00\ud83d"'),
    nested(plain.MOST_LEVELS + 1),
    nested(plain.MOST_LEVELS + 2),
)
_NO_JSON = tuple(
    map(Verbatim, ("01", "tru", "'a'", '"a', "[1,]", "\ufeff1", '"\\x"', "1.", '"\t"'))
)

_MOMENTS = (
    None, "2026-01-02T03:04:05Z", "2024-02-29T23:59:59Z", "2026-01-02T03:04:05.123456Z",
    "2026-01-02T03:04:05+02:00", "2026-01-02 03:04:05.5", "2026-01-02t03:04z",
    "2026-01-02T03:04:05.000000Z", "0999-12-31T23:59:59.000001Z",
)  # fmt: skip
_NO_MOMENTS = (
    "2026-02-29T00:00:00Z", "0001-01-01T00:00:00+02:00", "2026-01-02T24:00:00Z", "2026-01-02",
    "9999-12-31T23:59:59-01:00",
)  # fmt: skip

_RATES = (0, 100, 12.5, None, 7, 99.96, 1e-5, 5e-324, 33.333333333333336)

_STATUSES = ("joined", "invited", None, "creator", "payment_waiting", "", "},{")

_BESIDE = (
    ("next", "https://x/?a=}],{"), ("previous", {"results": [{"id": 1}]}), ("x", nested(200)),
    ("course", {"id": 42, "name": "}],"}), ("course", {}), ("fetched_at", "2026-11-23T06:00:00Z"),
    ("results", {"id": 3}), ("\\", Verbatim("NaN")), ('"results":[', '"results":[{"id":1}]'),
    ("count", None),
)  # fmt: skip
"""What may stand beside the members of a page."""

_WRONG_BESIDE = (
    ("count", 1), ("count", -1), ("count", "1"), ("course", {"id": "a"}), ("fetched_at", "now"),
    ("incomplete", "cut"), ("pseudonyms", "key"), ("x", nested(202)), ("\ud83d", 1), ("id", 7),
    ("results", [{"id": 300}]),
)  # fmt: skip
"""What makes a page wrong, or doubtful, or no page."""

_DAMAGE = ("", "{", "}", "[", "]", ",", '"', "\\", "\n", ":", "0", "},{", "\ufeff", "\ud83d")

Fields = list[tuple[str, Any]]
"""An object in which a name may stand twice."""


class Choices:
    """Choices made by bytes: the first of all options once there are none left."""

    def __init__(self, data: bytes) -> None:
        self._data = iter(data)

    def number(self, below: int) -> int:
        return next(self._data, 0) % below

    def of(self, options: Sequence[Any]) -> Any:
        return options[self.number(len(options))]

    def one_in(self, chances: int) -> bool:
        return self.number(chances) == chances - 1


def hostile_export(choices: Choices) -> bytes:
    """Give an export of any shape, written as JSON allows, or now and then as it does not."""
    wrong = choices.one_in(2)
    shape = choices.of(("page", "list", "lines", "pages", "list of pages", "run"))
    rows = [_row(choices, wrong=wrong) for _ in range(choices.number(7))]
    write = _Writer(choices)
    match shape:
        case "page":
            text = write.object(_page(choices, rows, wrong=wrong))
        case "list":
            text = write.list(rows)
        case "lines":
            ends = ("\n", "\n", "\r\n", " \n\n \t\r\n", "\n\ufeff", "")
            text = "".join(write.line(row) + choices.of(ends) for row in rows)
            if choices.one_in(3):
                # As many lines as before, and none of two is a member.
                text = _one_replaced(choices, text, "\n", ",")
                text = _one_replaced(choices, text, *choices.of(((",", "\n"), ("},", "}\n"))))
        case "run":
            between = choices.of(("", "\n", "\ufeff", "\n\ufeff "))
            text = between.join(map(write.object, rows))
        case _:
            half = choices.number(len(rows) + 1)
            pages = [_page(choices, each, wrong=wrong) for each in (rows[:half], rows[half:])]
            if choices.one_in(4):
                pages += rows[:1]
            text = write.list(pages) if shape != "pages" else "\n".join(map(write.object, pages))
    if wrong and choices.one_in(4):
        first, last = sorted(choices.number(256) * len(text) // 255 for _ in range(2))
        text = text[:first] + choices.of((*_DAMAGE, text[first:last] * 2)) + text[last:]
    return (choices.of(("", "\ufeff", " \ufeff\n")) + text).encode(errors="surrogatepass")


def _row(choices: Choices, *, wrong: bool) -> Fields:
    """Give the fields of a member, some left out and others added; valid, or `wrong` by chance."""
    row: Fields = [("id", choices.number(256))]
    row += [(name, _text(choices)) for name in ("username", "real_name", "avatar")]
    row.append(("join_status", choices.of(_STATUSES)))
    row.append(("user_completion_rate", choices.of(_RATES)))
    moments = _MOMENTS + _NO_MOMENTS * wrong
    row += [(name, choices.of(moments[: choices.of((1, 4, 14))])) for name in MOMENTS]
    for _ in range(choices.of((0, 0, 0, 1, 2, 7))):
        del row[choices.number(len(row) - (not wrong)) + (not wrong)]
    for _ in range(choices.of((0, 0, 0, 0, 1, 2))):
        name = choices.of(_ALL_NAMES if wrong else _NAMES)
        value = choices.of(_ODD + _UNHOLDABLE * wrong)
        if wrong and choices.one_in(12):
            value = choices.of(_NO_JSON)
        row.insert(choices.number(len(row) + 1), (name, value))
    return row


def _one_replaced(choices: Choices, text: str, old: str, new: str) -> str:
    parts = text.split(old)
    at = choices.number(len(parts))
    return new.join(old.join(each) for each in (parts[:at], parts[at:]) if each)


def _text(choices: Choices) -> str | None:
    parts = choices.of((1, 0, 2, 4, None))
    return None if parts is None else "".join(choices.of(FRAGMENTS) for _ in range(parts))


def _page(choices: Choices, rows: list[Fields], *, wrong: bool) -> Fields:
    page: Fields = [("count", len({str(dict(row).get("id")) for row in rows})), ("next", None)]
    page = page[: choices.of((2, 0, 1))]
    beside = _BESIDE + _WRONG_BESIDE * wrong
    page += [choices.of(beside) for _ in range(choices.of((0, 0, 1, 2)))]
    page.insert(choices.number(len(page) + 1), ("results", rows))
    return page


def some_cut(choices: Choices) -> Cut:
    """Give a way to cut that no file in use would be cut in."""
    block = choices.of((1, 3, 40, 130, 400)) + choices.number(64)
    return Cut(block, tuple(1 + choices.number(256) for _ in range(1 + choices.number(3))))


class _Writer:
    """Writes JSON, with spaces between and escapes inside as they are chosen."""

    def __init__(self, choices: Choices) -> None:
        spaces = ("", " ", "\n", "\r\n", "\t", "")
        self._spaces = cycle([choices.of(spaces) for _ in range(choices.of((1, 3, 5)))])
        self._ascii = cycle([choices.one_in(2) for _ in range(choices.of((1, 2, 3)))])

    def line(self, fields: Fields) -> str:
        """Write an object on one line."""
        return self.object(fields).replace("\n", "").replace("\r", "")

    def object(self, fields: Iterable[tuple[str, Any]]) -> str:
        written = (f"{self._spaced(name)}:{self._spaced(value)}" for name, value in fields)
        return "{" + (",".join(written) or next(self._spaces)) + "}"

    def list(self, values: Iterable[Any]) -> str:
        return "[" + (",".join(map(self._spaced, values)) or next(self._spaces)) + "]"

    def _spaced(self, value: Any) -> str:
        return f"{next(self._spaces)}{self._value(value)}{next(self._spaces)}"

    def _value(self, value: Any) -> str:
        match value:
            case Verbatim():
                return value
            case str():
                return json.dumps(value, ensure_ascii=next(self._ascii) or value == "\ud83d")
            case dict():
                return self.object(value.items())
            case [tuple(), *_]:
                return self.object(value)
            case list():
                return self.list(value)
        return json.dumps(value)
