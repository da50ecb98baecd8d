"""The formats by name: which renderer, which file names, what a person chose."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from coursectl.errors import UsageError

if TYPE_CHECKING:
    from coursectl.render.csv import CsvRenderer
    from coursectl.render.interface import PiecewiseRenderer, Renderer
    from coursectl.render.json import JsonRenderer
    from coursectl.render.outline import OutlineRenderer
    from coursectl.streams import Terminal


class Format(StrEnum):
    """How an answer can look."""

    TABLE = "table"
    PLAIN = "plain"
    MARKDOWN = "markdown"
    HTML = "html"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def is_readable(self) -> bool:
        """Whether it is meant for people rather than programs."""
        return self in (Format.TABLE, Format.PLAIN, Format.MARKDOWN, Format.HTML)

    @property
    def is_separated(self) -> bool:
        """Whether a spreadsheet may open it."""
        return self in (Format.CSV, Format.TSV)

    @property
    def is_binary(self) -> bool:
        """Whether a terminal cannot show it."""
        return self in (Format.XLSX, Format.PARQUET)


SUFFIXES = {
    ".txt": Format.PLAIN,
    ".md": Format.MARKDOWN,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".xlsx": Format.XLSX,
    ".parquet": Format.PARQUET,
}

_LIBRARIES = {Format.XLSX: "xlsxwriter", Format.PARQUET: "pyarrow"}
"""What an extra of the same name as the format installs."""


class Look(NamedTuple):
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
            case Format.HTML:
                from coursectl.render.outline import OutlinedRenderer

                return OutlinedRenderer(self.outliner(terminal))
            case Format.CSV | Format.TSV:
                return self._separated()
            case Format.JSON | Format.JSONL:
                return self._json()
            case Format.XLSX:
                from coursectl.render.xlsx import XlsxRenderer

                return XlsxRenderer()
            case Format.PARQUET:
                from coursectl.render.parquet import ParquetRenderer

                return ParquetRenderer()

    def piecewise_renderer(self) -> "PiecewiseRenderer | None":
        """Give the renderer of a format in which rows look the same wherever they stand."""
        match self.format:
            case Format.CSV | Format.TSV:
                return self._separated()
            case Format.JSON | Format.JSONL:
                return self._json()
            case _:
                return None

    def _separated(self) -> "CsvRenderer":
        from coursectl.render.csv import CsvRenderer

        delimiter = "," if self.format is Format.CSV else "\t"
        return CsvRenderer(delimiter, raw=self.raw, excel=self.excel)

    def _json(self) -> "JsonRenderer":
        from coursectl.render.json import JsonRenderer

        return JsonRenderer(lines=self.format is Format.JSONL)

    def outliner(self, terminal: "Terminal", *, links_avatars: bool = False) -> "OutlineRenderer":
        """Give the renderer of an outline, for a format that is meant for people."""
        match self.format:
            case Format.TABLE:
                from coursectl.render.screen import ScreenRenderer

                return ScreenRenderer(
                    width=terminal.width,
                    color_system=terminal.color_system,
                    no_color=terminal.no_color,
                )
            case Format.HTML:
                from coursectl.render.html import HtmlRenderer

                return HtmlRenderer(links_avatars=links_avatars)
            case Format.XLSX:
                from coursectl.render.xlsx import WorkbookRenderer

                return WorkbookRenderer()
            case _:
                from coursectl.render.prose import ProseRenderer

                return ProseRenderer(markdown=self.format is Format.MARKDOWN)


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
    if format_.is_binary:
        _check_binary(format_, output, on_terminal=on_terminal)
    if (raw or excel) and not format_.is_separated:
        option = "--raw" if raw else "--excel"
        raise UsageError(f"{option} goes with csv and tsv, not {format_}", "Add --csv.")
    return Look(format_, raw=raw, excel=excel)


def _check_binary(format_: Format, output: Path | None, *, on_terminal: bool) -> None:
    """Raise UsageError if a format cannot be written, or nothing could read it there."""
    if on_terminal:
        raise UsageError(f"{format_} is nothing to show on a terminal", "Name a file with -o.")
    if output is not None and output.name.lower().endswith(".gz"):
        raise UsageError(
            f"{format_} is compressed already, and nothing reads it in a .gz",
            f"Name a file that ends in .{format_}.",
        )
    from importlib.util import find_spec

    library = _LIBRARIES[format_]
    if find_spec(library) is None:
        raise UsageError(
            f"{format_} needs {library}, which is not installed",
            f"pip install 'coursectl[{format_}]'",
        )


def _format_of(output: Path) -> Format:
    name = output.name.lower().removesuffix(".gz")
    for suffix, format_ in SUFFIXES.items():
        if name.endswith(suffix):
            return format_
    raise UsageError(
        f"no format goes with the file name {output.name!r}",
        f"Name one with --format, or end the name in {', '.join(SUFFIXES)}.",
    )
