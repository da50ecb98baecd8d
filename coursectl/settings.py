"""Which community coursectl talks to, and with which credentials."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from coursectl.errors import NotConfigured, UsageError
from coursectl.printable import shortened

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is set outside the command line."""

    url: str
    """The community, as `https://host` or `https://host:port`; plain http only on loopback."""
    token: str = field(repr=False)
    """The bearer token that goes to that community and nowhere else."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read COURSECTL_URL and COURSECTL_TOKEN. Raises NotConfigured, UsageError."""
        url = environment.get("COURSECTL_URL", "").strip()
        token = environment.get("COURSECTL_TOKEN", "").strip()
        missing = [
            name
            for name, value in (("COURSECTL_URL", url), ("COURSECTL_TOKEN", token))
            if not value
        ]
        if missing:
            raise NotConfigured(
                f"no community to ask: {' and '.join(missing)} not set",
                "Set COURSECTL_URL to https://<your community>, COURSECTL_TOKEN to a token for it.",
                "Nothing at hand yet? This works now: coursectl members demo",
            )
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError(
                "COURSECTL_TOKEN holds characters that no token has", "Copy the token again."
            )
        return cls(url=community(url), token=token)


def community(url: str) -> str:
    """Give the scheme, host and port of a community's URL. Raises UsageError."""
    shown = shortened(url.rpartition("@")[2])
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in ("http", "https") or parts.username is not None:
        raise UsageError(
            f"COURSECTL_URL is {shown!r}, which is not the URL of a community",
            "Set it to https://<your community>, without a user name.",
        )
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        raise UsageError(
            f"COURSECTL_URL is {shown!r}: a token is not sent over plain http",
            "Set it to an https:// URL.",
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")
