"""`coursectl auth`, and the options that say which community: as a person has them."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import tomllib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import jwt
import pexpect
import pytest

from coursectl.errors import ExitCode
from tests import keyrings
from tests.browser import browser, destination
from tests.community import (
    JWT_SECRET,
    ONLOOKER,
    TOKEN,
    Community,
    Course,
    detail,
    html,
    redirect,
    row,
)
from tests.oauth import CLIENT
from tests.running import COURSECTL, clean_environment, coursectl
from tests.test_terminal import terminal_environment

pytestmark = [pytest.mark.slow, pytest.mark.measured]

ROOT = Path(__file__).parent.parent.parent
ME = "/api/v2/user/me/"


class Person:
    """Somebody with a configuration of their own, and perhaps with a keyring."""

    def __init__(self, folder: Path, community: Community) -> None:
        self.folder = folder
        self.community = community
        self.config = folder / "coursectl" / "config.toml"
        self.credentials = folder / "coursectl" / "credentials.json"
        self.environment = {
            "COURSECTL_CONFIG": str(self.config),
            "PYTHON_KEYRING_BACKEND": keyrings.NONE,
            "PYTHONPATH": str(ROOT),
        }

    def run(self, *arguments: str, stdin: str = "", **variables: str):
        environment = self.environment | variables
        return coursectl(*arguments, stdin=stdin.encode(), environment=environment)

    def log_in(self, *options: str, stdin: str = f"{TOKEN}\n", method: str = "token", **variables):
        url = ("--url", self.community.url)
        return self.run(
            "auth", "login", "--method", method, *url, *options, stdin=stdin, **variables
        )

    def status(self, *options: str, **variables: str) -> dict:
        run = self.run(*options, "auth", "status", "--json", **variables)
        assert run.code == 0, run.stderr
        return json.loads(run.text)

    @contextmanager
    def terminal(self, *arguments: str, **variables: str):
        """Run coursectl on a terminal, which echoes as terminals do."""
        command, *first = COURSECTL
        child = pexpect.spawn(
            command,
            [*first, *arguments],
            env=terminal_environment(**self.environment, **variables),
            dimensions=(24, 300),
            encoding="utf-8",
            timeout=30,
        )
        try:
            yield child
        finally:
            child.close(force=True)


@pytest.fixture
def person(tmp_path, community) -> Person:
    return Person(tmp_path, community)


@pytest.fixture
def redirect_uri(community) -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    uri = f"http://127.0.0.1:{port}/callback"
    community.oauth.redirect_uris = {uri}
    return uri


def profiles(person: Person) -> dict:
    return tomllib.loads(person.config.read_text())["profiles"]


# With a token
def test_a_token_from_stdin_logs_one_in_for_good(person):
    run = person.log_in()

    assert (run.code, run.stdout) == (0, b"")
    assert run.stderr.splitlines() == [
        f"coursectl: logged in to {person.community.url} as Ann Smith (ann, id 7)",
        f"  Kept in {person.credentials}.",
    ]
    assert profiles(person) == {"default": {"url": person.community.url, "method": "token"}}
    assert TOKEN not in person.config.read_text()
    if os.name == "posix":
        assert stat.S_IMODE(person.credentials.stat().st_mode) == 0o600
    members = person.run("members", "42", "--csv", "-c", "id")
    assert (members.code, members.stdout.count(b"\n")) == (0, 6)


def test_a_stdin_that_has_no_token_yet_is_waited_for(person):
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    login = subprocess.Popen(
        [*COURSECTL, "auth", "login", "--method", "token", "--url", person.community.url],
        stdin=reads,
        stderr=subprocess.PIPE,
        env=clean_environment(**person.environment),
    )
    for piece in (TOKEN[:3], TOKEN[3:]):
        time.sleep(0.5)
        os.write(writes, piece.encode())
    os.close(writes)
    said = login.communicate()[1]
    os.close(reads)
    assert (login.returncode, b"logged in" in said) == (0, True)


def test_a_token_on_a_terminal_is_asked_for_and_not_echoed(person):
    with person.terminal(
        "auth", "login", "--method", "token", "--url", person.community.url
    ) as child:
        child.expect_exact("The token (not shown): ")
        child.waitnoecho()
        child.sendline(TOKEN)
        child.expect(pexpect.EOF)
        shown = child.before
        child.close()

    assert child.exitstatus == 0
    assert "logged in to" in shown
    assert TOKEN not in shown


@pytest.mark.parametrize("key", ["\x03", "\x04", "\r"])
def test_whoever_gives_no_token_is_not_logged_in(person, key):
    with person.terminal(
        "auth", "login", "--method", "token", "--url", person.community.url
    ) as child:
        child.expect_exact("(not shown): ")
        child.waitnoecho()
        child.send(key)
        child.expect(pexpect.EOF)
        child.close()

    assert child.exitstatus == (ExitCode.INTERRUPTED if key == "\x03" else ExitCode.USAGE)
    assert not person.credentials.exists()


@pytest.mark.parametrize("method", ["token", "jwt"])
def test_without_a_terminal_and_without_a_line_nobody_is_asked(person, method):
    run = person.log_in("--user-id", "7", method=method, stdin="")

    assert run.code == ExitCode.USAGE
    assert "was not given" in run.stderr
    assert run.stderr.count("\n") == 2


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("a-wrong-token", ExitCode.ACCESS_DENIED),
        ("abcd efgh", ExitCode.USAGE),
        ("7oken", ExitCode.ACCESS_DENIED),
    ],
)
def test_a_wrong_token_is_refused_not_shown_and_nothing_is_stored(person, token, code):
    run = person.log_in(stdin=f"{token}\n")

    assert run.code == code
    assert token not in run.stderr
    assert not person.credentials.exists()
    assert not person.config.exists()


def test_a_login_that_fails_leaves_the_last_one(person):
    person.log_in()
    before = person.config.read_text(), person.credentials.read_text()
    assert person.log_in("--user-id", "7", method="jwt", stdin="wrong key\n").code == 4

    assert (person.config.read_text(), person.credentials.read_text()) == before


def test_an_answer_that_is_no_account_stores_nothing(person):
    person.community.misdeed_for_good = html(200, "Sign in")
    run = person.log_in()

    assert run.code == ExitCode.INVALID_DATA
    assert ME in run.stderr
    assert not person.credentials.exists()


def test_there_is_no_option_for_a_secret(person):
    help_ = person.run("auth", "login", "--help").text
    options = set(re.findall(r"--[a-z-]+", help_))

    assert not {"--token", "--secret", "--jwt-secret", "--client-secret", "--password"} & options


def test_a_variable_that_goes_before_what_was_stored_is_named(person):
    run = person.log_in(COURSECTL_TOKEN=ONLOOKER)

    assert run.stderr.splitlines()[-1] == "  COURSECTL_TOKEN is set, and goes before it."


def test_a_profile_keeps_its_comments_and_its_other_keys(person):
    person.config.parent.mkdir(parents=True)
    person.config.write_text('# mine\n[profiles.default]\ndeadline = "5m"  # patience\n')
    person.log_in()

    text = person.config.read_text()
    assert text.startswith('# mine\n[profiles.default]\ndeadline = "5m"  # patience\n')
    assert profiles(person)["default"]["method"] == "token"


@pytest.mark.no_cover
def test_profiles_do_not_know_each_others_secrets(person):
    other = {"id": 8, "username": "bob", "real_name": None}
    person.log_in()
    with Community(Course(42, [row(1)])).running() as second:
        second.account = other
        run = coursectl(
            *("--profile", "work", "auth", "login", "--method", "token", "--url", second.url),
            stdin=f"{TOKEN}\n".encode(),
            environment=person.environment,
        )
        assert run.code == 0, run.stderr
        assert person.status("--profile", "work")["username"] == "bob"
        assert person.status(COURSECTL_PROFILE="work")["username"] == "bob"
        assert person.status()["username"] == "ann"
        assert person.run("auth", "status", "--profile", "work").text.startswith("bob (id 8)\n")

        second.requests.clear()
        run = person.run("auth", "status", COURSECTL_URL=second.url)
        assert run.code == ExitCode.ACCESS_DENIED
        assert second.requests == []


@contextmanager
def elsewhere():
    with Community(Course(42, [row(1)])).running() as second:
        second.tokens = {SECOND}
        yield second


SECOND = "s3cret-token-of-another-community"


@pytest.mark.no_cover
@pytest.mark.parametrize("method", ["token", "jwt", "oauth"])
def test_a_login_elsewhere_takes_nothing_of_the_old_community_along(person, tmp_path, method):
    person.config.parent.mkdir(parents=True)
    (tmp_path / "secret").write_text(TOKEN)
    person.config.write_text(
        f'[profiles.default]\nurl = "{person.community.url}"\nmethod = "{method}"\nuser_id = 7\n'
        f'token_file = "{tmp_path}/secret"\njwt_secret_file = "{tmp_path}/secret"\n'
        f'client_secret_file = "{tmp_path}/secret"\nredirect_uri = "http://127.0.0.1:9/x"\n'
        'client_id = "old"\nconcurrency = 2\n'
    )
    with elsewhere() as second:
        url = ("--url", second.url, "--method", "token")
        run = person.run("auth", "login", *url, stdin=f"{SECOND}\n")
        assert run.code == 0, run.stderr
        assert "token_file" in run.stderr
        assert person.run("members", "42", "--json").code == 0
        assert {request.token for request in second.requests} == {SECOND}
        assert TOKEN not in str([request.headers for request in second.requests])
        assert profiles(person)["default"] == {
            "url": second.url,
            "method": "token",
            "concurrency": 2,
        }
    assert person.community.requests == []


def test_a_login_elsewhere_forgets_what_was_kept_and_says_so(person):
    person.log_in()
    with elsewhere() as second:
        url = ("--url", second.url, "--method", "token")
        run = person.run("auth", "login", *url, stdin=f"{SECOND}\n")

    assert run.stderr.splitlines()[-1] == f"  Forgotten: what was kept for {person.community.url}."
    assert TOKEN not in person.credentials.read_text()
    assert SECOND in person.credentials.read_text()


def test_a_login_goes_before_the_file_of_the_profile(person, tmp_path):
    person.config.parent.mkdir(parents=True)
    person.config.write_text(
        f'[profiles.default]\nurl = "{person.community.url}"\ntoken_file = "{tmp_path}/gone"\n'
    )
    run = person.log_in()

    assert run.stderr.splitlines()[-1] == "  No longer in the profile: token_file."
    assert person.status()["kept_in"] == str(person.credentials)


def test_a_secret_file_that_is_gone_keeps_nobody_from_logging_out(person, tmp_path):
    person.log_in()
    gone = str(tmp_path / "gone")
    run = person.run("auth", "logout", COURSECTL_TOKEN_FILE=gone, COURSECTL_CLIENT_SECRET_FILE=gone)

    assert run.code == 0, run.stderr
    assert TOKEN not in person.credentials.read_text()
    assert run.stderr.splitlines()[-1] == "  COURSECTL_TOKEN_FILE still logs you in."


def test_a_login_in_the_browser_wants_the_clients_secret(person, redirect_uri, tmp_path):
    gone = str(tmp_path / "gone")
    assert oauth(person, redirect_uri, COURSECTL_CLIENT_SECRET_FILE=gone).code == ExitCode.USAGE

    assert person.log_in(COURSECTL_CLIENT_SECRET_FILE=gone).code == 0


def test_a_configuration_with_a_byte_order_mark_is_kept(person):
    person.config.parent.mkdir(parents=True)
    person.config.write_bytes(b"\xef\xbb\xbf# mine\n[profiles.default]\nconcurrency = 2\n")

    assert person.log_in().code == 0
    assert profiles(person)["default"]["concurrency"] == 2


# With the community's secret
def test_the_communitys_secret_logs_one_in(person):
    run = person.log_in("--user-id", "7", method="jwt", stdin=f"{JWT_SECRET}\n")

    assert run.code == 0, run.stderr
    assert profiles(person)["default"] == {
        "url": person.community.url,
        "method": "jwt",
        "user_id": 7,
    }
    assert person.status()["method"] == "jwt"
    assert person.status()["expires_at"] is None


def test_the_communitys_secret_wants_an_account(person):
    run = person.log_in(method="jwt", stdin=f"{JWT_SECRET}\n")

    assert run.code == ExitCode.ACCESS_DENIED
    assert "--user-id" in run.stderr


# In the browser


def oauth(person: Person, uri: str, *options: str, **variables: str):
    options = ("--client-id", CLIENT, "--redirect-uri", uri, *options)
    return person.log_in(*options, method="oauth", stdin="", **variables)


def test_the_browser_logs_one_in_and_the_next_run_knows(person, redirect_uri):
    run = oauth(person, redirect_uri, BROWSER=browser(person.folder))

    assert run.code == 0, run.stderr
    first, url, last, _ = run.stderr.splitlines()
    assert first == "coursectl: waiting for your browser; if none opens, open"
    assert url.strip().startswith(f"{person.community.url}/oauth/authorize/?")
    assert "***" not in url
    assert last.startswith("coursectl: logged in to")
    assert profiles(person)["default"] == {
        "url": person.community.url,
        "method": "oauth",
        "client_id": CLIENT,
        "redirect_uri": redirect_uri,
    }
    assert person.run("members", "42", "--json").code == 0
    assert person.community.oauth.grants == ["authorization_code"]


def test_oauth_is_the_method_unless_another_is_named(person, redirect_uri):
    person.community.oauth.redirect_uris = {redirect_uri}
    arguments = ("--url", person.community.url, "--client-id", CLIENT)
    run = person.run(
        *("auth", "login", *arguments, "--redirect-uri", redirect_uri),
        BROWSER=browser(person.folder),
    )
    assert run.code == 0, run.stderr


def test_a_wrong_state_and_a_refusal_store_nothing(person, redirect_uri):
    person.community.oauth.state = "another"
    run = oauth(person, redirect_uri, BROWSER=browser(person.folder), COURSECTL_DEADLINE="2s")
    assert (run.code, person.config.exists()) == (ExitCode.ACCESS_DENIED, False)

    person.community.oauth.state = None
    person.community.oauth.consents = False
    run = oauth(person, redirect_uri, BROWSER=browser(person.folder))
    assert (run.code, person.config.exists()) == (ExitCode.ACCESS_DENIED, False)
    assert "access_denied: They said no" in run.stderr


def test_without_a_browser_the_address_is_pasted_on_the_terminal(person, redirect_uri):
    with person.terminal(
        *("auth", "login", "--url", person.community.url, "--client-id", CLIENT),
        *("--redirect-uri", redirect_uri, "--no-browser"),
    ) as child:
        child.expect(r"(http://\S+/oauth/authorize/\S+)\s")
        address = destination(child.match[1])
        child.expect_exact("The address that it sent you to: ")
        child.sendline(address)
        child.expect(pexpect.EOF)
        child.close()

    assert child.exitstatus == 0
    assert person.status()["method"] == "oauth"


def test_without_a_browser_the_address_is_a_line_of_stdin(person, redirect_uri):
    environment = clean_environment(**person.environment)
    run = subprocess.Popen(
        [
            *(*COURSECTL, "auth", "login", "--url", person.community.url, "--no-browser"),
            *("--client-id", CLIENT, "--redirect-uri", redirect_uri),
        ],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    run.stderr.readline()
    address = destination(run.stderr.readline().strip())
    _, said = run.communicate(f"{address}\n", timeout=30)

    assert run.returncode == 0, said
    assert "The address" not in said


def test_without_a_browser_a_terminal_or_a_line_it_is_told(person, redirect_uri):
    run = oauth(person, redirect_uri, "--no-browser")

    assert run.code == ExitCode.USAGE
    assert "was not given" in run.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, ExitCode.INTERRUPTED), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_wait_for_the_browser(person, redirect_uri, number, code):
    run = subprocess.Popen(
        [
            *(*COURSECTL, "auth", "login", "--url", person.community.url),
            *("--client-id", CLIENT, "--redirect-uri", redirect_uri),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(**person.environment, BROWSER=browser(person.folder, "pass")),
    )
    run.stderr.readline()
    time.sleep(0.3)
    run.send_signal(number)
    _, said = run.communicate(timeout=10)

    assert run.returncode == code
    assert "Traceback" not in said
    assert not person.config.exists()


def test_an_access_token_that_ends_within_a_run_is_renewed_and_the_next_run_knows(
    person, redirect_uri
):
    oauth(person, redirect_uri, BROWSER=browser(person.folder))
    person.community.oauth.expire()

    assert person.run("members", "42", "--json").code == 0
    assert person.community.oauth.grants == ["authorization_code", "refresh_token"]
    assert person.run("members", "42", "--json").code == 0
    assert person.community.oauth.grants == ["authorization_code", "refresh_token"]


@pytest.mark.no_cover
def test_runs_at_once_do_not_spend_each_others_refresh_token(person, redirect_uri):
    oauth(person, redirect_uri, BROWSER=browser(person.folder))
    person.community.oauth.expire()
    runs = [
        subprocess.Popen(
            [*COURSECTL, "members", "42", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(**person.environment),
        )
        for _ in range(4)
    ]
    ends = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]

    assert ends == [("", 0)] * 4
    assert person.community.oauth.grants == ["authorization_code", "refresh_token"]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_stops_a_run_that_renews_stays_logged_in(person, redirect_uri, number):
    oauth(person, redirect_uri, BROWSER=browser(person.folder))
    person.community.oauth.expire()
    asked = threading.Event()

    def slow(request):
        reply = person.community.behave(request)
        asked.set()
        time.sleep(1)
        return reply

    person.community.misdeeds = [None, slow]
    run = subprocess.Popen(
        [*COURSECTL, "auth", "status"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(**person.environment),
    )
    assert asked.wait(20)
    run.send_signal(number)
    assert run.wait(20) in (130, 143)

    assert person.status()["id"] == 7
    assert person.community.oauth.grants == ["authorization_code", "refresh_token"]


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("again", [False, True])
def test_the_wait_for_a_renewal_that_stalls_is_short_said_and_ends_at_a_second_signal(
    person, redirect_uri, again
):
    oauth(person, redirect_uri, BROWSER=browser(person.folder))
    person.community.oauth.expire()
    asked, over = threading.Event(), threading.Event()

    def stall(_request):
        asked.set()
        over.wait(20)

    person.community.misdeeds = [None, stall]
    run = subprocess.Popen(
        [*COURSECTL, "auth", "status"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(**person.environment),
    )
    assert asked.wait(20)
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    said = [run.stderr.readline(), run.stderr.readline()]
    if again:
        run.send_signal(signal.SIGINT)
    assert run.wait(20) == ExitCode.INTERRUPTED
    took = time.monotonic() - began
    said += run.stderr.readlines()
    run.stderr.close()
    over.set()

    assert said == [
        "coursectl: interrupted\n",
        "coursectl: waiting a moment: a login is being renewed\n",
    ]
    assert took < (2.5 if again else 6)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("under_nohup", [False, True])
def test_a_terminal_that_goes_away_leaves_no_half_written_file(person, tmp_path, under_nohup):
    path = tmp_path / "roster.json"
    asked, over = threading.Event(), threading.Event()

    def stall(_request):
        asked.set()
        over.wait(20)

    person.log_in()
    person.community.misdeeds = [stall]
    (tmp_path / "roster").mkdir()
    # These tests may run under nohup themselves, and a child ignores what they ignore.
    ours = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        run = subprocess.Popen(
            [
                *(["nohup"] if under_nohup else []),
                *(*COURSECTL, "export", "42", "-o", str(tmp_path / "roster" / path.name)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_environment(**person.environment),
        )
    finally:
        signal.signal(signal.SIGHUP, ours)
    assert asked.wait(20)
    run.send_signal(signal.SIGHUP)
    if not under_nohup:
        assert run.wait(5) == 129
    over.set()
    assert run.wait(20) == (0 if under_nohup else 129)
    there = [each.name for each in (tmp_path / "roster").iterdir()]
    assert there == ([path.name] if under_nohup else [])


def test_a_login_renewed_at_the_deadline_is_kept_before_the_run_ends(person):
    keep_pair(person, left=0)
    server = person.community.oauth
    person.community.latency = 4  # longer than a signal would have to wait
    run = person.run("members", "42", "--deadline", "1s")

    assert run.code == ExitCode.SERVER_ERROR
    assert "not done within the deadline" in run.stderr
    assert next(iter(server.refresh)) in person.credentials.read_text()


@pytest.mark.parametrize("expires_in", ["36000.5", [36000], float("inf")])
def test_a_login_is_renewed_whatever_is_said_of_its_life(person, expires_in):
    keep_pair(person, left=0)
    person.community.oauth.expires_in = expires_in

    assert person.status()["username"] == "ann"
    assert next(iter(person.community.oauth.refresh)) in person.credentials.read_text()


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_pair_whose_answer_breaks_off_behind_it_is_kept(person, tells_length):
    keep_pair(person, left=0)

    def cut(request):
        reply = person.community.behave(request)
        return replace(reply, sent=len(reply.body) - 1, tells_length=tells_length)

    person.community.misdeeds = [cut]

    assert person.status()["username"] == "ann"
    assert next(iter(person.community.oauth.refresh)) in person.credentials.read_text()


def keep_pair(person, left: float = 3600, profile: str = "default", **more: str) -> None:
    """Keep a pair of tokens as a login does, good for so many seconds."""
    pair = person.community.oauth.pair()
    url = person.community.url
    person.config.parent.mkdir(parents=True, exist_ok=True)
    person.config.write_text(
        f'[profiles.{profile}]\nurl = "{url}"\nmethod = "oauth"\nclient_id = "{CLIENT}"\n'
    )
    record = {
        "method": "oauth",
        "secret": pair["access_token"],
        "refresh_token": pair["refresh_token"],
        "expires_at": time.time() + left,
        "client_id": CLIENT,
    }
    person.credentials.touch(mode=0o600)
    person.credentials.write_text(json.dumps({f"{url} {profile}": record | more}))


def test_a_dead_login_says_to_log_in_again_with_its_profile(person):
    keep_pair(person, left=0, profile="work")
    person.community.oauth.refresh.clear()
    run = person.run("--profile", "work", "members", "42")

    assert run.code == ExitCode.ACCESS_DENIED
    assert run.stderr.splitlines()[1] == "  Log in again: coursectl --profile work auth login"


def test_a_dead_login_says_to_log_in_again(person, redirect_uri):
    oauth(person, redirect_uri, BROWSER=browser(person.folder))
    person.community.oauth.expire()
    person.community.oauth.refresh.clear()
    run = person.run("members", "42")

    assert run.code == ExitCode.ACCESS_DENIED
    assert run.stderr.splitlines()[1] == "  Log in again: coursectl auth login"


# Who one is


def test_status_is_one_object(person):
    person.log_in()

    assert person.status() == {
        "id": 7,
        "username": "ann",
        "real_name": "Ann Smith",
        "community": person.community.url,
        "profile": "default",
        "method": "token",
        "kept_in": str(person.credentials),
        "expires_at": None,
        "renews": False,
    }


def test_status_is_told_in_words(person):
    person.log_in()
    run = person.run("auth", "status")

    assert (run.code, run.stderr) == (0, "")
    assert run.text.splitlines() == [
        "Ann Smith (ann, id 7)",
        f"  community  {person.community.url}",
        "  profile    default",
        "  method     token",
        f"  kept in    {person.credentials}",
        "  until      no end is known",
    ]


def test_status_says_until_when(person, redirect_uri):
    oauth(person, redirect_uri, BROWSER=browser(person.folder))

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", person.status()["expires_at"])
    assert person.status()["renews"] is True
    until = person.run("auth", "status").text.splitlines()[-1]
    assert re.fullmatch(r"  until      \d{4}-\d\d-\d\d \d\d:\d\d UTC, renewed before", until)

    token = jwt.encode({"exp": 1_900_000_000}, "k" * 32, algorithm="HS256")
    person.community.tokens.add(token)
    told = person.status(COURSECTL_TOKEN=token, COURSECTL_URL=person.community.url)
    assert (told["expires_at"], told["method"]) == ("2030-03-17T17:46:40Z", "token")
    assert told["kept_in"] == "COURSECTL_TOKEN"


def test_status_names_the_file_and_the_keyring(person, tmp_path):
    (tmp_path / "secret").write_text(TOKEN)
    variables = {
        "COURSECTL_TOKEN_FILE": str(tmp_path / "secret"),
        "COURSECTL_URL": person.community.url,
    }
    assert person.status(**variables)["kept_in"] == f"COURSECTL_TOKEN_FILE ({tmp_path / 'secret'})"

    keyring = {
        "PYTHON_KEYRING_BACKEND": "tests.keyrings.Open",
        "TEST_KEYRING": str(tmp_path / "keyring.json"),
    }
    assert "Kept in the system keyring." in person.log_in(**keyring).stderr
    assert person.status(**keyring)["kept_in"] == "the system keyring"
    assert not person.credentials.exists()


def test_a_name_that_would_move_the_cursor_is_shown_harmless(person):
    person.community.account["real_name"] = "Ann\x1b[2J\n"
    run = person.log_in()

    assert "\x1b" not in run.stderr
    assert b"\x1b" not in person.run("auth", "status").stdout


def test_whoever_is_not_logged_in_is_told_so(person):
    run = person.run("auth", "status", "--json")
    assert (run.code, run.stdout) == (ExitCode.ACCESS_DENIED, b"")

    run = person.run("auth", "status", COURSECTL_URL=person.community.url)
    assert run.code == ExitCode.ACCESS_DENIED
    assert "nobody logged in" in run.stderr


def test_whoever_is_refused_is_told_so(person):
    person.log_in()
    person.community.tokens.clear()
    run = person.run("auth", "status")

    assert (run.code, run.stdout) == (ExitCode.ACCESS_DENIED, b"")
    assert "coursectl auth login" in run.stderr


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_can_read_is_told_before_anybody_is_asked(person):
    person.log_in()
    person.credentials.chmod(0o644)
    person.community.requests.clear()
    run = person.log_in()

    assert run.code == ExitCode.ACCESS_DENIED
    assert person.community.requests == []


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_file_that_others_can_read_is_refused_and_nothing_is_sent(person):
    person.log_in()
    person.credentials.chmod(0o644)
    person.community.requests.clear()
    run = person.run("members", "42")

    assert run.code == ExitCode.ACCESS_DENIED
    assert str(person.credentials) in run.stderr
    assert person.community.requests == []


# And out again


def test_logout_forgets_and_may_be_repeated(person):
    person.log_in()
    run = person.run("auth", "logout")
    assert (run.code, run.stdout) == (0, b"")
    assert run.stderr.splitlines() == [
        f"coursectl: logged out of {person.community.url}",
        f"  Forgotten: what was in {person.credentials}.",
    ]
    assert TOKEN not in person.credentials.read_text()
    assert person.run("auth", "status").code == ExitCode.ACCESS_DENIED

    run = person.run("auth", "logout")
    assert (run.code, run.stderr) == (
        0,
        f"coursectl: nothing to forget of {person.community.url}\n",
    )


@pytest.mark.parametrize("secret", [None, "the-clients-own-secret"])
def test_logout_revokes_the_refresh_token_first(person, tmp_path, secret):
    keep_pair(person, profile="work")
    server = person.community.oauth
    server.clients[CLIENT] = secret
    (access,), (refresh,) = list(server.access), list(server.refresh)
    variables = {}
    if secret:
        (tmp_path / "secret").write_text(secret)
        variables = {"COURSECTL_CLIENT_SECRET_FILE": str(tmp_path / "secret")}
    run = person.run("auth", "logout", "--profile", "work", **variables)

    assert (run.code, run.stdout) == (0, b"")
    assert run.stderr.splitlines() == [
        f"coursectl: logged out of {person.community.url}",
        f"  Forgotten: what was in {person.credentials}.",
        "  Its tokens are revoked: no copy of them lets anybody in.",
    ]
    assert server.revoked == [refresh, access]
    assert (server.access, server.refresh) == ({}, {})
    forms = [request.form for request in person.community.requests]
    assert [form.get("client_secret") for form in forms] == [secret, secret]
    assert access not in person.credentials.read_text()


@pytest.mark.parametrize("way", ["refused", "failing", "gone", "elsewhere", "no secret"])
def test_logout_says_when_it_could_not_revoke_and_logs_out(person, way):
    keep_pair(person)
    secrets = [*person.community.oauth.access, *person.community.oauth.refresh]
    variables = {}
    match way:
        case "refused":
            person.community.oauth.clients.clear()
            told = "/oauth/revoke_token/: the server answered 401: invalid_client"
        case "failing":
            person.community.misdeed_for_good = html(500, f"No {secrets[1]}")
            told = "/oauth/revoke_token/: the server answered 500: No ***"
        case "gone":
            person.community.misdeed_for_good = html(404, "Not found")
            told = "/oauth/revoke_token/: the server answered 404: Not found"
        case "elsewhere":
            person.community.misdeed_for_good = redirect("https://elsewhere.example/", 307)
            told = "redirects to elsewhere.example, which is not the configured community"
        case _:
            variables = {"COURSECTL_CLIENT_SECRET_FILE": str(person.folder / "gone")}
            told = "COURSECTL_CLIENT_SECRET_FILE names no file that is there"
    run = person.run("auth", "logout", **variables)

    assert run.code == 0
    assert run.stderr.startswith(f"coursectl: logged out of {person.community.url}\n")
    assert "  Its tokens could not be revoked: " in run.stderr
    assert told in run.stderr
    assert not any(secret in run.stderr for secret in secrets)
    assert not any(secret in person.credentials.read_text() for secret in secrets)


def test_list_names_the_profiles_and_no_secret(person):
    person.config.parent.mkdir(parents=True)
    person.config.write_text(
        'profile = "work"\n[profiles.work]\nurl = "https://Bücher.example/x"\nmethod = "jwt"\n'
        'jwt_secret = "a-secret-in-the-wrong-place"\n'
        '[profiles.school]\nurl = "https://ann:a-password@x.example"\ntoken_file = "gone"\n'
        '[profiles."a\\u001bb"]\nmethod = "a-secret-in-the-wrong-place"\n'
    )
    run = person.run("auth", "list")
    assert (run.code, run.stderr) == (0, "")
    assert run.text.splitlines() == [
        "  ab      -       -",
        "  school  -       -",
        "* work    jwt     https://xn--bcher-kva.example",
    ]

    run = person.run("auth", "list", "--json", "--profile", "school")
    assert [(each["profile"], each["in_use"]) for each in json.loads(run.text)] == [
        ("a\x1bb", False),
        ("school", True),
        ("work", False),
    ]
    assert json.loads(run.text)[2] == {
        "profile": "work",
        "community": "https://xn--bcher-kva.example",
        "method": "jwt",
        "in_use": False,
    }
    assert "secret" not in run.text
    assert "password" not in run.text
    assert person.run("auth", "list", COURSECTL_PROFILE="school").text.startswith("  ab")
    assert "* school" in person.run("auth", "list", COURSECTL_PROFILE="school").text
    assert person.community.requests == []


def test_list_without_profiles_says_how_to_make_one(person):
    run = person.run("auth", "list", "--json")

    assert (run.code, json.loads(run.text)) == (0, [])
    assert run.stderr.splitlines() == [
        "coursectl: no profiles yet",
        "  A new one: coursectl auth login",
    ]


def test_logout_without_a_community_is_no_error(person):
    run = person.run("auth", "logout")

    assert (run.code, run.stderr) == (0, "coursectl: nothing to forget: no community is set\n")


def test_logout_names_a_variable_that_still_logs_one_in(person):
    person.log_in()
    run = person.run("auth", "logout", COURSECTL_TOKEN=TOKEN)

    assert run.stderr.splitlines()[-1] == "  COURSECTL_TOKEN still logs you in."


# Which profile


@pytest.mark.no_cover
def test_a_misspelt_key_is_named_by_every_command_that_needs_the_file(person):
    person.config.parent.mkdir(parents=True)
    person.config.write_text('[profiles.default]\nulr = "x"\n')

    for command in (["members", "42"], ["auth", "status"], ["auth", "logout"], ["auth", "login"]):
        run = person.run(*command)
        assert run.code == ExitCode.USAGE
        assert run.stderr.splitlines() == [
            f"coursectl: {person.config}: profile default: no setting 'ulr'",
            "  Did you mean url?",
        ]
    assert person.run("members", "demo", "-n", "1").code == 0


@pytest.mark.no_cover
def test_the_nearer_profile_wins(person):
    person.log_in("--profile", "work")
    work = ("--profile", "work")

    assert person.run(*work, "members", "42").code == 0
    assert person.run("members", "42", *work).code == 0
    assert person.run("--profile", "none", "members", "42", *work).code == 0
    assert person.run(*work, "members", "42", "--profile", "none").code == ExitCode.USAGE
    assert person.run("members", "42", *work, COURSECTL_PROFILE="none").code == 0


# What --debug tells

DEBUG = [
    (["--debug", "members", "42", "--json"], {}),
    (["members", "42", "--json", "--debug"], {}),
    (["members", "42", "--json"], {"COURSECTL_DEBUG": "1"}),
]


@pytest.mark.no_cover
@pytest.mark.parametrize(("arguments", "variables"), DEBUG)
def test_debug_tells_requests_on_stderr_a_line_each(person, arguments, variables):
    person.log_in()
    run = person.run(*arguments, **variables)

    assert run.code == 0
    assert len(json.loads(run.stdout)) == 5
    assert all(line.startswith("coursectl: debug: ") for line in run.stderr.splitlines())
    assert "/api/v2/course/42/users/" in run.stderr
    assert " -> 200, " in run.stderr
    assert TOKEN not in run.stderr


@pytest.mark.no_cover
def test_debug_tells_each_try_once(person):
    person.log_in()
    before = len(person.community.requests)
    person.community.misdeeds = [detail(503, "Busy."), person.community.cut]
    run = person.run("members", "42", "--debug", "--csv")

    told = [line for line in run.stderr.splitlines() if "/api/v2/" in line]
    assert len(told) == len(person.community.requests) - before
    assert sum(line.endswith(" -> the server answered 503: Busy.") for line in told) == 1
    assert sum(line.endswith(" -> the answer broke off") for line in told) == 1


@pytest.mark.no_cover
@pytest.mark.parametrize("variables", [{}, {"COURSECTL_DEBUG": ""}, {"COURSECTL_DEBUG": "0"}])
def test_without_debug_nothing_of_it_is_told(person, variables):
    person.log_in()

    assert person.run("members", "42", "--json", **variables).stderr == ""


@pytest.mark.no_cover
def test_no_secret_is_in_anything_that_a_run_prints_or_stores_in_the_open(person, redirect_uri):
    """A login, a renewal, a refusal: each with --debug, and each secret that there ever was."""
    server = person.community.oauth
    runs = [
        oauth(person, redirect_uri, "--debug", BROWSER=browser(person.folder)),
        person.run("--debug", "auth", "status", "--json"),
    ]
    server.expire()
    runs.append(person.run("--debug", "members", "42", "--json"))
    server.expire()
    server.refresh.clear()
    runs.append(person.run("--debug", "members", "42"))
    runs.append(person.run("--debug", "auth", "logout"))
    runs.append(person.log_in("--user-id", "7", "--debug", method="jwt", stdin=f"{JWT_SECRET}\n"))
    runs.append(person.run("--debug", "members", "42", COURSECTL_TOKEN="a-wrong-token-of-old"))

    assert [run.code for run in runs] == [0, 0, 0, 4, 0, 0, 4]
    told = "".join(run.stderr + run.text for run in runs) + person.config.read_text()
    signed = [request.token for request in person.community.requests if request.token]
    verifiers = [
        request.form["code_verifier"]
        for request in person.community.requests
        if "code_verifier" in request.form
    ]
    secrets = {*server.issued, *signed, *verifiers, JWT_SECRET}
    assert len(secrets) > 8
    assert [secret for secret in secrets if secret in told] == []


LOGGED = """
import logging
import sys
from coursectl.cli.debugging import begin_debugging
from coursectl.redaction import keep_secret
begin_debugging(wanted=True)
secret = keep_secret("a-secret-token")
log = logging.getLogger("coursectl.somewhere")
log.debug("it is %s", secret)
log.debug("it is %d", secret)
log.debug("bytes: %r", secret.encode())
log.debug("\\x1b[2Jtwo\\nlines")
try:
    raise ValueError(secret)
