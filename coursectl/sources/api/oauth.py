"""The endpoints of OAuth 2.0 for tokens: `POST /oauth/token/` and `/oauth/revoke_token/`."""

from time import monotonic, time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from coursectl import threads
from coursectl.errors import AccessDenied, CoursectlError, ServerError
from coursectl.login_hints import log_in_again
from coursectl.printable import shortened
from coursectl.redaction import redacted_bytes
from coursectl.sources.api.token_answer import has_pair, tokens_in

if TYPE_CHECKING:
    import requests

    from coursectl.keychain import Record
    from coursectl.settings import Settings

TOKEN_PATH = "/oauth/token/"  # noqa: S105 - a path

_REVOKE_PATH = "/oauth/revoke_token/"

_LARGEST_ANSWER = 1024 * 1024


def refreshed(settings: "Settings", record: "Record") -> "Record":
    """Return the pair of tokens that follows. Raise AccessDenied, ServerError."""
    from oauthlib.oauth2 import WebApplicationClient

    client = WebApplicationClient(record.client_id or settings.client_id or "")
    body = client.prepare_refresh_body(
        refresh_token=record.refresh_token,
        client_id=client.client_id,
        client_secret=_client_secret(settings),
    )
    return _exchanged(settings, client.client_id, body, record.refresh_token)


def redeemed(settings: "Settings", code: str, verifier: str) -> "Record":
    """Give the tokens for the code of an authorization. Raises AccessDenied, ServerError."""
    from oauthlib.oauth2 import WebApplicationClient

    client = WebApplicationClient(settings.client_id or "")
    body = client.prepare_request_body(
        code=code,
        redirect_uri=settings.redirect_uri,
        code_verifier=verifier,
        client_secret=_client_secret(settings),
    )
    return _exchanged(settings, client.client_id, body, None)


def revoke(settings: "Settings", record: "Record") -> None:
    """Have the community forget a pair of tokens (RFC 7009). Raise CoursectlError if it does not.

    The refresh token goes first: whoever has one makes access tokens with it.
    """
    secret = _client_secret(settings)
    client = {"client_id": record.client_id or settings.client_id or ""}
    client |= {"client_secret": secret} if secret else {}
    refused = []
    for kind, token in (("refresh_token", record.refresh_token), ("access_token", record.secret)):
        if token:
            form = client | {"token": token, "token_type_hint": kind}
            status, answer = _post(settings.url, _REVOKE_PATH, urlencode(form))
            if not 200 <= status < 300:
                said = "" if settings.names_nobody else _said(redacted_bytes(answer))[1]
                refused.append(f"{_REVOKE_PATH}: the server answered {status}{said and ': '}{said}")
    if refused:
        raise ServerError(refused[0])


def _client_secret(settings: "Settings") -> str | None:
    return settings.client_secret.get_secret_value() if settings.client_secret else None


def _exchanged(
    settings: "Settings", client_id: str, body: str, refresh_token: str | None
) -> "Record":
    """Ask for tokens. Without a new refresh token the one at hand stays good (RFC 6749, 6)."""
    from coursectl.keychain import Record

    status, answer = _post(settings.url, TOKEN_PATH, body)
    if status != 200:
        raise _refused(status, redacted_bytes(answer), settings)
    found = tokens_in(answer)
    if found is None:
        raise ServerError(
            f"{TOKEN_PATH}: the server answered {status}, but no token",
            "Check the community's URL.",
        )
    return Record(
        method="oauth",
        secret=found.access,
        refresh_token=found.refresh or refresh_token,
        expires_at=None if found.life is None else time() + found.life,
        client_id=client_id,
    )


def _post(url: str, path: str, body: str) -> tuple[int, bytes]:
    """Send a form; return the status and the beginning of the answer.

    It takes READ_TIMEOUT at most, whatever the deadline. Raise ServerError.
    """
    from urllib3.exceptions import HTTPError

    from coursectl.sources.api.failures import CHECK_NETWORK, unanswered
    from coursectl.sources.api.session import READ_TIMEOUT

    try:
        # In a thread of its own: each packet of an answer that drips comes in time.
        return threads.within(READ_TIMEOUT, lambda: _posted(url, path, body))
    except TimeoutError:
        raise ServerError(
            f"{url}{path}: no whole answer in {READ_TIMEOUT:.0f} seconds", CHECK_NETWORK
        ) from None
    except (HTTPError, OSError, ValueError) as error:  # which requests' own errors are
        raise unanswered(error, url, path) from None


def _posted(url: str, path: str, body: str) -> tuple[int, bytes]:
    from urllib3.exceptions import HTTPError

    from coursectl.sources.api.failures import UsefulRetry
    from coursectl.sources.api.session import CONNECT_TIMEOUT, READ_TIMEOUT, Session, target_of

    # Nothing is sent twice that may have arrived: a code or a refresh token is good once.
    retries = UsefulRetry(
        total=3,
        read=0,
        redirect=False,
        status_forcelist=(429, 503),
        allowed_methods=None,
        respect_retry_after_header=False,
        backoff_factor=0.3,
        raise_on_status=False,
    )
    until = monotonic() + READ_TIMEOUT
    with Session(url) as session:
        session.retries = retries
        with session.post(
            url + path,
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=_unsigned,
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.is_redirect:
                target_of(response)
            answer = bytearray()
            try:
                while part := response.raw.read1(_LARGEST_ANSWER, decode_content=True):
                    answer += part
                    if len(answer) > _LARGEST_ANSWER or monotonic() > until:
                        break
            except (HTTPError, OSError):
                # A new pair makes the old one invalid, so it is kept if it arrived whole.
                if not has_pair(bytes(answer)):
                    raise
            return response.status_code, bytes(answer[:_LARGEST_ANSWER])


def _unsigned(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    """Put nothing on a request; without this, ~/.netrc would have its say."""
    return request


def _refused(status: int, answer: bytes, settings: "Settings") -> CoursectlError:
    """Give the error for an answer without tokens, in the shape of RFC 6749, 5.2, or another.

    It repeats what the server said unless nobody is to be named.
    """
    words, said = _said(answer)
    quoted = f": {said}" if said and not settings.names_nobody else ""
    told = f"{TOKEN_PATH}: no token ({status}){quoted}"
    match words:
        case ["invalid_client" | "unauthorized_client", _]:
            return AccessDenied(told, "Check COURSECTL_CLIENT_ID and COURSECTL_CLIENT_SECRET.")
        case ["invalid_grant", _]:
            return AccessDenied(told, log_in_again(settings.profile))
    if status in (401, 403):
        return AccessDenied(told, log_in_again(settings.profile))
    if status == 429 or status >= 500:
        return ServerError(told, "Try again in a few minutes.")
    return ServerError(told, "Check the community's URL, and that it offers OAuth 2.0.")


def _said(answer: bytes) -> tuple[list[object], str]:
    """Return the error and its description in an answer, and what to tell of any answer."""
    from pydantic_core import from_json

    from coursectl.roster.error_body import message_in

    try:
        body = from_json(answer)
    except ValueError:
        body = None
    words = [body.get("error"), body.get("error_description")] if isinstance(body, dict) else []
    said = ": ".join(word for word in words if isinstance(word, str))
    return words, shortened(said, 200) or message_in(answer)
