"""What a request is let in with: a bearer token, of whichever making.

Mirrors the API's pages on JWT and on OAuth 2.0 (`POST /oauth/token/`).
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from coursectl import threads
from coursectl.errors import AccessDenied, CoursectlError, NotConfigured, ServerError
from coursectl.printable import shortened
from coursectl.redaction import keep_secret, redacted_bytes

if TYPE_CHECKING:
    import requests

    from coursectl.keychain import Keychain, Record
    from coursectl.settings import Method, Settings

_LIFE = 300
"""Seconds that a signed token is good for."""

_SIGNED_ANEW = 30.0
_REFRESHED = 60.0
"""Seconds before its end at which a token is replaced."""

_TOKEN_PATH = "/oauth/token/"  # noqa: S105 - a path
_LARGEST_ANSWER = 1024 * 1024

LOG_IN_AGAIN = "Log in again: coursectl auth login"


class Credentials(Protocol):
    """One of the ways into a community. Threads share it."""

    @property
    def method(self) -> "Method":
        """Which way it is."""

    @property
    def kept(self) -> str:
        """Where its secret is kept, in words."""

    @property
    def renews(self) -> bool:
        """Whether there is another token when one has ended."""

    @property
    def expires_at(self) -> datetime | None:
        """When the token at hand ends, UTC. None when it does not, or when that is not known."""

    def token(self) -> str:
        """Give a token that is good now. Raises AccessDenied, ServerError."""

    def renew(self, rejected: str) -> bool:
        """After a 401: tell whether there is another token than the one that was rejected.

        Raises AccessDenied, ServerError.
        """


def credentials_of(settings: "Settings") -> Credentials:
    """Choose: a token that is set, else a key for signing, else what `auth login` has kept.

    Raises NotConfigured when there is none, and AccessDenied when it cannot be had.
    """
    from coursectl.keychain import Keychain

    if settings.method in (None, "token") and settings.token is not None:
        return BearerToken(settings.token.get_secret_value(), settings.origin("token"))
    if settings.method in (None, "jwt") and settings.jwt_secret is not None:
        secret = settings.jwt_secret.get_secret_value()
        return SignedTokens(secret, account_id(settings), settings.origin("jwt_secret"))
    keychain = Keychain()
    record = keychain.get(settings.url, settings.profile)
    where = keychain.where(settings.url, settings.profile)
    if record is None or settings.method not in (None, record.method):
        raise _nobody(settings, where)
    match record.method:
        case "token":
            return BearerToken(record.secret, where)
        case "jwt":
            return SignedTokens(record.secret, account_id(settings), where)
        case "oauth":
            return OAuthTokens(settings, keychain, record, where)


def _nobody(settings: "Settings", where: str) -> NotConfigured:
    variables = {"jwt": "COURSECTL_JWT_SECRET", "oauth": ""}
    variable = variables.get(settings.method or "", "COURSECTL_TOKEN")
    return NotConfigured(
        f"no way into {settings.url}: {variable and f'{variable} not set, and '}nobody logged in"
        f" (profile {shortened(settings.profile)}; looked in {where})",
        f"Log in with coursectl auth login{variable and f', or set {variable}'}.",
        "Nothing at hand yet? This works now: coursectl members demo",
    )


def account_id(settings: "Settings") -> int:
    """Give the id of the account that signed tokens are for. Raises NotConfigured."""
    if settings.user_id is None:
        raise NotConfigured(
            "a signed token is for one account: COURSECTL_USER_ID not set",
            "Set it to the account's id, or: coursectl auth login --method jwt --user-id N",
        )
    return settings.user_id


def _moment(seconds: object) -> datetime | None:
    """Read seconds since 1970."""
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token that somebody else made, and that nobody here renews."""

    value: str = field(repr=False)
    kept: str = ""
    method: "Method" = "token"
    renews: bool = False

    @property
    def expires_at(self) -> datetime | None:
        """When it ends, if it is a JWT and says so."""
        import jwt

        try:
            claims = jwt.decode(self.value, options={"verify_signature": False})
        except jwt.PyJWTError:
            return None
        return _moment(claims.get("exp"))

    def token(self) -> str:
        """Give the token."""
        return self.value

    def renew(self, rejected: str) -> bool:
        """Tell that there is no other."""
        return rejected != self.value


