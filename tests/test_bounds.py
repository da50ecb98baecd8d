"""What a hostile file or server may cost: 256 MB, and per 100 MB read 30 seconds, or a refusal.

Time is that of the processor, so that a busy machine makes no difference, and what is read counts
unpacked.
"""

import gzip
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from threading import Thread

import pytest

from tests.running import COURSECTL, clean_environment
from tests.zipped import zipped

pytestmark = [
    pytest.mark.slow,
    pytest.mark.no_cover,
    pytest.mark.skipif(sys.platform == "win32", reason="the peak of memory is Unix's to tell"),
]

MB = 1_000_000

PEAK = 256 * MB
SECONDS_A_MB = 0.3
START = 15.0
"""Seconds that may pass beside those for what is read: so long it may take to refuse it."""

Blocks = Iterator[bytes]


@dataclass(frozen=True)
class Cost:
    """How a run ended, and what it took."""

    code: int
    seconds: float
    peak: int
    stderr: str


# A child's peak begins with its parent's, so the parent is an interpreter that has imported little.
LAUNCHER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
with open(sys.argv[1], "w") as report:
    print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss,
          file=report)
"""
UNIT = 1 if sys.platform == "darwin" else 1024


def cost(tmp_path: Path, *arguments: str | Path, **variables: str) -> Cost:
    """Run coursectl to its end."""
    report = tmp_path / "cost"
    done = subprocess.run(
        [sys.executable, "-ISc", LAUNCHER, report, *COURSECTL, *map(str, arguments)],
        stderr=subprocess.PIPE,
        cwd=tmp_path,  # so that a name in a message is short
        env=clean_environment(**variables),
        timeout=900,
        check=True,
    )
    code, seconds, peak = report.read_text().split()
    return Cost(int(code), float(seconds), int(peak) * UNIT, done.stderr.decode())


# Files


def many(part: bytes, number: int) -> Blocks:
    """Give a part so many times, about a megabyte at once."""
    at_once = max(1, MB // len(part))
    for at in range(0, number, at_once):
        yield part * min(at_once, number - at)


def numbered(part: bytes, number: int) -> Blocks:
    """Give a part in which `%d` stands, with the numbers from 0."""
    for at in range(0, number, 1_000):
        yield b"".join([part.replace(b"%d", b"%d" % each) for each in range(at, at + 1_000)])


def between(start: bytes, blocks: Blocks, end: bytes) -> Blocks:
    yield start
    yield from blocks
    yield end


LONG = b'"' + b"x" * (15 << 20) + b'"'

FILES: dict[str, Callable[[], Blocks]] = {
    "a page with many names": lambda: between(
        b'{"count":0', numbered(b',"k%d":1', 3_000_000), b',"results":[]}'
    ),
    "a page with many lists of results": lambda: between(
        b'{"count":0', many(b',"results":[]', 3_000_000), b"}"
    ),
    "a page with long values between lists of results": lambda: between(
        b'{"count":0', many(b',"k":' + LONG + b',"results":[]', 20), b"}"
    ),
    "pages with a name each": lambda: numbered(b'{"k%d":1,"results":[]}\n', 1_000_000),
    "pages with a member each": lambda: numbered(b'{"results":[{"id":%d}]}\n', 1_000_000),
    "members one behind the other": lambda: numbered(b'{"id":%d}', 1_000_000),
    "empty rows behind a long member": lambda: between(
        b'[{"id":1,"x":' + LONG + b"}", many(b",{}", 3_000_000), b"]"
    ),
    "short members behind a long one": lambda: between(
        b'[{"id":0,"x":' + LONG + b"}", numbered(b',{"id":%d}', 1_000_000), b"]"
    ),
    "short lines behind a long one": lambda: between(
        b'{"id":0,"x":' + LONG + b"}\n", numbered(b'{"id":%d}\n', 1_000_000), b""
    ),
    "long invalid rows": lambda: numbered(
        b'{"id":"%d","real_name":"' + b"x" * 8_000 + b'"}\n', 100_000
    ),
    "ten million invalid rows": lambda: many(b'{"id":-1}\n', 10_000_000),
    "unknown statuses": lambda: numbered(
        b'{"id":%d,"join_status":"' + b"s" * 200 + b'%d"}\n', 500_000
    ),
    "some unknown statuses": lambda: numbered(
        b'{"id":%d,"join_status":"' + b"s" * 200 + b'%d"}\n', 10_000
    ),
    "a long status": lambda: between(b'[{"id":1,"join_status":"', many(b"x", 50 * MB), b'"}]'),
    "a long name of a course": lambda: between(
        b'{"course":{"id":1,"name":"', many(b"x", 15 * MB), b'"},"results":[{"id":1}]}'
    ),
    "blanks": lambda: many(b" ", 500 * MB),
    "blank lines": lambda: between(b'{"id":1}\n', many(b"\n", 500 * MB), b""),
    "blanks between members": lambda: between(b'[{"id":1}', many(b" ", 500 * MB), b"]"),
    "one member": lambda: between(b'[{"id":1,"x":"', many(b"x", 500 * MB), b'"}]'),
    "a member of many values": lambda: between(b'[{"id":1,"x":[', many(b"{},", 20 * MB), b"1]}]"),
    "a member of many levels": lambda: many(b'[{"x":', 20 * MB),
    "members of many values": lambda: between(
        b'[{"id":0}', numbered(b',{"id":%d,"x":[' + b"[[1]]," * 30_000 + b"1]}", 1_000), b"]"
    ),
    "the same member": lambda: between(b'[{"id":1}', many(b',{"id":1}', 10_000_000), b"]"),
    "long avatars": lambda: numbered(
        b'{"id":%d,"avatar":"' + b"x" * 65_000 + b'","joined_at":"2026-01-02T03:04:05Z"}\n', 3_000
    ),
    "a web page": lambda: between(b"<html>", many(b"<title", 20 * MB), b""),
}

COMMANDS = {
    "members as JSON": ("members", "FILE", "--json"),
    "members as CSV": ("members", "FILE", "--csv", "--skip-invalid", "--sort", "real_name"),
    "members as a table": ("members", "FILE", "-f", "table"),
    "members as a page": ("members", "FILE", "-f", "html"),
    "summary": ("summary", "FILE"),
    "changes": ("changes", "FILE", "FILE"),
    "report": ("report", "FILE", "-q", "-o", "OUT.html"),
}


# All commands with each file take half an hour: each file is for one of them, in turn.
@pytest.mark.parametrize(("name", "command"), list(zip(FILES, cycle(COMMANDS), strict=False)))
def test_a_hostile_file_costs_little(name, command, tmp_path):
    path, out, size = tmp_path / "hostile.json.gz", tmp_path / "out.html", 0
    with gzip.open(path, "wb", 1) as file:
        for block in FILES[name]():
            file.write(block)
            size += len(block)
    words = {"FILE": path.name, "OUT.html": out.name}
    took = cost(tmp_path, *(words.get(word, word) for word in COMMANDS[command]))
    path.unlink()
    passes = 2 if "FILE" in COMMANDS[command][2:] else 1
    read = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) bytes were read", took.stderr)]
    if took.code != 0:
        size = min([*read, size])
    assert took.code in (0, 2, 3, 7), took.stderr
    assert took.peak <= PEAK
    assert took.seconds <= START + passes * SECONDS_A_MB * size / MB
    assert len(took.stderr) < 5_000


# Pages

MEMBER = (
    b'{"id":%d,"username":"some_user_name","real_name":"Some Longer N\xc3\xa4me","join_status":'
    b'"joined","user_completion_rate":33.333,"last_active_at":"2026-01-03T03:04:05Z",'
    b'"joined_at":"2026-01-02T03:04:05Z"}\n'
)


def test_a_table_of_a_million_members_costs_little(tmp_path):
    file = tmp_path / "members.jsonl"
    file.write_bytes(b"".join(numbered(b'{"id":%d}\n', 1_000_000)))
    took = cost(tmp_path, "members", file, "-f", "table")
    assert took.code == 0
    assert took.peak <= PEAK
    assert took.seconds <= 100 * SECONDS_A_MB


PAGES = {
    "members": ("members", "FILE", "-q", "-o", "OUT.html"),
    "report": ("report", "FILE", "-q", "-o", "OUT.html"),
}


def paged(command: str, tmp_path: Path, members: int) -> Cost:
    """Make a page of so many members where a page was before."""
    file, out = tmp_path / "members.jsonl", tmp_path / "out.html"
    file.write_bytes(b"".join(numbered(MEMBER, members)))
    out.write_text("before")
    words = {"FILE": str(file), "OUT.html": str(out)}
    return cost(tmp_path, *(words.get(word, word) for word in PAGES[command]))


@pytest.mark.parametrize("command", PAGES)
def test_a_page_of_all_the_rows_that_it_may_have_costs_little(command, tmp_path):
    took = paged(command, tmp_path, 100_000)
    assert took.code == 0, took.stderr
    assert took.peak <= PEAK
    assert took.seconds <= 100 * SECONDS_A_MB


@pytest.mark.parametrize("command", PAGES)
def test_a_page_of_more_rows_is_refused(command, tmp_path):
    took = paged(command, tmp_path, 101_000)
    assert took.code == 2
    assert "more than 100,000 rows" in took.stderr
    assert (tmp_path / "out.html").read_text() == "before"


# Servers


@dataclass(frozen=True)
class Reply:
    """What a server answers to whatever it is asked for, without end if the blocks have none."""

    blocks: Callable[[], Blocks]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def endless(part: bytes) -> Blocks:
    while True:
        yield part * max(1, 100_000 // len(part))


BLANKS = zipped(b" ", 500 * MB)


def page(rows: Blocks, count: int) -> Blocks:
    return between(b'{"count":%d,"next":null,"previous":null,"results":[' % count, rows, b"]}")


ROW = b'{"id":%d,"joined_at":"2026-01-02T03:04:05Z"},'
ZIPPED = (("Content-Encoding", "gzip"),)
ZIPPED_TWICE = (("Content-Encoding", "gzip, gzip"),)

REPLIES = {
    "a page of a million rows": Reply(
        lambda: page(between(b"", numbered(ROW, 1_000_000), b"{}"), 1)
    ),
    "a page of empty rows": Reply(lambda: page(between(b"", many(b"{},", 2_000_000), b"{}"), 1)),
    "a page of numbers": Reply(lambda: page(between(b"", many(b"1,", 2_000_000), b"1"), 1)),
    "a status of 50 MB": Reply(
        lambda: page(between(b'{"id":1,"join_status":"', many(b"x", 50 * MB), b'"}'), 1)
    ),
    "a next page of 50 MB": Reply(
        lambda: between(b'{"count":0,"results":[],"next":"', many(b"x", 50 * MB), b'"}')
    ),
    "a page without end": Reply(lambda: between(b'{"count":1,"results":[', endless(b"{},"), b"")),
    "a text without end": Reply(lambda: endless(b"x")),
    "a zipped page of blanks": Reply(lambda: iter([BLANKS]), headers=ZIPPED),
    "a page zipped twice": Reply(lambda: iter([gzip.compress(BLANKS)]), headers=ZIPPED_TWICE),
    "an error without end": Reply(lambda: endless(b"<title "), 404),
    "an error to try again, without end": Reply(lambda: endless(b"x"), 503),
    "an error of blanks": Reply(lambda: between(b"<h1>", many(b" ", 50 * MB), b"x"), 502),
    "an error of many messages": Reply(
        lambda: between(b'{"errors":["a"', many(b',"b"', 10 * MB), b"]}"), 400
    ),
    "a zipped error": Reply(lambda: iter([BLANKS]), 400, ZIPPED),
}


@pytest.fixture(params=REPLIES)
def server(request):
    """A server that answers everything with one reply; the environment in which it is asked."""
    reply = REPLIES[request.param]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):
                self.send_response(reply.status)
                for header in reply.headers:
                    self.send_header(*header)
                self.end_headers()
                for block in reply.blocks():
                    self.wfile.write(block)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield {
            "COURSECTL_URL": f"http://127.0.0.1:{running.server_address[1]}",
            "COURSECTL_TOKEN": "some-token-or-other",
        }
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("command", ["members", "courses"])
def test_a_hostile_server_costs_little(server, command, tmp_path):
    arguments = {
        "members": ("members", "42", "-o", tmp_path / "out.json"),
        "courses": ("courses", "--json"),
    }[command]
    took = cost(tmp_path, *arguments, "--deadline", "20s", **server)
    assert took.code in (3, 4, 5, 6, 7), took.stderr
    assert took.peak <= PEAK
    assert took.seconds <= 25
    assert len(took.stderr) < 5_000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cost"]
