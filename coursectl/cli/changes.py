"""`coursectl changes BEFORE [AFTER]`: what is different from last week."""

import shlex
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.cli.formats import Format
from coursectl.errors import ExitCode, UsageError
from coursectl.printable import shortened
from coursectl.roster.changes import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coursectl.cli.delivery import Delivery
    from coursectl.comparison import Comparison
    from coursectl.roster.changes import Changes
    from coursectl.roster.moments import Age
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.settings import Settings
    from coursectl.sources.export import Export
    from coursectl.sources.interface import Source
    from coursectl.streams import Talk

_ON_SCREEN = 50
"""People shown on a terminal of each kind."""


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
    from coursectl.roster.changes import parse_kinds
    from coursectl.roster.criteria import Criteria
    from coursectl.sources.export import STDIN
    from coursectl.streams import Talk, forget_stdout

    settings = options.settings_loader(
        ctx, profile, debug, concurrency=concurrency, deadline=deadline
    )
    pseudonyms = options.pseudonyms(ctx, profile, wanted=pseudonymize)
    kinds = parse_kinds(only or ())
    silent_for = options.read_age("--inactive", inactive)
    delivery = Delivery.chosen(
        output=output, named=format_, json=json, csv=csv, raw=raw, excel=excel
    )
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
        remedy = partial(
            _listed,
            [before, *([after] if after else [])],
            silent_for,
            profile or ctx.obj,
            by_command=STDIN not in (before, after)
            and not any((pseudonymize, skip_invalid, allow_incomplete)),
        )
        try:
            _deliver(found, delivery, talk, remedy, pager=not no_pager)
        except BrokenPipeError:
            # Whoever reads on no more may still ask whether anything changed.
            if not exit_code:
                raise
            forget_stdout()
        for gathering in (first, second):
            tell_read(gathering, talk)
        for note in untold(found, export.name, source.name):
            talk.note(*note)
        tell_written(delivery.file, counted(found.total, "change"), talk)
    if exit_code and found.total:
        raise typer.Exit(ExitCode.CHANGED)


def _deliver(
    found: "Changes",
    delivery: "Delivery",
    talk: "Talk",
    remedy: "Callable[[ChangeKind], str]",
    *,
    pager: bool,
) -> None:
    from coursectl.render.changes import ON_PAPER, change_answer, changes_outline, write_json

    format_ = delivery.look.format
    if format_ in (Format.JSON, Format.JSONL):
        lines = format_ is Format.JSONL
        delivery.write(lambda out: write_json(found, out, lines=lines), talk, pager=pager)
    elif format_.is_readable:
        shown = _ON_SCREEN if format_ is Format.TABLE else ON_PAPER
        outline = changes_outline(found, shown=shown, remedy=remedy)
        delivery.deliver_outline(outline, talk, pager=pager)
    else:
        answer = change_answer(found, typed=format_ is Format.XLSX)
        delivery.deliver(answer, talk, may_fold=True, pager=pager)


def _listed(
    rosters: list[str],
    silent_for: "Age",
    profile: str | None,
    kind: "ChangeKind",
    *,
    by_command: bool,
) -> str:
    """Say how to list all changes of a kind."""
    if not by_command:
        return "the same with --csv lists all"
    words = ["coursectl", "changes", *rosters, "--inactive", str(silent_for)]
    return shlex.join(
        [*words, *(["--profile", profile] if profile else []), "--only", kind, "--csv"]
    )


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

    if after is None:
        id_ = comparison.before.course_id
        if id_ is None:
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


def untold(found: "Changes", before: str, after: str) -> "Iterator[tuple[str, ...]]":
    """Say which changes cannot be told, and why."""
    names = [
        name
        for name, side in ((before, found.before), (after, found.after))
        if side.fetched_at is None
    ]
    if names:
        yield (
            f"{' and '.join(names)}: not known when fetched, so nobody is told to be newly silent,"
            " and which is the older one is not checked",
            "coursectl export saves when.",
        )
    for kind, name in ((ChangeKind.JOINED, before), (ChangeKind.LEFT, after)):
        if found.counts.get(kind, 0) is None:
            yield (
                f"{name}: not everybody is known who is in it, so nobody is told to have {kind}",
            )
