"""One community over HTTP: redirects that stay there, errors in words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from requests.cookies import extract_cookies_to_jar
from urllib3.connectionpool import ConnectionPool
from urllib3.util import Retry

from coursectl import __version__
from coursectl.address import host_of
from coursectl.errors import InvalidData, ServerError
from coursectl.printable import shortened
from coursectl.roster.remedies import CORRECT_ROWS, OF_FILES
from coursectl.sources.api.failures import NoAuthorities, ProxyUnusable

NOT_THE_API = "Check the community's URL; if it is right, the API has changed."
"""What to do about an answer that is not what the API is known to give."""

CONNECT_TIMEOUT = 10.0
"""Seconds to connect."""

READ_TIMEOUT = 30.0
"""Seconds between two packets of an answer."""


_TELL_THE_OWNER = "Tell the owner of the server, or leave them out with --skip-invalid."


class BadRequest(ServerError):
    """The server does not take the request as it is (400)."""


class _Bearer(AuthBase):
    """Puts a token on a request, where ~/.netrc would put something else."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _OneHost(HTTPAdapter):
    """Connections to one host by one way, so that where they come from is found once."""

    def __init__(self) -> None:
        super().__init__()
        self._pool: ConnectionPool | None = None

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> ConnectionPool:
        """Return the connections that the first request was given. Raise ProxyUnusable."""
        if self._pool is None:
            try:
                self._pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            except Exception as error:  # as many kinds as there are ways to be no address
                if requests.utils.select_proxy(request.url, proxies) is None:
                    raise
                raise ProxyUnusable(_of_no_proxy(error)) from None
        return self._pool

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Say whose certificates are believed: requests knows its own two variables only.

        Raise NoAuthorities for those that are not there.
        """
        file, folder = (os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
        if verify is not True:
            name = "REQUESTS_CA_BUNDLE"
            name = name if os.environ.get(name) else "CURL_CA_BUNDLE"
            _expect(name, verify)
        elif (file or folder) and url.startswith("https://"):
            if file:
                _expect("SSL_CERT_FILE", file)
            conn.cert_reqs, conn.ca_certs, conn.ca_cert_dir = "CERT_REQUIRED", file, folder
            return
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]


def _expect(variable: str, path: str) -> None:
    if not os.path.exists(path):  # noqa: PTH110 - as it is written
        raise NoAuthorities(
            f"{variable} names no file of certificate authorities: {shortened(path, 80)}"
        )


def _of_no_proxy(error: Exception) -> str:
    if isinstance(error, requests.exceptions.InvalidSchema):
        return "needs an extra for SOCKS: pip install 'requests[socks]'"
    return "is no address of a proxy"


class Session(requests.Session):
    """A session with the community at `url`. Who sends a request puts the credentials on it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._adapter = _OneHost()
        self.mount(f"{url}/", self._adapter)
        self.headers["User-Agent"] = f"coursectl/{__version__}"
        self.headers["Accept"] = "application/json"
        # Plain http is for loopback, where a proxy from the environment has no business.
        self.trust_env = url.startswith("https://")
        self._ready: tuple[str, str] | None = None  # for which URL and token a request is
        self._request = requests.PreparedRequest()
        self._url: str | None = None  # as it is sent
        self._settings: Any = {}

    def ask(
        self, url: str, query: str, token: str, timeout: tuple[float, float]
    ) -> requests.Response:
        """Send a GET request with a token; the body of the answer is still to come.

        `timeout` is in seconds: to connect, and between two packets. One request is made ready for
        all queries of the same URL, which takes a fifth of the time of a page.
        """
        if (
            self._ready != (url, token)
            or self.cookies
            or "Cookie" in self._request.headers  # which may have been taken back
        ):
            self._request = self.prepare_request(requests.Request("GET", url, auth=_Bearer(token)))
            self._settings = self.merge_environment_settings(
                self._request.url, {}, stream=True, verify=None, cert=None
            )
            self._ready = url, token
            self._url = self._request.url
        self._request.url = f"{self._url}?{query}" if query else self._url
        # All else that `send` of a session does is for redirects and hooks.
        response = self._adapter.send(self._request, timeout=timeout, **self._settings)
        if "Set-Cookie" in response.headers:
            extract_cookies_to_jar(  # type: ignore[no-untyped-call]
                self.cookies, self._request, response.raw
            )
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Give None: where a redirect leads is for `target_of` to say."""

    @property
    def retries(self) -> Retry:
        """When a request is sent again; without a word, never."""
        return self._adapter.max_retries

    @retries.setter
    def retries(self, retries: Retry) -> None:
        self._adapter.max_retries = retries


class NotOffered(ServerError):
    """The server knows the path, and does not answer it so (405, 406, 501)."""


@contextmanager
def answers_of_a_server() -> Iterator[None]:
    """Have InvalidData say what to do about a server where it would about a file."""
    try:
        yield
    except InvalidData as error:
        hints = (
            _TELL_THE_OWNER if hint == CORRECT_ROWS else NOT_THE_API if hint in OF_FILES else hint
            for hint in error.hints
        )
        raise InvalidData(error.message, *hints) from None


def target_of(response: requests.Response) -> str:
    """Give where a redirect leads, within the community. Raises ServerError for elsewhere."""
    here = urlsplit(response.url)
    try:
        target = requests.compat.urljoin(response.url, response.headers["Location"])
        there = urlsplit(target)
        is_ours = (
            there.scheme == here.scheme
            and host_of(target) == host_of(response.url)
            and "@" not in there.netloc
        )
    except ValueError:
        raise ServerError(
            f"{here.path}: the server redirects to what is no address", "Tell its owner."
        ) from None
    if not is_ours:
        raise ServerError(
            f"{here.path}: the server redirects to {shortened(there.netloc) or 'nowhere'},"
            " which is not the configured community",
            "Set COURSECTL_URL to the community's own address. Nothing was sent there.",
        )
    return str(target)
