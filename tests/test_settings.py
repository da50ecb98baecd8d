"""Which community coursectl talks to, with which credentials, and where that stands."""

import os
import tomllib
from pathlib import Path

import pytest

from coursectl.errors import CoursectlError, ExitCode, NotConfigured, UsageError
from coursectl.places import config_file
from coursectl.printable import shortened
from coursectl.redaction import redacted
from coursectl.settings import Settings, load_pseudonym_key, with_profile
from tests.community import TOKEN
from tests.running import coursectl

URL = "https://community.example"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load settings from a file that holds `text`, and from variables."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("COURSECTL_CONFIG", str(path))

    def load(text: str = "", profile: str | None = None, **variables: str) -> Settings:
        path.write_text(text, encoding="utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(f"COURSECTL_{name}", value)
        return Settings.load(profile)

    return load


def refused(load, text: str = "", profile: str | None = None, **variables: str) -> CoursectlError:
    with pytest.raises(CoursectlError) as caught:
        load(text, profile, **variables)
    return caught.value


# The environment


def test_every_setting_has_a_variable(load):
    found = load(
        URL=URL,
        METHOD="jwt",
        JWT_SECRET="signing key",
        USER_ID="7",
        CLIENT_ID="abc",
        CLIENT_SECRET="client key",
        REDIRECT_URI="http://127.0.0.1:9999/back",
        CONCURRENCY="8",
        DEADLINE="90s",
    )

    assert (found.url, found.method, found.user_id, found.client_id) == (URL, "jwt", 7, "abc")
    assert found.jwt_secret.get_secret_value() == "signing key"
    assert found.client_secret.get_secret_value() == "client key"
    assert (found.redirect_uri, found.concurrency) == ("http://127.0.0.1:9999/back", 8)
    assert found.deadline == 90.0


def test_without_a_word_there_are_four_requests_at_once_and_half_an_hour(load):
    found = load(URL=URL)

    assert (found.profile, found.method, found.token) == ("default", None, None)
    assert (found.concurrency, found.deadline) == (4, 1800.0)
    assert found.redirect_uri == "http://127.0.0.1:8765/callback"


def test_blanks_around_are_cut_off(load):
    found = load(URL=f" {URL}\n", TOKEN="\tabcdefgh\r\n")

    assert (found.url, found.token.get_secret_value()) == (URL, "abcdefgh")


def test_a_blank_variable_counts_as_unset(load):
    found = load(f'[profiles.default]\nurl = "{URL}"\nuser_id = 7', URL=" ", USER_ID="")

    assert (found.url, found.user_id) == (URL, 7)


@pytest.mark.parametrize(
    ("variables", "missing"),
    [
        ({}, "COURSECTL_URL and COURSECTL_TOKEN"),
        ({"TOKEN": "abcdefgh"}, "COURSECTL_URL"),
        ({"JWT_SECRET": "abcdefgh"}, "COURSECTL_URL"),
        ({"URL": " ", "TOKEN": "\n"}, "COURSECTL_URL and COURSECTL_TOKEN"),
    ],
)
def test_what_is_not_set_is_named(load, variables, missing):
    error = refused(load, **variables)

    assert isinstance(error, NotConfigured)
    assert error.message == f"no community to ask: {missing} not set"
    assert error.exit_code == ExitCode.ACCESS_DENIED


def test_the_program_says_in_three_lines_what_to_do_and_what_works_now(tmp_path):
    environment = {"COURSECTL_CONFIG": str(tmp_path / "config.toml")}
    outcome = coursectl("members", "42", environment=environment)

    assert outcome.code == ExitCode.ACCESS_DENIED
    assert outcome.stdout == b""
    assert outcome.stderr.splitlines() == [
        "coursectl: no community to ask: COURSECTL_URL and COURSECTL_TOKEN not set",
        "  Set both, or log in: coursectl auth login --url https://<your community> --client-id ID",
        "  Nothing at hand yet? This works now: coursectl members demo",
    ]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("METHOD", "magic", "token, jwt or oauth"),
        ("USER_ID", "ann", "the number of an account"),
        ("USER_ID", "0", "the number of an account"),
        ("CONCURRENCY", "9", "a whole number from 1 to 8"),
        ("CONCURRENCY", "2.5", "a whole number from 1 to 8"),
        ("DEADLINE", "soon", "a time such as 90s, 5m or 1h, or seconds"),
        ("DEADLINE", "0", "a time such as 90s, 5m or 1h, or seconds"),
        ("DEADLINE", "-5", "a time such as 90s, 5m or 1h, or seconds"),
        ("DEADLINE", "inf", "a time such as 90s, 5m or 1h, or seconds"),
        ("DEADLINE", "nan", "a time such as 90s, 5m or 1h, or seconds"),
    ],
)
def test_a_variable_with_a_bad_value_is_named_and_its_value_is_not(load, name, value, kind):
    error = refused(load, URL=URL, **{name: value})

    assert isinstance(error, UsageError)
    assert (error.message, error.hints) == (f"COURSECTL_{name} is not {kind}", ("Correct it.",))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h", 3600), ("1.5h", 5400), ("45", 45), ("0.5", 0.5)],
)
def test_a_deadline_is_a_time_with_its_unit_or_seconds(load, text, seconds):
    assert load(URL=URL, DEADLINE=text).deadline == seconds


