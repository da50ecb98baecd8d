"""A report: everything about a course in one page that people act on."""

from typing import TYPE_CHECKING

from coursectl import __version__
from coursectl.render.columns import MEMBER
from coursectl.render.outline import Outline, Rows, Section, Words
from coursectl.render.summary import as_of_when, summary_sections
from coursectl.render.values import minute
from coursectl.roster.definitions import CHANGES, DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from coursectl.render.columns import Column
    from coursectl.roster.summary import Summary


def roster_columns(*, with_avatars: bool) -> "tuple[Column, ...]":
    """Return the columns of the roster in a report."""
    return tuple(column for column in MEMBER if with_avatars or column.key != "avatar")


def report_outline(
    summary: "Summary",
    members: "Sequence[Mapping[str, Any]]",
    *,
    changes: tuple[Section, ...] = (),
    caveats: tuple[str, ...] = (),
    with_avatars: bool = False,
) -> Outline:
    """Give a report: figures, what changed, who needs a nudge, and the whole roster.

    `changes` are the sections on what changed, where that is told; `caveats` say what is missing
    from the roster, which whoever reads the report must know.
    """
    columns = roster_columns(with_avatars=with_avatars)
    figures = summary_sections(summary, remedy="")
    roster = Rows("Roster", columns, members, summary.as_of, searchable=True)
    warning = (Section("caveats", "Read this first", (Words(caveats),)),) if caveats else ()
    of = f"{summary.members:,} member" + ("" if summary.members == 1 else "s")
    return Outline(
        summary.course,
        (
            of,
            *as_of_when(summary),
            *([summary.community] if summary.community else []),
        ),
        (
            *warning,
            *figures[:-1],
            *changes,
            figures[-1],
            Section("roster", "Roster", (roster,) if members else (roster, Words(("Nobody.",)))),
        ),
        Words((*_meanings(with_changes=bool(changes)), _made(summary))),
    )


def _meanings(*, with_changes: bool) -> "Iterator[str]":
    """Say what the figures mean."""
    terms = (*DEFINITIONS, *(CHANGES if with_changes else ()))
    return (f"{term}: {meaning}" for term, meaning in terms)


def _made(summary: "Summary") -> str:
    """Say what made the report, and from what."""
    fetched = summary.fetched_at
    when = "that does not say when it was fetched"
    if fetched is not None:
        when = f"fetched {minute(fetched)}"
    return f"Made by coursectl {__version__} from a roster {when}."
