"""Measure coursectl against its peers: `python -m tests.benchmarks --help`.

Whole processes, one at a time and in turn (A B C A B C ...), so that a change in the machine's mood
meets all of them alike.

`pip install -e '.[bench]'` brings the peers that are Python packages; jq and Miller (mlr) come from
the system. A table names those that are missing. The exports are kept below the system's folder for
temporary files, in `coursectl-benchmarks`.
"""

import argparse
import csv
import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from tests.benchmarks import rosters
from tests.benchmarks.measuring import MB, Failed, Run, floor, in_turn, measure, median, say
from tests.benchmarks.peers import COURSECTL, PEERS, Peer
from tests.benchmarks.rosters import Shape
from tests.community import TOKEN
from tests.running import COURSECTL as RUN_COURSECTL

TITLES = {
    Shape.PAGE: "One page object",
    Shape.LIST: "A list",
    Shape.NDJSON: "NDJSON",
    Shape.PAGES: "Page objects of 100 members",
}

START_UP = {
    "`python -c pass`": (sys.executable, "-c", "pass"),
    "`coursectl --version`": (*RUN_COURSECTL, "--version"),
    "`coursectl members demo --json`": (*RUN_COURSECTL, "members", "demo", "--json"),
}

FOLLOWING_NEXT = """
import sys, requests
session = requests.Session()
session.headers["Authorization"] = "Bearer " + sys.argv[2]
url, rows = sys.argv[1] + "/api/v2/course/42/users/?ordering=joined_at&limit=100", []
while url:
    page = session.get(url).json()
    rows += page["results"]
    url = page["next"]
print(len(rows))
"""
"""What people write when they need a roster: the peer over the network."""


