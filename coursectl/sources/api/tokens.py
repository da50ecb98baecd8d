"""What a request is let in with: a bearer token, of whichever making.

Mirrors the API's pages on JWT and on OAuth 2.0 (`POST /oauth/token/`).
"""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from coursectl import threads
from coursectl.errors import AccessDenied, NotConfigured, ServerError
from coursectl.login_hints import log_in_again, login_command
from coursectl.printable import shortened
from coursectl.redaction import keep_secret
from coursectl.sources.api.oauth import TOKEN_PATH, refreshed

if TYPE_CHECKING:
    from coursectl.keychain import Keychain, Record
    from coursectl.settings import Method, Settings

LIFE = 300
"""Seconds that a signed token is good for."""

BACKDATED = 60
"""Seconds that it is dated back: a server refuses what is of a later time than its own."""

_SIGNED_ANEW = 30.0
_REFRESHED = 60.0
"""Seconds before its end at which a token is replaced."""


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
        f"Log in with {login_command(settings.profile)}{variable and f', or set {variable}'}.",
        "Nothing at hand yet? This works now: coursectl members demo",
    )


def account_id(settings: "Settings") -> int:
    """Give the id of the account that signed tokens are for. Raises NotConfigured."""
    if settings.user_id is None:
        raise NotConfigured(
            "a signed token is for one account: COURSECTL_USER_ID not set",
            "Set it to the account's id, or:"
            f" {login_command(settings.profile)} --method jwt --user-id N",
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
        except (jwt.PyJWTError, ValueError, RecursionError):
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
            "iat": now - BACKDATED,
            "exp": now + LIFE,
        }
        try:
            self._token = keep_secret(jwt.encode(claims, self._secret, algorithm="HS256"))
        except jwt.InvalidKeyError:
            raise AccessDenied(
                "COURSECTL_JWT_SECRET is a key of another kind: tokens are signed with HS256",
                "Set it to the community's API secret.",
            ) from None
        self._ends = now + LIFE


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
                raise AccessDenied(f"nobody is logged in to {url} any more", log_in_again(profile))
            if kept.secret == self._record.secret or self._left(kept) < _REFRESHED:
                if self._until <= monotonic():
                    raise ServerError(
                        f"{url}{TOKEN_PATH}: no time is left to ask for a token",
                        "Try again later, or allow more time with --deadline.",
                    )
                # The old pair is dead as soon as this is asked: whoever ended the program amid
                # it, also at the deadline, would lose a new one that is not kept yet.
                with threads.unfinished():
                    kept = refreshed(self._settings, kept)
                    self._keychain.put(url, profile, kept)
            self._record = kept

    @staticmethod
    def _left(record: "Record") -> float:
        return float("inf") if record.expires_at is None else record.expires_at - time()
