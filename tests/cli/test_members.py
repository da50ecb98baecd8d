import csv
import gzip
import io
import json
import os
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import openpyxl
import pytest
from pyarrow import parquet

from coursectl.errors import ExitCode
from tests.running import COURSECTL, Outcome, clean_environment, coursectl
from tests.test_terminal import on_terminal

DEMO = Path(__file__).parent.parent.parent / "coursectl" / "sources" / "demo.json"


def rows(run: Outcome) -> list[dict]:
    assert run.code == 0, run.stderr
    return json.loads(run.stdout)


def saved(folder: Path, *members: dict, **envelope: object) -> Path:
    path = folder / "saved.json"
    path.write_text(json.dumps(envelope | {"results": members}), encoding="utf-8")
    return path


def test_the_demo_has_members_of_every_status():
    found = {row["join_status"] for row in rows(coursectl("members", "demo", "--json"))}
    assert found == {"creator", "manager", "joined", "invited", "requested", None}


def test_the_demo_has_what_makes_rosters_hard():
    members = rows(coursectl("members", "demo", "--json"))
    names = "".join(row["real_name"] or "" for row in members)
    assert len(members) == 200
    for hard in ("李雷", "محمد", "👨‍👩‍👧‍👦", "\x1b[2J", "\u202e", "\n", "=HYPERLINK"):
        assert hard in names
    for field in ("real_name", "avatar", "user_completion_rate", "last_active_at", "joined_at"):
        assert None in {row[field] for row in members}
    assert 12.5 in {row["user_completion_rate"] for row in members}


def test_json_is_the_eight_documented_fields_in_the_documented_order():
    first = rows(coursectl("members", "demo", "--json"))[0]
    assert list(first) == [
        "id",
        "username",
        "real_name",
        "avatar",
        "join_status",
        "user_completion_rate",
        "last_active_at",
        "joined_at",
    ]


def test_json_of_the_demo_is_what_the_export_holds():
    assert rows(coursectl("members", "demo", "--json")) == json.loads(DEMO.read_bytes())["results"]


def test_what_is_given_as_json_reads_back_as_an_export():
    first = coursectl("members", "demo", "--json")
    assert coursectl("members", "-", "--json", stdin=first.stdout).stdout == first.stdout


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("ending", ["json", "jsonl", "json.gz", "ndjson.gz"])
def test_what_is_written_to_a_file_reads_back_as_an_export(ending, tmp_path):
    file = tmp_path / f"roster.{ending}"
    written = coursectl("members", "demo", "-o", file)
    assert (written.code, written.stdout) == (0, b"")
    assert written.stderr == f"coursectl: {file}: 200 members written\n"
    assert rows(coursectl("members", file, "--json")) == rows(
        coursectl("members", "demo", "--json")
    )


