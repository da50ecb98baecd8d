"""Text on lines of so many cells, however a cell is measured."""

from collections.abc import Callable, Iterable


def packed(
    parts: Iterable[str],
    width: int | None,
    measure: Callable[[str], int],
    *,
    between: str = " ",
    indent: str = "",
) -> list[str]:
    """Put parts on as few lines as hold them, each line but the first behind `indent`.

    A part that is wider than `width` has a line of its own; with None, there is but one line.
    """
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}{between}{part}" if lines else part
        if lines and (width is None or measure(joined) <= width):
            lines[-1] = joined
        else:
            lines.append(indent + part if lines else part)
    return lines


def words(text: str) -> list[str]:
    """Give the words of a text, which are what may go to another line."""
    return [word for word in text.split(" ") if word]
