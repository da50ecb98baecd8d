"""Files that are whole or as they were, and temporary ones."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from coursectl.errors import UsageError
from coursectl.printable import printable


@contextmanager
def replacing(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Open a file beside `path` that takes its place at a good end, and is gone at any other.

    Nobody else can read it before it is complete, nor afterwards unless `mode` lets them. Raises
    OSError.
    """
    descriptor, name = tempfile.mkstemp(prefix=".coursectl-", dir=path.parent)
    beside = Path(name)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            yield file
            file.flush()
            os.fsync(descriptor)
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def no_room(what: str, said: str, folder: str = "the folder for temporary files") -> UsageError:
    """Give what to say when a temporary file for `what` cannot be written."""
    return UsageError(
        f"a temporary file for {what} cannot be written: {printable(said)}",
        f"Free some space in {folder}, or name another folder in TMPDIR.",
    )