# The file

PROFILES = f"""
profile = "work"

[profiles.work]
url = "{URL}"
user_id = 7
deadline = 60

[profiles.home]
url = "https://home.example"
"""


def test_a_profile_is_the_named_one_or_that_of_the_environment_or_the_usual_one(load):
    assert load(PROFILES).profile == "work"
    assert load(PROFILES, PROFILE="home").profile == "home"
    assert load(PROFILES, "work", PROFILE="home").profile == "work"
    assert load(PROFILES, "home").url == "https://home.example"


def test_without_a_usual_one_the_profile_is_called_default_and_need_not_be_there(load):
    assert load(f'[profiles.default]\nurl = "{URL}"').url == URL
    assert load("", URL=URL).profile == "default"


def test_a_profile_that_is_not_there_is_refused_with_those_that_are(load, tmp_path):
    error = refused(load, PROFILES, "wrok")

    assert error.message == f"{tmp_path / 'config.toml'}: no profile 'wrok'"
    assert error.hints[0].startswith("Profiles: work, home.")
    assert error.exit_code == ExitCode.USAGE


def test_a_profile_that_is_to_be_made_need_not_be_there(load):
    load(PROFILES)

    assert Settings.load("new", may_be_new=True, url=URL).profile == "new"


def test_a_variable_wins_over_the_file_and_an_option_over_both(load):
    assert load(PROFILES).user_id == 7
    assert load(PROFILES, USER_ID="8").user_id == 8
    assert Settings.load(user_id=9).user_id == 9
    assert Settings.load(user_id=None).user_id == 8


def test_an_option_with_a_bad_value_is_named(load):
    load(PROFILES)

    with pytest.raises(UsageError, match=r"^--user-id is not the number of an account$"):
        Settings.load(user_id=0)


@pytest.mark.parametrize(
    ("line", "told", "hint"),
    [
        ('ulr = "x"', "no setting 'ulr'", "Did you mean url?"),
        ("user-id = 7", "no setting 'user-id'", "Did you mean user_id?"),
        ('wibble = "x"', "no setting 'wibble'", "Settings: url, method, token_file,"),
        ('user_id = "ann"', "user_id is not the number of an account", "Correct it."),
        ("user_id = true", "user_id is not the number of an account", "Correct it."),
        ("url = 5", "url is not https://<your community>", "Correct it."),
        ('deadline = "soon"', "deadline is not a time such as 90s", "Correct it."),
        ("token_file = 5", "token_file is not the path of a file", "Write it as text."),
        ('url = "ftp://x"', "url is 'ftp://x', which is not the URL of a community", "Set it to"),
        ('token = "abc"', "token is a secret, which has no place in this file", "Take it out"),
        ('jwt_secret = "abc"', "jwt_secret is a secret", "coursectl --profile work auth login"),
        ('client_secret = "abc"', "client_secret is a secret", "client_secret_file ="),
    ],
)
def test_a_mistake_in_a_profile_names_file_profile_and_key(load, tmp_path, line, told, hint):
    url = "" if line.startswith("url") else f'url = "{URL}"\n'
    error = refused(load, f"[profiles.work]\n{url}{line}", "work")

    assert isinstance(error, UsageError)
    assert error.message.startswith(f"{tmp_path / 'config.toml'}: profile work: {told}")
    assert hint in error.hints[0]
    assert "abc" not in error.message + "".join(error.hints)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[profiles.work\n", "is no TOML"),
        ('[profiles.work]\nurl = "x"\nurl = "y"\n', "line 3"),
        ("profil = 'x'", "no setting 'profil'"),
        ("profile = 5", "profile is a name"),
        ("[profile.work]", "profile is a name"),
        ("profiles = 5", "profile is a name"),
        ("[profiles]\ndefault = 5", "profile default is no table"),
    ],
)
def test_a_file_that_is_no_configuration_says_where(load, tmp_path, text, told):
    error = refused(load, text)

    assert isinstance(error, UsageError)
    assert error.message.startswith(str(tmp_path / "config.toml"))
    assert told in error.message


