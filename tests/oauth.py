"""An OAuth 2.0 server as strict as one may be: PKCE, exact redirect URIs, refresh tokens for once.

It knows no sockets: `Community` asks it what to answer.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from time import time
from typing import Any
from urllib.parse import urlencode

CLIENT = "coursectl-client"
REDIRECT_URI = "http://127.0.0.1:8765/callback"


@dataclass
class OAuthServer:
    clients: dict[str, str | None] = field(default_factory=lambda: {CLIENT: None})
    """Their secrets; None is a public client."""
    redirect_uris: set[str] = field(default_factory=lambda: {REDIRECT_URI})
    expires_in: object = 36000
    """Seconds, as the next tokens claim to live."""
    consents: bool = True
    """Whether the person lets a client in."""
    state: str | None = None
    """What is sent back in place of the state that came."""
    access: dict[str, float] = field(default_factory=dict)
    """The access tokens that are good, and when they end."""
    refresh: dict[str, str] = field(default_factory=dict)
    """The refresh tokens that are good, and the access token that each came with."""
    issued: list[str] = field(default_factory=list)
    """Every token and code there ever was."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    """What was asked for at the token endpoint, in turn."""

    revoked: list[str] = field(default_factory=list)
    """What was asked to be revoked, in turn."""

    def is_good(self, token: str | None) -> bool:
        return token is not None and self.access.get(token, 0) > time()

    def expire(self) -> None:
        """End every access token, whatever was said of its life."""
        self.access.clear()

    def authorize(self, query: dict[str, str]) -> str | None:
        """Give where to send the browser; None when the request is not to be trusted."""
        uri = query.get("redirect_uri")
        if query.get("client_id") not in self.clients or uri not in self.redirect_uris:
            return None
        state = query["state"] if self.state is None else self.state
        is_whole = (
            query.get("response_type") == "code" and len(query.get("code_challenge", "")) > 42
        )
        if not is_whole or query.get("code_challenge_method") != "S256":
            return f"{uri}?{urlencode({'error': 'invalid_request', 'state': state})}"
        if not self.consents:
            denied = {"error": "access_denied", "error_description": "They said no", "state": state}
            return f"{uri}?{urlencode(denied)}"
        code = self._new("code")
        self.codes[code] = query
        return f"{uri}?{urlencode({'code': code, 'state': state})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Give the status and the JSON of an answer."""
        self.grants.append(form.get("grant_type", ""))
        client = form.get("client_id", "")
        if client not in self.clients or self.clients[client] != form.get("client_secret"):
            return 401, {"error": "invalid_client"}
        match form.get("grant_type"):
            case "authorization_code":
                asked = self.codes.pop(form.get("code", ""), {})
                digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
                challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                if (asked.get("client_id"), asked.get("redirect_uri"), challenge) != (
                    client,
                    form.get("redirect_uri"),
                    asked.get("code_challenge"),
                ):
                    return 400, {"error": "invalid_grant"}
            case "refresh_token":
                replaced = self.refresh.pop(form.get("refresh_token", ""), None)
                if replaced is None:
                    return 400, {"error": "invalid_grant", "error_description": "Used or unknown"}
                self.access.pop(replaced, None)
            case _:
                return 400, {"error": "unsupported_grant_type"}
        return 200, self.pair()

    def revoke(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Forget a token; with a refresh token its access token, too."""
        client = form.get("client_id", "")
        if client not in self.clients or self.clients[client] != form.get("client_secret"):
            return 401, {"error": "invalid_client"}
        token = form.get("token", "")
        self.revoked.append(token)
        self.access.pop(self.refresh.pop(token, token), None)
        return 200, {}

    def pair(self) -> dict[str, Any]:
        """Issue an access token and a refresh token."""
        access, refresh = self._new("access"), self._new("refresh")
        life = self.expires_in if isinstance(self.expires_in, int) else 36000
        self.access[access] = time() + life
        self.refresh[refresh] = access
        return {
            "access_token": access,
            "expires_in": self.expires_in,
            "token_type": "Bearer",
            "scope": "read write",
            "refresh_token": refresh,
        }

    def _new(self, kind: str) -> str:
        self.issued.append(f"{kind}-{secrets.token_hex(16)}")
        return self.issued[-1]
