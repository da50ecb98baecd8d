"""What a TAB press offers. Nothing here goes to the network, or reads a roster.

The scripts of `coursectl completion` tell what stands on the line, each in the way of its shell,
and take what is offered a line each.
"""

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator

from coursectl.cli.grammar import Offer, Position
from coursectl.cli.manual import PAGES
from coursectl.sources import EXPORT_SUFFIXES

_LARGEST_CONFIG = 1024 * 1024

Offered = tuple[str, str]
"""A word, and what it means; nothing if it says that itself."""


def answer_tab(asks: str) -> None:
    """Print what could follow, for the shell that asks, named in `_COURSECTL_COMPLETE`."""
    match asks:
        case "complete_bash":
            words, begun, shown = _words_of_bash()
            lines = [word[shown:] for word, _ in offered(words, begun)]
        case "complete_zsh" | "complete_fish":
            words, begun = _words_of_line()
            lines = [
                f"{word}\t{meaning}" if meaning else word for word, meaning in offered(words, begun)
            ]
        case "complete_powershell" | "complete_pwsh":
            words, _ = _words_of_line()
            begun = os.environ.get("_TYPER_COMPLETE_WORD_TO_COMPLETE", "")
            lines = [f"{word}:::{meaning or ' '}" for word, meaning in offered(words, begun)]
        case _:
            return
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def offered(words: list[str], begun: str) -> list[Offered]:
    """Give what the word that was `begun` could become, after the words before it."""
    position = Position(PAGES)
    position.take(words)
    before, found = _offers(position, begun)
    found = ((before + word, meaning) for word, meaning in found)
    return [(word, meaning) for word, meaning in found if word.startswith(begun)]


def _offers(position: Position, begun: str) -> tuple[str, Iterable[Offered]]:
    """Give what could stand there, and what stands before each of it."""
    page = position.page
    if position.awaiting is not None:
        return _values(position.awaiting.offer, "", begun)
    if position.takes_options and begun.startswith("-"):
        name, equals, _ = begun.partition("=")
        if equals or not begun.startswith("--"):
            name = name if equals else begun[:2]
            option = page.options.get(name)
            if option is not None and option.metavar and begun != name:
                before = name + equals
                return _values(option.offer, before, begun[len(before) :])
        return "", _options(position)
    if page.commands:
        return "", page.commands
    place = min(position.arguments, len(page.arguments) - 1)
    if place < 0 or (position.arguments > place and not page.arguments[place].is_repeatable):
        return "", _options(position)
    return _values(page.arguments[place].offer, "", begun)


def _options(position: Position) -> Iterator[Offered]:
    """Give the options that may still be given, the long names before the short ones."""
    options = [
        option
        for option in position.page.parameters
        if option.names and (option.is_repeatable or option not in position.given)
    ]
    for place in (-1, 0):
        for option in options:
            if place or len(option.names) > 1:
                yield option.names[place], _first_sentence(option.help)


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _values(offer: Offer | None, before: str, begun: str) -> tuple[str, Iterable[Offered]]:
    if offer is None:
        return before, ()
    given: list[str] = []
    if offer.by_comma:
        listed, comma, _ = begun.rpartition(",")
        given = listed.split(",")
        before += listed + comma
    words = [(word, "") for word in offer.words if word not in given]
    match offer.found:
        case "courses":
            return before, (*words, *_exports(begun), *_seen_courses())
        case "exports":
            return before, (*words, *_exports(begun))
        case "profiles":
            return before, (*words, *_profiles())
        case _:
            return before, words


def _exports(begun: str) -> Iterator[Offered]:
    """Give the demo, the exports at hand, and the folders that may hold some."""
    yield "demo", "a roster to try things on"
    folder = begun[: begun.rfind(os.sep) + 1]
    is_hidden = begun[len(folder) :].startswith(".")
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as entries:  # noqa: PTH111 - see `places`
            found = sorted((entry.name, entry.is_dir()) for entry in entries)
    except OSError:
        return
    for name, is_folder in found:
        # What a name does to a terminal, or to a line, no shell guards against.
        if not name.isprintable() or (name.startswith(".") and not is_hidden):
            continue
        if is_folder:
            yield f"{folder}{name}{os.sep}", ""
        elif name.lower().endswith(EXPORT_SUFFIXES):
            yield folder + name, ""


def _seen_courses() -> Iterator[Offered]:
    from coursectl.sources.seen_courses import seen_courses

    for id_, slug in seen_courses().items():
        yield id_, slug
        if slug:
            yield slug, f"course {id_}"


def _profiles() -> Iterator[Offered]:
    """Give the profiles that have a table of their own; to read TOML in full takes too long."""
    from coursectl.own_files import read_regular
    from coursectl.places import config_path

    try:
        path = config_path()
        if path is None:
            return
        text = read_regular(path, _LARGEST_CONFIG)[0].decode("utf-8-sig")
    except (OSError, ValueError):
        return
    table = r"""^[ \t]*\[ *profiles *\. *(?:([\w-]+)|"([^"\\\n]+)"|'([^'\n]+)') *\]"""
    for match in re.finditer(table, text, re.ASCII | re.MULTILINE):
        name = match[match.lastindex or 0]
        if name.isprintable():
            yield name, ""


def _words_of_bash() -> tuple[list[str], str, int]:
    """Give the words before the one at the cursor, that one, and how much of it bash leaves alone.

    bash breaks words at `=` and `:`, and wants only the last piece.
    """
    pieces = _split(os.environ.get("COMP_WORDS", ""))
    place = os.environ.get("COMP_CWORD", "")
    end = int(place) if place.isdecimal() else len(pieces)
    pieces = [*pieces[1:end], *(pieces[end : end + 1] or [""])]
    words: list[str] = []
    goes_on = False
    for piece in pieces:
        is_break = piece != "" and not piece.strip("=:")
        if words and (goes_on or is_break):
            words[-1] += piece
        else:
            words.append(piece)
        goes_on = is_break
    *before, begun = words
    return before, begun, len(begun) - (0 if goes_on else len(pieces[-1]))


def _words_of_line() -> tuple[list[str], str]:
    """Give the words before the one at the cursor, and that one."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = _split(line)[1:]
    if not words or line.endswith((" ", "\t")):
        return words, ""
    return words[:-1], words[-1]


def _split(line: str) -> list[str]:
    """Split a line into words as a shell does; a quote may still be open at its end."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:
        words.append(lexer.token)
    return words