class SignedTokens:
    """JWTs, signed here with the community's API secret, for a few minutes each."""

    method: "Method" = "jwt"
    renews = True
    expires_at = None

    def __init__(self, secret: str, account: int, kept: str = "") -> None:
        self.kept = kept
        self._secret = keep_secret(secret)
        self._account = account
        self._token = ""
        self._ends = 0.0
        self._lock = Lock()

    def token(self) -> str:
        """Give a token that is good for at least half a minute."""
        with self._lock:
            if self._ends - time() < _SIGNED_ANEW:
                self._sign()
            return self._token

    def renew(self, rejected: str) -> bool:
        """Sign another in place of a token that ended early: a server's clock may be ahead."""
        with self._lock:
            if rejected == self._token:
                self._sign()
            return True

    def _sign(self) -> None:
        import warnings

        import jwt

        # How long the secret is, is the community's affair.
        warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)
        now = int(time())
        claims = {
            "token_type": "access",
            "user_id": self._account,
            "jti": secrets.token_hex(16),
            "iat": now,
            "exp": now + _LIFE,
        }
        try:
            self._token = keep_secret(jwt.encode(claims, self._secret, algorithm="HS256"))
        except jwt.InvalidKeyError:
            raise AccessDenied(
                "COURSECTL_JWT_SECRET is a key of another kind: tokens are signed with HS256",
                "Set it to the community's API secret.",
            ) from None
        self._ends = now + _LIFE


class OAuthTokens:
    """OAuth 2.0: an access token, and a refresh token that is good for one new pair.

    Other runs may share the pair: whoever renews it holds the keychain's lock, looks whether
    another run has done so, and keeps the new pair before using it.
    """

    method: "Method" = "oauth"

    def __init__(
        self, settings: "Settings", keychain: "Keychain", record: "Record", kept: str
    ) -> None:
        self.kept = kept
        self._settings = settings
        self._keychain = keychain
        self._record = record
        self._until = monotonic() + settings.deadline
        self._lock = Lock()

    @property
    def renews(self) -> bool:
        """Whether there is a refresh token."""
        return self._record.refresh_token is not None

    @property
    def expires_at(self) -> datetime | None:
        """When the access token ends."""
        return _moment(self._record.expires_at)

    def token(self) -> str:
        """Give an access token that is good for a minute, if such a one is to be had."""
        with self._lock:
            if self._left(self._record) < _REFRESHED and self.renews:
                try:
                    self._refresh()
                except ServerError:
                    if self._left(self._record) <= 0:
                        raise
            return self._record.secret

    def renew(self, rejected: str) -> bool:
        """Use the refresh token, unless another thread or run has."""
        with self._lock:
            if rejected == self._record.secret:
                if not self.renews:
                    return False
                self._refresh()
            return True

    def _refresh(self) -> None:
        url, profile = self._settings.url, self._settings.profile
        with self._keychain.lock(within=self._until - monotonic()):
            kept = self._keychain.get(url, profile)
            if kept is None or kept.method != "oauth":
                raise AccessDenied(f"nobody is logged in to {url} any more", LOG_IN_AGAIN)
            if kept.secret == self._record.secret or self._left(kept) < _REFRESHED:
                # Whoever ended the program amid this would lose a pair that is not kept yet.
                with threads.unfinished():
                    kept = refreshed(self._settings, kept, self._until - monotonic())
                    self._keychain.put(url, profile, kept)
            self._record = kept

    @staticmethod
    def _left(record: "Record") -> float:
        return float("inf") if record.expires_at is None else record.expires_at - time()


def refreshed(settings: "Settings", record: "Record", seconds: float) -> "Record":
    """Give the pair of tokens that follows, within so many seconds.

    Raises AccessDenied, ServerError.
    """
    from oauthlib.oauth2 import WebApplicationClient

    client = WebApplicationClient(record.client_id or settings.client_id or "")
    body = client.prepare_refresh_body(
        refresh_token=record.refresh_token,
        client_id=client.client_id,
        client_secret=_client_secret(settings),
    )
    return _exchanged(settings, client.client_id, body, record.refresh_token, seconds)


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
    return _exchanged(settings, client.client_id, body, None, settings.deadline)


def _client_secret(settings: "Settings") -> str | None:
    return settings.client_secret.get_secret_value() if settings.client_secret else None


