"""One community over HTTP: where the token goes, retries, and errors in words."""

import base64
import gzip
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from coursectl import __version__
from coursectl.errors import (
    AccessDenied,
    CoursectlError,
    ExitCode,
    InvalidData,
    NotFound,
    ServerError,
    UsageError,
)
from coursectl.settings import Settings
from coursectl.sources.api import client
from coursectl.sources.api.client import Api
from coursectl.sources.api.session import BadRequest
from tests.community import (
    ONLOOKER,
    TOKEN,
    Community,
    Reply,
    Request,
    answer,
    detail,
    errors,
    html,
    redirect,
)
from tests.running import coursectl

PATH = "/api/v2/course/42/users/"


@pytest.fixture
def elsewhere() -> Iterator[Community]:
    """Another host, as far as a token is concerned: the same address, another port."""
    with Community().running() as elsewhere:
        yield elsewhere


def refused_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def words(error: CoursectlError) -> str:
    return "\n".join((error.message, *error.hints))


# What is sent


def test_a_request_carries_the_token_as_a_bearer_token(community):
    Api(community.settings).get(PATH)

    assert community.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_request_says_who_asks_and_what_for(community):
    Api(community.settings).get(PATH)

    headers = community.requests[0].headers
    assert headers["user-agent"] == f"coursectl/{__version__}"
    assert headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("query", "target", "shown"),
    [
        (None, PATH, PATH),
        ({"search": "a b", "limit": 3}, f"{PATH}?search=a+b&limit=3", PATH),
        ({"limit": 3, "offset": 0}, f"{PATH}?limit=3&offset=0", PATH),
        ({"limit": 3, "offset": 6}, f"{PATH}?limit=3&offset=6", f"{PATH}?offset=6"),
    ],
)
def test_an_answer_comes_with_its_path_and_its_offset_if_any(community, query, target, shown):
    community.misdeeds = [answer({"hello": "world"})]

    assert Api(community.settings).get(PATH, query) == (b'{"hello": "world"}', shown)
    assert community.requests[0].target == target


def test_requests_in_turn_share_a_connection(community):
    api = Api(community.settings)
    for _ in range(3):
        api.get(PATH)

    assert community.connections == 1


def test_a_cookie_comes_back_until_the_server_takes_it_away(community):
    def cookie(value: str) -> Reply:
        return Reply(200, b"{}", (("Set-Cookie", value),))

    community.misdeeds = [cookie("node=7"), None, cookie("node=8"), cookie("node=; Max-Age=0")]
    api = Api(community.settings)
    for _ in range(5):
        api.get(PATH)

    sent = [request.headers.get("cookie") for request in community.requests]
    assert sent == [None, "node=7", "node=7", "node=8", None]


def test_each_request_has_its_own_query_whatever_was_asked_for_before(community):
    api = Api(community.settings)
    queries = [{"limit": 3}, {"search": "é&=#%2F~"}, {}, {"limit": 3, "offset": 3}]
    for query in queries:
        api.get(PATH, query)
    api.get("/api/v2/course/42/", {"view": "dashboard"})

    targets = [request.target for request in community.requests]
    assert targets == [
        f"{PATH}?limit=3",
        f"{PATH}?search=%C3%A9%26%3D%23%252F~",
        PATH,
        f"{PATH}?limit=3&offset=3",
        "/api/v2/course/42/?view=dashboard",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [["members", "caf\udcff"], ["members", "42", "--search", "caf\udcff"]]
)
def test_what_is_not_utf_8_is_not_sent(community, words):
    outcome = coursectl(*words, environment=community.environment)

    assert (outcome.code, outcome.stdout) == (ExitCode.USAGE, b"")
    assert "caf\N{REPLACEMENT CHARACTER}" in outcome.stderr
    assert "is not UTF-8" in outcome.stderr
    assert not [request for request in community.requests if "caf" in request.target]


def test_what_is_not_utf_8_is_not_quoted_where_nobody_is_named(community, monkeypatch):
    for name, value in community.environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(UsageError) as caught:
        Api(Settings.load(names_nobody=True)).get(PATH, {"search": "Zoe\udcff"})

    assert words(caught.value).startswith("a text is not UTF-8")


