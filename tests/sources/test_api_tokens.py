"""What a request is let in with: which credentials are chosen, and when there are new ones."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import jwt
import pytest

from coursectl.errors import AccessDenied, CoursectlError, ExitCode, NotConfigured, ServerError
from coursectl.keychain import Keychain, Record
from coursectl.redaction import redacted
from coursectl.settings import Settings
from coursectl.sources.api import session, tokens
from coursectl.sources.api.account import account
from coursectl.sources.api.client import Api
from coursectl.sources.api.tokens import BearerToken, OAuthTokens, SignedTokens, credentials_of
from tests.community import JWT_SECRET, TOKEN, Community, Reply, answer, html, redirect
from tests.keyrings import no_keyring
from tests.oauth import CLIENT

ME = "/api/v2/user/me/"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSECTL_CONFIG", str(tmp_path / "config.toml"))
    with no_keyring():
        yield


@pytest.fixture
def settings(community) -> Settings:
    return Settings(url=community.url, client_id=CLIENT)


@pytest.fixture
def logged_in(community, settings):
    """Keep a pair of tokens as a login does; `left` is the life that is left of it, in seconds."""

    def logged_in(left: float = 3600) -> OAuthTokens:
        pair = community.oauth.pair()
        Keychain().put(
            settings.url,
            settings.profile,
            Record(
                "oauth", pair["access_token"], pair["refresh_token"], time.time() + left, CLIENT
            ),
        )
        return credentials_of(settings)

    return logged_in


def kept(settings: Settings) -> Record:
    record = Keychain().get(settings.url, settings.profile)
    assert record is not None
    return record


def refused(call) -> CoursectlError:
    with pytest.raises(CoursectlError) as caught:
        call()
    return caught.value


# Which


def test_a_token_goes_before_a_key_and_a_key_before_what_is_kept(community, logged_in):
    url = community.url
    logged_in()

    assert credentials_of(Settings(url=url, token="t", jwt_secret="k", user_id=7)).method == "token"
    assert credentials_of(Settings(url=url, jwt_secret="k", user_id=7)).method == "jwt"
    assert credentials_of(Settings(url=url, user_id=7)).method == "oauth"


def test_a_method_that_is_named_is_the_method(community, logged_in):
    url = community.url
    logged_in()

    both = Settings(url=url, method="jwt", token="t", jwt_secret="k", user_id=7)
    assert credentials_of(both).method == "jwt"
    assert credentials_of(Settings(url=url, method="oauth", token="t")).method == "oauth"


@pytest.mark.parametrize(
    ("method", "variable"),
    [(None, "COURSECTL_TOKEN"), ("token", "COURSECTL_TOKEN"), ("jwt", "COURSECTL_JWT_SECRET")],
)
def test_without_credentials_it_says_what_to_set_or_do(tmp_path, method, variable):
    error = refused(
        lambda: credentials_of(Settings(url="https://community.example", method=method))
    )

    assert isinstance(error, NotConfigured)
    assert error.exit_code == ExitCode.ACCESS_DENIED
    assert error.message == (
        f"no way into https://community.example: {variable} not set, and nobody logged in"
        f" (profile default; looked in {tmp_path / 'credentials.json'})"
    )
    assert error.hints == (
        f"Log in with coursectl auth login, or set {variable}.",
        "Nothing at hand yet? This works now: coursectl members demo",
    )


def test_what_is_kept_for_another_method_community_or_profile_is_not_used(settings, logged_in):
    logged_in()

    for changes in (
        {"method": "token"},
        {"profile": "work"},
        {"url": "https://other.example"},
    ):
        changed = Settings(**({"url": settings.url} | changes))
        assert isinstance(refused(lambda changed=changed: credentials_of(changed)), NotConfigured)


def test_a_key_wants_an_account(community):
    error = refused(lambda: credentials_of(Settings(url=community.url, jwt_secret="key")))

    assert error.message == "a signed token is for one account: COURSECTL_USER_ID not set"


def test_every_way_tells_where_its_secret_is(community, settings, logged_in, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSECTL_URL", community.url)
    monkeypatch.setenv("COURSECTL_TOKEN", "a-bearer-token")

    assert credentials_of(Settings.load()).kept == "COURSECTL_TOKEN"
    assert logged_in().kept == str(tmp_path / "credentials.json")


# A bearer token


def test_a_bearer_token_is_never_renewed_and_shows_nothing():
    credentials = BearerToken("a-bearer-token")

    assert credentials.token() == "a-bearer-token"
    assert not credentials.renew("a-bearer-token")
    assert credentials.expires_at is None
    assert "a-bearer-token" not in repr(credentials)


@pytest.mark.parametrize(
    ("claims", "ends"),
    [
        ({"exp": float("nan")}, None),
        ({"exp": 1_800_000_000}, datetime(2027, 1, 15, 8, tzinfo=UTC)),
        ({}, None),
        ({"exp": 10**30}, None),
    ],
)
def test_a_bearer_token_that_is_a_jwt_says_when_it_ends(claims, ends):
    token = jwt.encode(claims, "k" * 32, algorithm="HS256")

    assert BearerToken(token).expires_at == ends


def test_a_bearer_token_that_is_refused_is_told_in_words(community):
    error = refused(lambda: account(Api(Settings(url=community.url, token="an-old-token"))))

    assert isinstance(error, AccessDenied)
    assert len(community.asked(ME)) == 1


# Signed tokens


def test_a_signed_token_has_the_documented_header_and_claims():
    before = int(time.time())
    token = SignedTokens(JWT_SECRET, 7).token()

    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, JWT_SECRET, algorithms=["HS256"])
    assert set(claims) == {"user_id", "token_type", "jti", "iat", "exp"}
    assert (claims["user_id"], claims["token_type"]) == (7, "access")
    assert before - 60 <= claims["iat"] <= time.time() - 60
    assert claims["exp"] == claims["iat"] + 360


def test_a_signed_token_lets_one_in_and_is_used_again(community):
    api = Api(Settings(url=community.url, jwt_secret=JWT_SECRET, user_id=7))

    assert account(api).username == "ann"
    account(api)
    first, second = (request.token for request in community.requests)
    assert first == second
    assert redacted(f"a {first}") == "a ***"


@pytest.mark.slow
def test_a_signed_token_is_signed_anew_half_a_minute_before_its_end(monkeypatch):
    monkeypatch.setattr(tokens, "LIFE", 31)
    credentials = SignedTokens(JWT_SECRET, 7)
    first = credentials.token()
    time.sleep(2)
    second = credentials.token()

    ids = [jwt.decode(token, JWT_SECRET, algorithms=["HS256"])["jti"] for token in (first, second)]
    assert ids[0] != ids[1]


def test_after_a_refusal_of_one_token_another_is_signed_once():
    credentials = SignedTokens(JWT_SECRET, 7)
    first = credentials.token()

    assert credentials.renew(first)
    second = credentials.token()
    assert second != first
    assert credentials.renew(first), "another thread has signed one meanwhile"
    assert credentials.token() == second


@pytest.mark.slow
def test_a_token_that_always_ends_early_is_signed_anew_each_time(community):
    """The server's clock is so far ahead that 300 seconds are a good one."""
    seen = {}

    def ahead(request):
        first = seen.setdefault(request.token, time.monotonic())
        return html(401, "Expired") if time.monotonic() - first > 1.2 else None

    community.misdeed_for_good = ahead
    api = Api(Settings(url=community.url, jwt_secret=JWT_SECRET, user_id=7))
    for _ in range(4):
        assert account(api).username == "ann"
        time.sleep(1.3)
    assert len(seen) == 4


