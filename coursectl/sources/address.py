"""Addresses, and which host they are of."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def host_of(url: str) -> tuple[str | None, int | None]:
    """Give the host of a URL, and its port unless that is its scheme's own. Raises ValueError."""
    parts = urlsplit(url)
    port = parts.port
    return parts.hostname, None if port == _DEFAULT_PORTS.get(parts.scheme) else port


def community_of(address: str) -> str:
    """Give what two addresses of one community have in common, to be compared and shown.

    That is the host, with its port unless that is its scheme's own, or an address without one.
    """
    try:
        host, port = host_of(address)
    except ValueError:
        return address
    return address if host is None else host if port is None else f"{host}:{port}"
