"""Where a person's own files are."""

# TAB asks, too: what pathlib, typing and platformdirs import takes as long as all the rest of it.
# ruff: noqa: PTH111,PTH117,PTH118

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_NO_HOME = "there is no home folder (HOME is not set, or to no full path)"


def config_file() -> "Path":
    """Say where profiles are kept: COURSECTL_CONFIG, or `config.toml` among the person's own."""
    from pathlib import Path

    return Path(config_path())


def config_path() -> str:
    """Say the same as text."""
    if path := os.environ.get("COURSECTL_CONFIG", "").strip():
        return os.path.expanduser(path)
    return os.path.join(_own_folder("config"), "config.toml")


def seen_courses_path() -> str:
    """Say where the courses are noted that TAB offers again."""
    return os.path.join(_own_folder("cache"), "courses")


def expanded(path: str) -> str:
    """Return a path with the home that a `~` at its beginning stands for.

    Raise UsageError where that home is not known: a folder called `~` is nobody's intention.
    """
    found = _in_home(path)
    if found is not None:
        return found
    from coursectl.errors import UsageError
    from coursectl.printable import shortened

    user = path[1:].partition(os.sep)[0]
    if user:
        raise UsageError(
            f"{shortened(path)}: there is no home folder of {shortened(user)}",
            "Write the path in full, or ./~ for a name that begins with ~.",
        )
    raise UsageError(f"{shortened(path)}: {_NO_HOME}", "Set HOME, or write the path in full.")


def located(path: str) -> str:
    """Return the same of what is to be read, unless there is something of that very name."""
    return path if not path.startswith("~") or os.path.lexists(path) else expanded(path)


def _in_home(path: str) -> str | None:
    """Return the same, or None where that home is not known."""
    if not path.startswith("~"):
        return path
    if path[1:2] in ("", os.sep) and os.environ.get("HOME") == "":
        return None  # from which Python makes the root folder
    found = os.path.expanduser(path)
    return found if os.path.isabs(found) else None


def _own_folder(kind: str) -> str:
    """Give the person's `config` or `cache` folder, on Linux without the help of platformdirs."""
    if sys.platform == "linux":
        base = os.environ.get(f"XDG_{kind.upper()}_HOME", "")
        if not os.path.isabs(base):
            base = os.path.expanduser(f"~/.{kind}")
        return os.path.join(base, "coursectl")
    import platformdirs

    ask = platformdirs.user_config_dir if kind == "config" else platformdirs.user_cache_dir
    return ask("coursectl", appauthor=False)
