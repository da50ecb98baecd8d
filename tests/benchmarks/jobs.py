"""The jobs: what is measured, against what, and the ratio to reach."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import BinaryIO

from tests.benchmarks import rosters
from tests.benchmarks.measuring import Failed, Run, Tool, in_turn, measure, say
from tests.benchmarks.peers import (
    COURSECTL,
    COURSECTL_SCRIPT,
    DUCKDB,
    JQ,
    MILLER,
    NODE,
    PANDAS,
    POLARS,
    Command,
    Peer,
    Task,
)
from tests.benchmarks.rosters import Shape
from tests.benchmarks.table import Row, compared, peak, time
from tests.benchmarks.terminal import RICH_TABLE, shown
from tests.community import TOKEN

PEERS = (JQ, MILLER, DUCKDB, PANDAS, NODE, POLARS)
CORES = os.cpu_count() or 1

_PYTHON = (sys.executable, "-c", "pass")

_HELLO = '''
import typer

app = typer.Typer()


@app.command()
def hello(name: str = "you", loud: bool = False) -> None:
    """Say hello."""
    print("hello")


@app.command()
def goodbye(name: str = "you") -> None:
    """Say goodbye."""
    print("goodbye")


app()
'''
"""The least that a Typer app of two commands is."""

_FOLLOWING_NEXT = """
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

_TAB_PRESSES = {
    "a command": ("coursectl", "mem"),
    "an option": ("coursectl", "members", "--st"),
    "a value": ("coursectl", "members", "--status", "inv"),
    "a course": ("coursectl", "members", ""),
    "a profile": ("coursectl", "--profile", ""),
}


@dataclass(frozen=True)
class Bench:
    """How much is measured, and where things are kept."""

    members: Sequence[int]
    runs: int
    seed: int

    @cached_property
    def cache(self) -> Path:
        folder = Path(tempfile.gettempdir()) / "coursectl-benchmarks"
        folder.mkdir(exist_ok=True)
        return folder

    def export(self, shape: Shape, members: int) -> Path:
        """Give an export from the cache, written anew if what writes it has changed."""
        ending = "ndjson" if shape is Shape.NDJSON else "json"
        path = self.cache / f"{shape}-{members}-{self.seed}.{ending}"
        if not path.exists() or path.stat().st_mtime < Path(rosters.__file__).stat().st_mtime:
            say(f"writing {path}")
            rosters.write(path, shape, members, self.seed)
        return path

    def file(self, name: str, text: str) -> str:
        path = self.cache / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def taken(self, commands: Mapping[Tool, Sequence[str]]) -> dict[Tool, list[Run]]:
        """Measure, once each has run and whatever it reads is at hand."""
        for command in commands.values():
            measure(command)
        return in_turn(commands, self.runs, measure)


# Starting


def starting(bench: Bench) -> Iterator[Row]:
    """`--version`, a TAB press, the helps, and a hundred members."""
    app = (sys.executable, bench.file("hello.py", _HELLO))
    python, typer = f"`{_python()} -c pass`", f"an app of typer {version('typer')}"
    hundred = str(bench.export(Shape.PAGE, 100))
    pressed = {f"TAB press, {where}": _tab(words) for where, words in _TAB_PRESSES.items()}
    taken = bench.taken(
        {
            python: _PYTHON,
            "`--version`": (*COURSECTL_SCRIPT, "--version"),
            **pressed,
            "app's help": (*app, "--help"),
            "`--help`": (*COURSECTL_SCRIPT, "--help"),
            "`members --help`": (*COURSECTL_SCRIPT, "members", "--help"),
            "app's word": (*app, "hello"),
            "`members FILE --json`, 100 members": (
                *(*COURSECTL_SCRIPT, "members", hundred, "--json"),
            ),
        }
    )
    yield compared("`--version`", python, taken["`--version`"], taken[python], 1.5)
    for press in pressed:
        yield compared(press, python, taken[press], taken[python], 3)
    for help_ in ("`--help`", "`members --help`"):
        yield compared(help_, f"{typer}, `--help`", taken[help_], taken["app's help"], 1.0)
    small = "`members FILE --json`, 100 members"
    yield compared(small, f"{typer}, one word", taken[small], taken["app's word"], 1.2)


