"""One community over HTTP: the token to its own host only, retries, errors in words."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError
from urllib3.util import Retry

from coursectl import __version__
from coursectl.errors import AccessDenied, CoursectlError, NotFound, ServerError
from coursectl.printable import shortened
from coursectl.roster.error_body import message_in
from coursectl.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUTS = (10.0, 60.0)
"""Seconds to connect, and between two packets of an answer."""

_BODY_TRIES = 4

_LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes; a page is some 30 KB."""

_RETRIES = Retry(
    total=4,
    status_forcelist=(429, 500, 502, 503, 504),
    allowed_methods=("GET",),
    backoff_factor=0.5,
    backoff_jitter=0.25,
    backoff_max=30,
    retry_after_max=120,
    raise_on_status=False,
    redirect=False,
)


class BadRequest(ServerError):
    """The server does not take the request as it is (400)."""


class _Session(requests.Session):
    """A session that follows a redirect within the community and refuses any other."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
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


class Api:
    """GET requests to one community."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._session = _Session()
        self._session.mount("https://", HTTPAdapter(max_retries=_RETRIES))
        self._session.mount("http://", HTTPAdapter(max_retries=_RETRIES))
        self._session.headers["User-Agent"] = f"coursectl/{__version__}"
        self._session.headers["Accept"] = "application/json"
        # Plain http is for loopback, where a proxy from the environment has no business.
        self._session.trust_env = settings.url.startswith("https://")
        self._session.auth = self._authorize

    def get(self, path: str, query: "Mapping[str, str | int] | None" = None) -> tuple[bytes, str]:
        """Give the body of the answer, and where it is from: its path, and its offset if any.

        Raises AccessDenied (401, 403), NotFound (404, 410), BadRequest (400), and ServerError for
        all else that is no success, after retries where these may help.
        """
        url = self.settings.url + path
        offset = (query or {}).get("offset")
        where = f"{path}?offset={offset}" if offset else path
        try:
            status, body = self._answer(url, query, where)
        except (requests.RequestException, HTTPError) as error:
            raise ServerError(
                f"{self.settings.url}{where}: {_reason(error)}",
                "Check COURSECTL_URL and the network, then try again.",
            ) from None
        if status != requests.codes.ok:
            raise _refusal(status, message_in(body, secret=self.settings.token), where)
        if b'"results"' not in body:
            # It is no page, so an error will quote it, and a server may repeat our token to us.
            body = body.replace(self.settings.token.encode(), b"***")
        return body, where

    def _answer(
        self, url: str, query: "Mapping[str, str | int] | None", where: str
    ) -> tuple[int, bytes]:
        """Give the status and the body. A body that breaks off is asked for again.

        The session's own retries end when the body begins.
        """
        tries_left = _BODY_TRIES
        while True:
            with self._session.get(url, params=query, timeout=_TIMEOUTS, stream=True) as response:
                try:
                    return response.status_code, _body(response, where)
                except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError):
                    tries_left -= 1
                    if not tries_left:
                        raise

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.settings.token}"
        return request


def _body(response: requests.Response, where: str) -> bytes:
    body = bytearray()
    for part in response.iter_content(64 * 1024):
        body += part
        if len(body) > _LARGEST_ANSWER:
            raise ServerError(
                f"{where}: the answer is larger than {_LARGEST_ANSWER:,} bytes",
                "This is not a page of members; check COURSECTL_URL.",
            )
    return bytes(body)


def _reason(error: Exception) -> str:
    """Say in a few words why there was no answer; the libraries' own words name their innards."""
    match error:
        case requests.ConnectionError(args=[MaxRetryError(reason=ReadTimeoutError())]):
            return "no answer in time"
        case requests.exceptions.SSLError():
            return "the connection is not secure (TLS certificate)"
        case requests.exceptions.Timeout():
            return "no answer in time"
        case requests.exceptions.TooManyRedirects():
            return "the server redirects in a circle"
        case (
            requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError()
        ):
            return "the answer broke off"
        case requests.exceptions.RetryError():
            return "the server kept failing"
        case requests.exceptions.ConnectionError():
            return "no connection"
        case _:
            return type(error).__name__


def _refusal(status: int, said: str, where: str) -> CoursectlError:
    said = f": {said}" if said else ""
    match status:
        case 400:
            return BadRequest(f"{where}: the server refused the request (400){said}")
        case 401:
            return AccessDenied(
                f"{where}: the community does not accept the token (401){said}",
                "Set COURSECTL_TOKEN to a valid token for it.",
            )
        case 403:
            return AccessDenied(
                f"{where}: not allowed (403){said}",
                "The role creator or manager in the course is needed:"
                " set COURSECTL_TOKEN to the token of such a person.",
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
