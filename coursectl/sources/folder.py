"""EXPORT arguments to exports: files, folders and globs."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from coursectl.errors import InvalidData, NotFound, UsageError
from coursectl.places import located
from coursectl.printable import printable, shortened
from coursectl.sources import EXPORT_SUFFIXES
from coursectl.sources.export import DEMO, STDIN, Export


@dataclass(frozen=True, slots=True)
class Found:
    """What arguments name."""

    exports: list[Export]
    """In the order of the arguments, each once; at least one."""
    unreadable: list[InvalidData]
    """What is wrong with folders that cannot be read."""
    empty: list[NotFound]
    """What is said of folders that hold no export."""


def find_exports(arguments: Sequence[str]) -> Found:
    """Give the exports that arguments name.

    A folder gives the files in it and below it that end as exports do, by name, also behind links;
    hidden ones are left out, and so are hidden folders. What exists is no glob. Raises UsageError
    for an empty argument, NotFound for one that names nothing, and where there is no export at all,
    NotFound or InvalidData.
    """
    exports: dict[str, Export] = {}
    found = Found([], [], [])
    for argument in arguments:
        if not argument.strip():
            raise UsageError("an EXPORT is empty", "Give a file, a folder or a glob.")
        if argument == STDIN:
            exports.setdefault(STDIN, Export(None, "stdin"))
        elif argument == DEMO:
            exports.setdefault(DEMO, Export.demo())
        else:
            for path in _files(located(argument), found):
                exports.setdefault(os.path.realpath(path), Export(Path(path), path))
    found.exports.extend(exports.values())
    if not exports:
        raise [*found.unreadable, *found.empty][0]
    return found


def _files(argument: str, found: Found) -> list[str]:
    """Give the files that an argument names. Raises NotFound if it names nothing."""
    # Path.exists raises on a long name.
    exists = os.path.exists(argument)  # noqa: PTH110
    named = [argument] if exists else sorted(glob.glob(argument, recursive=True))  # noqa: PTH207
    if not named:
        raise NotFound(
            f"{shortened(argument)}: no such file or folder, and no glob that fits any",
            "Save an export with coursectl export COURSE -o FILE.",
        )
    known = len(found.unreadable)
    files = [
        file
        for name in named
        for file in (_below(name, found) if os.path.isdir(name) else [name])  # noqa: PTH112
    ]
    if not files and len(found.unreadable) == known:
        found.empty.append(
            NotFound(
                f"{printable(argument)}: no export in "
                + ("this folder" if exists else "these folders"),
                f"An export ends in {', '.join(EXPORT_SUFFIXES)}.",
            )
        )
    return files


def _below(folder: str, found: Found) -> Iterator[str]:
    def cannot_be_read(error: OSError) -> None:
        found.unreadable.append(
            InvalidData(
                f"{printable(str(error.filename))}: cannot be read:"
                f" {printable(str(error.strerror))}",
                "Check the folder and its permissions.",
            )
        )

    seen = set()  # links may lead back
    for parent, folders, names in os.walk(folder, onerror=cannot_be_read, followlinks=True):
        try:
            real = os.path.realpath(parent)
        except FileNotFoundError:
            raise NotFound(
                f"{printable(folder)}: the folder that you are in has been deleted",
                "Go to another.",
            ) from None
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(EXPORT_SUFFIXES) and not name.startswith("."):
                yield os.path.join(parent, name)  # noqa: PTH118 - as it was given