def test_a_compressed_answer_is_unpacked(community):
    packed = gzip.compress(b'{"count": 0}')
    community.misdeeds = [Reply(200, packed, (("Content-Encoding", "gzip"),))]

    assert Api(community.settings).get(PATH)[0] == b'{"count": 0}'


def test_netrc_has_no_say_in_the_token(community, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ann password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    community.misdeeds = [redirect(PATH)]

    Api(community.settings).get(PATH)

    assert [request.token for request in community.requests] == [TOKEN, TOKEN]


# The token and other hosts


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_port_is_refused_and_nothing_arrives_there(
    community, elsewhere, status
):
    community.misdeeds = [redirect(elsewhere.url + PATH, status)]

    with pytest.raises(ServerError) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == (
        f"{PATH}: the server redirects to 127.0.0.1:{elsewhere.port},"
        " which is not the configured community"
    )
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "location",
    ["//127.0.0.1:{port}/x/", "https://127.0.0.1:{own}/x/", "http://a:b@127.0.0.1:{own}/x/"],
    ids=["no scheme", "another scheme", "with a user"],
)
def test_a_redirect_is_refused_that_differs_in_anything_but_the_path(
    community, elsewhere, location
):
    community.misdeeds = [redirect(location.format(port=elsewhere.port, own=community.port))]

    with pytest.raises(ServerError, match="which is not the configured community"):
        Api(community.settings).get(PATH)

    assert elsewhere.connections == 0
    assert len(community.requests) == 1


def test_a_redirect_that_leaves_the_community_at_the_second_step_is_refused(community, elsewhere):
    community.misdeeds = [redirect("/there/"), redirect(elsewhere.url + PATH)]

    with pytest.raises(ServerError, match="which is not the configured community"):
        Api(community.settings).get(PATH)

    assert [request.path for request in community.requests] == [PATH, "/there/"]
    assert elsewhere.connections == 0


def test_a_redirect_within_the_community_is_followed_with_the_token(community):
    body, _ = Api(community.settings).get(PATH.removesuffix("/"), {"limit": 1})

    assert b'"count": 5' in body
    assert [(request.target, request.token) for request in community.requests] == [
        ("/api/v2/course/42/users?limit=1", TOKEN),
        ("/api/v2/course/42/users/?limit=1", TOKEN),
    ]


def test_redirects_in_a_circle_come_to_an_end(community):
    community.misdeed_for_good = redirect(PATH)

    with pytest.raises(ServerError, match="the server redirects in a circle"):
        Api(community.settings).get(PATH)


def test_the_program_refuses_a_redirect_to_another_port(community, elsewhere):
    community.misdeed_for_good = redirect(elsewhere.url + PATH)

    outcome = coursectl("members", "42", environment=community.environment)

    assert outcome.code == ExitCode.SERVER_ERROR
    assert outcome.stdout == b""
    assert "Nothing was sent there." in outcome.stderr
    assert elsewhere.connections == 0


# What the server refuses


def test_a_refused_token_names_the_setting_to_fix(community):
    settings = Settings(url=community.url, token="a-token-of-yesterday")

    with pytest.raises(AccessDenied) as caught:
        Api(settings).get(PATH)

    assert words(caught.value) == (
        f"{PATH}: the community does not accept the token (401):"
        " Authentication credentials were not provided.\n"
        "Set COURSECTL_TOKEN to a valid one."
    )


def test_a_token_of_no_manager_is_told_which_role_is_needed(community):
    with pytest.raises(AccessDenied) as caught:
        Api(Settings(url=community.url, token=ONLOOKER)).get(PATH)

    assert caught.value.message == (
        f"{PATH}: not allowed (403): You do not have permission to perform this action."
    )
    assert "The role creator or manager in the course is needed" in caught.value.hints[0]


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_not_there_is_not_found(community, status):
    community.misdeeds = [detail(status, "Not found.")]

    with pytest.raises(NotFound) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == f"{PATH}: not found ({status}): Not found."


def test_a_refused_request_can_be_told_from_other_failures(community):
    community.misdeeds = [errors(400, "Select a valid choice.", field="statuses")]

    with pytest.raises(BadRequest) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == (
        f"{PATH}: the server refused the request (400): statuses: Select a valid choice."
    )