def test_a_file_is_written_quietly_when_asked(tmp_path):
    assert coursectl("members", "demo", "-q", "-o", tmp_path / "a.csv").stderr == ""


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.txt", b"  ID  Username"),
        ("a.md", b"|   ID | Username"),
        ("a.csv", b"id,username,"),
        ("a.tsv", b"id\tusername\t"),
        ("a.json", b'[\n{"id":1224,'),
        ("a.jsonl", b'{"id":1224,'),
        ("a.ndjson", b'{"id":1224,'),
    ],
)
def test_the_name_of_a_file_says_its_format(name, start, tmp_path):
    assert coursectl("members", "demo", "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_format_that_is_named_wins_over_the_name_of_the_file(tmp_path):
    coursectl("members", "demo", "--csv", "-o", tmp_path / "a.json.gz")
    assert gzip.decompress((tmp_path / "a.json.gz").read_bytes()).startswith(b"id,username")


def test_a_dash_as_file_is_stdout():
    run = coursectl("members", "demo", "--csv", "-o", "-")
    assert run.text.startswith("id,username,")
    assert run.stderr == ""


def test_without_a_terminal_and_a_format_the_answer_is_plain():
    assert coursectl("members", "demo").stdout == coursectl("members", "demo", "-f", "plain").stdout


@pytest.mark.slow
@pytest.mark.no_cover
def test_every_format_shows_the_same_members_in_the_same_order():
    asked = ("members", "demo", "-s", "joined", "--sort", "-last_active_at", "-c", "id")
    ids = [str(row["id"]) for row in rows(coursectl(*asked, "--json"))]
    assert len(ids) == 164
    for line_format in ("plain", "csv", "tsv"):
        lines = coursectl(*asked, "-f", line_format).text.splitlines()
        assert [line.strip() for line in lines[1:]] == ids
    jsonl = coursectl(*asked, "-f", "jsonl").text.splitlines()
    assert [str(json.loads(line)["id"]) for line in jsonl] == ids
    markdown = coursectl(*asked, "-f", "markdown").text.splitlines()
    assert [line.strip("| ") for line in markdown[2:]] == ids
    table = coursectl(*asked, "-f", "table").text.splitlines()
    assert [line.strip() for line in table[5:]] == ids


def test_several_courses_are_one_answer_with_a_leading_course_column(tmp_path):
    other = saved(tmp_path, {"id": 1}, course={"id": 7, "name": "Seven", "slug": "seven"})
    run = coursectl("members", "demo", other, "--csv", "-n", "201")
    records = list(csv.reader(io.StringIO(run.text)))
    assert records[0][:2] == ["course", "id"]
    assert [record[0] for record in records[200:]] == ["Food Safety Essentials", "Seven"]


def test_members_of_several_courses_are_sorted_as_one(tmp_path):
    other = saved(tmp_path, {"id": 1, "user_completion_rate": 99.5})
    run = coursectl(
        "members", "demo", other, "--sort", "-user_completion_rate", "-c", "course,id", "--csv"
    )
    order = [record[0] for record in csv.reader(io.StringIO(run.text))]
    assert order.index(str(other)) not in (1, 200)
    assert len(order) == 202


def test_the_course_may_be_asked_for_with_a_single_one():
    run = coursectl("members", "demo", "-c", "course,id", "-n", "1", "--csv")
    assert run.text == "course,id\nFood Safety Essentials,1224\n"


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(
    "options",
    [
        ["-s", "joined,manager"],
        ["-s", "joined", "-s", "manager"],
        ["-s", "JOINED"],
        ["-s", "none"],
        ["-s", "none,payment_waiting"],
        ["--search", "MARÍA"],
        ["--search", "smith"],
        ["--max-completion", "0"],
        ["--min-completion", "100"],
        ["--min-completion", "12.5", "--max-completion", "33.3"],
        ["--never-active"],
        ["-n", "0"],
        ["-n", "7"],
        ["--joined-after", "2026-04-01", "--joined-before", "2026-05-01", "-s", "joined"],
    ],
    ids=" ".join,
)
def test_selection_gives_as_many_as_the_rows_themselves_say(options):
    run = coursectl("members", "demo", "-f", "jsonl", *options)
    assert run.code == 0
    assert run.text.count("\n") == expected(options)


def expected(options: list[str]) -> int:
    members = json.loads(DEMO.read_bytes())["results"]
    given = list(zip(options[::2], [*options[1::2], ""], strict=False))
    statuses = {
        None if word == "none" else word.lower()
        for name, value in given
        if name == "-s"
        for word in value.split(",")
    }
    for name, value in given:
        if name == "-s":
            members = [m for m in members if m["join_status"] in statuses]
        elif name == "--search":
            text = value.casefold()
            members = [
                m
                for m in members
                if text in m["username"].casefold() or text in (m["real_name"] or "").casefold()
            ]
        elif name == "--max-completion":
            rated = [m for m in members if m["user_completion_rate"] is not None]
            members = [m for m in rated if m["user_completion_rate"] <= float(value)]
        elif name == "--min-completion":
            rated = [m for m in members if m["user_completion_rate"] is not None]
            members = [m for m in rated if m["user_completion_rate"] >= float(value)]
        elif name == "--never-active":
            members = [m for m in members if m["last_active_at"] is None]
        elif name == "--joined-after":
            members = [m for m in members if (m["joined_at"] or "") >= value]
        elif name == "--joined-before":
            members = [m for m in members if m["joined_at"] and m["joined_at"] < value]
        elif name == "-n":
            members = members[: int(value)]
    return len(members)


def test_ages_are_measured_from_when_the_export_was_fetched(tmp_path):
    member = {"id": 1, "last_active_at": "2020-01-10T00:00:00Z"}
    saved_then = saved(tmp_path, member, fetched_at="2020-01-15T00:00:00Z")
    assert coursectl("members", saved_then, "--active", "6d", "--csv", "-c", "id").text == "id\n1\n"
    assert coursectl("members", saved_then, "--active", "4d", "--csv", "-c", "id").text == "id\n"
    later = ("--as-of", "2020-02-15", "--csv", "-c", "id")
    assert coursectl("members", saved_then, "--active", "6d", *later).text == "id\n"
    assert coursectl("members", saved_then, "--inactive", "30d", *later).text == "id\n1\n"


def test_in_hindsight_it_is_said_of_how_many_the_roster_tells_too_little(tmp_path):
    file = saved(
        tmp_path,
        {"id": 1, "joined_at": "2026-01-01T00:00:00Z", "last_active_at": "2026-03-01T00:00:00Z"},
        {"id": 2, "joined_at": "2026-01-01T00:00:00Z", "last_active_at": "2026-01-02T00:00:00Z"},
        {"id": 3, "joined_at": "2026-02-01T00:00:01Z"},
        {"id": 4},
        fetched_at="2026-03-02T00:00:00Z",
    )
    then = ("--as-of", "2026-02-01", "--csv", "-c", "id")
    run = coursectl("members", file, *then)
    assert run.text.split() == ["id", "1", "2", "4"]
    assert run.stderr.endswith(
        ": 1 joined later and is left out; of 1, active later, it is not known whether they were"
        " before\n"
    )
    assert coursectl("members", file, "--inactive", "7d", *then).text.split() == ["id", "2", "4"]
    assert coursectl("members", file, "--active", "60d", *then).text.split() == ["id", "2"]
    shown = coursectl("members", file, "--as-of", "2026-02-01", "-f", "table").text
    assert "1 joined later and is left out" in shown


def test_an_empty_roster_is_fine():
    run = coursectl("members", "-", "--json", stdin=b"[]")
    assert (run.code, run.text, run.stderr) == (0, "[]\n", "")


def test_an_invalid_row_stops_with_nothing_on_stdout(tmp_path):
    bad = saved(tmp_path, {"id": 1}, {"id": 2, "user_completion_rate": 150})
    run = coursectl("members", bad, "--csv")
    assert (run.code, run.stdout) == (ExitCode.INVALID_DATA, b"")
    assert run.stderr.splitlines() == [
        f"coursectl: {bad}: 1 invalid member",
        f"  {bad}:1: row 2 (id 2): user_completion_rate: found 150,"
        " expected a number from 0 to 100, or null",
        "  Correct them, or leave them out with --skip-invalid.",
    ]


def test_an_invalid_row_leaves_the_old_file_as_it_was(tmp_path):
    bad = saved(tmp_path, {"id": "x"})
    old = tmp_path / "old.csv"
    old.write_text("old")
    assert coursectl("members", bad, "-o", old).code == ExitCode.INVALID_DATA
    assert old.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"saved.json", "old.csv"}