except ValueError:
    log.exception("it failed")
logging.getLogger("urllib3.connectionpool").debug("Authorization: Bearer %s", secret)
"""


def test_whatever_is_logged_is_redacted_printable_and_on_lines_of_its_own():
    run = subprocess.run(
        [sys.executable, "-c", LOGGED],
        capture_output=True,
        text=True,
        env=clean_environment(PYTHONPATH=str(ROOT)),
        check=True,
    )
    lines = run.stderr.splitlines()
    assert run.stdout == ""
    assert lines[:5] == [
        "coursectl: debug: it is ***",
        "coursectl: debug: a line that cannot be told",
        "coursectl: debug: bytes: b'***'",
        "coursectl: debug: [2Jtwo",
        "coursectl: debug: lines",
    ]
    assert lines[-1] == "coursectl: debug: Authorization: Bearer ***"
    assert "coursectl: debug: ValueError: ***" in lines
    assert "a-secret-token" not in run.stderr


BROKEN = """
import sys
import coursectl.sources.api.account as room
from coursectl.redaction import keep_secret
def broken(api):
    raise KeyError(api.credentials.token())
room.account = broken
sys.argv = ["coursectl", "auth", "status", "--debug"]
from coursectl.cli import main
main()
"""


def test_a_bug_with_debug_shows_a_traceback_without_secrets(person):
    run = subprocess.run(
        [sys.executable, "-c", BROKEN],
        capture_output=True,
        text=True,
        env=clean_environment(
            **person.environment, COURSECTL_URL=person.community.url, COURSECTL_TOKEN=TOKEN
        ),
        check=False,
    )
    assert run.returncode == ExitCode.BUG
    assert "coursectl: debug: Traceback" in run.stderr
    assert "KeyError" in run.stderr
    assert TOKEN not in run.stderr


def test_without_a_command_auth_shows_its_help(person):
    run = person.run("auth")

    assert run.code == 0
    assert {"login", "status", "logout"} <= set(run.text.split())
