"""One community over HTTP: redirects that stay there, errors in words."""

from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Retry

from coursectl import __version__
from coursectl.errors import AccessDenied, CoursectlError, NotFound, ServerError
from coursectl.printable import shortened

CONNECT_TIMEOUT = 10.0
"""Seconds to connect."""

READ_TIMEOUT = 30.0
"""Seconds between two packets of an answer."""


class BadRequest(ServerError):
    """The server does not take the request as it is (400)."""


class Session(requests.Session):
    """A session with the community at `url`; it follows a redirect within it and no other.

    It puts no credentials on a request: who sends one does.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._adapter = HTTPAdapter()
        self.mount(f"{url}/", self._adapter)
        self.headers["User-Agent"] = f"coursectl/{__version__}"
        self.headers["Accept"] = "application/json"
        # Plain http is for loopback, where a proxy from the environment has no business.
        self.trust_env = url.startswith("https://")

    @property
    def retries(self) -> Retry:
        """When a request is sent again; without a word, never."""
        return self._adapter.max_retries

    @retries.setter
    def retries(self, retries: Retry) -> None:
        self._adapter.max_retries = retries

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Give where an answer leads. Raises ServerError if that is out of the community."""
        target = super().get_redirect_target(resp)
        if target is not None and resp.url is not None:
            here, there = urlsplit(resp.url), urlsplit(requests.compat.urljoin(resp.url, target))
            if (here.scheme, here.netloc) != (there.scheme, there.netloc):
                resp.close()
                raise ServerError(
                    f"{here.path}: the server redirects to {shortened(there.netloc)},"
                    " which is not the configured community",
                    "Set COURSECTL_URL to the community's own address. Nothing was sent there.",
                )
        return target

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Keep our token on a redirect; the host is the same, and ~/.netrc has no say."""


def reason(error: Exception) -> str:
    """Say in a few words why there was no answer; the libraries' own words name their innards."""
    match error:
        case (
            requests.ConnectionError(args=[MaxRetryError(reason=cause)])
            | MaxRetryError(reason=cause)
        ) if cause is not None:
            return reason(cause)
        case requests.exceptions.SSLError() | SSLError():
            return "the connection is not secure (TLS certificate)"
        case NameResolutionError():
            return "no such host"
        case NewConnectionError():
            return "no connection"
        case requests.exceptions.Timeout() | ReadTimeoutError() | ConnectTimeoutError():
            return "no answer in time"
        case requests.exceptions.TooManyRedirects():
            return "the server redirects in a circle"
        case (
            ProtocolError()
            | DecodeError()
            | requests.exceptions.ChunkedEncodingError()
            | requests.exceptions.ContentDecodingError()
        ):
            return "the answer broke off"
        case requests.exceptions.ConnectionError():
            return "no connection"
        case _:
            return type(error).__name__


def refusal(status: int, said: str, where: str, tried: str = "") -> CoursectlError:
    """Give the error for an answer that is no success: what the server said, how often it did."""
    said = tried + (f": {said}" if said else "")
    match status:
        case 400:
            return BadRequest(f"{where}: the server refused the request (400){said}")
        case 401:
            return AccessDenied(
                f"{where}: the community does not accept the token (401){said}",
                "Log in again with coursectl auth login, or set COURSECTL_TOKEN to a valid token.",
            )
        case 403:
            return AccessDenied(
                f"{where}: not allowed (403){said}",
                "The role creator or manager in the course is needed:"
                " log in as such a person, see coursectl auth status.",
            )
        case 404 | 410:
            return NotFound(
                f"{where}: not found ({status}){said}",
                "Check the course, and that the token's user may see it.",
            )
        case _:
            return ServerError(
                f"{where}: the server answered {status}{said}", "Try again in a few minutes."
            )