def _tab(words: Sequence[str]) -> Command:
    asked = ("_COURSECTL_COMPLETE=complete_bash", f"COMP_CWORD={len(words) - 1}")
    return ("env", *asked, "COMP_WORDS=" + "\n".join(words), *COURSECTL_SCRIPT)


def _python() -> str:
    return f"python {sys.version_info[0]}.{sys.version_info[1]}"


# From an export to CSV

_ONE_CORE = ("taskset", "-c", "0", "env", "POLARS_MAX_THREADS=1")

_AIMS = {
    Shape.PAGE: dict.fromkeys((JQ, MILLER, DUCKDB, PANDAS), 0.4)
    | dict.fromkeys((NODE, POLARS), 0.65),
    Shape.NDJSON: dict.fromkeys((JQ, MILLER, PANDAS), 0.4) | dict.fromkeys((DUCKDB, POLARS), 3.0),
}
_AIM_ON_ONE_CORE = 1.0
_PEAK_AIM, _SORTED_PEAK_AIM = 48, 160

Entrant = tuple[Peer, int]
"""A tool, and how many cores it may use."""


def to_csv(bench: Bench) -> Iterator[Row]:
    """Those who joined, from an export to CSV, in its order and sorted."""
    peaks: dict[bool, dict[int, list[Run]]] = {False: {}, True: {}}
    for shape in (Shape.PAGE, Shape.NDJSON):
        for is_sorted in (False, True):
            for members in bench.members:
                rows, ours = _to_csv(bench, Task(shape, is_sorted), members)
                yield from rows
                peaks[is_sorted].setdefault(members, []).extend(ours)
    unsorted = [run for runs in peaks[False].values() for run in runs]
    largest = max(bench.members)
    yield Row(
        f"peak memory, unsorted, up to {largest:,} members",
        "",
        aim=f"{_PEAK_AIM} MB at any size",
        peaks=peak(unsorted),
    )
    yield Row(
        f"peak memory, sorted, {largest:,} members",
        "",
        aim=f"{_SORTED_PEAK_AIM} MB at 1,000,000",
        peaks=peak(peaks[True][largest]),
    )


def _to_csv(bench: Bench, task: Task, members: int) -> tuple[list[Row], list[Run]]:
    export = bench.export(task.shape, members)
    failures: dict[Peer, str] = {}
    proved = _check(task, export, failures)
    entrants = [(peer, CORES) for peer in proved]
    if task.shape is Shape.PAGE:
        entrants += [(peer, 1) for peer in (COURSECTL, NODE, POLARS) if peer in proved]
    commands = {
        (peer, cores): (*(_ONE_CORE if cores == 1 else ()), *peer.command(task), str(export))
        for peer, cores in entrants
    }
    taken = in_turn(commands, bench.runs, measure)
    what = "page object" if task.shape is Shape.PAGE else "NDJSON"
    job = f"{what} of {members:,} to CSV{', sorted' * task.is_sorted}"
    rows = [Row(job, peer.name, theirs=failures[peer]) for peer in failures]
    for (peer, cores), theirs in taken.items():
        if peer is not COURSECTL:
            ours = taken[COURSECTL, cores]
            aim = _AIM_ON_ONE_CORE if cores < CORES else _AIMS[task.shape].get(peer)
            against = f"{peer.name} {_version(peer)}, {_on(cores, theirs)}"
            on = f"{job}, {_on(cores, ours)}"
            rows.append(compared(on, against, ours, theirs, aim, shows_peaks=True))
    return rows, [run for (peer, _), runs in taken.items() if peer is COURSECTL for run in runs]


def _on(cores: int, runs: Sequence[Run]) -> str:
    """Say how many cores there were, and of how many the time was taken."""
    busy = median([run.cpu / run.wall for run in runs])
    return f"{cores} core{'s' * (cores > 1)} ({busy:.1f} busy)"


