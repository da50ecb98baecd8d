"""The program as a whole, against all that a network, a server and a machine do to it."""

import gzip
import html as web
import json
import os
import random
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pexpect
import pytest

from coursectl.errors import ExitCode
from tests.changing import ChangingCommunity, Unrest
from tests.community import (
    JWT_SECRET,
    Community,
    Course,
    Reply,
    answer,
    detail,
    errors,
    html,
    redirect,
    row,
)
from tests.oauth import CLIENT
from tests.running import COURSECTL, clean_environment, coursectl
from tests.test_terminal import terminal_environment
from tests.trust_runs import (
    ISOLATED,
    AtOnce,
    begun,
    hasty,
    is_told,
    logged_in,
    shown_parts,
    wait_until,
)
from tests.trust_wire import Wire, ok, saying
from tests.zipped import zipped

# Other tests reach these lines; here they are reached under hundreds of attacks.
pytestmark = [pytest.mark.no_cover, pytest.mark.slow]

TOKEN = "Zq7/xK+tokenVALUE=9w.LmNoPqRsTuVwXyZ0123"
"""One in which something is written otherwise by every way of writing."""
PAGE = json.dumps(
    {"count": 2, "next": None, "previous": None, "results": [row(1), row(2)]}
).encode()
LARGEST_PEAK = 250_000
"""KiB that a run may take whatever a server sends; a usual one takes 45,000."""

posix = pytest.mark.skipif(os.name != "posix", reason="signals and modes are POSIX's")


def crowd(members: int = 400, page: int = 10, latency: float = 0.0) -> Community:
    """A community whose course has many pages, each of which may take a moment."""
    rows = [
        row(id_, joined_at=f"2026-01-01T{id_ // 60:02}:{id_ % 60:02}:00Z") for id_ in range(members)
    ]
    community = Community(Course(42, rows))
    community.tokens = {TOKEN}
    community.largest_page, community.latency = page, latency
    return community


def entry(community: Community | Wire) -> dict[str, str]:
    """Where to go and with which token."""
    return {"COURSECTL_URL": community.url, "COURSECTL_TOKEN": TOKEN}


def after(number: int, misdeed):
    """Do nothing to so many requests, and something to each that follows."""
    count, counting = iter(range(10**9)), threading.Lock()

    def later(request):
        with counting:
            is_later = next(count) >= number
        return (misdeed(request) if callable(misdeed) else misdeed) if is_later else None

    return later


# What is no HTTP, or not quite


