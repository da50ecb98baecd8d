"""An answer that is no success, in words: what the server said, and what to do about it."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING

from coursectl.errors import AccessDenied, CoursectlError, NotFound, ServerError
from coursectl.login_hints import log_in_again, login_command, status_command
from coursectl.sources.api.session import BadRequest, NotOffered
from coursectl.sources.api.tokens import BACKDATED, LIFE

if TYPE_CHECKING:
    from coursectl.settings import Settings
    from coursectl.sources.api.tokens import Credentials

_UNSURE = 10
"""Seconds that a clock may seem wrong by, because an answer takes a while and Date is in whole
seconds."""


def clock_of(date: str | None, age: str | None = None) -> datetime | None:
    """Return the time of the server, from an answer's headers Date and Age; None if not told."""
    try:
        found = parsedate_to_datetime(date or "")
        seconds = int(age) if age and age.isascii() and age.isdecimal() else 0
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC) + timedelta(0, seconds)
    except (ValueError, TypeError, OverflowError):
        return None


def refusal(
    status: int,
    said: str,
    where: str,
    settings: "Settings",
    credentials: "Credentials",
    server_time: datetime | None = None,
) -> CoursectlError:
    """Return the error for an answer that is no success; `said` is what the server said of it."""
    of_course = "/course/" in where
    match status:
        case 400:
            return BadRequest(f"{where}: the server refused the request (400){said}")
        case 401:
            return _rejection(f"{where}: ", said, settings, credentials, server_time)
        case 403:
            return AccessDenied(
                f"{where}: not allowed (403){said}",
                "The role creator or manager in the course is needed;"
                f" {status_command(settings.profile)} tells who you are."
                if of_course
                else f"Log in as somebody who is: {login_command(settings.profile)}",
            )
        case 404 | 410:
            return NotFound(
                f"{where}: not found ({status}){said}",
                "Check the course, and that you may see it."
                if of_course
                else "Check the community's URL.",
            )
        case 405 | 406 | 501:
            return NotOffered(
                f"{where}: the server answered {status}{said}", "Check the community's URL."
            )
        case _:
            return ServerError(
                f"{where}: the server answered {status}{said}", "Try again in a few minutes."
            )


def _rejection(
    where: str,
    said: str,
    settings: "Settings",
    credentials: "Credentials",
    server_time: datetime | None,
) -> AccessDenied:
    """Return the error for a token that is not accepted, by what is wrong with it."""
    here = datetime.fromtimestamp(time(), UTC)  # by the clock that tokens are signed by
    kept = credentials.kept
    if credentials.method == "jwt":
        ahead = (here - server_time).total_seconds() if server_time else 0.0
        if server_time and not _UNSURE - LIFE < ahead < BACKDATED - _UNSURE:
            which = f"{_span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'}"
            return AccessDenied(
                f"{where}the clock of this machine is {which} the server's, so the community does"
                f" not accept the token (401){said}",
                f"Set the clock: the server says that it is {server_time:%Y-%m-%d %H:%M:%S} UTC.",
            )
        clock = "" if server_time else ", and the clock of this machine"
        return AccessDenied(
            f"{where}the community does not accept the token (401){said}",
            f"Check that the user id ({settings.user_id}, of {settings.origin('user_id')}) is that"
            f" of an account, that {kept or 'the secret'} is the community's API secret{clock}.",
        )
    renewed = (
        f"Set {kept} to a new one." if kept.startswith("COURSECTL_")
        else log_in_again(settings.profile)
    )  # fmt: skip
    ends = credentials.expires_at
    if credentials.method == "token" and ends is not None and ends <= (server_time or here):
        return AccessDenied(
            f"{where}the token has expired, on {ends:%Y-%m-%d at %H:%M} UTC (401){said}", renewed
        )
    return AccessDenied(
        f"{where}the community does not accept the token (401){said}",
        f"Set {kept} to a valid one." if kept.startswith("COURSECTL_") else renewed,
    )


def _span(seconds: float) -> str:
    for length, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
