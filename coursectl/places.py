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
    """Return where profiles are kept, and secrets beside them. Raise UsageError without a home."""
    from pathlib import Path

    path = config_path()
    if path is None:
        from coursectl.errors import UsageError

        expanded(_chosen_config())  # says why it is none
        raise UsageError(_NO_HOME, "Set HOME, or COURSECTL_CONFIG to a file for the profiles.")
    return Path(path)


def config_path() -> str | None:
    """Return COURSECTL_CONFIG, or `config.toml` among the person's own; None without a home."""
    if path := _chosen_config():
        return _in_home(path)
    folder = _own_folder("config")
    return folder and os.path.join(folder, "config.toml")


def has_place_for_config() -> bool:
    """Whether a person could have profiles; COURSECTL_CONFIG in no home is a mistake to be told."""
    return bool(_chosen_config()) or config_path() is not None


def _chosen_config() -> str:
    return os.environ.get("COURSECTL_CONFIG", "").strip()


def seen_courses_path() -> str | None:
    """Return where the courses are noted that TAB offers again; None without a home."""
    folder = _own_folder("cache")
    return folder and os.path.join(folder, "courses")


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


def _own_folder(kind: str) -> str | None:
    """Return the person's `config` or `cache` folder; None where there is no home to hold it."""
    if sys.platform == "linux":  # without the help of platformdirs
        base = os.environ.get(f"XDG_{kind.upper()}_HOME", "")
        if os.path.isabs(base):
            return os.path.join(base, "coursectl")
        return _in_home(f"~/.{kind}/coursectl")
    import platformdirs

    ask = platformdirs.user_config_dir if kind == "config" else platformdirs.user_cache_dir
    folder = ask("coursectl", appauthor=False)
    return folder if os.path.isabs(folder) else None