def head(status: str, *lines: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode("latin-1")


def dripping(first: bytes, piece: bytes):
    """Say something for good, a little at a time."""

    def speech(_):
        yield first
        for _ in range(600):
            time.sleep(0.05)
            yield piece

    return speech


def flooding(first: bytes, piece: bytes = bytes(65536)):
    """Say something for good, as fast as it is heard."""

    def speech(_):
        yield first
        for _ in range(2500):
            yield piece

    return speech


BOMB = zipped(b"\0", 2**30)
MIB = bytes(2**20)
GZIP = b"Content-Encoding: gzip"
CHUNKED = "Transfer-Encoding: chunked"
BROKE_OFF = "the answer broke off (tried 6 times)"
NO_PAGE = "the answer is larger than"
TOO_LATE = "not done within the deadline (2 s in all)"

WIRES = {
    "closes at once": (saying(), 6, BROKE_OFF),
    "a status line of garbage": (saying(b"\0\1\2 hello\r\n\r\n"), 6, BROKE_OFF),
    "no status line": (saying(b"<html>Hello</html>"), 6, BROKE_OFF),
    "a header of a megabyte": (saying(ok(PAGE, b"X: " + b"a" * 2**20)), 6, BROKE_OFF),
    "20,000 headers": (saying(ok(PAGE, *[b"X: a"] * 20_000)), 6, BROKE_OFF),
    "headers for good": (flooding(head("200 OK")[:-2], b"X: yyyyyyyy\r\n"), 6, BROKE_OFF),
    "a chunk of no size": (saying(head("200 OK", CHUNKED), b"zz\r\n", PAGE), 6, BROKE_OFF),
    "a chunk of less than nothing": (saying(head("200 OK", CHUNKED), b"-5\r\n"), 6, BROKE_OFF),
    "a chunk beyond measure": (saying(head("200 OK", CHUNKED), b"f" * 60), 6, BROKE_OFF),
    "chunks without an end": (
        saying(head("200 OK", CHUNKED), b"%x\r\n%s\r\n" % (len(PAGE), PAGE)), 6, BROKE_OFF
    ),
    "a body shorter than it claims": (saying(ok(PAGE, length=len(PAGE) + 9)), 6, BROKE_OFF),
    "a body longer than it claims": (
        saying(ok(PAGE, length=len(PAGE) - 9)), 3, "the JSON ends in the middle"
    ),
    "two lengths": (saying(ok(PAGE, b"Content-Length: 7")), 6, "/api/v2/course/42/"),
    "101": (saying(head("101 Switching Protocols")), 6, "the server answered 101"),
    "103": (saying(head("103 Early Hints"), ok(PAGE)), 6, "the server answered 103"),
    "204": (saying(head("204 No Content")), 6, "the server answered 204"),
    "100 for good": (flooding(b"", head("100 Continue") * 999), 6, TOO_LATE),
    "headers that drip": (dripping(head("200 OK")[:-2], b"X: y\r\n"), 6, TOO_LATE),
    "a body that drips": (dripping(head("200 OK"), b" "), 6, TOO_LATE),
    "a refusal that drips": (dripping(head("403 Forbidden"), b" "), 6, TOO_LATE),
    "a failure that drips": (dripping(head("500 Oh", "Content-Length: 999"), b" "), 6, TOO_LATE),
    "a redirect that drips": (
        dripping(head("302 Found", "Location: /x/", "Content-Length: 999"), b" "),
        6,
        "redirects in a circle",
    ),
    "a body without end": (flooding(head("200 OK")), 3, NO_PAGE),
    "100 MB": (saying(head("200 OK", f"Content-Length: {100 * 2**20}"), *[MIB] * 100), 3, NO_PAGE),
    "a refusal without end": (flooding(head("403 Forbidden")), 4, "not allowed (403)"),
    "a failure without end": (flooding(head("500 Oh")), None, ""),
    "a redirect without end": (flooding(head("302 Found", "Location: /x/")), None, ""),
    "a gigabyte of zeros": (saying(ok(BOMB, GZIP)), 3, NO_PAGE),
    "zeros packed twice": (
        saying(ok(gzip.compress(BOMB), b"Content-Encoding: gzip, gzip")), 3, NO_PAGE
    ),
    "a failure of zeros": (saying(ok(BOMB, GZIP, status=b"503 Oh")), None, ""),
    "a redirect of zeros": (
        saying(ok(BOMB, GZIP, b"Location: /x/", status=b"302 Found")), None, ""
    ),
    "packed, it says": (saying(ok(PAGE, GZIP)), 6, "the answer broke off"),
    "a redirect to no UTF-8": (
        saying(head("302 Found", "Location: /caf\xe9/", "Content-Length: 0")), 6, "redirect"
    ),
    "a redirect to UTF-8": (
        saying(ok(b"", "Location: /café/".encode(), status=b"302 Found")), 6, "in a circle"
    ),
    "a redirect to no host": (
        saying(head("302 Found", "Location: http://[::1/x", "Content-Length: 0")), 6, "redirect"
    ),
    "a redirect to an odd host": (
        saying(ok(b"", "Location: http://a℀b/".encode(), status=b"302 Found")), 6, "redirect"
    ),
    "a redirect to itself": (
        saying(head("307 X", "Location: /api/v2/", "Content-Length: 0")), 6, "in a circle"
    ),
    "a wait of 400 digits": (
        saying(ok(b"", b"Retry-After: " + b"9" * 400, status=b"429 X")), 6, "the next try would be"
    ),
    "a wait of 5,000 digits": (
        saying(ok(b"", b"Retry-After: " + b"9" * 5000, status=b"429 X")), 6, "answered 429"
    ),
}  # fmt: skip


def on_the_wire(name: str):
    """Export from such a server; give the outcome, its peak, the files, and how long."""
    deadline = "2" if WIRES[name][2] == TOO_LATE else "10"
    with TemporaryDirectory() as folder, Wire(WIRES[name][0]).running() as wire:
        path, peak = Path(folder) / "saved.json", Path(folder) / "peak"
        path.write_text("old")
        began = time.monotonic()
        done = hasty(
            *("export", "42", "-o", path, "--deadline", deadline),
            environment=entry(wire) | {"PEAK": str(peak)},
        )
        seconds = time.monotonic() - began
        size = int(peak.read_text()) if peak.exists() else 0
        peak.unlink(missing_ok=True)
        return done, size, {each.name: each.read_text() for each in path.parent.iterdir()}, seconds


wires = AtOnce(on_the_wire, WIRES)


@pytest.mark.parametrize("name", WIRES)
def test_a_server_that_speaks_oddly_is_a_failure_in_words_that_leaves_the_file(name):
    _, code, said = WIRES[name]
    done, _, files, _ = wires[name]
    # That it waits is good to know, and no failure.
    done = replace(done, stderr=re.sub(r"coursectl: waiting .*\n", "", done.stderr))

    assert done.code == code or (code is None and done.code in (3, 6)), done.stderr
    assert is_told(done, done.code)
    assert said in done.stderr
    assert files == {"saved.json": "old"}
    assert not shown_parts([TOKEN], done.stderr)


@pytest.mark.parametrize("name", WIRES)
def test_no_server_makes_a_run_large_or_longer_than_its_deadline(name):
    _, peak, _, seconds = wires[name]

    assert peak < LARGEST_PEAK
    assert seconds < (60 if WIRES[name][2] == TOO_LATE else 120)  # on a busy machine


@pytest.mark.parametrize(
    "speech",
    [
        saying(head("100 Continue"), ok(PAGE)),
        saying(head("200 OK"), PAGE),
        saying(head("200 OK", CHUNKED), *(b"1\r\n%c\r\n" % each for each in PAGE), b"0\r\n\r\n"),
        saying(ok(PAGE, b"Set-Cookie: a=b; expires=never; domain=.example.com; max-age=x")),
        saying(*(ok(gzip.compress(PAGE), GZIP)[at : at + 7] for at in range(0, 400, 7))),
    ],
    ids=["100", "no length", "a byte a chunk", "an odd cookie", "packed and in pieces"],
)
def test_a_server_that_speaks_oddly_but_well_is_understood(speech):
    with Wire(speech).running() as wire:
        # It has one answer to all, so it cannot be asked for members of other statuses.
        arguments = ("members", "42", "-s", "joined", "--csv", "-c", "id")
        done = coursectl(*arguments, environment=entry(wire))

    assert (done.code, done.text.split(), done.stderr) == (0, ["id", "1", "2"], "")


def test_nobody_at_the_other_end_is_told_in_words():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = hasty(
        "members",
        "42",
        environment={"COURSECTL_URL": f"http://127.0.0.1:{port}", "COURSECTL_TOKEN": TOKEN},
    )

    assert is_told(done, ExitCode.SERVER_ERROR)
    assert "no connection (tried 6 times)" in done.stderr


def test_a_certificate_of_its_own_making_gets_no_byte_of_the_token(tmp_path):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext"
    files = ["subjectAltName=IP:127.0.0.1", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")

    with Wire(saying(ok(PAGE)), context).running() as wire:
        done = hasty("members", "42", environment=entry(wire))
        heard = b"".join(wire.heard)
    assert is_told(done, ExitCode.SERVER_ERROR)
    assert "the connection is not secure: the server's certificate is self-signed\n" in done.stderr
    assert heard == b""

    with Wire(saying(ok(PAGE)), context).running() as wire:
        trusting = entry(wire) | {"REQUESTS_CA_BUNDLE": str(tmp_path / "cert")}
        assert hasty("members", "42", environment=trusting).code == 0


# A server with a bad day


def limited(*lines: tuple[str, str]) -> Reply:
    return replace(detail(429, "Slow down."), headers=lines)


def flaky(community: Community):
    """Fail every second request, in one way after the other; none more often than it is retried."""
    ways = [detail(500, "Oh."), html(503, "Busy"), community.cut, Reply(502, b"", sent=0)]
    count = iter(range(10**9))
    failed = Counter()

    def misdeed(request):
        number = next(count)
        if number % 2 == 0 or failed[request.target] == 5:
            return None
        failed[request.target] += 1
        way = ways[number // 2 % len(ways)]
        return way(request) if callable(way) else way

    return misdeed


@pytest.mark.parametrize("arguments", [("members", "42", "--json"), ("export", "42")])
def test_a_flaky_server_gives_the_whole_roster_all_the_same(arguments):
    with crowd(page=50).running() as community:
        community.misdeed_for_good = flaky(community)
        done = hasty(*arguments, environment=entry(community))

    assert (done.code, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    rows = found["results"] if isinstance(found, dict) else found
    assert [member["id"] for member in rows] == list(range(400))


@pytest.mark.parametrize("lines", [(), (("Retry-After", "1"),)], ids=["no time", "a second"])
def test_a_rate_limit_is_waited_for(lines):
    with crowd(page=50).running() as community:
        community.misdeeds = [None, limited(*lines)]
        began = time.monotonic()
        done = coursectl("members", "42", "--csv", "-c", "id", environment=entry(community))
        seconds = time.monotonic() - began

    assert (done.code, len(done.text.split())) == (0, 401)
    assert seconds > 1


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_a_server_that_grants_fewer_rows_gives_the_whole_roster(limit):
    with crowd(members=60, page=limit).running() as community:
        done = coursectl("export", "42", environment=entry(community))

    assert [member["id"] for member in json.loads(done.stdout)["results"]] == list(range(60))


def test_whatever_the_latency_members_come_whole_and_in_order():
    with crowd().running() as community:
        pause = random.Random(4)
        community.misdeed_for_good = lambda _: time.sleep(pause.random() / 20)
        done = coursectl("members", "42", "--csv", "-c", "id", environment=entry(community))

    assert done.text.split()[1:] == [str(id_) for id_ in range(400)]


SEEDS = [f"{command} {seed}" for seed in range(9) for command in ("members", "export")]


def in_motion(name: str):
    """List or export a course that changes all the time."""
    command, seed = name.split()
    unrest = Unrest(rate=0.3, answers=12 if int(seed) % 3 else 10**6, not_joined=int(seed) % 4)
    community = ChangingCommunity(int(seed), unrest)
    arguments = ("members", "42", "--json") if command == "members" else ("export", "42")
    with community.running():
        return coursectl(*arguments, environment=ISOLATED | community.environment), community


motions = AtOnce(in_motion, SEEDS)


@pytest.mark.parametrize("name", SEEDS)
def test_nobody_is_lost_or_doubled_whoever_comes_and_goes(name):
    done, community = motions[name]

    if done.code == ExitCode.INCOMPLETE_ROSTER:
        assert is_told(done, ExitCode.INCOMPLETE_ROSTER)
        return
    assert done.code == 0, done.stderr
    found = json.loads(done.stdout)
    rows = found["results"] if isinstance(found, dict) else found
    ids = [member["id"] for member in rows]
    assert len(ids) == len(set(ids))
    assert community.who_stayed <= set(ids) <= community.who_ever_was


def test_most_rosters_in_motion_are_proved_whole():
    assert sum(motions[name][0].code == 0 for name in SEEDS) >= len(SEEDS) * 0.6


def edit(**fields):
    return lambda page: page.update(fields)


def without_id(page):
    del page["results"][1]["id"]


def swollen(page):
    page["results"][0]["huge"] = "x" * 70_000_000


BAD = {
    "a web page with 200": (html(200, "Sign in"), 3, "'Sign in'"),
    "a web page with 500": (html(500, "Oh no"), 6, "Oh no"),
    "a web page with 502": (html(502, "Bad gateway"), 6, "Bad gateway"),
    "no JSON": (Reply(200, b'{"count": 1, "results": [{'), 3, "JSON"),
    "nothing": (Reply(200), 3, "empty"),
    "a list": (answer([row(1)]), 3, "not a page of members"),
    "an error with 200": (answer({"detail": "No."}), 3, "No."),
    "no results": (edit(results=None), 3, "without results"),
    "a count of text": (edit(count="5"), 3, "count"),
    "a count of less than nothing": (edit(count=-1), 3, "count"),
    "a row without id": (without_id, 3, "row 2: id: found nothing"),
    "a row that is none": (edit(results=[3], count=1), 3, "row 1"),
    "an id of text": (edit(results=[row(1, id="1")], count=1), 3, "row 1: id"),
    "a rate of text": (edit(results=[row(1, user_completion_rate="9")], count=1), 3, "row 1"),
    "a count too high": (edit(count=9), 7, "expected 9 members, received 5 unique"),
    "a count too low": (edit(count=3), 3, "expected 3 members, received 5 unique"),
    "a row of 70 MB": (swollen, 3, "larger than"),
}


def in_bad_shape(name: str):
    """Export and list a course of which every page is bad."""
    community = Community(Course(42, [row(id_) for id_ in range(1, 6)]))
    community.tokens = {TOKEN}
    bad = BAD[name][0]
    misdeed = bad if isinstance(bad, Reply) else community.edited(bad)

    def pages(request):
        if not request.path.endswith("/users/"):
            return None
        return misdeed(request) if callable(misdeed) else misdeed

    community.misdeed_for_good = pages
    with community.running(), TemporaryDirectory() as folder:
        path = Path(folder) / "saved.json"
        path.write_text("old")
        runs = [
            hasty(*arguments, environment=entry(community))
            for arguments in (("members", "42", "--csv"), ("export", "42", "-o", path))
        ]
        return runs, {each.name: each.read_text() for each in path.parent.iterdir()}


bad_shapes = AtOnce(in_bad_shape, BAD)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_answer_is_told_with_its_place_and_leaves_the_file(name):
    _, code, said = BAD[name]
    runs, files = bad_shapes[name]

    for done in runs:
        assert is_told(done, code)
        assert said in done.stderr
    assert files == {"saved.json": "old"}


@pytest.mark.parametrize("count", [5, 10**12])
def test_a_list_without_end_comes_to_one(count, tmp_path):
    with Community(Course(42, [row(1)])).running() as community:
        community.tokens = {TOKEN}

        def more(request):
            if not request.path.endswith("/users/"):
                return None
            at = int(request.query["offset"])
            rows = [row(at + id_, joined_at="2026-01-01T00:00:00Z") for id_ in range(50)]
            return answer({"count": count, "next": "more", "previous": None, "results": rows})

        community.misdeed_for_good = more
        path = tmp_path / "saved.json"
        arguments = ("members", "42", "-o", path, "--deadline", "3")
        began = time.monotonic()
        done = coursectl(*arguments, environment=entry(community))

    assert is_told(done, ExitCode.INVALID_DATA if count == 5 else ExitCode.SERVER_ERROR)
    assert time.monotonic() - began < 15
    assert not path.exists()


# Other hosts


@pytest.fixture
def elsewhere():
    """Another host, as far as a credential is concerned: the same address, another port."""
    with Wire(saying(ok(b'{"access_token": "another", "token_type": "Bearer"}'))).running() as wire:
        yield wire


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_port_brings_no_byte_there(elsewhere, status, tmp_path):
    with crowd().running() as community:
        target = f"{elsewhere.url}/api/v2/course/42/users/"
        community.misdeed_for_good = after(3, redirect(target, status))
        path = tmp_path / "saved.json"
        done = hasty("members", "42", "-o", path, environment=entry(community))

    assert is_told(done, ExitCode.SERVER_ERROR)
    assert not path.exists()
    assert elsewhere.heard == []


@pytest.mark.parametrize(
    "location",
    [
        "//{there}/x/", "http://{here}@{there}/x/", "http:\\\\{there}/x/", "/\\{there}/x/",
        "\t//{there}/x/", "http://{here}.localhost/", "http://{here}\\@{there}/", "https://{here}/",
        "///{there}/x/", "http:/{there}/", "http:{there}/", "?next=//{there}/", "/../..//{there}/",
    ],
)  # fmt: skip
def test_no_way_to_write_an_address_leads_elsewhere(elsewhere, location):
    with Community(Course(42, [row(1)])).running() as community:
        community.tokens = {TOKEN}
        here, there = f"127.0.0.1:{community.port}", f"127.0.0.1:{elsewhere.port}"
        community.misdeeds = [redirect(location.format(here=here, there=there))]
        hasty("members", "42", environment=entry(community))

        assert elsewhere.heard == []
        for request in community.requests:
            assert not shown_parts([TOKEN], request.target, request.headers.get("referer", ""))


@pytest.mark.parametrize("command", ["members", "export", "courses"])
def test_a_next_link_to_another_port_brings_no_byte_there(elsewhere, command):
    with crowd().running() as community:
        community.misdeed_for_good = community.edited(
            lambda page: page.update(next=f"{elsewhere.url}/?offset=1") if "next" in page else None
        )
        arguments = (command,) if command == "courses" else (command, "42")
        done = coursectl(*arguments, environment=entry(community))

    assert done.code == 0, done.stderr
    assert elsewhere.heard == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_refresh_token_follows_no_redirect(elsewhere, status, tmp_path):
    with Community(Course(42, [row(1)])).running() as community:
        environment = logged_in(community, tmp_path, left=0)
        community.misdeed_for_good = redirect(f"{elsewhere.url}/oauth/token/", status)
        done = coursectl("members", "42", environment=environment)

    assert is_told(done, ExitCode.SERVER_ERROR)
    assert elsewhere.heard == []


def test_a_token_endpoint_that_redirects_oddly_is_told_in_words(tmp_path):
    odd = ok(b"", b"Location: /caf\xe9/", status=b"302 Found")
    with Wire(saying(odd)).running() as wire:
        stand_in = Community()
        stand_in.port = wire.port
        done = coursectl("members", "42", environment=logged_in(stand_in, tmp_path, left=0))

    assert is_told(done, ExitCode.SERVER_ERROR)


def test_a_token_in_the_address_is_sent_nowhere_in_an_address(elsewhere):
    with Community(Course(42, [row(1)])).running() as community:
        community.tokens = {TOKEN}
        for command in (("members", "42"), ("export", "42"), ("courses",), ("auth", "status")):
            assert coursectl(*command, environment=entry(community)).code == 0
        for request in community.requests:
            beside = {
                name: text for name, text in request.headers.items() if name != "authorization"
            }
            assert not shown_parts([TOKEN], request.target, request.body, *beside.values())


# Credentials that end in the middle


def test_a_signed_token_may_be_refused_as_often_as_it_was_taken_before():
    with crowd(latency=0.03).running() as community:
        first_seen: dict[str, float] = {}

        def short_lived(request):
            began = first_seen.setdefault(request.token, time.monotonic())
            return detail(401, "Expired.") if time.monotonic() - began > 0.12 else None

        community.misdeed_for_good = short_lived
        done = coursectl(
            *("members", "42", "--csv", "-c", "id", "--concurrency", "2"),
            environment={
                "COURSECTL_URL": community.url,
                "COURSECTL_JWT_SECRET": JWT_SECRET,
                "COURSECTL_USER_ID": "7",
            },
        )

    assert (done.code, done.stderr) == (0, "")
    assert len(first_seen) > 2
    assert len(done.text.split()) == 401


def test_an_access_token_that_dies_under_four_requests_is_refreshed_once_and_kept(tmp_path):
    with crowd(latency=0.05).running() as community:
        environment = logged_in(community, tmp_path)
        at_once = threading.Barrier(4, action=community.oauth.expire)

        def die(request):
            if request.path.endswith("/users/"):
                with suppress(threading.BrokenBarrierError):
                    at_once.wait(2)
                at_once.abort()

        community.misdeed_for_good = after(6, die)
        done = coursectl("members", "42", "--csv", "-c", "id", environment=environment)
        assert (done.code, done.stderr) == (0, "")
        assert done.text.split()[1:] == [str(id_) for id_ in range(400)]
        assert community.oauth.grants == ["refresh_token"]

        community.misdeed_for_good = None
        again = coursectl("members", "42", "--csv", "-c", "id", environment=environment)
        assert (again.stdout, community.oauth.grants) == (done.stdout, ["refresh_token"])


def test_runs_at_once_whose_token_dies_refresh_once_and_all_succeed(tmp_path):
    with crowd(latency=0.02).running() as community:
        environment = logged_in(community, tmp_path)
        expire = iter([community.oauth.expire])
        community.misdeed_for_good = after(60, lambda _: next(expire, lambda: None)())
        runs = AtOnce(
            lambda _: coursectl("export", "42", environment=ISOLATED | environment), "abc"
        )
        outcomes = [runs[name] for name in "abc"]

    assert [done.code for done in outcomes] == [0, 0, 0], [done.stderr for done in outcomes]
    assert community.oauth.grants == ["refresh_token"]


def test_a_token_endpoint_that_drips_is_given_up_in_the_end(tmp_path):
    with Wire(dripping(head("200 OK"), b" ")).running() as wire:
        stand_in = Community()
        stand_in.port = wire.port
        environment = logged_in(stand_in, tmp_path, left=0)
        began = time.monotonic()
        done = coursectl("members", "42", "--deadline", "1", environment=environment)

    assert is_told(done, ExitCode.SERVER_ERROR)
    # A renewal that has begun may take half a minute, whatever the deadline: it may be kept yet.
    assert time.monotonic() - began < 90


@pytest.mark.parametrize("secret", ["member", "joined", "2026"])
def test_a_secret_that_is_a_common_word_changes_no_member(secret):
    with Community(Course(42, [row(1), row(2)])).running() as community:
        community.tokens = {secret}
        environment = {"COURSECTL_URL": community.url, "COURSECTL_TOKEN": secret}
        done = coursectl("members", "42", "--json", environment=environment)

    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [row(1), row(2)]


def test_a_token_that_is_revoked_in_the_middle_leaves_the_file(tmp_path):
    with crowd().running() as community:
        community.misdeed_for_good = after(12, lambda _: community.tokens.clear())
        path = tmp_path / "saved.json"
        path.write_text("old")
        done = coursectl("members", "42", "-o", path, environment=entry(community))

    assert is_told(done, ExitCode.ACCESS_DENIED)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"saved.json": "old"}


# Machines and people who stop it

COMMANDS = {
    "members": ("members", "42", "-o", "saved.json"),
    "members, gzip": ("members", "42", "-f", "csv", "-o", "saved.csv.gz"),
    "export": ("export", "42", "-o", "saved.json"),
    "export, gzip": ("export", "42", "-o", "saved.json.gz"),
}


def old_file(folder: Path, command) -> Path:
    path = folder / command[-1]
    path.write_bytes(b"old")
    return path


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_while_requests_are_under_way_leaves_the_file(name, number, tmp_path):
    path = old_file(tmp_path, COMMANDS[name])
    with (
        crowd(latency=0.1).running() as community,
        begun(*COMMANDS[name], environment=entry(community), cwd=tmp_path) as process,
    ):
        wait_until(lambda: len(community.requests) > 8)
        process.send_signal(number)
        out, told = process.communicate(timeout=5)

    killed = number == signal.SIGKILL
    assert process.returncode == (-number if killed else 128 + number)
    assert (out, told.count(b"\n") <= 1, b"Traceback" in told) == (b"", True, False)
    assert path.read_bytes() == b"old"
    assert killed or list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("lines", [(), (("Retry-After", "600"),)], ids=["", "Retry-After"])
def test_a_signal_ends_a_wait_for_the_server_at_once(number, lines, tmp_path):
    path = old_file(tmp_path, COMMANDS["export"])
    with (
        crowd().running() as community,
        begun(*COMMANDS["export"], environment=entry(community), cwd=tmp_path) as process,
    ):
        community.misdeed_for_good = after(3, limited(*lines))
        wait_until(lambda: len(community.requests) > 3)
        time.sleep(0.3)
        process.send_signal(number)
        out, told = process.communicate(timeout=3)

    assert (process.returncode, out) == (128 + number, b"")
    waits, *rest = told.decode().splitlines()
    assert waits.startswith("coursectl: waiting ")
    assert rest == (["coursectl: interrupted"] if number == signal.SIGINT else [])
    assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_in_the_middle_of_the_writing_leaves_the_file(name, number, tmp_path):
    command = [each.replace("42", "-") for each in COMMANDS[name]]
    path = old_file(tmp_path, command)
    any_ = random.Random(3)
    rows = [row(id_, avatar=f"{any_.getrandbits(400):x}") for id_ in range(9000)]
    text = json.dumps({"count": len(rows), "course": {"id": 4}, "results": rows}).encode()
    text = text.replace(b'"course"', b'"community": "x", "fetched_at": null, "course"')
    with begun(*command, environment={}, cwd=tmp_path, stdin=subprocess.PIPE) as process:
        process.stdin.write(text[:-2000])
        process.stdin.flush()
        wait_until(lambda: any(each.stat().st_size > 2**17 for each in tmp_path.iterdir()))
        process.send_signal(number)
        assert process.wait(10) == (-number if number == signal.SIGKILL else 128 + number)

    assert path.read_bytes() == b"old"
    assert number == signal.SIGKILL or list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", COMMANDS)
def test_runs_at_once_that_write_the_same_file_leave_a_whole_one(name, tmp_path):
    path = tmp_path / COMMANDS[name][-1]
    command = [*COMMANDS[name][:-1], path]
    with crowd(page=100).running() as community:
        runs = AtOnce(
            lambda _: coursectl(*command, environment=ISOLATED | entry(community)), "abcd"
        )
        assert {runs[each].code for each in "abcd"} == {0}

    data = path.read_bytes()
    assert (gzip.decompress(data) if path.suffix == ".gz" else data).count(b"member_") == 400
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("look", ["json", "csv", "plain", "export"])
def test_the_same_run_twice_gives_the_same_bytes(look):
    arguments = ("export", "42") if look == "export" else ("members", "42", "-f", look)
    with crowd(latency=0.005).running() as community:
        first, second = (coursectl(*arguments, environment=entry(community)) for _ in range(2))

    fetched_at = rb'"fetched_at": *"[^"]*"'
    assert first.code == 0
    assert len(re.findall(fetched_at, first.stdout)) == (look == "export")
    assert re.sub(fetched_at, b"", first.stdout) == re.sub(fetched_at, b"", second.stdout)


# Nobody is there


@pytest.mark.parametrize(
    "arguments",
    [
        ("members", "42"), ("members", "42", "-f", "table"), ("export", "42"), ("courses",),
        ("auth", "status"), ("auth", "logout"), ("--help",), ("members", "--help"), ("members",),
        ("auth", "login", "--method", "token"), ("auth", "login", "--no-browser", "--client-id=x"),
        ("auth", "login", "--method", "jwt", "--user-id", "7"), ("auth", "login"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_without_a_terminal_nothing_is_asked_or_coloured_and_it_ends(arguments, tmp_path):
    with crowd(members=5).running() as community:
        environment = entry(community) | {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "CLICOLOR_FORCE": "1",
            "COURSECTL_CONFIG": str(tmp_path / "config.toml"),
        }
        line = shlex.join((*COURSECTL, *arguments)) + " <&-"
        done = subprocess.run(
            ["/bin/sh", "-c", line],
            capture_output=True,
            env=clean_environment(**ISOLATED, **environment),
            timeout=20,
            check=False,
            start_new_session=True,
        )

    assert b"\x1b" not in done.stdout + done.stderr
    assert b"(not shown)" not in done.stdout + done.stderr
    assert b"Traceback" not in done.stderr
    assert done.returncode == (2 if "login" in arguments or arguments == ("members",) else 0)


# Secrets


CHILD = """#!{python}
import json, os, sys
from pathlib import Path
Path({seen!r}).write_text(json.dumps([sys.argv, dict(os.environ)]))
{then}
"""
ALL_SECRETS = {
    "COURSECTL_TOKEN": "a-token-0123456789-abcdef",
    "COURSECTL_JWT_SECRET": "a-key-0123456789-abcdefgh",
    "COURSECTL_CLIENT_SECRET": "a-client-secret-0123456789",
    "COURSECTL_PSEUDONYM_KEY": "a-pseudonym-key-0123456789",
}


def child(folder: Path, then: str) -> Path:
    path = folder / "child"
    path.write_text(CHILD.format(python=sys.executable, seen=str(folder / "seen"), then=then))
    path.chmod(0o755)
    return path


@posix
def test_the_browser_is_handed_no_secret(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}/callback"
    root = str(Path(__file__).parent.parent)
    visit = f"sys.path.insert(0, {root!r})\nfrom tests.browser import visit\nvisit(sys.argv[1])"
    with Community().running() as community:
        community.oauth.redirect_uris = {uri}
        community.oauth.clients = {CLIENT: ALL_SECRETS["COURSECTL_CLIENT_SECRET"]}
        done = coursectl(
            *(
                "auth",
                "login",
                "--url",
                community.url,
                "--client-id",
                CLIENT,
                "--redirect-uri",
                uri,
            ),
            environment=ALL_SECRETS
            | {
                "BROWSER": str(child(tmp_path, visit)),
                "COURSECTL_CONFIG": str(tmp_path / "c.toml"),
            },
        )

    assert done.code == 0, done.stderr
    assert not shown_parts(ALL_SECRETS.values(), (tmp_path / "seen").read_text())
    assert not shown_parts(community.oauth.issued, (tmp_path / "seen").read_text())


@posix
def test_the_pager_is_handed_no_secret(tmp_path):
    command, *first = COURSECTL
    pager = child(tmp_path, "sys.stdin.read()")
    run = pexpect.spawn(
        command,
        [*first, "members", "demo"],
        env=terminal_environment(**ISOLATED, **ALL_SECRETS, PAGER=str(pager)),
        timeout=20,
    )
    run.expect(pexpect.EOF)
    run.close()

    assert run.exitstatus == 0
    assert not shown_parts(ALL_SECRETS.values(), (tmp_path / "seen").read_text())


KEY = "Jw+/key=OfTheCommunity.0123456789abcdefgh"
CLIENT_SECRET = "Cs+/secret=OfTheClient.0123456789abcdefgh"
ODD_HEX = re.compile("%[0-9A-F]{2}")


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in text)


ECHOES = {
    "401": lambda said: detail(401, f"Bearer {said} is not known."),
    "403": lambda said: errors(403, f"{said} may not.", field="token"),
    "404": lambda said: answer({said: [said]}, 404),
    "405, in text": lambda said: Reply(405, f"Authorization: Bearer {said}".encode()),
    "500": lambda said: detail(500, f"Authorization: Bearer {said}"),
    "500, a web page": lambda said: html(500, f"Oh: {said}"),
    "405, HTML entities": lambda said: html(405, web.escape(said)),
    "405, JSON escapes": lambda said: Reply(405, f'{{"detail": "{escaped(said)}"}}'.encode()),
    "405, a slash escaped": lambda said: Reply(
        405, json.dumps({"detail": said}).replace("/", "\\/").encode()
    ),
    "405, a slash escaped, cut": lambda said: Reply(405, said.replace("/", "\\/").encode()),
    "405, percent": lambda said: Reply(405, quote(said, safe="").encode()),
    "405, percent in small letters": lambda said: Reply(
        405, ODD_HEX.sub(lambda found: found[0].lower(), quote(said, safe="")).encode()
    ),
    "405, percent but for slashes": lambda said: Reply(405, quote(said).encode()),
    "405, over two lines": lambda said: detail(405, f"{said[:20]}\n{said[20:]}"),
    "405, with controls, cut by us": lambda said: detail(405, f"{'x' * 170}{said[:3]}\0{said[3:]}"),
    "405, cut by us": lambda said: detail(405, f"{'x' * 185}{said}"),
    "405, cut by the server": lambda said: detail(405, f"Bearer {said[:20]}... is not known"),
    "redirect": lambda said: redirect(f"/x/?token={quote(said, safe='')}"),
    "redirect, but for slashes": lambda said: redirect(f"/x/{quote(said)}/"),
    "redirect elsewhere": lambda said: redirect(f"http://x.example/{quote(said, safe='')}"),
    "a row's name": lambda said: answer({"count": 1, "results": [{"id": "x", "real_name": said}]}),
    "a row's id": lambda said: answer({"count": 1, "results": [{"id": said}]}),
    "a web page with 200": lambda said: html(200, said),
    "no JSON": lambda said: Reply(200, f'{{"count": 1, "results": [{said}]}}'.encode()),
}
VOICES = {
    "usual": ((), {}),
    "quiet": (("--quiet",), {}),
    "debug": (("--debug",), {}),
    "COURSECTL_DEBUG": ((), {"COURSECTL_DEBUG": "1"}),
}
ALL_VOICES = ("401", "500", "redirect", "a row's name")
ECHOED = [f"{echo} | token | {voice}" for echo in ALL_VOICES for voice in VOICES] + [
    f"{echo} | {method} | debug"
    for number, echo in enumerate(ECHOES)
    for method in ("token", ("jwt", "oauth")[number % 2])
    if not (method == "token" and echo in ALL_VOICES)
]
"""What shows with --debug shows all that others show."""


def echoed(name: str):
    """Run against a server that repeats a secret; give the outcome, and all secrets there were."""
    echo, method, voice = name.split(" | ")
    options, variables = VOICES[voice]
    community = Community(Course(42, [row(1)]))
    community.oauth.clients = {CLIENT: CLIENT_SECRET}
    community.jwt_secret = KEY
    community.misdeed_for_good = lambda request: (
        None if request.path.startswith("/oauth/") else ECHOES[echo](request.token)
    )
    with community.running(), TemporaryDirectory() as folder:
        environment = entry(community) | variables
        if method != "token":
            del environment["COURSECTL_TOKEN"]
        if method == "jwt":
            environment |= {"COURSECTL_JWT_SECRET": KEY, "COURSECTL_USER_ID": "7"}
        if method == "oauth":
            environment |= logged_in(community, Path(folder))
            environment |= {"COURSECTL_CLIENT_SECRET": CLIENT_SECRET}
        done = hasty("members", "42", *options, environment=environment)
    sent = {request.token for request in community.requests if request.token}
    return done, sent | {TOKEN, KEY, CLIENT_SECRET, *community.oauth.issued}


echoes = AtOnce(echoed, ECHOED)


@pytest.mark.parametrize("name", ECHOED)
def test_a_server_that_repeats_a_secret_does_not_bring_it_to_the_screen(name):
    done, secrets = echoes[name]

    assert done.code in (3, 4, 5, 6), done.stderr
    assert "Traceback" not in done.stderr
    assert shown_parts(secrets, done.stdout, done.stderr) == set()


ENDPOINT = {
    "400": lambda said: answer({"error": "invalid_grant", "error_description": said}, 400),
    "401": lambda said: answer({"error": "invalid_client", "error_description": said}, 401),
    "500": lambda said: html(500, said),
    "text": lambda said: Reply(400, said.encode()),
    "the form": lambda said: Reply(400, f"refresh_token={quote(said, safe='')}".encode()),
    "200": lambda said: answer({"token": said}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "field"),
    [*((name, "refresh_token") for name in ENDPOINT), ("400", "client_secret")],
)
def test_a_token_endpoint_that_repeats_a_secret_does_not_bring_it_to_the_screen(
    name, field, tmp_path
):
    with Community(Course(42, [row(1)])).running() as community:
        environment = logged_in(community, tmp_path, left=0)
        environment |= {"COURSECTL_CLIENT_SECRET": CLIENT_SECRET, "COURSECTL_DEBUG": "1"}
        community.misdeed_for_good = lambda request: (
            ENDPOINT[name](request.form[field]) if request.method == "POST" else None
        )
        done = coursectl("members", "42", environment=environment)

    assert done.code in (4, 6)
    secrets = {CLIENT_SECRET, *community.oauth.issued}
    assert shown_parts(secrets, done.stdout, done.stderr) == set()


@pytest.mark.parametrize("field", ["code", "code_verifier", "client_secret"])
def test_a_login_whose_code_comes_back_does_not_show_it(field, tmp_path):
    with Community().running() as community:
        community.oauth.clients = {CLIENT: CLIENT_SECRET}
        seen = []

        def repeat(request):
            if request.method != "POST":
                return None
            seen.append(request.form)
            said = {"error": "invalid_grant", "error_description": f"No: {request.form[field]}"}
            return answer(said, 400)

        community.misdeed_for_good = repeat
        with begun(
            *(*LOGIN, "--url", community.url),
            environment={
                "COURSECTL_CONFIG": str(tmp_path / "c.toml"),
                "COURSECTL_CLIENT_SECRET": CLIENT_SECRET,
            },
            stdin=subprocess.PIPE,
        ) as process:  # fmt: skip
            told = process.stderr.readline() + process.stderr.readline()
            url = told.split()[-1].decode()
            state = re.search("state=([^&]+)", url)[1]
            code = "the-code-0123456789-abcdefgh"
            out, rest = process.communicate(
                f"http://127.0.0.1/?code={code}&state={state}\n".encode()
            )

    assert process.returncode == ExitCode.ACCESS_DENIED
    assert seen[0]["code"] == code
    secrets = {CLIENT_SECRET, code, seen[0]["code_verifier"]}
    assert shown_parts(secrets, out, told, rest) == set()


LOGIN = ("--debug", "auth", "login", "--no-browser", "--client-id", CLIENT)
PLAIN = "Zq7xK-tokenVALUE_9wLmNoPqRsTuVwXyZ0123"
"""A token that can stand anywhere, in an address or a name."""
MISPLACED = {
    "an option's name": ("members", "42", f"--{PLAIN}"),
    "an option of no such name": ("members", "42", "--token", PLAIN),
    "a command": (PLAIN,),
    "one argument too many": ("auth", "login", PLAIN),
    "--limit": ("members", "42", "--limit", PLAIN),
    "--status": ("members", "42", "--status", PLAIN),
    "--sort": ("members", "42", "--sort", PLAIN),
    "--columns": ("members", "42", "--columns", PLAIN),
    "--format": ("members", "42", "--format", PLAIN),
    "--inactive": ("members", "42", "--inactive", PLAIN),
    "--as-of": ("members", "42", "--as-of", PLAIN),
    "--profile": ("members", "42", "--profile", PLAIN),
    "--profile in front": ("--profile", PLAIN, "members", "42"),
    "--deadline": ("members", "42", "--deadline", PLAIN),
    "--search": ("members", "43", "--search", PLAIN),
    "--method": ("auth", "login", "--method", PLAIN),
    "--url": ("auth", "login", "--url", f"https://ann:{PLAIN}@x.example"),
    "a course": ("members", PLAIN),
    "a file": ("members", f"{PLAIN}.json"),
    "an address": ("members", f"https://x.example/{PLAIN}/"),
    "an address with a password": ("members", f"https://ann:{PLAIN}@x.example/course/42/"),
    "-o in no folder": ("members", "42", "-o", f"/nonexistent/{PLAIN}/x.json"),
    "-o of no format": ("members", "42", "-o", f"{PLAIN}.docx"),
    "-o of no export": ("export", "42", "-o", f"{PLAIN}.txt"),
    "-o to fill in": ("export", "42", "-o", f"{{{PLAIN}}}.json"),
}


def misplaced(name: str):
    with Community(Course(42, [row(1)])).running() as community:
        community.tokens = {PLAIN}
        environment = ISOLATED | {
            "COURSECTL_URL": community.url,
            "COURSECTL_TOKEN": PLAIN,
            "COURSECTL_DEBUG": "1",
        }
        return coursectl(*MISPLACED[name], environment=environment)


misplacings = AtOnce(misplaced, MISPLACED)


@pytest.mark.parametrize("name", MISPLACED)
def test_a_token_in_the_wrong_place_is_not_shown(name):
    done = misplacings[name]

    assert done.code != ExitCode.BUG
    assert shown_parts([PLAIN], done.stdout, done.stderr) == set()


FILES = {
    "token": f'[profiles.default]\ntoken = "{PLAIN}"',
    "a key that is misspelt": f'[profiles.default]\ntokn = "{PLAIN}"',
    "outside of a profile": f'token = "{PLAIN}"',
    "no quotes": f"[profiles.default]\ntoken = {PLAIN}",
    "no end": f'[profiles.default]\ntoken = "{PLAIN}',
    "no key": f"[profiles.default]\n{PLAIN}",
    "the wrong key": f'[profiles.default]\nurl = "https://x.example"\nuser_id = "{PLAIN}"',
    "the wrong key again": f'[profiles.default]\nurl = "https://x.example"\nmethod = "{PLAIN}"',
    "a list": f'[profiles.default]\nurl = "https://x.example"\ntoken_file = ["{PLAIN}"]',
    "a password": f'[profiles.default]\nurl = "https://ann:{PLAIN}@x.example"',
    "a password in a list": f'[profiles.default]\nurl = ["https://ann:{PLAIN}@x.example"]',
    "in place of a file": f'[profiles.default]\nurl = "https://x.io"\ntoken_file = "{PLAIN}"',
}


@pytest.mark.parametrize("name", FILES)
def test_a_secret_that_is_in_a_config_file_by_mistake_is_not_shown(name, tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(FILES[name] + "\n")
    done = coursectl("--debug", "members", "42", environment={"COURSECTL_CONFIG": str(path)})

    assert done.code == ExitCode.USAGE
    assert shown_parts([PLAIN], done.stdout, done.stderr) == set()


@pytest.mark.parametrize(
    "variables",
    [
        {"URL": f"https://ann:{PLAIN}@x.example", "TOKEN": "x"},
        {"URL": "https://x.example", "USER_ID": PLAIN, "JWT_SECRET": "7"},
        {"URL": "https://x.example", "TOKEN": f"Bearer {PLAIN}"},
        {"URL": "https://x.example", "TOKEN": f"{PLAIN}\nX: y"},
        {"URL": "https://x.example", "TOKEN_FILE": PLAIN},
        {"PROFILE": PLAIN, "TOKEN": PLAIN},
    ],
    ids=["a password", "changed places", "Bearer", "two lines", "in place of a file", "a profile"],
)  # fmt: skip
def test_a_secret_that_is_in_a_variable_by_mistake_is_not_shown(variables):
    environment = {f"COURSECTL_{name}": value for name, value in variables.items()}
    done = coursectl("--debug", "members", "42", environment=environment)

    assert done.code in (ExitCode.USAGE, ExitCode.ACCESS_DENIED)
    assert shown_parts([PLAIN], done.stdout, done.stderr) == set()


@posix
@pytest.mark.parametrize("text", [None, "{", '{"x": {"method": "token", "secret": 5}}'])
def test_a_credentials_file_that_cannot_be_trusted_shows_nothing_of_it(text, tmp_path):
    with Community(Course(42, [row(1)])).running() as community:
        environment = logged_in(community, tmp_path) | {"COURSECTL_DEBUG": "1"}
        path = tmp_path / "credentials.json"
        if text is None:
            path.chmod(0o644)
        else:
            path.write_text(text + path.read_text())
        done = coursectl("members", "42", environment=environment)

        assert is_told(done, ExitCode.ACCESS_DENIED)
        assert shown_parts(community.oauth.issued, done.stderr) == set()
        assert community.requests == []


KEYRING = """
import keyring.backend
class Failing(keyring.backend.KeyringBackend):
    priority = 5
    def get_password(self, *_):
        return None
    def set_password(self, service, name, secret):
        raise RuntimeError(f"no room for {secret} in a {'very ' * 9}small ring: {secret}")
    delete_password = get_password
import keyring
keyring.set_keyring(Failing())
"""


@posix
def test_a_keyring_that_repeats_the_secret_does_not_bring_it_to_the_screen(tmp_path):
    with Community().running() as community:
        community.tokens = {TOKEN}
        done = hasty(
            *("--debug", "auth", "login", "--method", "token", "--url", community.url),
            environment={"COURSECTL_CONFIG": str(tmp_path / "c.toml")},
            before=KEYRING,
            stdin=f"{TOKEN}\n".encode(),
        )

    assert "does not take it" in done.stderr
    assert shown_parts([TOKEN], done.stdout, done.stderr) == set()


BUG = """
from coursectl.sources.api import members
def broken(self, *_):
    secret = self._api.credentials.token()
    raise ValueError(f"a {'very ' * 12}long story of {secret}, {secret!r} and {secret.encode()!r}")
members.CourseMembers.batches = broken
"""


@pytest.mark.parametrize("debug", ["", "1"])
@pytest.mark.parametrize("method", ["token", "jwt", "oauth"])
def test_a_bug_that_tells_a_secret_does_not_bring_it_to_the_screen(method, debug, tmp_path):
    with Community(Course(42, [row(1)])).running() as community:
        environment = {"COURSECTL_URL": community.url, "COURSECTL_DEBUG": debug}
        secrets = {TOKEN, KEY}
        if method == "token":
            environment |= {"COURSECTL_TOKEN": TOKEN}
        elif method == "jwt":
            environment |= {"COURSECTL_JWT_SECRET": KEY, "COURSECTL_USER_ID": "7"}
        else:
            environment |= logged_in(community, tmp_path)
        done = hasty("members", "42", environment=environment, before=BUG)

    assert (done.code, "this is a bug" in done.stderr) == (ExitCode.BUG, True)
    assert ("Traceback" in done.stderr) == bool(debug)
    secrets |= set(community.oauth.issued)
    assert shown_parts(secrets, done.stdout, done.stderr) == set()
    assert not re.search(r"eyJ[\w-]{9,}\.", done.stderr)
