"""EXPORT arguments to exports: files, folders and globs."""

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from coursectl.errors import InvalidData, NotFound, UsageError
from coursectl.printable import printable, shortened
from coursectl.sources import EXPORT_SUFFIXES
from coursectl.sources.export import DEMO, STDIN, Export


def find_exports(arguments: Sequence[str]) -> list[Export]:
    """Give the exports that arguments name, in their order, each once.

    A folder gives the files in it and below it that end as exports do, by name; hidden ones are
    left out, and so are hidden folders. What exists is no glob. Raises UsageError for an empty
    argument, NotFound for one that names nothing, and InvalidData for a folder that cannot be read.
    """
    found: dict[str, Export] = {}
    for argument in arguments:
        if not argument.strip():
            raise UsageError("an EXPORT is empty", "Give a file, a folder or a glob.")
        if argument == STDIN:
            found.setdefault(STDIN, Export(None, "stdin"))
        elif argument == DEMO:
            found.setdefault(DEMO, Export.demo())
        else:
            for path in _files(argument):
                found.setdefault(os.path.realpath(path), Export(Path(path), path))
    return list(found.values())


def _files(argument: str) -> list[str]:
    """Give the files that an argument names. Raises NotFound if there are none."""
    # Path.exists raises on a long name.
    exists = os.path.exists(argument)  # noqa: PTH110
    named = [argument] if exists else sorted(glob.glob(argument, recursive=True))  # noqa: PTH207
    files = [file for name in named for file in (_below(name) if os.path.isdir(name) else [name])]  # noqa: PTH112
    if files:
        return files
    if exists:
        raise NotFound(
            f"{printable(argument)}: no export in this folder",
            f"An export ends in {', '.join(EXPORT_SUFFIXES)}.",
        )
    raise NotFound(
        f"{shortened(argument)}: no such file or folder, and no glob that fits any",
        "Save an export with coursectl export COURSE -o FILE.",
    )


def _below(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder, onerror=_raise_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(EXPORT_SUFFIXES) and not name.startswith("."):
                yield os.path.join(parent, name)  # noqa: PTH118 - as it was given


def _raise_unreadable(error: OSError) -> None:
    raise InvalidData(
        f"{printable(str(error.filename))}: cannot be read: {printable(str(error.strerror))}",
        "Check the folder and its permissions.",
    ) from None