def test_invalid_rows_are_left_out_when_asked_and_named(tmp_path):
    bad = saved(tmp_path, {"id": 1}, {"id": "x"}, count=2)
    run = coursectl("members", bad, "--csv", "-c", "id", "--skip-invalid")
    assert (run.code, run.text) == (0, "id\n1\n")
    assert run.stderr.splitlines() == [
        f"coursectl: {bad}: left out 1 invalid of 2 rows",
        f'  {bad}:1: row 2: id: found "x", expected a whole number, 0 or more',
    ]


def test_a_saved_first_page_is_an_incomplete_roster(tmp_path):
    page = saved(tmp_path, {"id": 1}, {"id": 2}, count=5000)
    run = coursectl("members", page, "--json")
    assert (run.code, run.stdout) == (ExitCode.INCOMPLETE_ROSTER, b"")
    assert "expected 5,000 members, received 2 unique" in run.stderr
    allowed = coursectl("members", page, "--json", "--allow-incomplete")
    assert len(rows(allowed)) == 2
    assert "expected 5,000 members, received 2 unique" in allowed.stderr


def test_an_unknown_status_is_kept_and_named_once(tmp_path):
    vips = [{"id": number, "join_status": "vip"} for number in range(3)]
    run = coursectl("members", saved(tmp_path, *vips), "--csv", "-c", "join_status")
    assert run.text == "join_status\nvip\nvip\nvip\n"
    assert run.stderr.count("'vip'") == 1


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("missing.json", ExitCode.NOT_FOUND, "no such file"),
        ("./folder/missing", ExitCode.NOT_FOUND, "no such file"),
        (".", ExitCode.INVALID_DATA, "a directory, expected an export"),
    ],
)
def test_what_is_no_file_is_said_to_be_none(name, code, message, tmp_path):
    run = coursectl("members", name, cwd=tmp_path)
    assert run.code == code
    assert run.stderr.startswith(f"coursectl: {name}: {message}\n")


