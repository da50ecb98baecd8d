"""`coursectl summary COURSE...`: how it is going, and who needs a nudge."""

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.cli.formats import Format
from coursectl.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coursectl.settings import Settings
    from coursectl.sources.interface import Source
    from coursectl.streams import Talk

_ON_SCREEN = 20
"""People shown on a terminal who need a nudge."""
_ON_PAPER = 1_000
"""The same elsewhere; JSON has all."""


def summary(
    ctx: typer.Context,
    courses: options.CoursesOrAll = None,
    all_: options.AllCourses = False,
    status: options.Status = None,
    search: options.Search = None,
    min_completion: options.MinCompletion = None,
    max_completion: options.MaxCompletion = None,
    active: options.Active = None,
    never_active: options.NeverActive = False,
    joined_after: options.JoinedAfter = None,
    joined_before: options.JoinedBefore = None,
    needs_nudge: options.NeedsNudge = None,
    sort: options.SortBy = None,
    limit: options.Limit = None,
    as_of: options.AsOf = None,
    inactive: options.SilentFor = "30d",
    format_: options.FormatName = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    output: options.Output = None,
    raw: options.Raw = False,
    excel: options.Excel = False,
    pseudonymize: options.Pseudonymize = False,
    jobs: options.Jobs = None,
    no_pager: options.NoPager = False,
    quiet: options.Quiet = False,
    skip_invalid: options.SkipInvalid = False,
    allow_incomplete: options.AllowIncomplete = False,
    concurrency: options.Concurrency = None,
    deadline: options.Deadline = None,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """Sum up courses: statuses, completion, activity, joins, and who needs a nudge.

    One course is a page of figures; several are a row each.

    \b
    coursectl summary 42
    coursectl summary --all --csv
    coursectl summary 42 --json | jq '.courses[].completion.mean'
    """  # noqa: D301 - a backspace keeps the lines below it apart
    from coursectl.cli.delivery import Delivery, counted, tell_read, tell_written
    from coursectl.cli.sharing import gathering_of
    from coursectl.cli.statuses import check_statuses
    from coursectl.gather import Tolerance
    from coursectl.render.columns import summary_columns
    from coursectl.render.interface import Answer, Caption
    from coursectl.render.outline import outline_of
    from coursectl.render.summary import course_facts, summary_batch, summary_outline, write_json
    from coursectl.render.values import lacking
    from coursectl.roster.summary import Counting
    from coursectl.sources.export import STDIN
    from coursectl.streams import Talk
    from coursectl.survey import summarise

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    pseudonyms = options.pseudonyms(ctx, profile, wanted=pseudonymize)
    selection = options.select(
        status=status,
        search=search,
        min_completion=min_completion,
        max_completion=max_completion,
        active=active,
        inactive=None,
        never_active=never_active,
        joined_after=joined_after,
        joined_before=joined_before,
        needs_nudge=needs_nudge,
        sort=sort,
        limit=limit,
        as_of=as_of,
        names_nobody=pseudonymize,
    )
    silent_for = options.read_age("--inactive", inactive)
    asked = {
        "--status": status,
        "--search": search,
        "--min-completion": min_completion,
        "--max-completion": max_completion,
        "--active": active,
        "--never-active": never_active,
        "--joined-after": joined_after,
        "--joined-before": joined_before,
        "--as-of": as_of,
        "--skip-invalid": skip_invalid,
        "--allow-incomplete": allow_incomplete,
        "--profile": profile or ctx.obj,
    }
    delivery = Delivery.chosen(
        output=output, named=format_, json=json, csv=csv, raw=raw, excel=excel
    )
    look = delivery.look
    now = datetime.now(UTC)
    talk = Talk(quiet=quiet)
    sources = _sources(courses or [], settings, talk, wants_all=all_)
    is_page = (
        len(sources) == 1 and not all_ and (look.format.is_readable or look.format is Format.XLSX)
    )
    is_json = look.format in (Format.JSON, Format.JSONL)
    most = (_ON_SCREEN if look.format is Format.TABLE else _ON_PAPER) if is_page else 0
    counting = Counting(
        silent_for,
        selection.criteria.statuses,
        None if is_json else most,
        in_hindsight=selection.criteria.in_hindsight,
    )
    gather = gathering_of(
        sources,
        jobs,
        may_share=(sort, limit, as_of, pseudonyms) == (None,) * 4,
    )
    gatherings = []
    summaries = []
    with talk:
        for number, source in enumerate(sources, 1):
            gathering = gather(
                [source],
                selection.criteria,
                now=now,
                as_of=selection.as_of,
                tolerance=Tolerance(skip_invalid=skip_invalid, allow_incomplete=allow_incomplete),
                tells_provenance=True,
                supposes=True,
                counting=counting,
                pseudonyms=pseudonyms,
                number=number,
                on_progress=talk.advance,
            )
            summaries.append(summarise(gathering, selection.criteria, counting))
            gatherings.append(gathering)
        check_statuses(gatherings, names_nobody=pseudonymize)
        delivery = delivery.named_by([each.provenance for each in gatherings], sources[0].name)
        if is_json:
            lines = look.format is Format.JSONL
            delivery.write(
                lambda out: write_json(summaries, out, lines=lines), talk, pager=not no_pager
            )
        elif is_page:
            outline = summary_outline(
                summaries[0],
                selection.words,
                remedy="the same with --json lists all"
                if courses == [STDIN] or pseudonymize or needs_nudge or limit is not None
                else _listed(courses or [], asked | {"--needs-nudge": str(silent_for)}),
            )
            delivery.deliver_outline(outline, talk, pager=not no_pager)
        else:
            lacks = lacking(
                sum(each.invalid_rows for each in summaries),
                is_incomplete=any(each.incomplete for each in summaries),
            )
            facts = (*selection.words, *lacks, *course_facts(summaries))
            caption = Caption(counted(len(summaries), "course"), facts)
            answer = Answer(
                summary_columns(readable=look.format.is_readable),
                [summary_batch(summaries, now)],
                lambda: caption,
                heading="Courses",
                takes_columns=False,
            )
            if look.format in (Format.PLAIN, Format.MARKDOWN):
                # A mail has to say whom the figures are of.
                delivery.deliver_outline(outline_of(answer), talk, pager=not no_pager)
            else:
                delivery.deliver(answer, talk, may_fold=True, pager=not no_pager)
        for gathering in gatherings:
            tell_read(gathering, talk)
        told = sum(each.members for each in summaries)
        of = counted(told, "member")
        tell_written(
            delivery.file,
            of if len(summaries) == 1 else f"{counted(len(summaries), 'course')} ({of})",
            talk,
            verb="summed up",
        )


def _listed(courses: list[str], asked: "Mapping[str, object]") -> str:
    """Give the command that lists members, with what was asked for as options."""
    words = ["coursectl", "members"]
    for option, value in asked.items():
        match value:
            case None | False | []:
                continue
            case True:
                words.append(option)
            case list():
                words.append(f"{option}={','.join(map(str, value))}")
            case str() if value.startswith("-"):
                words.append(f"{option}={value}")
            case _:
                words += [option, str(value)]
    if any(course.startswith("-") for course in courses):
        return shlex.join([*words, "--", *courses])
    return shlex.join([*words[:2], *courses, *words[2:]])


def _sources(
    courses: list[str], settings: "Callable[[], Settings]", talk: "Talk", *, wants_all: bool
) -> "list[Source]":
    """Give the courses that were named, or all that may be reported on. Raises UsageError."""
    from coursectl.sources.resolve import every_course, resolve

    if wants_all and courses:
        raise UsageError("--all goes with no COURSE", "Name courses, or give --all.")
    if wants_all:
        found = every_course(settings, talk.wait)
        if not found:
            raise NotFound(
                "there is no course that you created or manage", "See coursectl courses."
            )
        return found
    if not courses:
        raise UsageError("no COURSE is named", "Name one or several, or give --all.")
    return resolve(courses, settings, talk.wait)