@pytest.mark.parametrize("status", [204, 304, 402, 405, 406, 418, 501])
def test_any_other_status_is_a_failure_of_the_server(community, status):
    community.misdeeds = [detail(status, "")] if status not in (204, 304) else [Reply(status)]

    with pytest.raises(ServerError) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == f"{PATH}: the server answered {status}"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (detail(405, "Not now."), "Not now."),
        (errors(405, "Not now."), "Not now."),
        (errors(405, "Not now.", field="limit"), "limit: Not now."),
        (html(405, "Not now"), "Not now"),
        (Reply(405, b"Not now."), "Not now."),
    ],
    ids=["detail", "errors", "errors of a field", "web page", "text"],
)
def test_the_message_in_an_error_is_shown_whatever_its_shape(community, reply, said):
    community.misdeeds = [reply]

    with pytest.raises(ServerError) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == f"{PATH}: the server answered 405: {said}"


def test_a_message_of_the_server_moves_no_cursor(community):
    community.misdeeds = [detail(405, "\x1b[31mred\x1b[0m\r\nnext \u202eline")]

    with pytest.raises(ServerError) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == f"{PATH}: the server answered 405: [31mred[0m next line"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("token", "code", "said"),
    [
        ("a-token-of-yesterday", ExitCode.ACCESS_DENIED, "COURSECTL_TOKEN"),
        (ONLOOKER, ExitCode.ACCESS_DENIED, "role creator or manager"),
    ],
    ids=["401", "403"],
)
def test_the_program_exits_4_where_access_is_denied(community, token, code, said):
    environment = community.environment | {"COURSECTL_TOKEN": token}

    outcome = coursectl("members", "42", environment=environment)

    assert outcome.code == code
    assert outcome.stdout == b""
    assert said in outcome.stderr
    assert token not in outcome.stderr


def test_the_program_exits_5_for_a_course_that_is_not_there(community):
    outcome = coursectl("members", "43", environment=community.environment)

    assert outcome.code == ExitCode.NOT_FOUND
    assert outcome.stdout == b""
    assert "not found (404): Not found." in outcome.stderr


@pytest.mark.parametrize("location", ["http://[", "//[::1", "http://:99999999/"])
def test_a_redirect_to_no_address_is_a_failure_of_the_server(community, location):
    community.misdeeds = [redirect(location)]

    with pytest.raises(ServerError, match="the server redirects to"):
        Api(community.settings).get(PATH)


def test_the_body_of_a_redirect_is_not_read(community):
    endless = Reply(302, b"x" * 100_000_000, (("Location", PATH),))
    community.misdeeds = [endless]

    assert json.loads(Api(community.settings).get(PATH)[0])["count"] == 5


def test_a_member_may_be_called_like_a_secret(community):
    """What is quoted is redacted; data is not."""
    community.courses[42].members[0]["real_name"] = f"Ann {TOKEN}"

    outcome = coursectl("members", "42", "--json", environment=community.environment)

    assert json.loads(outcome.stdout)[0]["real_name"] == f"Ann {TOKEN}"


# What goes wrong on the way


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(community, status):
    community.misdeeds = [detail(status, "Busy.")] * 5

    body, _ = Api(community.settings).get(PATH)

    assert b'"count": 5' in body
    assert len(community.requests) == 6
    assert {request.token for request in community.requests} == {TOKEN}


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (detail(500, "Server error."), "500 (tried 6 times): Server error."),
        (html(502, "Bad Gateway"), "502 (tried 6 times): Bad Gateway"),
        (detail(429, "Request was throttled."), "429 (tried 6 times): Request was throttled."),
    ],
    ids=["500", "502", "429"],
)
def test_a_server_that_keeps_failing_is_given_up_after_six_requests(community, reply, said):
    community.misdeed_for_good = reply

    with pytest.raises(ServerError) as caught:
        Api(community.settings).get(PATH)

    assert caught.value.message == f"{PATH}: the server answered {said}"
    assert len(community.requests) == 6


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_will_not_pass_is_not_tried_again(community, status):
    community.misdeed_for_good = detail(status, "No.")

    with pytest.raises(CoursectlError):
        Api(community.settings).get(PATH)

    assert len(community.requests) == 1