def test_a_file_that_is_no_text_or_no_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSECTL_CONFIG", str(tmp_path))
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        Settings.load()
    path = tmp_path / "config.toml"
    path.write_bytes(b"url = '\xff'")
    monkeypatch.setenv("COURSECTL_CONFIG", str(path))
    with pytest.raises(UsageError, match="is no TOML"):
        Settings.load()


def test_the_file_is_among_the_persons_own(monkeypatch, tmp_path):
    if os.name == "posix":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert config_file() == tmp_path / "coursectl" / "config.toml"
    monkeypatch.setenv("COURSECTL_CONFIG", "~/elsewhere.toml")
    assert config_file() == Path("~/elsewhere.toml").expanduser()


def test_a_byte_order_mark_before_the_file_or_a_secret_is_nothing(load, tmp_path):
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfabcdefgh\r\n")
    found = load(
        f'\ufeff[profiles.default]\r\nurl = "{URL}"\r\n', TOKEN_FILE=str(tmp_path / "secret")
    )
    assert (found.url, found.token.get_secret_value()) == (URL, "abcdefgh")


@pytest.mark.parametrize(
    "uri",
    [
        "not a uri",
        "callback",
        "http://127.0.0.1:99999/x",
        "http://127.0.0.1:0/x",
        "http://[::1/x",
        "http://elsewhere.example:8765/callback",
        "https://elsewhere.example/callback",
        "http://ann@127.0.0.1/x",
        "http://127.0.0.1:8765/x#y",
        "http://127.0.0.1:8765/a b",
        "urn:ietf:wg:oauth:2.0:oob",
    ],
)
def test_a_redirect_uri_is_an_address_on_this_machine(load, uri):
    error = refused(load, URL=URL, REDIRECT_URI=uri)

    assert isinstance(error, UsageError)
    assert error.message.startswith("COURSECTL_REDIRECT_URI is '")
    assert error.message.endswith("', which is no address on this machine")


@pytest.mark.parametrize(
    "uri",
    [
        "http://localhost:1234",
        "http://[::1]:8765/x",
        "https://127.0.0.1/x",
        "http://127.0.0.1/?a=b",
    ],
)
def test_a_redirect_uri_is_taken_letter_by_letter(load, uri):
    assert load(URL=URL, REDIRECT_URI=uri).redirect_uri == uri


# Secrets in files of their own


def test_only_those_files_are_read_that_are_wanted(load):
    load(URL=URL)

    found = Settings.load(None, (), token_file="/gone", client_secret_file="/gone")
    assert (found.token, found.token_file) == (None, Path("/gone"))
    assert found.origin("token_file") == "--token-file"


def test_a_secret_may_be_in_a_file_of_its_own(load, tmp_path):
    for name in ("token", "jwt_secret", "client_secret"):
        (tmp_path / name).write_text(f"  {name}-from-a-file\n")
        found = load(URL=URL, **{f"{name.upper()}_FILE": str(tmp_path / name)})
        assert getattr(found, name).get_secret_value() == f"{name}-from-a-file"
        assert found.origin(name) == f"COURSECTL_{name.upper()}_FILE ({tmp_path / name})"