def test_a_wrong_key_is_refused_after_two_requests(community):
    error = refused(
        lambda: account(Api(Settings(url=community.url, jwt_secret="a wrong key", user_id=7)))
    )

    assert isinstance(error, AccessDenied)
    assert len(community.asked(ME)) == 2


def test_how_short_a_key_is_is_the_communitys_affair(recwarn):
    SignedTokens("short", 7).token()

    assert not recwarn.list


def test_a_key_of_another_kind_is_told_in_words():
    pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQY\n-----END PUBLIC KEY-----"

    error = refused(SignedTokens(pem, 7).token)
    assert isinstance(error, AccessDenied)
    assert "HS256" in error.message


# OAuth


def test_a_good_access_token_is_used_as_it_is(community, logged_in, settings):
    logged_in()

    assert account(Api(settings)).id == 7
    assert community.oauth.grants == []


def test_an_access_token_is_refreshed_a_minute_before_its_end(community, logged_in, settings):
    credentials = logged_in(left=59)
    first = kept(settings)

    assert account(Api(settings, credentials)).id == 7
    assert community.oauth.grants == ["refresh_token"]
    assert [request.path for request in community.requests] == ["/oauth/token/", ME]
    second = kept(settings)
    assert second.secret != first.secret
    assert second.refresh_token != first.refresh_token
    assert credentials.expires_at > datetime.now(UTC)


def test_an_access_token_that_is_refused_is_refreshed_whatever_was_said_of_its_life(
    community, logged_in, settings
):
    logged_in()
    community.oauth.expire()

    assert account(Api(settings)).id == 7
    assert community.oauth.grants == ["refresh_token"]


def test_the_new_pair_is_kept_before_it_is_used(community, logged_in, settings):
    logged_in(left=0)
    seen = []

    def look(_request):
        seen.append(kept(settings).secret in community.oauth.access)

    community.misdeeds = [None, look]
    account(Api(settings))

    assert seen == [True]