def test_a_sort_by_course_knows_a_name_that_stands_behind_the_members(tmp_path):
    named = tmp_path / "named.json"
    named.write_text('{"results": [{"id": 1}], "course": {"id": 7, "name": "Aaa", "slug": "a"}}')
    other = saved(tmp_path, {"id": 2}, course={"id": 8, "name": "Bbb", "slug": "b"})
    run = coursectl("members", other, named, "--sort", "course", "--csv", "-c", "id")
    assert run.text == "id\n1\n2\n"


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.no_cover
def test_a_run_of_pages_keeps_its_order_whatever_the_format(tmp_path):
    first = {
        "results": [{"id": 1}, {"id": 2}],
        "count": 4,
        "fetched_at": "2026-01-01T00:00:00Z",
        "course": {"name": "X"},
    }
    second = first | {"results": [{"id": 3}, {"id": 4}]}
    run_of_pages = json.dumps(first) + json.dumps(second)
    file = tmp_path / "pages.json"
    file.write_text(run_of_pages)
    for options in (["--csv"], ["--csv", "--inactive", "30d"], ["-f", "table"]):
        for given in (file, "-"):
            run = coursectl(
                "members", given, "-c", "id", "-n", "3", *options, stdin=run_of_pages.encode()
            )
            assert run.text.split()[-3:] == ["1", "2", "3"]


def test_ages_measured_from_now_for_want_of_better_are_told_of(tmp_path):
    run = coursectl("members", saved(tmp_path, {"id": 1}), "--inactive", "30d", "--csv")
    assert "does not say when it was fetched, so ages are measured from now" in run.stderr
    named = coursectl("members", saved(tmp_path, {"id": 1}), "--inactive", "30d", "--as-of", "1d")
    assert named.stderr == ""


def test_a_roster_that_is_not_whole_is_told_of_even_when_quiet(tmp_path):
    page = saved(tmp_path, {"id": 1}, count=2)
    run = coursectl("members", page, "--csv", "--allow-incomplete", "-q")
    assert "expected 2 members, received 1 unique" in run.stderr


