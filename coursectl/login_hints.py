"""What to type in order to log in, with the profile that is in use."""

import os
import shlex

from coursectl.printable import shortened


def login_command(profile: str) -> str:
    """Return the command that logs in with a profile, as one types it in."""
    return f"coursectl{_naming(profile)} auth login"


def status_command(profile: str) -> str:
    """Return the command that tells who one is with a profile."""
    return f"coursectl{_naming(profile)} auth status"


def log_in_again(profile: str) -> str:
    """Return the hint to do so where a login is over."""
    return f"Log in again: {login_command(profile)}"


def _naming(profile: str) -> str:
    if profile == "default" and not os.environ.get("COURSECTL_PROFILE", "").strip():
        return ""
    return f" --profile {shlex.quote(shortened(profile))}"
