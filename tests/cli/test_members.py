import csv
import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from coursectl.errors import ExitCode
from tests.running import COURSECTL, Outcome, clean_environment, coursectl

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


@pytest.mark.parametrize(
    "options",
    [
        ["-s", "joined,manager"],
        ["-s", "joined", "-s", "manager"],
        ["-s", "JOINED"],
        ["-s", "none"],
        ["-s", "no_such_status"],
        ["--search", "MARÍA"],
        ["--search", "évre"],
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


def test_a_run_of_pages_keeps_its_order_whatever_the_format(tmp_path):
    first = {
        "results": [{"id": 1}, {"id": 2}],
        "count": 4,
        "fetched_at": "2026-01-01T00:00:00Z",
        "course": {"name": "X"},
    }
    second = {"results": [{"id": 3}, {"id": 4}], "count": 4}
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
