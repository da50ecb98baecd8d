"""Which community coursectl talks to, and with which credentials."""

import pytest

from coursectl.errors import CoursectlError, ExitCode, NotConfigured, UsageError
from coursectl.settings import Settings, community
from coursectl.sources.api.session import Api
from tests.community import TOKEN
from tests.running import coursectl

URL = "https://community.example"


def settings(**variables: str) -> Settings:
    return Settings.from_environment(variables)


def test_url_and_token_come_from_the_environment():
    found = settings(COURSECTL_URL=URL, COURSECTL_TOKEN="abc.def")

    assert (found.url, found.token) == (URL, "abc.def")


def test_the_environment_is_that_of_the_process_unless_told_otherwise(monkeypatch):
    monkeypatch.setenv("COURSECTL_URL", URL)
    monkeypatch.setenv("COURSECTL_TOKEN", "abc")

    assert Settings.from_environment() == Settings(url=URL, token="abc")


def test_blanks_around_are_cut_off():
    found = settings(COURSECTL_URL=f" {URL}\n", COURSECTL_TOKEN="\tabc\r\n")

    assert (found.url, found.token) == (URL, "abc")


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, "COURSECTL_URL and COURSECTL_TOKEN"),
        ({"COURSECTL_URL": URL}, "COURSECTL_TOKEN"),
        ({"COURSECTL_TOKEN": "abc"}, "COURSECTL_URL"),
        ({"COURSECTL_URL": " ", "COURSECTL_TOKEN": "\n"}, "COURSECTL_URL and COURSECTL_TOKEN"),
    ],
)
def test_what_is_not_set_is_named(variables, missing):
    with pytest.raises(NotConfigured) as caught:
        settings(**variables)

    assert caught.value.message == f"no community to ask: {missing} not set"
    assert caught.value.exit_code == ExitCode.ACCESS_DENIED


def test_the_program_says_in_three_lines_what_to_set_and_what_works_now():
    outcome = coursectl("members", "42")

    assert outcome.code == ExitCode.ACCESS_DENIED
    assert outcome.stdout == b""
    assert outcome.stderr.splitlines() == [
        "coursectl: no community to ask: COURSECTL_URL and COURSECTL_TOKEN not set",
        "  Set COURSECTL_URL to https://<your community>, COURSECTL_TOKEN to a token for it.",
        "  Nothing at hand yet? This works now: coursectl members demo",
    ]


# The token


@pytest.mark.parametrize("token", ["a b", "a\nb", "a\x1bb", "tökén", "a\u00a0b"])
def test_a_token_with_characters_that_no_token_has_is_refused_and_not_shown(token):
    with pytest.raises(UsageError) as caught:
        settings(COURSECTL_URL=URL, COURSECTL_TOKEN=token)

    assert caught.value.message == "COURSECTL_TOKEN holds characters that no token has"
    assert caught.value.hints == ("Copy the token again.",)


def test_the_token_is_not_in_what_settings_look_like():
    found = settings(COURSECTL_URL=URL, COURSECTL_TOKEN=TOKEN)

    assert repr(found) == f"Settings(url='{URL}')"
    assert TOKEN not in str(found)


# The URL


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://community.example", "https://community.example"),
        ("https://community.example/", "https://community.example"),
        ("https://community.example/en/course/42/?a=b#c", "https://community.example"),
        ("community.example", "https://community.example"),
        ("community.example:8443", "https://community.example:8443"),
        ("community.example/course/42/", "https://community.example"),
        ("https://community.example:443", "https://community.example:443"),
        ("HTTPS://Community.Example", "https://community.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_url_is_cut_to_scheme_host_and_port(url, expected):
    assert community(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///course/42/",
        "ftp://community.example",
        "file:///etc/passwd",
        "https://community.example:port",
        "https://community.example:99999",
        "https://[community.example",
        "://community.example",
    ],
)
def test_what_is_no_url_of_a_community_is_refused(url):
    with pytest.raises(UsageError) as caught:
        community(url)

    assert caught.value.message == f"COURSECTL_URL is {url!r}, which is not the URL of a community"


@pytest.mark.parametrize(
    "host",
    ["community.example", "127.0.0.1.elsewhere.example", "localhost.elsewhere.example", "0.0.0.0"],
)
def test_a_token_is_not_sent_over_plain_http_but_on_loopback(host):
    with pytest.raises(UsageError, match="a token is not sent over plain http"):
        community(f"http://{host}")


@pytest.mark.parametrize(
    "url", ["https://ann:s3cret@community.example", "http://ann:s3cret@127.0.0.1:8000"]
)
def test_a_url_with_a_user_in_it_is_refused_without_showing_the_password(url):
    with pytest.raises(UsageError) as caught:
        community(url)

    assert "without a user name" in caught.value.hints[0]
    assert "s3cret" not in "".join((caught.value.message, *caught.value.hints))


def test_a_url_that_would_move_the_cursor_is_shown_harmless():
    with pytest.raises(UsageError) as caught:
        community("ftp://\x1b[2Jcommunity.example")

    assert "\x1b" not in caught.value.message


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize(
    "host", ["*.community.example", ".community.example", "my community", "a..example"]
)
def test_a_host_that_cannot_be_is_an_expected_failure(host):
    """Whether it is the settings or the first request that refuses it is all the same."""
    with pytest.raises(CoursectlError) as caught:
        Api(settings(COURSECTL_URL=f"https://{host}", COURSECTL_TOKEN="abc")).get("/")

    assert "COURSECTL_URL" in "".join((caught.value.message, *caught.value.hints))
