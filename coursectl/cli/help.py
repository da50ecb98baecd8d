"""The help, laid out for a terminal or a pipe."""

import os
import shutil
import sys
from collections.abc import Iterator
from textwrap import wrap

from coursectl.cli.grammar import Page, Parameter, Position
from coursectl.cli.manual import PAGES

_WIDEST = 100
"""Columns. Longer lines are hard to read, however wide the window."""
_INDENT = "  "


def page_asked_for(words: list[str]) -> Page | None:
    """Give the page that the words of a command line ask for, if it is plain that they do.

    What the parser might refuse, it shall refuse.
    """
    position = Position(PAGES)
    position.take(words)
    asks = position.asks_for_help or position.page.commands
    is_plain = position.is_understood and not position.awaiting and "--version" not in words
    return position.page if asks and is_plain else None


def help_text(name: str) -> str:
    """Give the help of a command, by its name with the names of the groups that it is in.

    It is as wide as the terminal, or COLUMNS, and has colours on a terminal only.
    """
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    return "\n".join(_lines(PAGES[name], max(width, 40), _Style()))


class _Style:
    """What sets words apart, where that can be shown."""

    def __init__(self) -> None:
        term = os.environ.get("TERM", "")
        shows = sys.stdout.isatty() and term not in ("", "dumb")
        self._shows = shows
        self._colours = shows and not os.environ.get("NO_COLOR")

    def heading(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._shows else text

    def name(self, text: str) -> str:
        return f"\x1b[36m{text}\x1b[0m" if self._colours else text


def _lines(page: Page, width: int, style: _Style) -> Iterator[str]:
    yield f"{style.heading('Usage:')} {style.name(page.name)} {_usage(page)}"
    for paragraph in page.text:
        yield ""
        yield from wrap(paragraph, width)
    if page.examples:
        yield from ("", style.heading("Examples"), *(_INDENT + line for line in page.examples))
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in page.parameters:
        panels.setdefault(parameter.panel, []).append((_label(parameter), parameter.help))
    if page.commands:
        panels["Commands"] = list(page.commands)
    column = max(len(label) for rows in panels.values() for label, _ in rows) + 4
    for heading, rows in panels.items():
        yield from ("", style.heading(heading))
        for label, text in rows:
            yield from _row(label, text, column, width, style)
    if page.closing:
        heading, *lines = page.closing
        yield from ("", style.heading(heading), *(_INDENT + line for line in lines))


def _row(label: str, text: str, column: int, width: int, style: _Style) -> Iterator[str]:
    first, *rest = wrap(text, width - column)
    yield _INDENT + style.name(label) + " " * (column - len(_INDENT) - len(label)) + first
    yield from (" " * column + line for line in rest)


def _usage(page: Page) -> str:
    words = ["[OPTIONS]"]
    for argument in page.arguments:
        word = argument.metavar if argument.is_required else f"[{argument.metavar}]"
        words.append(word + "..." if argument.is_repeatable else word)
    return " ".join([*words, *(["COMMAND"] if page.commands else [])])


def _label(parameter: Parameter) -> str:
    if not parameter.names:
        return parameter.metavar
    short = "" if len(parameter.names) > 1 else "    "
    value = f" {parameter.metavar}" if parameter.metavar else ""
    return short + ", ".join(parameter.names) + value
