"""A login in a browser: what is asked for, what may come back, and what is done with it."""

import socket
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from coursectl.errors import AccessDenied, CoursectlError, ExitCode, UsageError
from coursectl.redaction import redacted
from coursectl.settings import Settings
from coursectl.sources.api import login
from coursectl.sources.api.login import Authorization, log_in
from tests.browser import browser, destination, visit
from tests.community import html
from tests.oauth import CLIENT


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def settings(community) -> Settings:
    uri = f"http://127.0.0.1:{free_port()}/callback"
    community.oauth.redirect_uris = {uri}
    return Settings(url=community.url, client_id=CLIENT, redirect_uri=uri)


@pytest.fixture
def browse(tmp_path, monkeypatch):
    """Log in with a browser that does `then`."""

    def browse(settings: Settings, then: str = ""):
        monkeypatch.setenv("BROWSER", browser(tmp_path, then))
        monkeypatch.setattr("webbrowser._tryorder", None)
        return log_in(settings, browse=True, tell=lambda *_: None, ask=no_question)

    return browse


def no_question(_question: str) -> str:
    raise AssertionError("nobody is to be asked")


def paste(settings: Settings, answer) -> object:
    """Log in without a browser; `answer` makes the pasted address of the one that is shown."""
    told = []
    return log_in(
        settings,
        browse=False,
        tell=lambda *lines: told.extend(lines),
        ask=lambda _question: answer(told[-1]),
    )


def refused(call) -> CoursectlError:
    with pytest.raises(CoursectlError) as caught:
        call()
    return caught.value


# What is asked for


def test_the_address_asks_for_a_code_with_a_challenge_and_a_state(settings):
    authorization = Authorization(settings)
    parts = urlsplit(authorization.url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}

    assert f"{parts.scheme}://{parts.netloc}" == settings.url
    assert parts.path == "/oauth/authorize/"
    assert len(query.pop("state")) >= 32
    assert len(query.pop("code_challenge")) == 43
    assert query == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": settings.redirect_uri,
        "code_challenge_method": "S256",
    }


def test_no_two_attempts_have_anything_in_common(settings):
    first, second = (parse_qs(urlsplit(Authorization(settings).url).query) for _ in range(2))

    assert first["state"] != second["state"]
    assert first["code_challenge"] != second["code_challenge"]


def test_without_a_client_nothing_begins(community):
    error = refused(lambda: paste(Settings(url=community.url), str))

    assert isinstance(error, UsageError)
    assert "COURSECTL_CLIENT_ID" in error.message
    assert "--client-id ID" in error.hints[0]
    assert "--method token" in error.hints[0]
    assert community.requests == []


# With a browser here


def test_whoever_consents_in_the_browser_is_logged_in(community, settings, browse):
    record = browse(settings)

    assert community.oauth.is_good(record.secret)
    assert record.refresh_token in community.oauth.refresh
    assert record.client_id == CLIENT
    assert 35990 < record.expires_at - time.time() <= 36000
    assert community.oauth.grants == ["authorization_code"]


def test_a_confidential_client_shows_its_secret(community, settings, browse):
    community.oauth.clients = {CLIENT: "a-client-secret"}

    assert isinstance(refused(lambda: browse(settings)), AccessDenied)
    record = browse(settings.model_copy(update={"client_secret": _secret("a-client-secret")}))
    assert community.oauth.is_good(record.secret)


def _secret(text: str):
    return Settings(url="https://x.example", client_secret=text).client_secret


def test_the_page_says_to_go_back_and_lets_nothing_in_or_out(settings, browse, tmp_path):
    browse(settings, f"open({str(tmp_path / 'page')!r}, 'w').write(repr(visit(url)))")
    status, headers, text = eval(_written(tmp_path / "page"))

    assert status == 200
    assert "You can close this window" in text
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Server" not in headers
    assert "code-" not in text


def _written(path) -> str:
    until = time.monotonic() + 10
    while not path.exists() or not path.read_text():
        assert time.monotonic() < until
        time.sleep(0.01)
    return path.read_text()


def test_other_paths_and_silent_connections_do_not_disturb_it(community, settings, browse):
    host, port = urlsplit(settings.redirect_uri).netloc.split(":")
    silent = (
        f"import socket; open_ = socket.create_connection(({host!r}, {port})); "
        f"assert visit('http://{host}:{port}/favicon.ico')[0] == 404; "
        f"assert visit('http://{host}:{port}/callback/more?code=x')[0] == 404; visit(url)"
    )
    assert community.oauth.is_good(browse(settings, silent).secret)


@pytest.mark.slow
@pytest.mark.measured
def test_another_state_is_refused_and_nothing_is_exchanged(community, settings, browse):
    community.oauth.state = "of-somebody-else"

    error = refused(lambda: browse(settings.model_copy(update={"deadline": 1.0})))
    assert isinstance(error, AccessDenied)
    assert "no answer came from the browser" in error.message
    assert community.oauth.grants == []


def test_what_belongs_to_another_login_does_not_end_this_one(community, settings, browse, tmp_path):
    uri = settings.redirect_uri
    statuses = str(tmp_path / "page")
    then = (
        f"stray = [visit({uri!r} + query)[0] for query in"
        " ('', '?code=x', '?error=access_denied&state=old', '?code=x&state=%C3%A4',"
        " '?code=x&state=a&state=b')]; "
        f"open({statuses!r}, 'w').write(repr(stray)); visit(url)"
    )
    record = browse(settings, then)

    assert community.oauth.is_good(record.secret)
    assert eval(_written(tmp_path / "page")) == [400] * 5


