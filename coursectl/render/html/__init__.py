"""A web page that stands alone: no other file, nothing from the network, readable without script.

All text goes through the template's escaping. What the page may do stands in its own
Content-Security-Policy: run the one script and use the one style that are in it, and no more.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from coursectl.printable import printable
from coursectl.render.columns import Kind
from coursectl.render.html.charts import bar_chart, line_chart
from coursectl.render.html.tables import cells, sorts_as
from coursectl.render.interface import Sink
from coursectl.render.outline import Bars, Line, Outline, Section
from coursectl.render.values import figure, share, told_apart

_PIECES = 2000
"""Pieces of the page that are written at once."""


@dataclass(frozen=True, slots=True)
class HtmlRenderer:
    """A page in HTML; with `links_avatars`, avatars that lie in the web are linked."""

    links_avatars: bool = False

    def render_outline(self, outline: Outline, out: Sink) -> None:
        """Write the page as it is made."""
        style, script = _inline("page.css"), _inline("page.js")
        stream = (
            _environment()
            .get_template("page.html.j2")
            .stream(
                outline=outline,
                groups=list(_groups(outline.sections)),
                style=style,
                script=script,
                policy=_policy(style, script),
                links_avatars=self.links_avatars,
            )
        )
        stream.enable_buffering(_PIECES)
        for piece in stream:
            out.write(piece.encode())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("coursectl.render.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["printable"] = printable
    environment.globals.update(
        Kind=Kind,
        bar_chart=bar_chart,
        line_chart=line_chart,
        cells=cells,
        sorts_as=sorts_as,
        figure=figure,
        share=share,
        told_apart=told_apart,
    )
    return environment


def _inline(name: str) -> Markup:
    """Give a file of ours that stands in the page as it is."""
    text = files("coursectl.render.html").joinpath(name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - it is ours, and no part of it comes from elsewhere


def _policy(style: str, script: str) -> str:
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _groups(sections: tuple[Section, ...]) -> Iterator[tuple[bool, list[Section]]]:
    """Give sections that follow each other together, charts apart from all else."""
    for charts, group in groupby(sections, key=_is_chart):
        yield charts, list(group)


def _is_chart(section: Section) -> bool:
    return any(isinstance(block, Bars | Line) for block in section.blocks)
