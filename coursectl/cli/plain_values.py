"""Values of parameters that are plainly what is asked for, without pydantic, and its words.

Typer has pydantic look at every value, even where none is given, and imports all of it for that,
which takes as long as to read ten MB of an export. Whatever is not plain is left to Typer; what it
refuses is told in words of our own, and so is an option of one value that is given twice, of which
it would take the last.
"""

from collections.abc import Callable
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperArgument, TyperOption

from coursectl.errors import UsageError
from coursectl.printable import shortened

_MOST_DIGITS = 15
"""Which a float holds, too."""

_PATHS = ("FILE", "EXPORT")
"""What stands for the path of a file, which need not be text."""


def taking_plain_values(parameters: list[Any]) -> list[Any]:
    """Have options and arguments of Typer take plain values as they stand."""
    for each in parameters:
        # Typer lets one choose the class of a command, and not of what it takes.
        each.__class__ = _Option if isinstance(each, TyperOption) else _Argument
    return parameters


class _Option(TyperOption):
    def add_to_parser(self, parser: Any, ctx: Any) -> None:
        """Have the parser gather all values, also of an option that takes one."""
        if not self._takes_one_value:
            super().add_to_parser(parser, ctx)
            return
        self.multiple = True
        try:
            super().add_to_parser(parser, ctx)
        finally:
            self.multiple = False

    def handle_parse_result(self, ctx: Any, opts: Any, args: list[str]) -> Any:
        """Give its value as what the parser has found. Raise UsageError for several."""
        values = opts.get(self.name)
        if self._takes_one_value and isinstance(values, list):
            if len(values) > 1 and not ctx.resilient_parsing:
                name = max(self.opts, key=len)
                raise UsageError(
                    f"{name} is given {len(values)} times, and takes one value", "Give it once."
                )
            opts = {**opts, self.name: values[-1]}
        return super().handle_parse_result(ctx, opts, args)

    @property
    def _takes_one_value(self) -> bool:
        return not (self.multiple or self.is_flag or self.count)

    def process_value(self, ctx: Any, value: Any) -> Any:
        """Give its value as the command wants it."""
        return _processed(self, ctx, value, super().process_value)


class _Argument(TyperArgument):
    def process_value(self, ctx: Any, value: Any) -> Any:
        """Give its value as the command wants it."""
        return _processed(self, ctx, value, super().process_value)


def _processed(
    parameter: TyperOption | TyperArgument,
    ctx: Any,
    value: Any,
    by_typer: Callable[[Any, Any], Any],
) -> Any:
    plain = _plain_value_of(parameter, value)
    if plain is None:
        if isinstance(parameter, TyperOption) and not _is_path(parameter):
            _refuse_no_text(parameter, ctx, value)
        try:
            return by_typer(ctx, value)
        except typer.BadParameter:
            told = _refusal(parameter, value)
            if told is None:
                raise
            raise typer.BadParameter(told, ctx=ctx, param=parameter) from None
    return plain[0] if parameter.callback is None else parameter.callback(ctx, parameter, plain[0])


def _plain_value_of(parameter: TyperOption | TyperArgument, value: Any) -> tuple[Any] | None:
    """Give the value in a tuple; None if Typer has to look at it."""
    wanted = parameter.type_descriptor
    several = parameter.multiple or parameter.nargs == -1
    if parameter.required and not value:
        return None
    if value is None:
        return ((),) if several else (None,)
    if several:
        plain = wanted.annotation == list[str] and all(map(_is_plain, value))
        return (list(value),) if plain else None
    bounds = wanted.parameter_info
    return plainly(wanted.annotation, value, least=bounds.min, most=bounds.max)


def _is_path(parameter: TyperOption) -> bool:
    return parameter.metavar in _PATHS or parameter.type_descriptor.annotation is Path


def _refuse_no_text(parameter: TyperOption, ctx: Any, value: Any) -> None:
    """Raise BadParameter for bytes that are no text, which would be found nowhere."""
    for each in value if isinstance(value, list | tuple) else [value]:
        if isinstance(each, str) and not _is_plain(each):
            told = f"{shortened(each)!r} is not UTF-8 text"
            raise typer.BadParameter(told, ctx=ctx, param=parameter)


def _refusal(parameter: TyperOption | TyperArgument, value: Any) -> str | None:
    """Say what a value should be that Typer refuses; None where that is for Typer to say."""
    wanted = parameter.type_descriptor
    kind, bounds = wanted.annotation, wanted.parameter_info
    if not isinstance(value, str):
        return None
    shown = repr(shortened(value))
    if kind is int or kind is float:
        number = "a whole number" if kind is int else "a number"
        return f"{shown} is not {number}{_between(bounds.min, bounds.max)}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        words = [str(each.value) for each in kind]
        near = get_close_matches(value.lower(), words, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{shown} is none of {', '.join(words)}{hint}"
    return None


def _between(least: float | None, most: float | None) -> str:
    if least is None and most is None:
        return ""
    if most is None:
        return f" from {least:g} on"
    return f" up to {most:g}" if least is None else f" from {least:g} to {most:g}"


def plainly(
    kind: Any, value: Any, *, least: float | None = None, most: float | None = None
) -> tuple[Any] | None:
    """Give what a text plainly is of a kind, alone in a tuple; None if it may be something else."""
    if not _is_plain(value):
        return None
    if kind is str or kind is Path:
        return (kind(value),)
    if kind is int or kind is float:
        if not (value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS):
            return None
        number = kind(value)
        below = least is not None and number < least
        return None if below or (most is not None and number > most) else (number,)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(((each,) for each in kind if each.value == value), None)
    return None


def _is_plain(value: Any) -> bool:
    """Whether a value is text of whole characters, which an argument need not be."""
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