def test_a_file_that_a_profile_names_lies_beside_the_configuration(load, tmp_path):
    (tmp_path / "secret").write_text("abcdefgh")
    found = load(f'[profiles.default]\nurl = "{URL}"\ntoken_file = "secret"')

    assert found.token.get_secret_value() == "abcdefgh"
    assert found.origin("token") == (
        f"{tmp_path / 'config.toml'}: profile default: token_file ({tmp_path / 'secret'})"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b" \n", "holds no secret"),
        (b"\xff\xfe", "cannot be read: it is no text"),
        (b"x" * 70_000, "cannot be read: it is larger than 16,384 bytes"),
    ],
)
def test_a_file_without_a_secret_is_named_with_its_variable(load, tmp_path, content, told):
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    error = refused(load, URL=URL, TOKEN_FILE=str(path))

    assert isinstance(error, UsageError)
    assert error.message == f"COURSECTL_TOKEN_FILE ({path}) {told}"


@pytest.mark.parametrize("name", ["/nowhere/token", "~nobody-of-that-name/token", "x" * 5_000])
def test_a_file_that_is_not_there_may_be_a_secret_and_is_not_repeated(load, name):
    error = refused(load, URL=URL, TOKEN_FILE=name)

    assert (error.message, error.hints) == (
        "COURSECTL_TOKEN_FILE names no file that is there",
        ("Check it.",),
    )


def test_a_secret_and_a_file_for_it_are_one_too_many(load):
    error = refused(load, URL=URL, TOKEN="abc", TOKEN_FILE="/secret")

    assert error.message == "COURSECTL_TOKEN and COURSECTL_TOKEN_FILE are both set"


def test_a_secret_of_the_environment_stands_in_for_the_file_and_the_method_of_the_profile(load):
    profile = f'[profiles.default]\nurl = "{URL}"\nmethod = "jwt"\ntoken_file = "gone"'
    found = load(profile, TOKEN="abcdefgh")

    assert (found.method, found.token.get_secret_value()) == (None, "abcdefgh")
    assert load(profile, TOKEN="abcdefgh", METHOD="oauth").method == "oauth"


def test_what_lets_into_the_profiles_community_is_not_taken_to_another(load, tmp_path):
    (tmp_path / "secret").write_text("abcdefgh")
    profile = (
        f'[profiles.default]\nurl = "{URL}/"\nmethod = "jwt"\nuser_id = 7\n'
        'jwt_secret_file = "secret"\nredirect_uri = "http://127.0.0.1:9/x"\nconcurrency = 2'
    )

    same = load(profile, URL="HTTPS://COMMUNITY.example")
    assert (same.method, same.user_id, same.jwt_secret is None) == ("jwt", 7, False)
    other = load(profile, URL="https://other.example")
    assert (other.method, other.user_id, other.jwt_secret) == (None, None, None)
    assert (other.concurrency, other.redirect_uri) == (2, "http://127.0.0.1:8765/callback")
    assert Settings.load(url="https://third.example").jwt_secret is None


def test_a_bad_url_in_the_profile_does_not_matter_when_another_is_set(load):
    assert load('[profiles.default]\nurl = "ftp://x"', URL=URL).url == URL


# What is shown of secrets


@pytest.mark.parametrize(
    "token", ["abcd efgh", "abcd\nefgh", "abcd\x1befgh", "tökén-tökén", "abcd\u00a0efgh"]
)
def test_a_token_with_characters_that_no_token_has_is_refused_and_not_shown(load, token):
    error = refused(load, URL=URL, TOKEN=token)

    assert isinstance(error, UsageError)
    assert error.message == "COURSECTL_TOKEN holds characters that no token has"
    assert error.hints == ("Copy the token again.",)


def test_a_key_for_pseudonyms_takes_no_community(load):
    with pytest.raises(NotConfigured):
        load(PSEUDONYM_KEY="sixteen letters!")

    assert load_pseudonym_key() == "sixteen letters!"


