"""`coursectl report COURSE -o FILE`: one document about a course that stands alone."""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.cli.formats import Format
from coursectl.errors import UsageError

if TYPE_CHECKING:
    from coursectl.gather import Gathering
    from coursectl.render.outline import Section
    from coursectl.roster.member import Member
    from coursectl.sources.interface import Source

_FORMATS = (Format.HTML, Format.MARKDOWN, Format.PLAIN, Format.XLSX, Format.TABLE)


def report(
    ctx: typer.Context,
    course: options.Course,
    since: options.Since = None,
    inactive: options.SilentFor = "30d",
    as_of: options.AsOf = None,
    format_: options.FormatName = None,
    output: options.Output = None,
    avatars: options.Avatars = False,
    pseudonymize: options.Pseudonymize = False,
    no_pager: options.NoPager = False,
    quiet: options.Quiet = False,
    skip_invalid: options.SkipInvalid = False,
    allow_incomplete: options.AllowIncomplete = False,
    concurrency: options.Concurrency = None,
    deadline: options.Deadline = None,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """Write a report: figures, what changed, who needs a nudge, and the whole roster.

    FILE is a web page (.html), Markdown (.md), text for a mail (.txt) or a workbook (.xlsx).

    \b
    coursectl report 42 -o report.html
    coursectl report 42 --since last-week.json -o report.html
    """  # noqa: D301 - a backspace keeps the lines below it apart
    from coursectl.cli.comparing import export_before, roster_after, untold
    from coursectl.cli.delivery import Delivery, counted, tell_read, tell_written
    from coursectl.gather import Gathering, Tolerance
    from coursectl.render.changes import change_sections, change_table
    from coursectl.render.outline import HeldRows
    from coursectl.render.report import report_outline, roster_columns
    from coursectl.roster.criteria import Criteria
    from coursectl.roster.summary import Counting
    from coursectl.sources.resolve import resolve
    from coursectl.streams import Talk
    from coursectl.survey import summarise

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    pseudonyms = options.pseudonyms(ctx, profile, wanted=pseudonymize)
    silent_for = options.read_age("--inactive", inactive)
    delivery = Delivery.chosen(
        output=output, named=format_, json=False, csv=False, raw=False, excel=False
    )
    if delivery.look.format not in _FORMATS:
        raise UsageError(
            f"a report is no {delivery.look.format}",
            f"Name one of {', '.join(_FORMATS)}; coursectl summary --json gives the figures.",
        )
    roster = HeldRows(roster_columns(with_avatars=avatars))
    criteria = Criteria(in_hindsight=as_of is not None)
    with Talk(quiet=quiet) as talk, ExitStack() as stack:

        def gathering_of(source: "Source") -> Gathering:
            return Gathering(
                [source],
                criteria,
                now=datetime.now(UTC),
                as_of=options.read_when("--as-of", as_of),
                tolerance=Tolerance(skip_invalid=skip_invalid, allow_incomplete=allow_incomplete),
                shows_ages=True,
                tells_provenance=True,
                pseudonyms=pseudonyms,
                on_progress=talk.advance,
            )

        comparison = before = None
        if since is None:
            (source,) = resolve([course], settings, talk.wait)
        else:
            from coursectl.comparison import Comparison

            export = export_before("--since", since, course)
            before = gathering_of(export)
            comparison = stack.enter_context(Comparison(inactive=silent_for))
            comparison.take_before(before, export.name)
            source = roster_after(comparison, export, course, settings, pseudonyms, talk)

        def take(members: "list[Member]") -> None:
            roster.add(members, {})
            if comparison is not None:
                comparison.take_after(members)

        now = gathering_of(source)
        summary = summarise(
            now, criteria, Counting(silent_for, in_hindsight=criteria.in_hindsight), also=take
        )
        delivery = delivery.named_by([now.provenance], source.name)
        sections: tuple[Section, ...] = ()
        if comparison is not None and before is not None:
            found = comparison.changes(now, source.name)
            is_book = delivery.look.format is Format.XLSX
            sections = change_table(found) if is_book else change_sections(found)
            for note in untold(found, export.name, source.name):
                talk.note(*note)
        gatherings = [each for each in (before, now) if each is not None]
        outline = report_outline(
            summary,
            roster.rows,
            changes=sections,
            caveats=_caveats(gatherings, names_nobody=pseudonymize),
            with_avatars=avatars,
        )
        delivery.deliver_outline(outline, talk, pager=not no_pager, links_avatars=avatars)
        for gathering in gatherings:
            tell_read(gathering, talk)
        tell_written(delivery.file, f"report on {counted(len(roster.rows), 'member')}", talk)


def _caveats(gatherings: "list[Gathering]", *, names_nobody: bool) -> tuple[str, ...]:
    """Give what whoever reads the report must know: it is sent on without what stderr says.

    With `names_nobody` that is without what a file is called, which may be after a person.
    """
    if names_nobody:
        missing = any(gathering.incomplete for gathering in gatherings)
        skipped = any(gathering.left_out for gathering in gatherings)
        return (
            *(["Members are missing from a roster."] if missing else []),
            *(["Rows that were not valid are left out of a roster."] if skipped else []),
        )
    return tuple(
        text
        for gathering in gatherings
        for text in (
            *(f"Members are missing: {message}." for message in gathering.incomplete),
            *(f"Rows were not valid: {told}." for told in gathering.left_out),
        )
    )
