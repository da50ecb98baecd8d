"""Options that several commands share, declared once."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import typer

from coursectl.cli.contradictions import refuse_contradictions
from coursectl.cli.debugging import begin_debugging
from coursectl.cli.formats import Format
from coursectl.cli.grammar import Offer
from coursectl.deadline import begin_deadline
from coursectl.errors import UsageError
from coursectl.printable import shortened
from coursectl.render.columns import COLUMN_KEYS, COURSE_COLUMN_KEYS, TREND_COLUMN_KEYS
from coursectl.roster.change_kind import ChangeKind
from coursectl.roster.criteria import Criteria, Sort, parse_sort, parse_statuses
from coursectl.roster.folding import folded
from coursectl.roster.join_status import NO_STATUS, JoinStatus
from coursectl.roster.moments import Age, parse_age, parse_when

if TYPE_CHECKING:
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.settings import Settings

_T = TypeVar("_T")

_SELECTION = "Which members"
_CHOICE = "Which courses"
_OUTPUT = "How they are shown"
_TRUST = "What is accepted"
_CONNECTION = "Which community"

_STATUSES = Offer(*JoinStatus, NO_STATUS, by_comma=True)
_COURSES = Offer(found="courses")
_EXPORTS = Offer(found="exports")


def _both_ways(keys: tuple[str, ...]) -> Offer:
    return Offer(*keys, *(f"-{key}" for key in keys))


_COURSE = typer.Argument(
    metavar="COURSE",
    help="A course id, its URL, slug or exact name; an export (.json, .jsonl, .ndjson, .gz);"
    " - for an export on stdin; or demo.",
    show_default=False,
)
Course = Annotated[str, _COURSE, _COURSES]
Courses = Annotated[list[str], _COURSE, _COURSES]
CoursesOrAll = Annotated[list[str] | None, _COURSE, _COURSES]
AllCourses = Annotated[
    bool,
    typer.Option("--all", help="Every course that you created or manage.", rich_help_panel=_CHOICE),
]
Exports = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPORT",
        help="A file, a folder of exports or a glob ('rosters/**/*.json.gz'); - for stdin; or"
        " demo.",
        show_default=False,
    ),
    _EXPORTS,
]

Before = Annotated[
    str,
    typer.Argument(
        metavar="BEFORE",
        help="The older roster: an export, - for one on stdin, or demo.",
        show_default=False,
    ),
    _EXPORTS,
]
After = Annotated[
    str | None,
    typer.Argument(
        metavar="AFTER",
        help="The newer one: an export, or a course as it is now. Without it, the course that"
        " BEFORE is of.",
        show_default=False,
    ),
    _COURSES,
]

# Which members

Status = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        "-s",
        metavar="STATUS,...",
        help="creator, manager, joined, invited, requested, none, or another word that the"
        " server knows. Everybody by default.",
        rich_help_panel=_SELECTION,
    ),
    _STATUSES,
]
StatusCounted = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        "-s",
        metavar="STATUS,...",
        help="Of the members with these statuses only: creator, manager, joined, invited,"
        " requested, none, or another word that the server knows.",
        rich_help_panel=_SELECTION,
    ),
    _STATUSES,
]
Search = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="Text in the username or the name, whatever the case and the accents.",
        rich_help_panel=_SELECTION,
    ),
]
MinCompletion = Annotated[
    float | None,
    typer.Option(
        metavar="N", min=0, max=100, help="At least N percent done.", rich_help_panel=_SELECTION
    ),
]
MaxCompletion = Annotated[
    float | None,
    typer.Option(
        metavar="N", min=0, max=100, help="At most N percent done.", rich_help_panel=_SELECTION
    ),
]
Active = Annotated[
    str | None,
    typer.Option(metavar="AGE", help="Completed a lesson within AGE.", rich_help_panel=_SELECTION),
]
Inactive = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        help="Completed no lesson within AGE, or never did.",
        rich_help_panel=_SELECTION,
    ),
]
NeedsNudge = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        help="Joined at least AGE ago, is not done, and completed no lesson within AGE.",
        rich_help_panel=_SELECTION,
    ),
]
SilentFor = Annotated[
    str,
    typer.Option(
        "--inactive",
        metavar="AGE",
        help="Who joined at least AGE ago, is not done, and completed no lesson within AGE needs a"
        " nudge.",
        rich_help_panel=_SELECTION,
    ),
]
NewlySilentFor = Annotated[
    str,
    typer.Option(
        "--inactive",
        metavar="AGE",
        help="Who joined, is not done, was active within AGE of BEFORE and not of AFTER is newly"
        " silent.",
        rich_help_panel=_SELECTION,
    ),
]
OnlyKinds = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="KIND,...",
        help=f"These kinds of change: {', '.join(ChangeKind)}. All by default.",
        rich_help_panel=_SELECTION,
    ),
    Offer(*ChangeKind, by_comma=True),
]
NeverActive = Annotated[
    bool,
    typer.Option("--never-active", help="Never completed a lesson.", rich_help_panel=_SELECTION),
]
JoinedAfter = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="Joined at WHEN or later.", rich_help_panel=_SELECTION),
]
JoinedBefore = Annotated[
    str | None,
    typer.Option(metavar="WHEN", help="Joined before WHEN.", rich_help_panel=_SELECTION),
]
SortBy = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="COLUMN",
        help="Order by a column, descending with - in front; nulls last.",
        rich_help_panel=_SELECTION,
    ),
    _both_ways(COLUMN_KEYS),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", "-n", metavar="N", min=0, help="At most N members.", rich_help_panel=_SELECTION
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="Measure ages from WHEN rather than from when the roster was fetched, and leave out"
        " who joined later.",
        rich_help_panel=_SELECTION,
    ),
]

# Which courses

CourseSearch = Annotated[
    str | None,
    typer.Option(
        "--search",
        metavar="TEXT",
        help="Text in the name or the slug, whatever the case and the accents.",
        rich_help_panel=_CHOICE,
    ),
]
CourseSort = Annotated[
    str | None,
    typer.Option(
        "--sort",
        metavar="COLUMN",
        help="Order by a column rather than by name, descending with - in front; nulls last.",
        rich_help_panel=_CHOICE,
    ),
    _both_ways(COURSE_COLUMN_KEYS),
]
CourseLimit = Annotated[
    int | None,
    typer.Option(
        "--limit", "-n", metavar="N", min=0, help="At most N courses.", rich_help_panel=_CHOICE
    ),
]

# How they are shown

FormatName = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="Default: table on a terminal, plain elsewhere, or what the name of FILE says.",
        rich_help_panel=_OUTPUT,
        show_default=False,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="The same as -f json.", rich_help_panel=_OUTPUT)
]
AsCsv = Annotated[bool, typer.Option("--csv", help="The same as -f csv.", rich_help_panel=_OUTPUT)]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        "-c",
        metavar="A,B,...",
        help=f"These columns in this order: {', '.join(COLUMN_KEYS)}.",
        rich_help_panel=_OUTPUT,
    ),
    Offer(*COLUMN_KEYS, by_comma=True),
]
CourseColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        "-c",
        metavar="A,B,...",
        help=f"These columns in this order: {', '.join(COURSE_COLUMN_KEYS)}.",
        rich_help_panel=_OUTPUT,
    ),
    Offer(*COURSE_COLUMN_KEYS, by_comma=True),
]
TrendColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--columns",
        "-c",
        metavar="A,B,...",
        help=f"These columns in this order: {', '.join(TREND_COLUMN_KEYS)}.",
        rich_help_panel=_OUTPUT,
    ),
    Offer(*TREND_COLUMN_KEYS, by_comma=True),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE, which is replaced only when all is well. {course}, {id}, {date} and"
        " {time} are filled in, as in an export; missing folders are made.",
        rich_help_panel=_OUTPUT,
    ),
]
ExportFile = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to FILE (.json or .json.gz), which is replaced only when all is well. {course},"
        " {id}, {date} and {time} are filled in: the slug, the id, and when the roster was fetched"
        " (UTC).",
        rich_help_panel=_OUTPUT,
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="EXPORT",
        help="Tell what changed since this export of the course.",
        rich_help_panel=_CHOICE,
    ),
    _EXPORTS,
]
Avatars = Annotated[
    bool,
    typer.Option(
        "--avatars",
        help="html: link avatars. Whoever follows a link is seen where the avatar lies.",
        rich_help_panel=_OUTPUT,
    ),
]
TellsByExitCode = Annotated[
    bool,
    typer.Option(
        "--exit-code",
        help="End with exit code 8 if anything changed, or may have.",
        rich_help_panel=_OUTPUT,
    ),
]
Raw = Annotated[
    bool,
    typer.Option(
        "--raw",
        help="csv, tsv: text as it is, formulas and control characters too.",
        rich_help_panel=_OUTPUT,
    ),
]
Excel = Annotated[
    bool,
    typer.Option(
        "--excel", help="csv, tsv: with the BOM and CRLF that Excel wants.", rich_help_panel=_OUTPUT
    ),
]
Pseudonymize = Annotated[
    bool,
    typer.Option(
        "--pseudonymize",
        help="Names, usernames, avatars and ids give way to pseudonyms, which are the same each"
        " time under the same COURSECTL_PSEUDONYM_KEY.",
        rich_help_panel=_OUTPUT,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Processes that may share a large export, of which 2 are all it takes. Default: 2, or"
        " 1 on a single core.",
        rich_help_panel=_OUTPUT,
        show_default=False,
    ),
]
NoPager = Annotated[
    bool, typer.Option("--no-pager", help="Never use a pager.", rich_help_panel=_OUTPUT)
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="No notes and no progress on stderr.", rich_help_panel=_OUTPUT
    ),
]

# What is accepted

SkipInvalid = Annotated[
    bool,
    typer.Option(
        "--skip-invalid",
        help="Leave invalid rows out, and say how many and why.",
        rich_help_panel=_TRUST,
    ),
]
AllowIncomplete = Annotated[
    bool,
    typer.Option(
        "--allow-incomplete",
        help="List what there is of a roster with members missing.",
        rich_help_panel=_TRUST,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Show nothing and end with exit code 3 if any export is broken.",
        rich_help_panel=_TRUST,
    ),
]


# Which community

Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The profile in config.toml, also COURSECTL_PROFILE.",
        rich_help_panel=_CONNECTION,
    ),
    Offer(found="profiles"),
]
Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Tell each request on stderr, also COURSECTL_DEBUG=1.",
        rich_help_panel=_CONNECTION,
    ),
]


Concurrency = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=8,
        help="Requests that are under way at once, 1 to 8. Default: 4.",
        rich_help_panel=_CONNECTION,
        show_default=False,
    ),
]
Deadline = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Give up after TIME in all: 90s, 5m, 1h. Default: 30m.",
        rich_help_panel=_CONNECTION,
    ),
]


def settings_loader(
    ctx: typer.Context,
    profile: str | None,
    debug: bool,
    *,
    concurrency: int | None = None,
    deadline: str | None = None,
) -> "Callable[[], Settings]":
    """Give what loads the settings when they are wanted, and begin to debug if that was asked for.

    A deadline begins here. Raises UsageError for one that is no time.

    Whatever stands after the command wins over what stands before it. A command that has
    `--pseudonymize` need not say it again.
    """
    begin_debugging(wanted=debug)
    if deadline is not None:
        from coursectl.settings import seconds_until_deadline

        begin_deadline(seconds_until_deadline(deadline))
    names_nobody = bool(ctx.params.get("pseudonymize"))

    def load() -> "Settings":
        from coursectl.settings import Settings

        return Settings.load(
            profile or ctx.obj,
            names_nobody=names_nobody,
            concurrency=concurrency,
            deadline=deadline,
        )

    return load


def pseudonyms(ctx: typer.Context, profile: str | None, *, wanted: bool) -> "Pseudonyms | None":
    """Give what `--pseudonymize` puts members under, if it is wanted.

    Raises UsageError without a key.
    """
    if not wanted:
        return None
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.settings import load_pseudonym_key

    return Pseudonyms(load_pseudonym_key(profile or ctx.obj))


class Selection(NamedTuple):
    """The criteria, and the words in which a person gave them."""

    criteria: Criteria
    words: tuple[str, ...]
    as_of: Age | datetime | None


def read_course_sort(text: str | None) -> Sort | None:
    """Read `--sort` of courses. Raises UsageError, which names the option."""
    return _read("--sort", lambda text: parse_sort(text, COURSE_COLUMN_KEYS), text)


def read_when(option: str, text: str | None) -> Age | datetime | None:
    """Read a WHEN. Raises UsageError, which names the option."""
    return _read(option, parse_when, text)


def read_age(option: str, text: str) -> Age:
    """Read an AGE. Raises UsageError, which names the option."""
    age = _read(option, parse_age, text)
    assert age is not None  # noqa: S101 - there is a text
    return age


def select(
    *,
    status: list[str] | None,
    search: str | None,
    min_completion: float | None,
    max_completion: float | None,
    active: str | None,
    inactive: str | None,
    never_active: bool,
    joined_after: str | None,
    joined_before: str | None,
    sort: str | None,
    limit: int | None,
    as_of: str | None,
    needs_nudge: str | None = None,
    names_nobody: bool = False,
) -> Selection:
    """Read the selection options. Raises UsageError, which names the option.

    With `names_nobody`, the words leave out what was searched for, which may be a name.
    """
    check_text("--search", search)
    for each in status or ():
        check_text("--status", each)
    criteria = Criteria(
        statuses=parse_statuses(status or ()),
        search=search or None,
        min_completion=min_completion,
        max_completion=max_completion,
        active=_read("--active", parse_age, active),
        inactive=_read("--inactive", parse_age, inactive),
        never_active=never_active,
        joined_after=_read("--joined-after", parse_when, joined_after),
        joined_before=_read("--joined-before", parse_when, joined_before),
        needs_nudge=_read("--needs-nudge", parse_age, needs_nudge),
        in_hindsight=as_of is not None,
        sort=_read("--sort", lambda text: parse_sort(text, COLUMN_KEYS), sort),
        limit=limit,
    )
    moment = read_when("--as-of", as_of)
    refuse_contradictions(criteria, moment)
    words = {
        "status": ", ".join(status or ()),
        "search": search and ("for a text" if names_nobody else f'"{shortened(search)}"'),
        "at least": min_completion is not None and f"{min_completion + 0:g}%",
        "at most": max_completion is not None and f"{max_completion + 0:g}%",
        "active within": active,
        "inactive for": inactive,
        "never active": never_active and "yes",
        "needs a nudge after": needs_nudge,
        "joined after": joined_after,
        "joined before": joined_before,
        "sorted by": sort,
        "first": limit is not None and str(limit),
    }
    return Selection(
        criteria,
        tuple(f"{name} {value}".removesuffix(" yes") for name, value in words.items() if value),
        moment,
    )


def check_text(option: str, text: str | None) -> None:
    """Raise UsageError for bytes that are no text, and for a text of which nothing is compared."""
    if not text:
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"{option} {shortened(text)!r} is not UTF-8",
            "Check the encoding of your terminal, or of the script.",
        ) from None
    if not folded(text):
        raise UsageError(
            f"{option} has no letter or sign that is compared", "Accents alone are none."
        )


def _read(option: str, parse: Callable[[str], _T], text: str | None) -> _T | None:
    if text is None:
        return None
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{option}: {error.message}", *error.hints) from None
