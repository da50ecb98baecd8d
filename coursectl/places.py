"""Where a person's own files are."""

# TAB asks, too: what pathlib, typing and platformdirs import takes as long as all the rest of it.
# ruff: noqa: PTH111,PTH117,PTH118

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


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