def test_a_key_for_pseudonyms_is_of_no_community(load, tmp_path):
    (tmp_path / "key").write_text("sixteen letters!\n")
    text = f'[profiles.a]\nurl = "{URL}"\nmethod = "jwt"\npseudonym_key_file = "key"\n'
    found = load(text, "a", URL="https://other.example")

    assert found.pseudonym_key_file == tmp_path / "key"
    assert load_pseudonym_key("a") == "sixteen letters!"
    moved = with_profile(text, "a", {"url": "https://other.example"})
    assert moved.dropped == ("method",)


def test_a_variable_with_a_key_for_pseudonyms_goes_before_a_file_in_the_profile(load):
    text = f'[profiles.a]\nurl = "{URL}"\nmethod = "jwt"\npseudonym_key_file = "gone"\n'
    found = load(text, "a", PSEUDONYM_KEY="sixteen letters!")

    assert load_pseudonym_key("a") == "sixteen letters!"
    # Nor does it say how one gets in.
    assert found.method == "jwt"


def test_what_is_wrong_with_a_key_for_pseudonyms_matters_only_to_those_who_need_it(load):
    assert load(URL=URL, PSEUDONYM_KEY_FILE="/gone").url == URL
    with pytest.raises(UsageError, match=r"^COURSECTL_PSEUDONYM_KEY_FILE names no file"):
        load_pseudonym_key()


def test_a_key_for_pseudonyms_is_kept_out_of_what_is_told(load):
    found = load(URL=URL, PSEUDONYM_KEY="the key for pseudonyms")

    assert "the key for" not in repr(found)
    assert redacted("it is the key for pseudonyms") == "it is ***"


def test_a_key_for_pseudonyms_has_no_place_in_the_file(load, tmp_path):
    error = refused(load, '[profiles.a]\npseudonym_key = "sixteen letters!"\n', "a")

    assert "profile a: pseudonym_key is a secret" in error.message
    assert error.hints == ("Take it out; then pseudonym_key_file = a file that holds it.",)


def test_no_secret_is_in_what_settings_look_like(load):
    found = load(URL=URL, TOKEN=TOKEN, JWT_SECRET="signing-key", CLIENT_SECRET="client-key")

    for shown in (repr(found), str(found), found.model_dump_json()):
        assert not any(secret in shown for secret in (TOKEN, "signing-key", "client-key"))


def test_every_secret_that_is_read_is_kept_out_of_what_is_told(load, tmp_path):
    (tmp_path / "key").write_text("a-key-of-a-client\n")
    load(
        URL=URL,
        TOKEN="a-token-of-today",
        JWT_SECRET="a-signing-key",
        CLIENT_SECRET_FILE=str(tmp_path / "key"),
    )

    told = redacted("a-token-of-today, a-signing-key, a-key-of-a-client")
    assert told == "***, ***, ***"


# Writing a profile


def test_a_profile_is_written_and_all_else_stays_as_it_was():
    text = '# mine\nprofile = "a"  # the usual\n\n[profiles.a]\nurl = "x" # old\ndeadline = "5m"\n'

    assert with_profile(text, "a", {"url": URL, "user_id": 7}).text == (
        f'# mine\nprofile = "a"  # the usual\n\n[profiles.a]\nurl = "{URL}" # old\n'
        'deadline = "5m"\nuser_id = 7\n'
    )
    assert with_profile("", "a b", {"url": URL}).text == f'[profiles."a b"]\nurl = "{URL}"\n'


OF_ONE = (
    'url = "https://old.example"\nmethod = "jwt"\nuser_id = 7\nclient_id = "c"\n'
    'token_file = "t"\njwt_secret_file = "j"\nclient_secret_file = "c"\n'
    'redirect_uri = "http://127.0.0.1:9/x"\n'
)


@pytest.mark.parametrize(
    "text",
    [
        f"[profiles.a]\n{OF_ONE}deadline = 9\n",
        "profiles.a." + f"{OF_ONE}deadline = 9\n".replace("\n", "\nprofiles.a.")[:-11],
        "profiles = { a = { " + f"{OF_ONE}deadline = 9".replace("\n", ", ") + " } }\n",
    ],
    ids=["a table", "dots", "one line"],
)
def test_of_a_profile_that_moves_to_another_community_nothing_of_the_old_one_is_left(text):
    moved = with_profile(text, "a", {"url": URL, "method": "token"})

    assert tomllib.loads(moved.text)["profiles"]["a"] == {
        "url": URL,
        "method": "token",
        "deadline": 9,
    }
    assert moved.left == "https://old.example"
    assert set(moved.dropped) == {
        *("user_id", "client_id", "redirect_uri"),
        *("token_file", "jwt_secret_file", "client_secret_file"),
    }