def test_compressed_bytes_may_come_one_by_one():
    zipped = gzip.compress(b'[{"id":1}]')
    script = (
        f"import sys, time; out = sys.stdout.buffer; data = {zipped!r};"
        " out.write(data[:1]); out.flush(); time.sleep(0.3); out.write(data[1:])"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as feed:
        run = subprocess.run(
            [*COURSECTL, "members", "-", "--csv", "-c", "id"],
            stdin=feed.stdout,
            capture_output=True,
            env=clean_environment(),
            check=True,
        )
    assert run.stdout == b"id\n1\n"


def test_exports_with_byte_order_marks_may_be_put_together():
    both = b'\xef\xbb\xbf[{"id":1}]\n\xef\xbb\xbf[{"id":2}]'
    assert coursectl("members", "-", "--csv", "-c", "id", stdin=both).text == "id\n1\n2\n"


@pytest.mark.parametrize("columns", ["0", "00", "9" * 5000, "wide"])
def test_a_width_that_is_none_does_no_harm(columns):
    run = coursectl("members", "demo", "-f", "table", "-n", "1", environment={"COLUMNS": columns})
    assert "maja_bianchi" in run.text


# Files for spreadsheets and engines

BINARY = ("xlsx", "parquet")

WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from coursectl.cli import main
main()
"""

WITH_LITTLE_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
del sys.argv[1]
from coursectl.cli import main
main()
"""


def python(program: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=clean_environment(**environment),
        timeout=120,
        check=False,
    )


def in_workbook(data: bytes) -> list[tuple]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(Unknown|Conditional Formatting) extension")
        (sheet,) = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    assert sheet.title == "Members"
    return list(sheet.iter_rows(values_only=True))


def in_parquet(data: bytes) -> list[dict]:
    return parquet.read_table(io.BytesIO(data)).to_pylist()


def test_a_parquet_file_holds_what_json_holds(tmp_path):
    file = tmp_path / "roster.parquet"
    written = coursectl("members", "demo", "-o", file)
    assert (written.code, written.stderr) == (0, f"coursectl: {file}: 200 members written\n")
    found = [
        row
        | {
            key: row[key] and f"{row[key].replace(tzinfo=None).isoformat()}Z"
            for key in ("last_active_at", "joined_at")
        }
        for row in in_parquet(file.read_bytes())
    ]
    assert found == rows(coursectl("members", "demo", "--json"))


def test_a_workbook_holds_the_members_with_numbers_and_dates(tmp_path):
    file = tmp_path / "roster.xlsx"
    written = coursectl("members", "demo", "-o", file)
    assert (written.code, written.stderr) == (0, f"coursectl: {file}: 200 members written\n")
    header, *found = in_workbook(file.read_bytes())
    assert header[-3:] == ("Completion", "Last active (UTC)", "Joined (UTC)")
    expected = rows(coursectl("members", "demo", "--json"))
    for place, key in ((0, "id"), (5, "user_completion_rate")):
        assert [row[place] for row in found] == [row[key] for row in expected]
    assert [row[7] and f"{row[7].isoformat()}Z" for row in found] == [
        row["joined_at"] for row in expected
    ]


def test_binary_formats_know_several_courses_and_take_every_option(tmp_path):
    other = saved(tmp_path, {"id": 7, "real_name": "=1+1"}, course={"name": "Seven"})
    asked = ("members", "demo", other, "--sort", "id", "-n", "2", "--as-of", "2026-11-23")
    (header, *found) = in_workbook(coursectl(*asked, "-f", "xlsx").stdout)
    assert header[:2] == ("Course", "ID")
    assert [row[:4] for row in found] == [
        ("Seven", 7, None, "=1+1"),
        ("Food Safety Essentials", 1224, "maja_bianchi", "Maja Bianchi"),
    ]
    records = in_parquet(coursectl(*asked, "-f", "parquet", "-c", "real_name,course").stdout)
    assert records == [
        {"real_name": "=1+1", "course": "Seven"},
        {"real_name": "Maja Bianchi", "course": "Food Safety Essentials"},
    ]


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.no_cover
@pytest.mark.parametrize("ending", BINARY)
def test_a_binary_file_of_the_same_export_is_the_same(ending, tmp_path):
    asked = ("members", "demo", "-f", ending)
    assert coursectl(*asked).stdout == coursectl(*asked).stdout != b""


@pytest.mark.parametrize("ending", BINARY)
def test_a_binary_file_stays_as_it_was_when_anything_fails(ending, tmp_path):
    file = tmp_path / f"roster.{ending}"
    file.write_bytes(b"yesterday")
    run = coursectl("members", saved(tmp_path, {"id": 1}, {"id": -1}), "-o", file)
    assert run.code == ExitCode.INVALID_DATA
    assert file.read_bytes() == b"yesterday"
    assert sorted(tmp_path.iterdir()) == [file, tmp_path / "saved.json"]


@pytest.mark.parametrize("ending", BINARY)
def test_a_binary_format_is_not_for_a_terminal(ending):
    shown = on_terminal("members", "demo", "-f", ending)
    assert shown.code == ExitCode.USAGE
    assert shown.lines == [
        f"coursectl: {ending} is nothing to show on a terminal",
        "  Name a file with -o.",
    ]


@pytest.mark.parametrize("ending", BINARY)
def test_a_binary_format_is_not_packed_once_more(ending, tmp_path):
    run = coursectl("members", "demo", "-o", tmp_path / f"roster.{ending}.gz")
    assert run.code == ExitCode.USAGE
    assert run.stderr.startswith(f"coursectl: {ending} is compressed already")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("ending", "library"), [("xlsx", "xlsxwriter"), ("parquet", "pyarrow")])