def main() -> None:
    arguments = _arguments()
    print(f"## {_where_and_when()}", flush=True)
    if arguments.start_up:
        _print_lines(_start_up_report(arguments.runs or 20))
        return
    if arguments.network:
        _print_lines(_network_report(min(arguments.members, 10_000), arguments.runs or 5))
        return
    for shape in arguments.shape or Shape:
        _print_lines(_report(shape, arguments.members, arguments.seed, arguments.runs or 5))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure coursectl against its peers and print Markdown tables.",
    )
    parser.add_argument("--members", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--runs", type=int, metavar="N", help="default 5; 20 for --start-up")
    parser.add_argument(
        "--shape",
        type=Shape,
        action="append",
        choices=list(Shape),
        metavar="SHAPE",
        help=f"{', '.join(Shape)}; repeatable, all by default",
    )
    parser.add_argument("--seed", type=int, default=rosters.SEED, metavar="N")
    parser.add_argument(
        "--start-up", action="store_true", help="measure how long coursectl takes to start instead"
    )
    parser.add_argument(
        "--network",
        action="store_true",
        help="measure a course over HTTP instead: at most 10,000 members, 50 ms a page",
    )
    arguments = parser.parse_args()
    if arguments.members < 1 or (arguments.runs or 1) < 1:
        parser.error("--members and --runs begin at 1")
    return arguments


def _report(shape: Shape, members: int, seed: int, runs: int) -> Iterator[str]:
    export = _export(shape, members, seed)
    versions = {peer: version for peer in (COURSECTL, *PEERS) if (version := _version(peer))}
    failures: dict[Peer, str] = {}
    records = _check(shape, export, versions, failures)
    tools = {peer: peer.command(shape, export) for peer in (COURSECTL, *PEERS) if peer in records}
    measured = in_turn(tools, runs)
    lowest = floor()
    yield ""
    yield (
        f"### {TITLES[shape]}: {members:,} members, {export.stat().st_size / MB:,.0f} MB,"
        f" {records[COURSECTL]:,} of them joined; runs: {runs}"
    )
    yield ""
    yield "| tool | wall s, median (min-max) | peak MB | coursectl / tool |"
    yield "|---|---:|---:|---:|"
    for peer in (COURSECTL, *PEERS):
        tool = f"{peer.name} {versions.get(peer, '')}".strip()
        if peer in measured:
            wall = _spread([run.wall for run in measured[peer]], 2)
            ratio = _ratio(measured[COURSECTL], measured[peer])
            yield f"| {tool} | {wall} | {_peak(measured[peer], lowest)} | {ratio} |"
        else:
            yield f"| {tool} | {failures.get(peer, 'not installed')} | | |"


def _start_up_report(runs: int) -> Iterator[str]:
    for command in START_UP.values():
        measure(command)
    measured = in_turn(START_UP, runs)
    lowest = floor()
    bare = next(iter(measured.values()))
    yield ""
    yield f"### Start-up; runs: {runs}"
    yield ""
    yield "| command | wall ms, median (min-max) | peak MB | command / `python -c pass` |"
    yield "|---|---:|---:|---:|"
    for name, taken in measured.items():
        wall = _spread([run.wall * 1000 for run in taken], 0)
        yield f"| {name} | {wall} | {_peak(taken, lowest)} | {_ratio(taken, bare)} |"


def _network_report(members: int, runs: int) -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.latent", str(members), "50"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdin
        assert server.stdout
        url = server.stdout.readline().strip()
        known = ("env", f"COURSECTL_URL={url}", f"COURSECTL_TOKEN={TOKEN}")
        members_csv = (*known, *RUN_COURSECTL, "members", "42", "--csv", "--concurrency")
        peer = "requests, following `next`"
        commands = {peer: (sys.executable, "-c", FOLLOWING_NEXT, url, TOKEN)} | {
            f"coursectl, concurrency {number}": (*members_csv, str(number)) for number in (1, 4, 8)
        }
        for command in commands.values():
            measure(command)
        measured = in_turn(commands, runs)
        server.stdin.close()
    lowest = floor()
    yield ""
    yield f"### Over HTTP: {members:,} members, 100 a page, 50 ms each; runs: {runs}"
    yield ""
    yield "| client | wall s, median (min-max) | peak MB | client / requests |"
    yield "|---|---:|---:|---:|"
    for name, taken in measured.items():
        wall = _spread([run.wall for run in taken], 2)
        yield f"| {name} | {wall} | {_peak(taken, lowest)} | {_ratio(taken, measured[peer])} |"


# What is measured


def _export(shape: Shape, members: int, seed: int) -> Path:
    """Give an export from the cache, written anew if what writes it has changed."""
    cache = Path(tempfile.gettempdir()) / "coursectl-benchmarks"
    cache.mkdir(exist_ok=True)
    ending = "ndjson" if shape is Shape.NDJSON else "json"
    path = cache / f"{shape}-{members}-{seed}.{ending}"
    written_by = Path(rosters.__file__).stat().st_mtime
    if not path.exists() or path.stat().st_mtime < written_by:
        say(f"writing {path}")
        rosters.write(path, shape, members, seed)
    return path


def _version(peer: Peer) -> str | None:
    """Give a tool's version; None if it is not installed."""
    with suppress(FileNotFoundError):
        done = subprocess.run(peer.version, capture_output=True, text=True, check=False)
        number = re.search(r"\d+\.\S+", done.stdout)
        if done.returncode == 0 and number:
            return number.group()
    return None


def _check(
    shape: Shape, export: Path, tools: Iterable[Peer], failures: dict[Peer, str]
) -> dict[Peer, int]:
    """Count each tool's records, once it is proved that they are those of coursectl, in order.

    Takes a tool that fails down in `failures`. The run warms the disk's cache as well.
    """
    counts: dict[Peer, int] = {}
    expected: tuple[int, str] | None = None
    for peer in tools:
        say(f"{shape}: checking {peer.name}")
        with tempfile.TemporaryFile() as output:
            try:
                measure(peer.command(shape, export), output)
            except Failed as error:
                if peer is COURSECTL:
                    raise SystemExit(f"coursectl: {error}") from None
                failures[peer] = f"failed: {error}"
                continue
            output.seek(0)
            try:
                found = _records(output)
            except (csv.Error, UnicodeDecodeError, IndexError) as error:
                # Seen once of DuckDB, with a million members; why is not known.
                failures[peer] = f"wrote no CSV: {error}"
                continue
        expected = expected or found
        if found != expected:
            raise SystemExit(
                f"{peer.name} does another job: {found[0]:,} records (ids {found[1]}),"
                f" coursectl {expected[0]:,} (ids {expected[1]})"
            )
        counts[peer] = found[0]
    return counts


def _records(output: BinaryIO) -> tuple[int, str]:
    """Count the CSV records behind the header, and give a digest of their ids in order."""
    lines = (line.decode() for line in output)
    records = csv.reader(lines)
    next(records, None)
    count, digest = 0, hashlib.sha256()
    for record in records:
        count += 1
        digest.update(f"{record[0]}\n".encode())
    return count, digest.hexdigest()[:12]


# Reporting


def _spread(values: list[float], places: int) -> str:
    return f"{median(values):.{places}f} ({min(values):.{places}f}-{max(values):.{places}f})"


def _peak(runs: list[Run], lowest: int) -> str:
    peak = max(run.peak for run in runs)
    return f"{peak / MB:,.0f}" if peak > lowest else f"under {lowest / MB:,.0f}"


def _ratio(runs: list[Run], others: list[Run]) -> str:
    """Give the median of the ratios of runs that took place side by side."""
    ratios = [run.wall / other.wall for run, other in zip(runs, others, strict=True)]
    return f"{median(ratios):.2f}"


def _where_and_when() -> str:
    python = f"Python {platform.python_version()}"
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    return f"{today}, {_processor()}, {os.cpu_count()} cores, {_system()}, {python}"


def _processor() -> str:
    with suppress(OSError):
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        if found:
            return found.group(1)
    return platform.processor() or platform.machine()


def _system() -> str:
    with suppress(OSError):
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{platform.system()} {platform.release()}"


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