@pytest.mark.parametrize(
    ("method", "dropped"),
    [("token", ("token_file",)), ("jwt", ("jwt_secret_file",)), ("oauth", ())],
)
def test_a_login_takes_the_place_of_the_file_that_would_go_before_it(method, dropped):
    text = f'[profiles.a]\nurl = "{URL}/en/"\ntoken_file = "t"\njwt_secret_file = "j"\n'
    stayed = with_profile(text, "a", {"url": URL, "method": method})

    assert (stayed.left, stayed.dropped) == (None, dropped)


def test_what_is_none_is_taken_out():
    text = f'[profiles.a]\nurl = "{URL}"\nredirect_uri = "http://127.0.0.1:9/x"\n'

    assert with_profile(text, "a", {"url": URL, "redirect_uri": None}).text == (
        f'[profiles.a]\nurl = "{URL}"\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[profiles]\n",
        '[profiles.b]\nurl = "https://b.example"\n',
        'profiles.b.url = "https://b.example"\n',
        'profiles = { b = { url = "https://b.example" } }\n',
        '[profiles.a]\nuser_id = 1\n[profiles.b]\nurl = "https://b.example"\n',
    ],
)
def test_a_profile_that_was_written_is_read_again_however_the_file_is_laid_out(load, text):
    written = with_profile(text, "a", {"url": URL, "user_id": 7}).text

    found = load(written, "a")
    assert (found.url, found.user_id) == (URL, 7)
    if "b.example" in text:
        assert load(written, "b").url == "https://b.example"


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
        ("https://community.example:443", "https://community.example"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://community.example.", "https://community.example"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://XN--BCHER-KVA.example", "https://xn--bcher-kva.example"),
        ("https://bücher。example。:8443", "https://xn--bcher-kva.example:8443"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
        ("HTTPS://Community.Example", "https://community.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.1.2.3", "http://127.1.2.3"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
    ],
)
def test_a_url_is_cut_to_scheme_host_and_port(load, url, expected):
    assert load(URL=url).url == expected


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
        "https://*.community.example",
        "https://.community.example",
        "https://my community",
        "https://a..example",
        "https://a..b",
        "https://...",
        "https://" + 64 * "a" + ".example",
        "https://" + 60 * "ä" + ".example",
        "https://bü_cher.example",
        "https://" + 60 * "abcd." + "example",
    ],
)
def test_what_is_no_url_of_a_community_is_refused(load, url):
    with pytest.raises(UsageError) as caught:
        load(URL=url)

    assert caught.value.message == (
        f"COURSECTL_URL is {shortened(url)!r}, which is not the URL of a community"
    )


@pytest.mark.parametrize(
    "host",
    ["community.example", "127.0.0.1.elsewhere.example", "localhost.elsewhere.example", "0.0.0.0"],
)
def test_a_token_is_not_sent_over_plain_http_but_on_loopback(load, host):
    with pytest.raises(UsageError, match="a token is not sent over plain http"):
        load(URL=f"http://{host}")


@pytest.mark.parametrize(
    "url", ["https://ann:s3cret@community.example", "http://ann:s3cret@127.0.0.1:8000"]
)
def test_a_url_with_a_user_in_it_is_refused_without_showing_the_password(load, url):
    with pytest.raises(UsageError) as caught:
        load(URL=url)

    assert "without a user name" in caught.value.hints[0]
    assert "s3cret" not in "".join((caught.value.message, *caught.value.hints))


def test_a_url_that_would_move_the_cursor_is_shown_harmless(load):
    with pytest.raises(UsageError) as caught:
        load(URL="ftp://\x1b[2Jcommunity.example")

    assert "\x1b" not in caught.value.message
