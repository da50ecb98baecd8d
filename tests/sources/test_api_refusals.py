"""What is said of a token that is not accepted (401), by what is wrong with it."""

import time
from email.utils import formatdate

import jwt
import pytest

from coursectl.errors import AccessDenied
from coursectl.settings import Settings
from coursectl.sources.api.account import account
from coursectl.sources.api.client import Api
from coursectl.sources.api.refusals import clock_of
from tests.community import JWT_SECRET, detail

HOUR = 3600
ME = "/api/v2/user/me/"


def told(community, date: float | str, **ways) -> tuple[str, str]:
    """Return message and hint where the server's clock is `date` seconds ahead of this one."""
    if isinstance(date, int | float):
        date = formatdate(time.time() + date, usegmt=True)
    community.date = date
    community.misdeed_for_good = detail(401, "Token is invalid")
    with pytest.raises(AccessDenied) as caught:
        account(Api(Settings(url=community.url, **ways)))
    (hint,) = caught.value.hints
    return caught.value.message, hint


@pytest.mark.parametrize(
    ("seconds", "which"),
    [
        (-90, "90 seconds ahead of"),
        (-2 * HOUR - 5, "2 hours ahead of"),
        (-400 * 24 * HOUR, "400 days ahead of"),
        (310, "5 minutes behind"),
        (3 * HOUR + 5, "3 hours behind"),
    ],
)
def test_a_clock_that_is_far_off_is_named(community, seconds, which):
    message, hint = told(community, seconds, jwt_secret=JWT_SECRET, user_id=7)

    which = which.replace("90 seconds", message.partition("machine is ")[2][:10])
    assert message == (
        f"{ME}: the clock of this machine is {which} the server's, so the community does not"
        " accept the token (401): Token is invalid"
    )
    assert hint.startswith("Set the clock: the server says that it is 20")
    assert "SECRET" not in hint


@pytest.mark.parametrize("seconds", [0, 20, -20, 200])
def test_with_a_good_clock_the_account_and_the_secret_are_named(community, seconds):
    message, hint = told(community, seconds, jwt_secret=JWT_SECRET, user_id=7)

    assert message == f"{ME}: the community does not accept the token (401): Token is invalid"
    assert hint == (
        "Check that the user id (7, of COURSECTL_USER_ID) is that of an account, that"
        " COURSECTL_JWT_SECRET is the community's API secret."
    )


@pytest.mark.parametrize("date", ["soon", "", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_without_a_date_the_clock_is_named_too(community, date):
    _, hint = told(community, date, jwt_secret=JWT_SECRET, user_id=7)

    assert hint.endswith("API secret, and the clock of this machine.")


@pytest.mark.parametrize("date", [0, "soon"])
def test_a_token_that_has_expired_is_said_to_have(community, date):
    token = jwt.encode({"exp": 1_700_000_000}, "k" * 32, algorithm="HS256")

    assert told(community, date, token=token) == (
        f"{ME}: the token has expired, on 2023-11-14 at 22:13 UTC (401): Token is invalid",
        "Set COURSECTL_TOKEN to a new one.",
    )


def test_whether_a_token_has_expired_is_for_the_servers_clock_to_say(community):
    now = int(time.time())
    token = jwt.encode({"exp": now + HOUR}, "k" * 32, algorithm="HS256")

    assert "has expired" not in told(community, 0, token=token)[0]
    assert "has expired" in told(community, 2 * HOUR, token=token)[0]


@pytest.mark.parametrize("token", ["abcdefgh", "a.b.c", "e30.e30.x"])
def test_a_token_that_tells_no_end_is_only_refused(community, token):
    message, hint = told(community, 0, token=token)

    assert message == f"{ME}: the community does not accept the token (401): Token is invalid"
    assert hint == "Set COURSECTL_TOKEN to a valid one."


@pytest.mark.parametrize("age", [None, "", "-5", "soon", "²", "9" * 30])
def test_a_date_counts_by_itself_whatever_the_age_is(age):
    found = clock_of("Sat, 28 Nov 2026 06:00:00 GMT", age)

    assert found is None or f"{found:%H:%M:%S}" == "06:00:00"


def test_the_age_of_an_answer_counts():
    assert f"{clock_of('Sat, 28 Nov 2026 06:00:00 GMT', '61'):%H:%M:%S}" == "06:01:01"


def test_hints_repeat_the_profile(community):
    hint = told(community, 0, token="abcd", profile="work")[1]
    assert hint == "Set COURSECTL_TOKEN to a valid one."

    community.misdeed_for_good = detail(403, "No")
    settings = Settings(url=community.url, token="abcd", profile="the work's")
    for path, named in (
        (ME, "Log in as somebody who is: coursectl --profile 'the work'\"'\"'s' auth login"),
        ("/api/v2/course/42/", "coursectl --profile 'the work'\"'\"'s' auth status tells"),
    ):
        with pytest.raises(AccessDenied) as caught:
            Api(settings).get(path)
        assert named in caught.value.hints[0]
