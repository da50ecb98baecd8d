"""Values of parameters that are plainly what is asked for, without pydantic.

Typer has pydantic look at every value, even where none is given, and imports all of it for that,
which takes as long as to read ten MB of an export. Whatever is not plain is left to Typer.
"""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperOption

_MOST_DIGITS = 15
"""Which a float holds, too."""


def taking_plain_values(parameters: list[Any]) -> list[Any]:
    """Have options and arguments of Typer take plain values as they stand."""
    for each in parameters:
        # Typer lets one choose the class of a command, and not of what it takes.
        each.__class__ = _Option if isinstance(each, TyperOption) else _Argument
    return parameters


class _Option(TyperOption):
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
        return by_typer(ctx, value)
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
