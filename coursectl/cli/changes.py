"""`coursectl changes BEFORE [AFTER]`: what is different from last week."""

import shlex
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.cli.formats import Format
from coursectl.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursectl.cli.delivery import Delivery
    from coursectl.roster.change_kind import ChangeKind
    from coursectl.roster.changes import Changes
    from coursectl.roster.moments import Age
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
    from coursectl.cli.comparing import export_before, roster_after, untold
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
        source = roster_after(comparison, export, after, settings, pseudonyms, talk)
        second = gathering_of(source)
        for batch in second.batches():
            comparison.take_after(batch.members)
        found = comparison.changes(second, source.name)
        delivery = delivery.named_by([second.provenance], source.name)
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
    if exit_code and (found.total or found.unknown):
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
