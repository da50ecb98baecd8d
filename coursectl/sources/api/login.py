"""A login with OAuth 2.0 in a person's browser: `GET /oauth/authorize/`, with PKCE and a state."""

import os
import secrets
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from oauthlib.oauth2 import (
    MismatchingStateError,
    MissingCodeError,
    OAuth2Error,
    WebApplicationClient,
)

from coursectl import threads
from coursectl.errors import AccessDenied, UsageError
from coursectl.login_hints import log_in_again
from coursectl.printable import printable, shortened
from coursectl.redaction import SECRET_VARIABLES, keep_secret
from coursectl.sources.api.oauth import redeemed

if TYPE_CHECKING:
    from coursectl.keychain import Record
    from coursectl.settings import Settings

PATIENCE = 300.0
"""Seconds that a person has to let coursectl in."""

_SECURE = "https://localhost/"
"""Stands in for addresses on loopback, of which oauthlib would want https; only queries count."""

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>coursectl</title></head>
<body><p>{}</p></body></html>
"""
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


class Authorization:
    """One attempt to be let in; `url` is where a person consents."""

    def __init__(self, settings: "Settings") -> None:
        client = WebApplicationClient(settings.client_id or "")
        self._settings = settings
        self._client = client
        self._verifier = keep_secret(client.create_code_verifier(64))
        # A secret from the moment on when it has come back: until then it is shown, in `url`.
        self._state = secrets.token_urlsafe(32)
        asked = client.prepare_request_uri(
            _SECURE,
            redirect_uri=settings.redirect_uri,
            state=self._state,
            code_challenge=client.create_code_challenge(self._verifier, "S256"),
            code_challenge_method="S256",
        )
        self.url = f"{settings.url}/oauth/authorize/?{urlsplit(asked).query}"

    def is_answered_by(self, address: str) -> bool:
        """Tell whether an address holds the state of this login, which nobody else knows."""
        try:
            states = parse_qs(urlsplit(address).query).get("state", [])
        except ValueError:
            return False
        return len(states) == 1 and secrets.compare_digest(
            states[0].encode(errors="replace"), self._state.encode()
        )

    def code_in(self, address: str) -> str:
        """Give the code in the address that the browser was sent to. Raises AccessDenied."""
        keep_secret(self._state)
        again = log_in_again(self._settings.profile)
        try:
            query = urlsplit(address.strip()).query
        except ValueError:
            raise AccessDenied("what came back is no address", again) from None
        try:
            found = self._client.parse_request_uri_response(f"{_SECURE}?{query}", state=self._state)
        except MismatchingStateError:
            raise AccessDenied(
                "what came back does not belong to this login: its state is not the one sent",
                f"Nothing was done with it. {again}",
            ) from None
        except MissingCodeError:
            raise AccessDenied("what came back holds no code", again) from None
        except (OAuth2Error, ValueError) as error:
            words = (getattr(error, name, None) for name in ("error", "description"))
            said = shortened(": ".join(str(word) for word in words if word), 200)
            said = said or "its answer cannot be read"
            raise AccessDenied(f"the community did not let you in: {said}", again) from None
        return keep_secret(str(found["code"]))

    def redeem(self, address: str) -> "Record":
        """Give the tokens for that code. Raises AccessDenied, ServerError."""
        return redeemed(self._settings, self.code_in(address), self._verifier)


def log_in(
    settings: "Settings",
    *,
    browse: bool,
    tell: Callable[[str, str], None],
    ask: Callable[[str], str],
) -> "Record":
    """Let a person consent in a browser, here or elsewhere, and give the tokens.

    With `browse`, and where there is a browser, the answer comes to a listener on loopback; else
    the person is asked for it. Raises UsageError without a client id and when the listener's port
    is taken, and AccessDenied, ServerError.
    """
    if settings.client_id is None:
        raise UsageError(
            "no OAuth client to log in with: COURSECTL_CLIENT_ID not set",
            "For the browser give --client-id ID, as the community's administration shows it;"
            " to log in with a token instead, --method token.",
        )
    authorization = Authorization(settings)
    port = _loopback_port(settings.redirect_uri)
    if browse and port is not None and _has_browser():
        with _listener(authorization, settings.redirect_uri, port) as arrived:
            tell("waiting for your browser; if none opens, open", authorization.url)
            # Not by `threads.start`: the browser would be deaf to the signals, too.
            Thread(target=_browse, args=(authorization.url,), daemon=True).start()
            address = _arriving(arrived, min(PATIENCE, settings.deadline), settings.profile)
    else:
        tell("open this in a browser, and let coursectl in:", authorization.url)
        address = ask("The address that it sent you to")
    return authorization.redeem(address)


def _loopback_port(redirect_uri: str) -> int | None:
    """Give the port to listen on; None if the address is none of this machine's own."""
    try:
        parts = urlsplit(redirect_uri)
        is_ours = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
        return (parts.port or 80) if is_ours else None
    except ValueError:
        return None


def _has_browser() -> bool:
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _browse(url: str) -> None:
    # The settings have been read; a browser has no use for what they hold.
    for name in SECRET_VARIABLES:
        os.environ.pop(name, None)
    with suppress(Exception):  # the person has the address to open
        webbrowser.open(url)


def _arriving(arrived: "SimpleQueue[str]", seconds: float, profile: str) -> str:
    """Wait for an address. Raises AccessDenied when none comes in time."""
    until = monotonic() + seconds
    while monotonic() < until:
        # In short turns: ctrl-C may have reached another thread, and is heard between two.
        with suppress(Empty):
            return arrived.get(timeout=min(0.5, seconds))
    raise AccessDenied(
        f"no answer came from the browser in {seconds:.0f} seconds", log_in_again(profile)
    )


@contextmanager
def _listener(
    authorization: Authorization, redirect_uri: str, port: int
) -> "Iterator[SimpleQueue[str]]":
    """Listen on loopback for the browser; give where the address that it asks for arrives."""
    path = urlsplit(redirect_uri).path or "/"
    arrived: SimpleQueue[str] = SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if urlsplit(self.path).path != path:
                self.answer(404, "Nothing is here.")
                return
            if not authorization.is_answered_by(self.path):
                # A page of a login that is over, or somebody else's: neither ends this one.
                self.answer(400, "This does not belong to the login that waits.")
                return
            try:
                authorization.code_in(self.path)
            except AccessDenied:
                self.answer(400, "You were not logged in. coursectl says why in its terminal.")
            else:
                self.answer(200, "You can close this window, and go back to the terminal.")
            arrived.put(self.path)

        def answer(self, status: int, text: str) -> None:
            page = _PAGE.format(text).encode()
            self.send_response_only(status)
            for name, value in _PAGE_HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            with suppress(OSError):  # the browser has gone: what it brought is here
                self.wfile.write(page)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: an address holds the code."""

    try:
        server = _Listener(("127.0.0.1", port), Handler)
    except OSError as error:
        raise UsageError(
            f"cannot listen for {printable(redirect_uri)}: {error.strerror}",
            "Choose another port with --redirect-uri, registered with the community,"
            " or log in with --no-browser.",
        ) from None
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    threads.start(thread)
    try:
        yield arrived
    finally:
        server.shutdown()
        server.server_close()


class _Listener(ThreadingHTTPServer):
    """Several connections at once: a browser opens some on which it sends nothing."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_port = False
    # There, it would let another program have the port as well.
    allow_reuse_address = os.name != "nt"

    def handle_error(self, *_: object) -> None:
        """Say nothing of a connection that broke."""
