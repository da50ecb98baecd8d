"""Several requests at once, rate limits, waits and the deadline."""

import time
from dataclasses import replace
from itertools import pairwise

import pytest

from coursectl.errors import ExitCode, ServerError
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.settings import Settings
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import CourseMembers
from tests.community import TOKEN, Community, Reply, Request, detail, row
from tests.running import coursectl

PATH = "/api/v2/course/42/users/"


def settings(community: Community, **more: object) -> Settings:
    return Settings(url=community.url, token=TOKEN, **more)


def fetched(community: Community, **more: object) -> list[int]:
    source, reading = CourseMembers(42, Api(settings(community, **more))), Reading()
    ids = [member["id"] for batch in source.batches(reading, Criteria()) for member in batch]
    reading.prove_complete(source.name)
    return ids


def limit(seconds: str | None) -> Reply:
    reply = detail(429, "Request was throttled.")
    return reply if seconds is None else replace(reply, headers=(("Retry-After", seconds),))


@pytest.fixture
def crowd(community: Community) -> Community:
    """400 members in pages of 10, each of which takes a moment."""
    community.courses[42].members = [
        row(id_, joined_at=f"2026-01-01T{id_ // 60:02}:{id_ % 60:02}:00Z") for id_ in range(400)
    ]
    community.largest_page = 10
    community.latency = 0.02
    return community


# Several at once


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", [1, 2, 4, 8])
def test_as_many_requests_are_under_way_as_are_allowed_and_no_more(crowd, concurrency):
    crowd.latency *= concurrency  # so that a busy machine has the time to send as many
    assert fetched(crowd, concurrency=concurrency) == list(range(400))
    assert crowd.most_under_way == concurrency


def test_four_requests_are_under_way_where_nobody_says_how_many(crowd):
    fetched(crowd)

    assert crowd.most_under_way == 4


def test_members_come_in_order_whichever_page_is_first(crowd):
    slow = iter(range(1000))

    def uneven(_: Request) -> None:
        time.sleep(0.03 * (next(slow) % 3))

    crowd.misdeed_for_good = uneven

    assert fetched(crowd, concurrency=8) == list(range(400))


# Rate limits


@pytest.mark.slow
@pytest.mark.parametrize("seconds", ["1", None, "soon"], ids=["named", "not named", "no number"])
def test_after_a_rate_limit_nobody_asks_for_a_second(crowd, seconds):
    crowd.latency *= 5  # so that on a busy machine too the limit is known before the next answer
    crowd.misdeeds = [None] * 8 + [limit(seconds)]

    assert fetched(crowd) == list(range(400))

    asked = zip(crowd.requests, crowd.arrivals, strict=True)
    pages = [at for each, at in asked if each.path == PATH and each.query["limit"] != "1"]
    gaps = [later - at for at, later in pairwise(pages)]
    assert max(gaps) > 0.9
    before = gaps.index(max(gaps)) + 1
    # Those that were under way had been sent already; nobody else was.
    assert before <= 8 + 4


@pytest.mark.slow
def test_after_a_rate_limit_half_as_many_are_under_way(crowd):
    crowd.latency *= 5
    crowd.misdeeds = [None] * 8 + [limit("1")]
    crowd.misdeed_for_good = lambda _: seen.append(crowd.under_way) and None
    seen: list[int] = []

    fetched(crowd, concurrency=8)

    # The first few were sent before the limit was known.
    assert max(seen[8:]) <= 4


@pytest.mark.slow
def test_a_server_that_keeps_limiting_is_asked_as_often_as_it_says(crowd):
    """Three answers a tenth of a second, and `Retry-After: 0` to all others: no error."""
    window: list[float] = []

    def limited(_: Request) -> Reply | None:
        now = time.monotonic()
        window[:] = [at for at in window if now - at < 0.1]
        if len(window) >= 3:
            return limit("0")
        window.append(now)
        return None

    crowd.misdeed_for_good = limited

    assert fetched(crowd) == list(range(400))


@pytest.mark.slow
def test_a_retry_after_as_a_date_is_honoured(community):
    then = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    community.misdeeds = [limit(then)]

    Api(settings(community)).get(PATH)

    assert community.arrivals[1] - community.arrivals[0] > 0.9


def test_a_wait_beyond_the_deadline_is_not_waited_for(community):
    community.misdeeds = [limit("3600")]
    began = time.monotonic()

    with pytest.raises(ServerError, match="the next try would be in 3600 s, after the dead"):
        Api(settings(community, deadline=60)).get(PATH)

    assert time.monotonic() - began < 30


# The deadline


@pytest.mark.slow
def test_a_body_that_drips_meets_the_deadline(community):
    community.misdeed_for_good = lambda request: replace(community.behave(request), drip=0.05)

    outcome = coursectl("members", "42", "--deadline", "1s", environment=community.environment)

    assert outcome.code == ExitCode.SERVER_ERROR
    assert outcome.stdout == b""
    assert "not done within the deadline (1 s in all)" in outcome.stderr
    assert outcome.stderr.count("\n") == 2


def test_a_body_that_drips_in_time_is_an_answer(community):
    community.misdeeds = [
        lambda request: replace(community.behave(request), drip=0.002),
    ]

    assert fetched(community) == [1, 2, 3, 4, 5]


def test_retries_end_at_the_deadline(community):
    community.misdeed_for_good = detail(503, "Busy.")

    with pytest.raises(ServerError, match="deadline"):
        Api(settings(community, deadline=1.5)).get(PATH)


@pytest.mark.slow
@pytest.mark.measured
def test_a_deadline_is_for_all_requests_together(crowd):
    crowd.latency = 0.2

    with pytest.raises(ServerError, match="not done within the deadline"):
        fetched(crowd, deadline=1)


def test_no_thread_is_left_when_a_roster_has_been_fetched(crowd):
    import threading

    fetched(crowd, concurrency=8)
    time.sleep(0.1)

    assert not [t for t in threading.enumerate() if t.name == "coursectl-request"]


# What is said of a wait


@pytest.mark.slow
def test_a_wait_for_a_rate_limit_is_told_once_on_a_pipe(community):
    community.misdeeds = [limit("1")] * 3
    run = coursectl("members", "42", "--csv", "-c", "id", environment=community.environment)

    assert (run.code, run.text) == (0, "id\n1\n2\n3\n4\n5\n")
    assert run.stderr == (
        "coursectl: waiting 1 s, as the server asks"
        " (the server answered 429: Request was throttled.)\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("command", [("courses",), ("summary", "42"), ("export", "42")])
def test_every_command_tells_that_it_waits(community, command):
    community.misdeeds = [limit("1")]
    run = coursectl(*command, environment=community.environment)

    assert run.code == 0
    assert run.stderr.startswith("coursectl: waiting 1 s, as the server asks (")


@pytest.mark.slow
def test_nothing_is_said_of_a_wait_where_quiet_is_wanted(community):
    community.misdeeds = [limit("1")]
    run = coursectl("members", "42", "--csv", "--quiet", environment=community.environment)

    assert (run.code, run.stderr) == (0, "")


def test_no_wait_is_told_that_would_pass_the_deadline(community):
    community.misdeed_for_good = limit("3600")
    run = coursectl("members", "42", "--deadline", "1m", environment=community.environment)

    assert run.code == ExitCode.SERVER_ERROR
    assert "waiting" not in run.stderr
