"""Changes as sections of a page, as rows, and as JSON of a documented shape."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from coursectl.render.columns import CHANGE_COLUMNS, MEMBER, Column, Kind
from coursectl.render.interface import Answer, Caption
from coursectl.render.json import escaped
from coursectl.render.outline import Figure, Figures, Outline, Rows, Section, Words
from coursectl.render.values import day, minute, moment_in
from coursectl.roster.change_kind import OF_WHO_CAME, OF_WHO_WENT, ChangeKind
from coursectl.roster.definitions import CHANGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from coursectl.render.interface import Sink
    from coursectl.roster.changes import Change, Changes

SHAPE = "changes/2"
"""The name of the shape in JSON; what is added later keeps it, what changes gets the next."""

_TITLES = dict(zip(ChangeKind, (term for term, _ in CHANGES), strict=True))

_BY_KEY = {column.key: column for column in MEMBER}
_WHO = tuple(_BY_KEY[key] for key in ("id", "username", "real_name"))
_STATUS, _RATE = _BY_KEY["join_status"], _BY_KEY["user_completion_rate"]
_LAST_ACTIVE, _JOINED = _BY_KEY["last_active_at"], _BY_KEY["joined_at"]


def _from_and_to(column: Column) -> tuple[Column, Column]:
    return (
        column._replace(key="from", header="From", folds=None),
        column._replace(key="to", header="To", folds=None),
    )


_FROM, _TO = (column._replace(null="-") for column in _from_and_to(_STATUS))
_RATES = (*_from_and_to(_RATE), Column("delta", "Delta", Kind.POINTS))

_COLUMNS = {
    ChangeKind.JOINED: (*_WHO, _FROM, _TO, _JOINED),
    ChangeKind.LEFT: (*_WHO, _FROM, _TO, _RATE, _LAST_ACTIVE),
    ChangeKind.INVITED: (*_WHO, _FROM, _TO),
    ChangeKind.REQUESTED: (*_WHO, _FROM, _TO),
    ChangeKind.WITHDRAWN: (*_WHO, _FROM, _TO),
    ChangeKind.MOVED: (*_WHO, _FROM, _TO),
    ChangeKind.PROGRESSED: (*_WHO, *_RATES),
    ChangeKind.REGRESSED: (*_WHO, *_RATES),
    ChangeKind.COMPLETED: (*_WHO, _RATES[0], _LAST_ACTIVE),
    ChangeKind.SILENT: (*_WHO, _RATE, _LAST_ACTIVE, _JOINED),
    ChangeKind.RENAMED: (
        *_WHO,
        _WHO[1]._replace(key="username_before", header="Username before"),
        _WHO[2]._replace(key="real_name_before", header="Name before"),
    ),
}
"""What a page shows of each kind of change."""

_UNTOLD = {
    **dict.fromkeys(OF_WHO_CAME, "not known, since the first roster may not be whole"),
    **dict.fromkeys(OF_WHO_WENT, "not known, since the second roster may not be whole"),
    ChangeKind.SILENT: "not known, since a roster does not say when it was fetched",
}
"""Why there is no telling, of each kind of which there may be none."""

_MOMENTS = {
    kind: [column.key for column in columns if column.kind in (Kind.DATE, Kind.ACTIVITY)]
    for kind, columns in _COLUMNS.items()
}

_TYPED_COLUMNS = tuple(
    column._replace(kind=Kind.MIXED) if column.key in ("from", "to") else column
    for column in CHANGE_COLUMNS
)

_BATCH = 1_000


# A page

ON_PAPER = 10_000
"""People of each kind on a page that is no terminal's; the formats for programs have all."""


def _no_remedy(_kind: ChangeKind) -> str:
    return ""


def changes_outline(
    changes: "Changes", *, shown: int, remedy: "Callable[[ChangeKind], str]"
) -> Outline:
    """Give changes as a page; see `change_sections`."""
    sides = (changes.before, changes.after)
    moments = [_told(side.fetched_at) for side in sides]
    return Outline(
        changes.course or "Changes",
        (
            f"{' to '.join(moments)}",
            f"{' to '.join(f'{side.members:,}' for side in sides)} members",
        ),
        change_sections(changes, shown=shown, remedy=remedy),
    )


def change_sections(
    changes: "Changes", *, shown: int = ON_PAPER, remedy: "Callable[[ChangeKind], str]" = _no_remedy
) -> tuple[Section, ...]:
    """Give changes section by section: counts first, then the people of each kind.

    Of each kind, the first `shown` are shown; `remedy` gives the command that lists all of a kind.
    Raises CoursectlError.
    """
    since = changes.before.fetched_at
    title = "What changed" if since is None else f"What changed since {day(since)}"
    counts = Figures(
        tuple(
            Figure(
                _TITLES[kind],
                number,
                note=f"for {changes.inactive}" if kind is ChangeKind.SILENT else "",
                null="not known",
            )
            for kind, number in changes.counts.items()
        )
    )
    told = tuple(f"{_TITLES[kind]}: {_UNTOLD[kind]}." for kind in changes.unknown)
    if not told and not changes.total:
        told = ("Nothing changed.",)
    return (
        Section("changes", title, (counts, *([Words(told)] if told else []))),
        *(
            _section(changes, kind, number, shown, remedy)
            for kind, number in changes.counts.items()
            if number
        ),
    )