def test_of_threads_that_are_refused_at_once_one_refreshes(community, logged_in):
    credentials = logged_in()
    rejected = credentials.token()
    community.oauth.expire()
    at_once = threading.Barrier(8)

    def renew(_):
        at_once.wait()
        return credentials.renew(rejected), credentials.token()

    with ThreadPoolExecutor(8) as pool:
        outcomes = set(pool.map(renew, range(8)))

    assert community.oauth.grants == ["refresh_token"]
    assert len(outcomes) == 1
    assert community.oauth.is_good(outcomes.pop()[1])


def test_of_runs_at_once_one_refreshes_and_the_others_take_what_it_kept(
    community, logged_in, settings
):
    logged_in(left=10)
    runs = [credentials_of(settings) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda run: run.token(), runs))

    assert community.oauth.grants == ["refresh_token"]
    assert found == {kept(settings).secret}


def test_without_a_new_refresh_token_the_old_one_is_kept(community, logged_in, settings):
    logged_in(left=0)
    before = kept(settings).refresh_token
    community.misdeeds = [answer({"access_token": TOKEN, "expires_in": 300})]

    assert account(Api(settings)).id == 7
    assert (kept(settings).secret, kept(settings).refresh_token) == (TOKEN, before)


@pytest.mark.parametrize("expires_in", ["36000", None, 0, 1.5, 10**20])
def test_whatever_is_said_of_the_life_the_token_is_taken(
    community, logged_in, settings, expires_in
):
    credentials = logged_in(left=0)
    community.oauth.expires_in = expires_in
    if expires_in == 10**20 or expires_in == 0:
        community.misdeeds = [answer({"access_token": TOKEN, "expires_in": expires_in})]

    token = credentials.token()
    assert token == kept(settings).secret
    assert credentials.expires_at is None or credentials.expires_at.year > 2000


def test_a_dead_refresh_token_asks_for_a_new_login(community, logged_in, settings):
    logged_in(left=0)
    community.oauth.refresh.clear()

    error = refused(lambda: Api(settings).get(ME))
    assert isinstance(error, AccessDenied)
    assert error.message == "/oauth/token/: no token (400): invalid_grant: Used or unknown"
    assert error.hints == ("Log in again: coursectl auth login",)


def test_a_client_that_is_unknown_names_the_settings(community, logged_in, settings):
    logged_in(left=0)
    community.oauth.clients = {CLIENT: "a-client-secret"}

    error = refused(lambda: Api(settings).get(ME))
    assert isinstance(error, AccessDenied)
    assert error.hints == ("Check COURSECTL_CLIENT_ID and COURSECTL_CLIENT_SECRET.",)

    known = Settings(url=settings.url, client_secret="a-client-secret")
    assert account(Api(known)).id == 7


def test_whoever_logs_out_stops_other_runs_from_renewing(community, logged_in, settings):
    credentials = logged_in(left=0)
    Keychain().delete(settings.url, settings.profile)

    error = refused(credentials.token)
    assert isinstance(error, AccessDenied)
    assert "nobody is logged in" in error.message
    assert community.requests == []


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        (html(500, "Oops"), ServerError, "no token (500): Oops"),
        (html(404, "Nothing"), ServerError, "no token (404): Nothing"),
        (html(401, "Who"), AccessDenied, "no token (401): Who"),
        (html(200, "Sign in"), ServerError, "answered 200, but no token"),
        (answer([]), ServerError, "answered 200, but no token"),
        (answer({"access_token": 5}), ServerError, "answered 200, but no token"),
        (answer({"access_token": "a\nb"}), ServerError, "answered 200, but no token"),
        (Reply(200, b"\xff"), ServerError, "answered 200, but no token"),
        (answer({"error": "x\x1b[2J{}"}, 400), ServerError, "no token (400): x[2J{}"),
        (Reply(200, b'{"access_token": "abc"}', sent=5), ServerError, "broke off"),
        (redirect("/elsewhere/", 307), ServerError, "no token (307)"),
        (redirect("/elsewhere/", 302), ServerError, "no token (302)"),
        (redirect("http://[bad", 302), ServerError, "redirects to what is no address"),
        (redirect("//*:99999/\xff", 302), ServerError, "redirects to"),
    ],
)
def test_an_answer_without_tokens_is_told_and_changes_nothing(
    community, logged_in, settings, reply, kind, told
):
    credentials = logged_in(left=0)
    before = kept(settings)
    community.misdeed_for_good = reply

    error = refused(credentials.token)
    assert isinstance(error, kind)
    assert told in error.message
    assert len(community.requests) == 1
    assert kept(settings) == before


