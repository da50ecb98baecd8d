"""`coursectl members COURSE...`: the roster."""

from contextlib import closing
from datetime import UTC, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.cli.formats import Format
from coursectl.errors import UsageError
from coursectl.printable import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursectl.gather import Gathering
    from coursectl.render.interface import Caption
    from coursectl.roster.criteria import Batch


def members(
    ctx: typer.Context,
    courses: options.Courses,
    status: options.Status = None,
    search: options.Search = None,
    min_completion: options.MinCompletion = None,
    max_completion: options.MaxCompletion = None,
    active: options.Active = None,
    inactive: options.Inactive = None,
    never_active: options.NeverActive = False,
    joined_after: options.JoinedAfter = None,
    joined_before: options.JoinedBefore = None,
    needs_nudge: options.NeedsNudge = None,
    sort: options.SortBy = None,
    limit: options.Limit = None,
    as_of: options.AsOf = None,
    format_: options.FormatName = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    columns: options.Columns = None,
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
    """List the members of courses: who they are, how far each has come, who has gone quiet.

    An AGE is 36h, 30d, 4w, 6mo or 1y.
    A WHEN is a date, an ISO date-time or an AGE ago. All times are UTC.
    """
    from coursectl.cli.delivery import Delivery, tell_of
    from coursectl.cli.sharing import gathering_of
    from coursectl.cli.statuses import checked
    from coursectl.gather import Tolerance
    from coursectl.render.columns import COURSE, MEMBER_COLUMNS, default_columns, parse_columns
    from coursectl.render.interface import Answer
    from coursectl.sources.resolve import resolve
    from coursectl.streams import Talk

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
        inactive=inactive,
        never_active=never_active,
        joined_after=joined_after,
        joined_before=joined_before,
        needs_nudge=needs_nudge,
        sort=sort,
        limit=limit,
        as_of=as_of,
        names_nobody=pseudonymize,
    )
    delivery = Delivery.chosen(
        output=output, named=format_, json=json, csv=csv, raw=raw, excel=excel
    )
    look = delivery.look
    shown = parse_columns(columns or (), MEMBER_COLUMNS) or default_columns(
        several=len(courses) > 1, readable=look.format.is_readable
    )
    with Talk(quiet=quiet) as talk:
        sources = resolve(courses, settings, talk.wait)
        if delivery.template is not None and len(sources) > 1:
            raise UsageError(
                f"-o {shortened(delivery.template, 120)!r} is of one course, and"
                f" {len(sources)} are named",
                "Name one course, or give a name in which nothing is to be filled in.",
            )
        piecewise = look.piecewise_renderer()
        gather = gathering_of(
            sources,
            jobs,
            may_share=piecewise is not None
            and limit is None
            and as_of is None
            and pseudonyms is None,
        )
        gathering = gather(
            sources,
            selection.criteria,
            now=datetime.now(UTC),
            as_of=selection.as_of,
            tolerance=Tolerance(skip_invalid=skip_invalid, allow_incomplete=allow_incomplete),
            shows_ages=look.format is Format.TABLE,
            shows_course=look.format is Format.TABLE or COURSE in shown,
            provenance_first=delivery.template is not None,
            pseudonyms=pseudonyms,
            renderer=piecewise,
            columns=shown,
            on_progress=talk.advance,
        )
        # Closed wherever this ends: a second process is to end then, too.
        with closing(checked(gathering, names_nobody=pseudonymize)) as rest:
            batches: Iterable[Batch] = rest
            if delivery.template is not None:
                first = list(islice(rest, 1))
                delivery = delivery.named_by([gathering.provenance], sources[0].name)
                batches = chain(first, rest)
            answer = Answer(
                columns=shown,
                batches=batches,
                caption=lambda: _caption(gathering, selection.words),
            )
            delivery.deliver(answer, talk, may_fold=not columns, pager=not no_pager)
        tell_of(gathering, delivery.file, talk)


def _caption(gathering: "Gathering", words: tuple[str, ...]) -> "Caption":
    from coursectl.cli.delivery import counted
    from coursectl.render.interface import Caption
    from coursectl.render.values import lacking, minute

    names = list(dict.fromkeys(roster.course for roster in gathering.rosters))
    moments = {minute(roster.as_of) for roster in gathering.rosters}
    total = gathering.total()
    shown = gathering.shown
    of = counted(shown, "member") if total is None else f"{shown:,} of {counted(total, 'member')}"
    as_of = [f"as of {moment}" for moment in moments if len(moments) == 1]
    lacks = lacking(gathering.members_left_out().rows, is_incomplete=gathering.doubt is not None)
    doubts = [told for each in gathering.hindsight.values() for told in each.told()]
    return Caption(title=", ".join(names), facts=(of, *words, *lacks, *as_of, *doubts))
