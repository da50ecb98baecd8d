"""`coursectl changes BEFORE [AFTER]`: what is different from last week."""

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.cli.formats import Format
from coursectl.errors import ExitCode, UsageError
from coursectl.printable import shortened

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursectl.comparison import Comparison
    from coursectl.roster.changes import Changes
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.settings import Settings
    from coursectl.sources.export import Export
    from coursectl.sources.interface import Source

_ON_SCREEN = 50
"""People shown on a terminal of each kind; all are shown elsewhere."""


def changes(
    ctx: typer.Context,
    before: options.Before,
    after: options.After = None,
    only: options.OnlyKinds = None,
    inactive: options.NewlySilentFor = "30d",
    exit_code: options.TellsByExitCode = False,
    format_: options.FormatName = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    output: options.Output = None,
    raw: options.Raw = False,
    excel: options.Excel = False,
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
    """Tell what is different between two rosters of a course, member by member.

    BEFORE is an export. Without AFTER, it is compared with its course as it is now.

    \b
    coursectl changes last-week.json
    coursectl changes last-week.json today.json --only joined,left
    coursectl changes last-week.json 42 --json | jq .counts
    """  # noqa: D301 - a backspace keeps the lines below it apart
    from coursectl.cli.delivery import Delivery, counted, tell_read, tell_written
    from coursectl.comparison import Comparison
    from coursectl.gather import Gathering, Tolerance
    from coursectl.render.changes import change_answer, changes_outline, write_json
    from coursectl.roster.changes import parse_kinds
    from coursectl.roster.criteria import Criteria
    from coursectl.streams import Talk

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    pseudonyms = options.pseudonyms(ctx, profile, wanted=pseudonymize)
    kinds = parse_kinds(only or ())
    silent_for = options.read_age("--inactive", inactive)
    delivery = Delivery.chosen(
        output=output, named=format_, json=json, csv=csv, raw=raw, excel=excel
    )
    look = delivery.look
    export = export_before("BEFORE", before, after)
    with Talk(quiet=quiet) as talk, Comparison(kinds, silent_for) as comparison:

        def gathering_of(source: "Source") -> Gathering:
            now = datetime.now(UTC)
            return Gathering(
                [source],
                Criteria(),
                now=now,
                as_of=now,  # no age is shown that is not told by when the roster was fetched
                tolerance=Tolerance(skip_invalid=skip_invalid, allow_incomplete=allow_incomplete),
                tells_provenance=True,
                pseudonyms=pseudonyms,
                on_progress=talk.advance,
            )

        first = gathering_of(export)
        comparison.take_before(first, export.name)
        source = roster_after(comparison, export, after, settings, pseudonyms)
        second = gathering_of(source)
        for batch in second.batches():
            comparison.take_after(batch.members)
        found = comparison.changes(second, source.name)
        if look.format in (Format.JSON, Format.JSONL):
            lines = look.format is Format.JSONL
            delivery.write(
                lambda out: write_json(found, out, lines=lines), talk, pager=not no_pager
            )
        elif look.format.is_readable:
            outline = changes_outline(
                found,
                shown=_ON_SCREEN if look.format is Format.TABLE else None,
                remedy=f"coursectl changes {shlex.join(filter(None, (before, after)))} -f plain",
            )
            delivery.deliver_outline(outline, talk, pager=not no_pager)
        else:
            delivery.deliver(change_answer(found), talk, may_fold=True, pager=not no_pager)
        for gathering in (first, second):
            tell_read(gathering, talk)
        talk.note(*unknown_order(found, export.name, source.name))
        tell_written(delivery.file, counted(found.total, "change"), talk)
    if exit_code and found.total:
        raise typer.Exit(ExitCode.CHANGED)


def export_before(option: str, before: str, after: str | None) -> "Export":
    """Give the export to compare with. Raises UsageError for a course as it is now.

    `option` is what `before` was given as.
    """
    from coursectl.sources.export import STDIN
    from coursectl.sources.resolve import export_of

    if before == after == STDIN:
        raise UsageError("stdin can be read once", "Give - once.")
    export = export_of(before)
    if export is None:
        raise UsageError(
            f"{option} {shortened(before)!r} is not an export, and only these know what was",
            "Save its roster with coursectl export COURSE -o FILE, and compare with FILE later.",
        )
    return export


def roster_after(
    comparison: "Comparison",
    export: "Export",
    after: str | None,
    settings: "Callable[[], Settings]",
    pseudonyms: "Pseudonyms | None",
) -> "Source":
    """Give the source of the roster to compare with that before, which has been taken.

    It is the course of `export` as it is now, unless another one is named. Raises UsageError for
    what cannot be compared; as far as that is known already, nothing is sent.
    """
    from coursectl.roster.member import Provenance
    from coursectl.sources.resolve import export_of, resolve

    known = comparison.before
    if after is None:
        id_ = known.course.get("id")
        if type(id_) is not int:
            raise UsageError(
                f"{export.name} does not say which course it is of", "Name AFTER as well."
            )
        after = str(id_)
    elif export_of(after) is not None:
        return resolve([after], settings)[0]

    def check(course: dict[str, object]) -> None:
        mark = None if pseudonyms is None else pseudonyms.mark
        now = datetime.now(UTC)
        comparison.check(Provenance(settings().url, course, now, mark), "the course now")

    check({})
    (source,) = resolve([after], settings)
    check({"id": source.course_id})
    return source


def unknown_order(found: "Changes", before: str, after: str) -> tuple[str, ...]:
    """Say what cannot be told because a roster does not say when it was fetched, if so."""
    names = [
        name
        for name, side in ((before, found.before), (after, found.after))
        if side.fetched_at is None
    ]
    if not names:
        return ()
    return (
        f"{' and '.join(names)}: not known when fetched, so nobody is told to be newly silent,"
        " and which is the older one is not checked",
        "coursectl export saves when.",
    )
