"""The formats by name: which renderer, which file names, what a person chose."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from coursectl.errors import UsageError

if TYPE_CHECKING:
    from coursectl.render.interface import Renderer
    from coursectl.streams import Terminal


class Format(StrEnum):
    """How an answer can look."""

    TABLE = "table"
    PLAIN = "plain"
    MARKDOWN = "markdown"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"

    @property
    def is_readable(self) -> bool:
        """Whether it is meant for people rather than programs."""
        return self in (Format.TABLE, Format.PLAIN, Format.MARKDOWN)

    @property
    def is_separated(self) -> bool:
        """Whether a spreadsheet may open it."""
        return self in (Format.CSV, Format.TSV)


SUFFIXES = {
    ".txt": Format.PLAIN,
    ".md": Format.MARKDOWN,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
}


@dataclass(frozen=True, slots=True)
class Look:
    """A format and how to write it."""

    format: Format
    raw: bool = False
    excel: bool = False

    def renderer(self, terminal: "Terminal", *, may_fold: bool) -> "Renderer":
        """Give the renderer; only it is imported."""
        match self.format:
            case Format.TABLE:
                from coursectl.render.table import TableRenderer

                return TableRenderer(
                    width=terminal.width,
                    color_system=terminal.color_system,
                    no_color=terminal.no_color,
                    may_fold=may_fold,
                )
            case Format.PLAIN | Format.MARKDOWN:
                from coursectl.render.text import TextRenderer

                return TextRenderer(markdown=self.format is Format.MARKDOWN)
            case Format.CSV | Format.TSV:
                from coursectl.render.csv import CsvRenderer

                delimiter = "," if self.format is Format.CSV else "\t"
                return CsvRenderer(delimiter, raw=self.raw, excel=self.excel)
            case Format.JSON | Format.JSONL:
                from coursectl.render.json import JsonRenderer

                return JsonRenderer(lines=self.format is Format.JSONL)


def choose_look(
    *,
    named: Format | None,
    json: bool,
    csv: bool,
    output: Path | None,
    on_terminal: bool,
    raw: bool,
    excel: bool,
) -> Look:
    """Decide on a format from what was said and where the answer goes. Raises UsageError."""
    said = {named} - {None} | ({Format.JSON} if json else set()) | ({Format.CSV} if csv else set())
    if len(said) > 1:
        raise UsageError(
            f"two formats at once: {' and '.join(sorted(map(str, said)))}", "Name one."
        )
    format_ = next(iter(said), None)
    if format_ is None and output is not None:
        format_ = _format_of(output)
    format_ = format_ or (Format.TABLE if on_terminal else Format.PLAIN)
    if (raw or excel) and not format_.is_separated:
        option = "--raw" if raw else "--excel"
        raise UsageError(f"{option} goes with csv and tsv, not {format_}", "Add --csv.")
    return Look(format_, raw=raw, excel=excel)


def _format_of(output: Path) -> Format:
    name = output.name.lower().removesuffix(".gz")
    for suffix, format_ in SUFFIXES.items():
        if name.endswith(suffix):
            return format_
    raise UsageError(
        f"no format goes with the file name {output.name!r}",
        f"Name one with --format, or end the name in {', '.join(SUFFIXES)}.",
    )