@cache
def _version(peer: Peer) -> str | None:
    """Give a tool's version; None if it is not installed."""
    with suppress(FileNotFoundError):
        done = subprocess.run(peer.version, capture_output=True, text=True, check=False)
        number = re.search(r"\d+\.\S+", done.stdout)
        if done.returncode == 0 and number:
            return number.group()
    return None


def _check(task: Task, export: Path, failures: dict[Peer, str]) -> list[Peer]:
    """Give the tools of which it is proved that their records are coursectl's, in order.

    Takes a tool that fails down in `failures`. The run warms the disk's cache as well.
    """
    proved: list[Peer] = []
    expected: tuple[int, str] | None = None
    for peer in (COURSECTL, *PEERS):
        if _version(peer) is None:
            failures[peer] = "not installed"
            continue
        say(f"{export.name}{', sorted' * task.is_sorted}: checking {peer.name}")
        with tempfile.TemporaryFile() as output:
            try:
                measure((*peer.command(task), str(export)), output)
            except Failed as error:
                if peer is COURSECTL:
                    raise SystemExit(f"coursectl: {error}") from None
                failures[peer] = f"failed: {error}"
                continue
            output.seek(0)
            try:
                found = _records(output)
            except (csv.Error, UnicodeDecodeError, IndexError) as error:
                failures[peer] = f"wrote no CSV: {error}"
                continue
        expected = expected or found
        if found != expected:
            failures[peer] = (
                f"did another job: {found[0]:,} records (ids {found[1]}), and not"
                f" {expected[0]:,} (ids {expected[1]})"
            )
            continue
        proved.append(peer)
    return proved


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


# Beside the CSV job


def beside_csv(bench: Bench) -> Iterator[Row]:
    """JSON, NDJSON and a summary of the largest export, and changes between two of 100,000."""
    members = max(bench.members)
    export = str(bench.export(Shape.PAGE, members))
    to_csv = "the CSV job"
    jobs = {
        f"`--json`, {members:,} members": (1.2, ("members", export, "--json")),
        f"`--format jsonl`, {members:,} members": (1.2, ("members", export, "-f", "jsonl")),
        f"`summary`, {members:,} members": (1.5, ("summary", export)),
    }
    taken = bench.taken(
        {to_csv: (*COURSECTL_SCRIPT, "members", export, "--csv")}
        | {job: (*COURSECTL_SCRIPT, *command) for job, (_, command) in jobs.items()}
    )
    for job, (aim, _) in jobs.items():
        yield compared(job, to_csv, taken[job], taken[to_csv], aim, shows_peaks=True)

    before = bench.export(Shape.PAGE, min(100_000, members))
    both = (str(before), _some_later(bench, before))
    job = f"`changes` of two exports of {min(100_000, members):,}"
    read = "reading both, to CSV"
    taken = bench.taken(
        {
            job: (*COURSECTL_SCRIPT, "changes", *both),
            read: (*COURSECTL_SCRIPT, "members", *both, "--csv"),
        }
    )
    yield compared(job, read, taken[job], taken[read], 1.5, shows_peaks=True)


def _some_later(bench: Bench, export: Path) -> str:
    """Give the export as it may be a week later: some have left, and some gone on."""
    page = json.loads(export.read_bytes())
    page["results"] = [row for place, row in enumerate(page["results"]) if place % 97]
    for row in page["results"][::10]:
        row["user_completion_rate"] = 100
    page["count"] = len(page["results"])
    text = json.dumps(page, ensure_ascii=False, separators=(",", ":"))
    return bench.file(f"later-{export.name}", text)


# At a terminal