@pytest.mark.usefixtures("retries_at_once")
def test_a_server_that_nobody_runs_is_no_connection():
    url = f"http://127.0.0.1:{refused_port()}"

    with pytest.raises(ServerError) as caught:
        Api(Settings(url=url, token=TOKEN)).get(PATH)

    assert words(caught.value) == (
        f"{url}{PATH}: no connection (tried 6 times)\n"
        "Check the community's URL and the network, then try again."
    )


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize("way", ["cut", "cut_without_length"])
def test_an_answer_that_breaks_off_is_asked_for_again(community, way):
    community.misdeeds = [getattr(community, way)] * 5

    assert json.loads(Api(community.settings).get(PATH)[0])["count"] == 5
    assert len(community.requests) == 6


@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize("way", ["cut", "cut_without_length"])
def test_an_answer_that_breaks_off_is_no_answer(community, way):
    community.misdeed_for_good = getattr(community, way)

    with pytest.raises(ServerError, match=r"the answer broke off \(tried 6 times\)"):
        Api(community.settings).get(PATH)


@pytest.mark.parametrize("body", [b'{"count": 0}', b"<title>Sign in</title>", b"[]\n", b"null"])
def test_a_whole_answer_without_a_length_is_asked_for_once(community, body):
    community.misdeeds = [Reply(200, body, tells_length=False)]

    assert Api(community.settings).get(PATH)[0] == body
    assert len(community.requests) == 1


def test_an_answer_that_cannot_be_unpacked_is_no_answer(community):
    community.misdeeds = [Reply(200, b'{"count": 0}', (("Content-Encoding", "gzip"),))]

    with pytest.raises(ServerError, match="the answer broke off"):
        Api(community.settings).get(PATH)


@pytest.mark.usefixtures("retries_at_once")
def test_a_server_that_never_answers_is_told_from_one_that_is_not_there(community, monkeypatch):
    monkeypatch.setattr(client, "READ_TIMEOUT", 0.05)
    over = threading.Event()

    def wait(_: Request) -> None:
        over.wait(60)

    community.misdeed_for_good = wait
    try:
        with pytest.raises(ServerError, match="no answer in time"):
            Api(community.settings).get(PATH)
    finally:
        over.set()


def test_an_answer_larger_than_any_page_is_not_taken_in(community, monkeypatch):
    monkeypatch.setattr(client, "_LARGEST_ANSWER", 200_000)
    community.misdeeds = [Reply(200, b"x" * 200_001), Reply(200, b"x" * 200_000)]
    api = Api(community.settings)

    with pytest.raises(InvalidData, match="the answer is larger than 200,000 bytes"):
        api.get(PATH)
    assert len(api.get(PATH)[0]) == 200_000


def test_a_server_without_tls_is_not_secure(community):
    settings = Settings(url=f"https://127.0.0.1:{community.port}", token=TOKEN)

    with pytest.raises(ServerError, match="the connection is not secure"):
        Api(settings).get(PATH)

    assert community.requests == []


# Credentials


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405])
def test_a_server_that_repeats_the_token_does_not_bring_it_to_the_screen(community, status):
    community.misdeed_for_good = detail(status, f"Bearer {TOKEN} will not do.")

    with pytest.raises(CoursectlError) as caught:
        Api(community.settings).get(PATH)

    assert TOKEN not in words(caught.value)
    assert "will not do." in words(caught.value)


@pytest.mark.slow
@pytest.mark.usefixtures("retries_at_once")
@pytest.mark.parametrize(
    "misdeed",
    [
        detail(500, "Server error."),
        html(200, "Sign in"),
        redirect("http://127.0.0.1:1/"),
        redirect(PATH),
        Reply(200, b"{", sent=0),
    ],
    ids=["500", "web page", "redirect", "circle", "cut"],
)
def test_no_failure_shows_a_credential_not_even_to_whoever_debugs(community, misdeed):
    community.misdeeds = [misdeed]
    community.misdeed_for_good = detail(404, "Not found.")
    environment = community.environment | {"COURSECTL_DEBUG": "1"}

    outcome = coursectl("members", "42", environment=environment)

    assert outcome.code != 0
    for secret in (TOKEN, base64.b64encode(TOKEN.encode()).decode()):
        assert secret not in outcome.stderr + outcome.text