@pytest.mark.parametrize(
    "reply", [html(500, "Ann"), answer({"error": "invalid_grant", "error_description": "Ann"}, 400)]
)
def test_an_answer_without_tokens_is_not_quoted_where_nobody_is_to_be_named(
    community, logged_in, monkeypatch, reply
):
    logged_in(left=0)
    monkeypatch.setenv("COURSECTL_URL", community.url)
    community.misdeed_for_good = reply

    error = refused(credentials_of(Settings.load(names_nobody=True)).token)
    assert error.message == f"/oauth/token/: no token ({reply.status})"


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_took_nothing_is_asked_again(community, logged_in, status):
    credentials = logged_in(left=0)
    community.misdeeds = [html(status, "Later"), html(status, "Later")]

    assert community.oauth.is_good(credentials.token())
    assert community.oauth.grants == ["refresh_token"]


def test_a_token_that_still_lives_is_used_when_it_cannot_be_refreshed(community, logged_in):
    credentials = logged_in(left=30)
    community.misdeeds = [html(500, "Oops")]

    assert community.oauth.is_good(credentials.token())
    assert community.oauth.grants == []


def test_a_refresh_token_goes_nowhere_else(community, logged_in):
    credentials = logged_in(left=0)
    with Community().running() as elsewhere:
        for status in (302, 307, 308):
            community.misdeeds = [redirect(f"{elsewhere.url}/oauth/token/", status)]
            error = refused(credentials.token)
            assert "which is not the configured community" in error.message
        assert elsewhere.connections == 0


def test_a_server_that_repeats_the_refresh_token_does_not_get_it_printed(
    community, logged_in, settings
):
    credentials = logged_in(left=0)
    secret = kept(settings).refresh_token
    community.misdeed_for_good = answer(
        {"error": "invalid_grant", "error_description": secret}, 400
    )

    error = refused(credentials.token)
    assert secret not in error.message
    assert "***" in error.message


@pytest.mark.slow
def test_nobody_at_the_other_end_is_told_in_words(settings, logged_in, community):
    credentials = logged_in(left=0)
    credentials._settings = Settings(url="http://127.0.0.1:9", client_id=CLIENT)
    Keychain().put("http://127.0.0.1:9", "default", kept(settings))

    error = refused(credentials.token)
    assert isinstance(error, ServerError)
    assert error.message == "http://127.0.0.1:9/oauth/token/: no connection"


@pytest.mark.slow
@pytest.mark.parametrize("part", [b"x" * 10_000, b"HTTP/1.1 200 OK\r\nX: "], ids=["body", "head"])
def test_an_answer_that_drips_ends_in_time(settings, logged_in, monkeypatch, part):
    monkeypatch.setattr(session, "READ_TIMEOUT", 1)
    credentials = logged_in(left=0)
    with dripping(part) as url:
        Keychain().put(url, "default", kept(settings))
        slow = Settings(url=url, client_id=CLIENT)
        began = time.monotonic()
        error = refused(credentials_of(slow).token)

    assert isinstance(error, ServerError)
    assert "/oauth/token/: no whole answer in " in error.message
    assert time.monotonic() - began < 3
    assert credentials is not None


@contextmanager
def dripping(part: bytes):
    """Listen, and answer one request with a byte each 50 ms."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                if part.startswith(b"x"):
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
                for at in range(len(part)):
                    connection.sendall(part[at : at + 1])
                    if over.wait(0.05):
                        return
                over.wait(20)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.mark.slow
@pytest.mark.measured
def test_a_renewal_is_finished_and_kept_whatever_the_deadline(community, logged_in, settings):
    logged_in(left=0)
    before = kept(settings)
    community.latency = 1
    credentials = credentials_of(settings.model_copy(update={"deadline": 0.3}))

    assert community.oauth.is_good(credentials.token())
    assert kept(settings).refresh_token in set(community.oauth.refresh) - {before.refresh_token}


def test_a_renewal_after_the_deadline_is_not_begun(community, logged_in, settings):
    logged_in(left=0)
    credentials = credentials_of(settings.model_copy(update={"deadline": 0.01}))
    time.sleep(0.02)

    error = refused(credentials.token)
    assert isinstance(error, ServerError)
    assert "no time is left" in error.message
    assert community.requests == []


@pytest.mark.slow
def test_certificates_that_are_not_there_are_told_in_words(monkeypatch, settings, logged_in):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    logged_in()
    secure = Settings(url="https://127.0.0.1:9", client_id=CLIENT)
    record = replace(kept(settings), expires_at=0.0)
    Keychain().put(secure.url, "default", record)

    error = refused(credentials_of(secure).token)
    assert isinstance(error, ServerError)
    assert error.message.startswith("https://127.0.0.1:9/oauth/token/: ")