def test_a_library_that_is_missing_is_named_before_anything_is_fetched(ending, library, tmp_path):
    file = tmp_path / f"roster.{ending}"
    # Nothing is configured: whoever fetches gets to hear that first.
    run = python(WITHOUT, library, "members", "42", "-o", file)
    assert (run.returncode, run.stdout) == (ExitCode.USAGE, "")
    assert run.stderr.splitlines() == [
        f"coursectl: {ending} needs {library}, which is not installed",
        f"  pip install 'coursectl[{ending}]'",
    ]
    assert not file.exists()
    assert python(WITHOUT, library, "members", "demo", "-n", "1", "--csv").returncode == 0


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.skipif(not hasattr(os, "fork"), reason="a limit of POSIX")
@pytest.mark.parametrize(
    ("ending", "room"),
    # The rows, the sheet and the packed workbook of the demo are of different sizes.
    [("xlsx", 3000), ("xlsx", 70_000), ("parquet", 3000)],
)
def test_a_disk_that_is_full_leaves_nothing_behind(ending, room, tmp_path, monkeypatch):
    # Coverage would find no room either, and say so.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    (tmp_path / "tmp").mkdir()
    file = tmp_path / f"roster.{ending}"
    run = python(
        WITH_LITTLE_ROOM, room, "members", "demo", "-o", file, TMPDIR=str(tmp_path / "tmp")
    )
    assert run.returncode == ExitCode.USAGE
    what = str(file) + ":" if ending == "parquet" else "a temporary file for a workbook"
    said, remedy = run.stderr.splitlines()
    assert said == f"coursectl: {what} cannot be written: File too large"
    assert ("TMPDIR" in remedy) == (ending == "xlsx")
    assert [path.name for path in tmp_path.rglob("*")] == ["tmp"]


@pytest.mark.parametrize("ending", BINARY)
def test_nobody_reading_on_ends_a_binary_format_in_silence(ending):
    command = f"{shlex.join(COURSECTL)} members demo -f {ending} | true; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(
        ["bash", "-c", command], capture_output=True, env=clean_environment(), check=False
    )
    assert run.stderr == b""


def test_a_limit_of_minus_nothing_is_none():
    text = coursectl("members", "demo", "--min-completion", "-0", "-n", "1", "-f", "html").text
    assert "at least 0%" in text
