"""Addresses, and whether two are of one host."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def host_of(url: str) -> tuple[str | None, int | None]:
    """Give the host of a URL, and its port unless that is its scheme's own. Raises ValueError."""
    parts = urlsplit(url)
    port = parts.port
    return parts.hostname, None if port == _DEFAULT_PORTS.get(parts.scheme) else port