def test_a_refusal_is_told(community, settings, browse):
    community.oauth.consents = False

    error = refused(lambda: browse(settings))
    assert isinstance(error, AccessDenied)
    assert error.message == "the community did not let you in: access_denied: They said no"
    assert community.oauth.grants == []


def test_an_answer_without_a_code_is_told(community, settings, browse):
    then = (
        "from urllib.parse import parse_qs, urlsplit; "
        "query = parse_qs(urlsplit(url).query); "
        "visit(query['redirect_uri'][0] + '?state=' + query['state'][0])"
    )

    assert refused(lambda: browse(settings, then)).message == "what came back holds no code"


def test_it_gives_up_when_nobody_answers(settings, browse, monkeypatch):
    monkeypatch.setattr(login, "PATIENCE", 0.3)
    began = time.monotonic()

    error = refused(lambda: browse(settings, "pass"))
    assert isinstance(error, AccessDenied)
    assert "no answer came from the browser" in error.message
    assert time.monotonic() - began < 5


def test_it_gives_up_at_the_deadline(settings, browse):
    error = refused(lambda: browse(settings.model_copy(update={"deadline": 0.2}), "pass"))

    assert "no answer came from the browser" in error.message


def test_a_port_that_is_taken_names_the_redirect_uri(settings, browse):
    port = urlsplit(settings.redirect_uri).port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        error = refused(lambda: browse(settings))

    assert isinstance(error, UsageError)
    assert settings.redirect_uri in error.message
    assert "--redirect-uri" in error.hints[0]


def test_the_port_is_free_again_afterwards(community, settings, browse):
    browse(settings)
    browse(settings)

    assert community.oauth.grants == ["authorization_code"] * 2


def test_the_listener_is_on_loopback_only(settings, monkeypatch):
    addresses = []
    usual = login._Listener.server_bind

    def bind(server):
        addresses.append(server.server_address[0])
        usual(server)

    monkeypatch.setattr(login._Listener, "server_bind", bind)
    authorization = Authorization(settings)
    with login._listener(authorization, settings.redirect_uri, free_port()):
        pass
    assert addresses == ["127.0.0.1"]


def test_a_browser_that_cannot_be_started_leaves_the_address_to_open(
    community, settings, monkeypatch
):
    monkeypatch.setenv("BROWSER", "/nonexistent/browser")
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setattr("webbrowser._browsers", {})

    def tell(_what: str, url: str) -> None:
        threading.Timer(0.2, visit, (url,)).start()

    record = log_in(settings, browse=True, tell=tell, ask=no_question)
    assert community.oauth.is_good(record.secret)


# With a browser elsewhere


def test_the_address_that_a_browser_elsewhere_was_sent_to_can_be_pasted(community, settings):
    record = paste(settings, lambda url: f"  {destination(url)}\n")

    assert community.oauth.is_good(record.secret)


@pytest.mark.parametrize(
    "uri", ["https://localhost:8765/x", "http://[::1]:8765/x", "http://127.1.2.3:8765/x"]
)
def test_a_redirect_to_where_nobody_listens_is_always_pasted(community, settings, uri):
    community.oauth.redirect_uris = {uri}
    told = []

    record = log_in(
        settings.model_copy(update={"redirect_uri": uri}),
        browse=True,
        tell=lambda *lines: told.extend(lines),
        ask=lambda _question: destination(told[-1]),
    )
    assert community.oauth.is_good(record.secret)


def test_where_there_is_no_browser_the_address_is_pasted(community, settings, monkeypatch):
    monkeypatch.setattr("webbrowser._tryorder", [])
    told = []

    record = log_in(
        settings,
        browse=True,
        tell=lambda *lines: told.extend(lines),
        ask=lambda _question: destination(told[-1]),
    )
    assert community.oauth.is_good(record.secret)


@pytest.mark.parametrize(
    "pasted",
    [
        "http://127.0.0.1:8765/callback?code=abc&state=another",
        "http://127.0.0.1:8765/callback?code=abc",
        "abc",
        "http://[127.0.0.1/?code=abc",
    ],
)
def test_an_address_without_the_right_state_is_refused(community, settings, pasted):
    error = refused(lambda: paste(settings, lambda _url: pasted))

    assert error.exit_code == ExitCode.ACCESS_DENIED
    assert community.requests == []


@pytest.mark.parametrize("pasted", ["http://[bad?code=x", "http://[bad]?code=x"])
def test_what_is_no_address_is_called_so(settings, pasted):
    assert refused(lambda: paste(settings, lambda _url: pasted)).message == (
        "what came back is no address"
    )


def test_a_code_that_was_used_is_refused(community, settings):
    def answer(url: str) -> str:
        address = destination(url)
        community.oauth.codes.clear()
        return address

    error = refused(lambda: paste(settings, answer))
    assert isinstance(error, AccessDenied)
    assert "invalid_grant" in error.message


def test_a_server_that_fails_at_the_exchange_is_told(community, settings):
    def answer(url: str) -> str:
        address = destination(url)
        community.misdeed_for_good = html(500, "Oops")
        return address

    error = refused(lambda: paste(settings, answer))
    assert error.exit_code == ExitCode.SERVER_ERROR


def test_code_verifier_state_and_tokens_are_kept_out_of_what_is_told(community, settings):
    addresses = []

    def answer(url: str) -> str:
        addresses.append(destination(url))
        return addresses[-1]

    record = paste(settings, answer)
    query = parse_qs(urlsplit(addresses[0]).query)
    (verifier,) = (
        request.form["code_verifier"] for request in community.requests if request.method == "POST"
    )
    for secret in (
        query["code"][0],
        query["state"][0],
        verifier,
        record.secret,
        record.refresh_token,
    ):
        assert redacted(f"<{secret}>") == "<***>"