def _exchanged(
    settings: "Settings", client_id: str, body: str, refresh_token: str | None, seconds: float
) -> "Record":
    """Ask for tokens. Without a new refresh token the one at hand stays good (RFC 6749, 6)."""
    from oauthlib.oauth2 import OAuth2Error, WebApplicationClient

    from coursectl.keychain import Record

    status, answer = _post(settings.url, body, seconds)
    if status != 200:
        raise _refused(status, redacted_bytes(answer), quotes=not settings.names_nobody)
    found: dict[str, object] = {}
    with suppress(OAuth2Error, ValueError, TypeError, AttributeError):  # it is no such answer
        found = WebApplicationClient(client_id).parse_request_body_response(answer.decode())
    access, refresh, life = map(found.get, ("access_token", "refresh_token", "expires_in"))
    if not isinstance(access, str) or not access.isascii() or not access.isprintable():
        raise ServerError(
            f"{_TOKEN_PATH}: the server answered {status}, but no token",
            "Check the community's URL.",
        )
    return Record(
        method="oauth",
        secret=access,
        refresh_token=refresh if isinstance(refresh, str) and refresh else refresh_token,
        expires_at=time() + life if isinstance(life, int) else None,
        client_id=client_id,
    )


def _post(url: str, body: str, seconds: float) -> tuple[int, bytes]:
    """Send a form to the token endpoint; give the status and the beginning of the answer."""
    from urllib3.exceptions import HTTPError

    from coursectl.sources.api.session import CHECK_NETWORK, READ_TIMEOUT, reason

    limit = min(READ_TIMEOUT, seconds)
    if limit <= 0:
        raise ServerError(f"{url}{_TOKEN_PATH}: no time is left to ask for a token", CHECK_NETWORK)
    try:
        # In a thread of its own: each packet of an answer that drips comes in time.
        return threads.within(limit, lambda: _posted(url, body, limit))
    except TimeoutError:
        raise ServerError(
            f"{url}{_TOKEN_PATH}: no whole answer in {limit:.3g} seconds", CHECK_NETWORK
        ) from None
    except (HTTPError, OSError, ValueError) as error:  # which requests' own errors are
        raise ServerError(f"{url}{_TOKEN_PATH}: {reason(error)}", CHECK_NETWORK) from None


def _posted(url: str, body: str, limit: float) -> tuple[int, bytes]:
    from urllib3.util import Retry

    from coursectl.sources.api.session import CONNECT_TIMEOUT, Session, target_of

    # Nothing is sent twice that may have arrived: a code or a refresh token is good once.
    retries = Retry(
        total=3,
        read=0,
        redirect=False,
        status_forcelist=(429, 503),
        allowed_methods=None,
        respect_retry_after_header=False,
        backoff_factor=0.3,
        raise_on_status=False,
    )
    until = monotonic() + limit
    with Session(url) as session:
        session.retries = retries
        with session.post(
            url + _TOKEN_PATH,
            data=body,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=_unsigned,
            timeout=(min(CONNECT_TIMEOUT, limit), limit),
            allow_redirects=False,
            stream=True,
        ) as response:
            if response.is_redirect:
                target_of(response)
            answer = bytearray()
            while part := response.raw.read1(_LARGEST_ANSWER, decode_content=True):
                answer += part
                if len(answer) > _LARGEST_ANSWER or monotonic() > until:
                    break
            return response.status_code, bytes(answer[:_LARGEST_ANSWER])


def _unsigned(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    """Put nothing on a request; without this, ~/.netrc would have its say."""
    return request


def _refused(status: int, answer: bytes, *, quotes: bool) -> CoursectlError:
    """Give the error for an answer without tokens, in the shape of RFC 6749, 5.2, or another.

    It repeats what the server said if it `quotes`.
    """
    from pydantic_core import from_json

    from coursectl.roster.error_body import message_in

    try:
        body = from_json(answer)
    except ValueError:
        body = None
    words = [body.get("error"), body.get("error_description")] if isinstance(body, dict) else []
    said = ": ".join(word for word in words if isinstance(word, str))
    said = shortened(said, 200) or message_in(answer)
    told = f"{_TOKEN_PATH}: no token ({status})" + (f": {said}" if said and quotes else "")
    match words:
        case ["invalid_client" | "unauthorized_client", _]:
            return AccessDenied(told, "Check COURSECTL_CLIENT_ID and COURSECTL_CLIENT_SECRET.")
        case ["invalid_grant", _]:
            return AccessDenied(told, LOG_IN_AGAIN)
    if status in (401, 403):
        return AccessDenied(told, LOG_IN_AGAIN)
    if status == 429 or status >= 500:
        return ServerError(told, "Try again in a few minutes.")
    return ServerError(told, "Check the community's URL, and that it offers OAuth 2.0.")
