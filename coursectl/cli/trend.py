"""`coursectl trend EXPORT...`: the figures of courses over time."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from coursectl.cli import options
from coursectl.errors import CoursectlError, IncompleteRoster, InvalidData, NotFound

if TYPE_CHECKING:
    from coursectl.cli.statuses import Words
    from coursectl.gather import Gathering, Tolerance
    from coursectl.roster.criteria import Criteria
    from coursectl.roster.member import Provenance
    from coursectl.roster.pseudonyms import Pseudonyms
    from coursectl.roster.trend import Point, Trend
    from coursectl.sources.export import Export
    from coursectl.streams import Talk


def trend(
    ctx: typer.Context,
    exports: options.Exports,
    status: options.StatusCounted = None,
    format_: options.FormatName = None,
    json: options.AsJson = False,
    csv: options.AsCsv = False,
    columns: options.TrendColumns = None,
    output: options.Output = None,
    raw: options.Raw = False,
    excel: options.Excel = False,
    pseudonymize: options.Pseudonymize = False,
    no_pager: options.NoPager = False,
    quiet: options.Quiet = False,
    strict: options.Strict = False,
    skip_invalid: options.SkipInvalid = False,
    allow_incomplete: options.AllowIncomplete = False,
    profile: options.Profile = None,
) -> None:
    """Show how courses went, by their exports over time.

    Completion and activity are those of the members who joined, or of the statuses named.

    \b
    coursectl trend rosters/
    coursectl trend 'rosters/**/food-safety-*.json.gz' --csv
    """  # noqa: D301 - a backspace keeps the lines below it apart
    from coursectl.cli.delivery import Delivery, counted, tell_written
    from coursectl.cli.statuses import check_statuses
    from coursectl.gather import Tolerance
    from coursectl.render.columns import TREND_COLUMNS, parse_columns
    from coursectl.render.trend import trend_answer, trend_columns, trend_outline
    from coursectl.roster.criteria import Criteria, parse_statuses
    from coursectl.roster.trend import trend_of
    from coursectl.sources.folder import find_exports
    from coursectl.streams import Talk

    for word in status or ():
        options.check_text("--status", word)
    criteria = Criteria(statuses=parse_statuses(status or ()))
    delivery = Delivery.chosen(
        output=output, named=format_, json=json, csv=csv, raw=raw, excel=excel
    )
    look = delivery.look
    named = parse_columns(columns or (), TREND_COLUMNS)
    reading = _Reading(
        criteria,
        Tolerance(skip_invalid, allow_incomplete),
        options.pseudonyms(ctx, profile, wanted=pseudonymize),
    )
    with Talk(quiet=quiet) as talk:
        found = find_exports(exports)
        reading.take_unreadable(found.unreadable)
        for export in found.exports:
            reading.read(export, talk)
        if reading.broken and (strict or not reading.points):
            raise reading.failure()
        check_statuses(reading.words, names_nobody=pseudonymize)
        delivery = delivery.named_by(reading.provenances, "the exports")
        words = (f"status {', '.join(status)}",) if status else ()
        told = trend_of(reading.points)
        shown = named or trend_columns(readable=look.format.is_readable)
        if look.format.is_readable:
            outline = trend_outline(told, shown, words, may_fold=not named)
            delivery.deliver_outline(outline, talk, pager=not no_pager)
        else:
            answer = trend_answer(told, shown)
            delivery.deliver(answer, talk, may_fold=not named, pager=not no_pager)
        talk.stop()
        reading.tell(told, talk)
        for each in found.empty:
            talk.note(each.message, *each.hints)
        tell_written(delivery.file, counted(told.points, "export"), talk)


@dataclass
class _Reading:
    """Exports as they are read, each let go of but for its figures."""

    criteria: "Criteria"
    tolerance: "Tolerance"
    pseudonyms: "Pseudonyms | None" = None
    points: "list[Point]" = field(default_factory=list)
    provenances: "list[Provenance | None]" = field(default_factory=list)
    broken: list[tuple[str, ...]] = field(default_factory=list)
    """What is wrong with each export that gives no point, and how it shows."""
    words: "list[Words]" = field(default_factory=list)
    """What each export knows of the statuses that are asked for."""
    _read: int = 0
    _unreadable: int = 0
    _incomplete: list[str] = field(default_factory=list)
    _caveats: list[tuple[str, ...]] = field(default_factory=list)
    _warnings: dict[tuple[str, ...], list[str]] = field(default_factory=dict)
    """What else there is to say, and of which exports."""

    def take_unreadable(self, folders: list[InvalidData]) -> None:
        """Take folders, whose exports nobody can know, for broken."""
        self._unreadable += len(folders)
        self.broken += [(each.message, *each.hints) for each in folders]

    def read(self, export: "Export", talk: "Talk") -> None:
        """Read one export to its end."""
        from coursectl.address import community_of
        from coursectl.gather import Gathering
        from coursectl.roster.summary import Counting
        from coursectl.roster.trend import point_of
        from coursectl.survey import summarise

        self._read += 1
        counting = Counting(counted_statuses=self.criteria.statuses, most_nudged=0)
        gathering = Gathering(
            [export],
            self.criteria,
            now=datetime.now(UTC),
            tolerance=self.tolerance,
            pseudonyms=self.pseudonyms,
            number=self._read,
            tells_provenance=True,
            supposes=True,
            on_progress=talk.advance,
        )
        try:
            summary = summarise(gathering, self.criteria, counting)
            community = summary.community
            host = None if community is None else community_of(community)
            point = point_of(summary, export=export.name, host=host)
        except (InvalidData, IncompleteRoster, NotFound) as error:
            # The error itself would hold on to members.
            self.broken.append((error.message, *error.hints))
            return
        finally:
            export.close()
        self.points.append(point)
        self.provenances.append(gathering.provenance)
        self._take(gathering, export.name)

    def _take(self, gathering: "Gathering", name: str) -> None:
        from coursectl.cli.statuses import Words

        self.words.append(Words(gathering.unknown_statuses, gathering.met_statuses))
        self._incomplete += gathering.incomplete
        self._caveats += gathering.caveats
        for first, *more in gathering.warnings:
            told = (first.removeprefix(f"{name}: "), *more)
            self._warnings.setdefault(told, []).append(name)

    def failure(self) -> CoursectlError:
        """Give the error that names all broken exports."""
        named = self._read + self._unreadable
        if named == 1:
            (only,) = self.broken
            return InvalidData(*only)
        what = "exports and folders" if self._unreadable else "exports"
        return InvalidData(
            f"{len(self.broken):,} of {named:,} {what} are broken",
            *(
                f"{'  ' if number else ''}{line}"
                for told in self.broken
                for number, line in enumerate(told)
            ),
        )

    def tell(self, found: "Trend", talk: "Talk") -> None:
        """Say what is not in the answer, even when quiet, and what else there is to say."""
        from coursectl.streams import say

        for message, *hints in self.broken:
            say(f"left out: {message}", *hints)
        for first, other in found.contradicted:
            say(
                f"left out: {other.export}: of the same course and moment as {first.export},"
                " with other figures",
                "One of them has been edited, or is incomplete: keep the one that is right.",
            )
        for message in self._incomplete:
            say(message)
        for caveat in self._caveats:
            say(*caveat)
        for (message, *more), names in self._warnings.items():
            others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            talk.note(f"{names[0]}{others}: {message}", *more)