def at_a_terminal(bench: Bench) -> Iterator[Row]:
    """A table of 10,000 members, or of as many as there are."""
    members = min(10_000, max(bench.members))
    export = str(bench.export(Shape.PAGE, members))
    hundred = str(bench.export(Shape.PAGE, 100))
    columns = "id,username,real_name,join_status,user_completion_rate,last_active_at,joined_at"
    cells = (*COURSECTL_SCRIPT, "members", export, "--csv", "-c", columns)
    written = subprocess.run(cells, capture_output=True, text=True, check=True).stdout
    table, plain, rich = "table", "plain", f"`rich.table.Table`, rich {version('rich')}"
    taken = in_turn(
        {
            table: (*COURSECTL_SCRIPT, "members", export, "--no-pager"),
            plain: (*COURSECTL_SCRIPT, "members", hundred, "-f", "plain", "--no-pager"),
            rich: (sys.executable, "-c", RICH_TABLE, bench.file("cells.csv", written)),
        },
        bench.runs,
        shown,
    )
    first = [run.first_screen for run in taken[table]]
    whole = {name: [run.whole for run in runs] for name, runs in taken.items()}
    for job, against, ours, theirs, aim in (
        ("first screen", "`plain` of 100 members", first, whole[plain], 2),
        ("whole", rich, whole[table], whole[rich], 0.25),
    ):
        ratio = median([one / other for one, other in zip(ours, theirs, strict=True)])
        table_of = f"table of {members:,} to a terminal, {job}"
        yield Row(table_of, against, time(median(ours)), time(median(theirs)), ratio, aim)


# Over HTTP

_PAGES = 100
_AIMS_AT = {1: None, 4: 0.35, 8: 0.2}


def over_http(bench: Bench) -> Iterator[Row]:
    """A course of 10,000 members, 100 a page, each page after 50 ms; and what a page costs."""
    peer = f"requests {version('requests')}, following `next`"
    with _serving(100 * _PAGES, 50) as (url, ours):
        commands = {peer: (sys.executable, "-c", _FOLLOWING_NEXT, url, TOKEN)} | {
            str(number): (*ours, "--concurrency", str(number)) for number in _AIMS_AT
        }
        taken = bench.taken(commands)
    for number, aim in _AIMS_AT.items():
        job = f"10,000 members over HTTP, 50 ms a page, concurrency {number}"
        yield compared(job, peer, taken[str(number)], taken[peer], aim, shows_peaks=True)

    # What a page costs is what 99 more of them cost, start-up left out.
    cpu: dict[tuple[str, int], list[Run]] = {}
    with _serving(100 * _PAGES, 0) as (url, ours), _serving(100, 0) as (url_of_one, ours_of_one):
        commands_of = {
            ("coursectl", _PAGES): (*ours, "--concurrency", "1"),
            ("coursectl", 1): (*ours_of_one, "--concurrency", "1"),
            (peer, _PAGES): (sys.executable, "-c", _FOLLOWING_NEXT, url, TOKEN),
            (peer, 1): (sys.executable, "-c", _FOLLOWING_NEXT, url_of_one, TOKEN),
        }
        cpu = bench.taken(commands_of)
    a_page = {
        who: [
            (many.cpu - one.cpu) / (_PAGES - 1)
            for many, one in zip(cpu[who, _PAGES], cpu[who, 1], strict=True)
        ]
        for who in ("coursectl", peer)
    }
    ours_, theirs = a_page["coursectl"], a_page[peer]
    ratio = median([one / other for one, other in zip(ours_, theirs, strict=True)])
    job = "client CPU a page of 100"
    bare = f"requests {version('requests')} and `response.json()`"
    yield Row(job, bare, time(median(ours_)), time(median(theirs)), ratio, 1.2)


@contextmanager
def _serving(members: int, milliseconds: int) -> Iterator[tuple[str, Command]]:
    """Give a URL, and coursectl's command for the course there."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.latent", str(members), str(milliseconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdin
        assert server.stdout
        url = server.stdout.readline().strip()
        known = ("env", f"COURSECTL_URL={url}", f"COURSECTL_TOKEN={TOKEN}")
        yield url, (*known, *COURSECTL_SCRIPT, "members", "42", "--csv")
        server.stdin.close()


JOBS: dict[str, Callable[[Bench], Iterable[Row]]] = {
    "start": starting,
    "csv": to_csv,
    "beside": beside_csv,
    "terminal": at_a_terminal,
    "http": over_http,
}
"""By the word that picks them."""
