"""Addresses, and which host they are of."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


def host_of(url: str) -> tuple[str | None, int | None]:
    """Return the host of a URL, and its port unless that is its scheme's own. Raise ValueError.

    One host has one writing: see `ascii_host`.
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    return host and ascii_host(host), None if port == _DEFAULT_PORTS.get(parts.scheme) else port


def ascii_host(host: str) -> str:
    """Return the one writing of a host: IDNA, in small letters, without a dot at its end.

    `host` is without the brackets around an IPv6 address. Raise ValueError for what is no name.
    """
    if not host.isascii():
        import idna

        host = idna.encode(host, uts46=True).decode("ascii")
    elif ":" in host:
        from ipaddress import ip_address

        return str(ip_address(host))
    return host.lower().removesuffix(".")


def community_url(url: str) -> str:
    """Return `scheme://host`, with the port unless it is the scheme's own. Raise ValueError."""
    host, port = host_of(url)
    if not host:
        raise ValueError
    host = f"[{host}]" if ":" in host else host
    return f"{urlsplit(url).scheme}://{host}" + (f":{port}" if port else "")


def community_of(address: str) -> str:
    """Return what two addresses of one community have in common, to be compared and shown.

    That is the host, with its port unless that is its scheme's own, or an address without one.
    """
    try:
        host, port = host_of(address)
    except ValueError:
        return address
    return address if host is None else host if port is None else f"{host}:{port}"