def change_table(changes: "Changes") -> tuple[Section, ...]:
    """Give changes as one section: counts, and one table of all. Raises CoursectlError."""
    since = Figures((Figure("Since", changes.before.fetched_at, Kind.DATE, null="not known"),))
    blocks = (since, *change_sections(changes, shown=0)[0].blocks)
    rows = [*map(_untold, changes.unknown), *map(_typed, changes)]
    table = Rows("Changes", _TYPED_COLUMNS, rows, changes.as_of)
    return (Section("changes", "Changes", (*blocks, table)),)


def _section(
    changes: "Changes",
    kind: ChangeKind,
    number: int,
    shown: int,
    remedy: "Callable[[ChangeKind], str]",
) -> Section:
    rows = [_of_page(change) for change in islice(changes.of(kind), shown)]
    table = Rows(
        _TITLES[kind],
        _COLUMNS[kind],
        rows,
        changes.as_of,
        number - len(rows),
        remedy(kind),
    )
    return Section(f"changes-{kind}", _TITLES[kind], (table,))


def _of_page(change: "Change") -> dict[str, Any]:
    row: dict[str, Any] = dict(change.member)
    for key in _MOMENTS[change.kind]:
        row[key] = row[key] and moment_in(row[key])
    if change.before is not None:
        row |= {f"{key}_before": change.before[key] for key in ("username", "real_name")}
    return row | {"from": change.was, "to": change.now, "delta": change.delta}


def _told(moment: datetime | None) -> str:
    return "not known when" if moment is None else minute(moment)


# Rows


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """Some changes, in order."""

    rows: list[dict[str, Any]]
    as_of: datetime
    shared: dict[str, str] = field(default_factory=dict)


def change_answer(changes: "Changes", *, typed: bool) -> Answer:
    """Give changes as rows with the keys of CHANGE_COLUMNS; kinds that are not known come first.

    What they are from and to is text, or if `typed`, a percentage, a date-time or text.
    """
    caption = Caption(changes.course or "Changes", ())
    row = _typed if typed else _row
    rows = chain(map(_untold, changes.unknown), map(row, changes))
    return Answer(
        _TYPED_COLUMNS if typed else CHANGE_COLUMNS,
        (ChangeBatch(batch, changes.as_of) for batch in _batches(rows)),
        lambda: caption,
        heading="Changes",
    )


def _untold(kind: ChangeKind) -> dict[str, Any]:
    """Give the row that says of a kind that it is not known who it would be."""
    return dict.fromkeys(column.key for column in CHANGE_COLUMNS) | {"change": f"{kind}: not known"}


def _row(change: "Change") -> dict[str, Any]:
    row = _object(change)
    return row | {key: _text(row[key]) for key in ("from", "to")}


def _typed(change: "Change") -> dict[str, Any]:
    row = _object(change)
    if change.kind is ChangeKind.SILENT:
        return row | {key: row[key] and moment_in(row[key]) for key in ("from", "to")}
    if change.kind is ChangeKind.RENAMED:
        return _row(change)
    return row


def _text(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case {"username": username, "real_name": real_name}:
            both = (real_name, f"({username})" if username else None)
            return " ".join(filter(None, both)) or None
        case _:
            return to_json(value).decode()


# JSON


def write_json(changes: "Changes", out: "Sink", *, lines: bool) -> None:
    """Write changes in the shape that the README documents, or with `lines` a change a line.

    Kinds that are not known count null, or with `lines` have a line each that says so. What is open
    is closed only when all changes have been read.
    """
    between, before, end = (b"\n", b"", b"\n") if lines else (b",\n", b"\n", b"\n]}\n")
    if not lines:
        out.write(escaped(to_json(_head(changes)))[:-1] + b',"changes":[')
    untold = map(_untold, changes.unknown if lines else ())
    for batch in _batches(chain(untold, map(_object, changes))):
        out.write(before + between.join(escaped(to_json(each)) for each in batch))
        before = between
    out.write(end if before == between else end.lstrip(b"\n"))


def _head(changes: "Changes") -> dict[str, Any]:
    return {
        "shape": SHAPE,
        "course": {"id": changes.course_id, "name": changes.course},
        "community": changes.community,
        **{
            name: {"fetched_at": side.fetched_at, "members": side.members}
            for name, side in (("before", changes.before), ("after", changes.after))
        },
        "inactive": str(changes.inactive),
        "counts": dict(changes.counts),
    }


def _object(change: "Change") -> dict[str, Any]:
    member = change.member
    return {
        "change": change.kind,
        "id": member["id"],
        "username": member["username"],
        "real_name": member["real_name"],
        "join_status": member["join_status"],
        "from": change.was,
        "to": change.now,
        "delta": change.delta,
    }


def _batches(rows: "Iterable[dict[str, Any]]") -> "Iterator[list[dict[str, Any]]]":
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
