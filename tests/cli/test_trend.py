import csv
import gzip
import io
import json
import re
import tracemalloc
from datetime import UTC
from pathlib import Path

import pytest
from pyarrow import parquet

from coursectl.cli.trend import _Reading
from coursectl.errors import ExitCode, InvalidData
from coursectl.gather import Tolerance
from coursectl.render.columns import TREND_COLUMN_KEYS
from coursectl.roster.criteria import Criteria
from coursectl.sources.folder import find_exports
from coursectl.streams import Talk
from tests.render.test_xlsx import naive, opened
from tests.running import Outcome, coursectl
from tests.test_terminal import on_terminal

FOOD = {"id": 42, "name": "Food Safety", "slug": "food-safety"}
KNIVES = {"id": 57, "name": "Knife Skills", "slug": "knife-skills"}
COMMUNITY = "https://community.example"


def member(id_: int, rate: float | None, last: str | None = None, status: str = "joined") -> dict:
    return {
        "id": id_,
        "join_status": status,
        "user_completion_rate": rate,
        "last_active_at": last,
        "joined_at": "2026-01-01T00:00:00Z",
    }


def save(path: Path, day: str, *members: dict, **envelope: object) -> Path:
    document = {
        "community": COMMUNITY,
        "course": FOOD,
        "fetched_at": f"{day}T06:00:00Z" if len(day) == 10 else day,
        "count": len(members),
        "results": members,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document | envelope).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def spring(folder: Path) -> Path:
    """Three exports of one course, saved in an order that is not that of time."""
    rosters = folder / "rosters"
    save(rosters / "a.json", "2026-05-01", member(1, 100, "2026-04-30T00:00:00Z"), member(2, 50))
    save(rosters / "b.json.gz", "2026-03-01", member(1, 10, "2026-01-02T00:00:00Z"))
    save(
        rosters / "2026" / "c.json",
        "2026-04-01",
        member(1, 60, "2026-03-02T06:00:00Z"),
        member(2, None, "2026-03-02T05:59:59Z"),
        member(3, 100, "2026-03-31T00:00:00Z", status="manager"),
    )
    return rosters


def rows(run: Outcome) -> list[dict]:
    assert run.code == 0, run.stderr
    return json.loads(run.stdout)


def test_a_trend_has_the_figures_of_each_export_by_time(tmp_path):
    run = coursectl("trend", spring(tmp_path), "--json")
    assert run.stderr == ""
    course = {"course": "Food Safety", "course_id": 42, "community": COMMUNITY}
    whole = {"invalid_rows": 0, "incomplete": None}
    assert rows(run) == [
        course | {"fetched_at": f"{day}T06:00:00Z"} | figures | whole
        for day, figures in {
            "2026-03-01": {
                "members": 1, "counted": 1, "mean": 10.0, "active_30": 0, "completed": 0,
            },
            "2026-04-01": {
                "members": 3, "counted": 2, "mean": 60.0, "active_30": 1, "completed": 0,
            },
            "2026-05-01": {
                "members": 2, "counted": 2, "mean": 75.0, "active_30": 1, "completed": 1,
            },
        }.items()
    ]  # fmt: skip
    assert list(rows(run)[0]) == list(TREND_COLUMN_KEYS)


def test_a_mail_says_whose_figures_these_are_how_they_went_and_each_point(tmp_path):
    assert (
        coursectl("trend", spring(tmp_path), "-s", "joined").text
        == """\
Food Safety
===========
3 exports · 2026-03-01 to 2026-05-01 · status joined

Over time
---------
Over time          First  Last  Least  Most
Members                1     2      1     2
Mean completion      10%   75%    10%   75%
Active in 30 days      0     1      0     1
Completed              0     1      0     1

Exports:
Fetched     Members  Counted  Mean completion  Active 30 days  Completed
2026-03-01        1        1              10%               0          0
2026-04-01        2        2              60%               1          0
2026-05-01        2        2              75%               1          1
"""
    )


@pytest.mark.slow
@pytest.mark.measured
def test_every_format_has_the_same_points_in_the_same_order(tmp_path):
    rosters = spring(tmp_path)
    points = rows(coursectl("trend", rosters, "--json"))
    lines = coursectl("trend", rosters, "-f", "jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == points
    records = list(csv.DictReader(io.StringIO(coursectl("trend", rosters, "--csv").text)))
    assert [record["fetched_at"] for record in records] == [row["fetched_at"] for row in points]
    assert [float(record["mean"]) for record in records] == [row["mean"] for row in points]
    tsv = coursectl("trend", rosters, "-f", "tsv").text
    assert tsv.splitlines()[0].split("\t") == list(TREND_COLUMN_KEYS)
    markdown = coursectl("trend", rosters, "-f", "markdown").text
    days = re.findall(r"^\| (\d{4}-\d\d-\d\d) ", markdown, re.MULTILINE)
    assert days == [row["fetched_at"][:10] for row in points]


def test_the_columns_may_be_named(tmp_path):
    run = coursectl("trend", spring(tmp_path), "--csv", "-c", "completed,fetched_at")
    assert run.text.splitlines()[:2] == ["completed,fetched_at", "0,2026-03-01T06:00:00Z"]
    wrong = coursectl("trend", "demo", "-c", "name")
    assert wrong.code == ExitCode.USAGE
    assert "Columns: course, course_id, community, fetched_at," in wrong.stderr


def test_exports_of_several_courses_are_a_series_each(tmp_path):
    rosters = spring(tmp_path)
    save(rosters / "k1.json", "2026-04-15", member(1, 5), course=KNIVES)
    save(rosters / "k2.json", "2026-03-15", member(1, 0), course=KNIVES)
    plain = coursectl("trend", rosters).text
    assert plain.startswith("2 courses\n")
    food, knives = plain.partition("Knife Skills\n")[::2]
    assert [len(re.findall(r"^2026-", part, re.MULTILINE)) for part in (food, knives)] == [3, 2]
    assert [row["course_id"] for row in rows(coursectl("trend", rosters, "--json"))] == [
        42, 42, 42, 57, 57,
    ]  # fmt: skip


def test_courses_of_one_name_are_told_apart_and_machines_get_the_bare_name(tmp_path):
    one = save(tmp_path / "1.json", "2026-04-15")
    other = save(tmp_path / "2.json", "2026-04-15", community="https://other.example:8443")
    plain = coursectl("trend", one, other).text
    assert "Food Safety (id 42, community.example)" in plain
    assert "Food Safety (id 42, other.example:8443)" in plain
    found = rows(coursectl("trend", one, other, "--json"))
    assert {row["course"] for row in found} == {"Food Safety"}
    assert [row["community"] for row in found] == [COMMUNITY, "https://other.example:8443"]


@pytest.mark.parametrize("community", ["https://[", "nowhere", "https://:1/"])
def test_a_community_that_is_no_url_is_still_one(community, tmp_path):
    one = save(tmp_path / "1.json", "2026-04-15", community=community)
    other = save(tmp_path / "2.json", "2026-04-16", community=community)
    third = save(tmp_path / "3.json", "2026-04-17")
    plain = coursectl("trend", one, other, third).text
    assert plain.count(f"Food Safety (id 42, {community})") == 1
    assert plain.startswith("2 courses\n")


def test_a_host_is_one_however_its_url_is_written(tmp_path):
    one = save(tmp_path / "1.json", "2026-04-15")
    other = save(tmp_path / "2.json", "2026-04-16", community="https://Community.example:443/")
    assert coursectl("trend", one, other).text.startswith("Food Safety\n=")


def test_an_empty_roster_is_a_point_of_nobody(tmp_path):
    (row,) = rows(coursectl("trend", save(tmp_path / "a.json", "2026-04-15"), "--json"))
    assert (row["members"], row["counted"], row["mean"], row["completed"]) == (0, 0, None, 0)


def test_whom_the_figures_count_may_be_said(tmp_path):
    rosters = spring(tmp_path)
    found = rows(coursectl("trend", rosters, "--json", "-s", "manager"))
    assert [(row["counted"], row["mean"]) for row in found] == [(0, None), (1, 100.0), (0, None)]
    assert coursectl("trend", rosters, "-s", ",").code == ExitCode.USAGE


def test_a_roster_on_stdin_the_demo_and_a_glob_go_together(tmp_path):
    spring(tmp_path)
    saved = (tmp_path / "rosters" / "a.json").read_bytes()
    run = coursectl(
        "trend", "-", "demo", "rosters/**/*.json", "-", "--json", stdin=saved, cwd=tmp_path
    )
    assert [row["fetched_at"][:10] for row in rows(run)] == [
        "2026-04-01",
        "2026-05-01",
        "2026-11-23",
    ]
    assert run.stderr == ""


def test_what_is_no_export_is_named(tmp_path):
    spring(tmp_path)
    for missing in ("none.json", "rosters/*.txt", "42"):
        run = coursectl("trend", "rosters", missing, cwd=tmp_path)
        assert (run.code, run.stdout) == (ExitCode.NOT_FOUND, b"")
        assert run.stderr.startswith(f"coursectl: {missing}: no such file or folder")


BROKEN = {
    "text.json": b"not JSON",
    "object.json": b'{"detail": "Not found."}',
    "row.json": b'{"fetched_at": "2026-01-01T00:00:00Z", "results": [{"id": "x"}]}',
    "page.json": b'{"fetched_at": "2026-01-01T00:00:00Z", "count": 9, "results": [{"id": 1}]}',
    "undated.json": b'[{"id": 1}]',
    "cut.json.gz": gzip.compress(b"[]" * 1000)[:-9],
    "empty.json": b"",
}


def fifty(folder: Path) -> Path:
    """Fifty files, of which some are broken."""
    rosters = folder / "rosters"
    for number in range(50 - len(BROKEN)):
        day = f"2026-{number // 28 + 1:02}-{number % 28 + 1:02}"
        save(rosters / f"{number:02}.json", day, *(member(id_, number) for id_ in range(20)))
    for name, content in BROKEN.items():
        (rosters / name).write_bytes(content)
    return rosters


def test_broken_ones_among_fifty_are_named_and_the_others_are_shown(tmp_path):
    run = coursectl("trend", fifty(tmp_path), "--json", "-q")
    found = rows(run)
    assert len(found) == 50 - len(BROKEN)
    assert [row["mean"] for row in found] == list(range(50 - len(BROKEN)))
    named = re.findall(r"^coursectl: left out: \S*/([\w.]+)", run.stderr, re.MULTILINE)
    assert sorted(named) == sorted(BROKEN)
    assert "expected 9 members, received 1 unique" in run.stderr
    assert "undated.json: does not say when it was fetched, so it has no date" in run.stderr
    assert 'row 1: id: found "x", expected a whole number' in run.stderr


def test_strict_names_all_that_are_broken_and_shows_nothing(tmp_path):
    rosters = fifty(tmp_path)
    file = tmp_path / "trend.csv"
    file.write_text("yesterday's")
    for more in (["--json"], ["-o", file]):
        run = coursectl("trend", rosters, "--strict", *more)
        assert (run.code, run.stdout) == (ExitCode.INVALID_DATA, b"")
        assert run.stderr.startswith(f"coursectl: {len(BROKEN)} of 50 exports are broken\n")
        assert all(f"  {rosters / name}" in run.stderr for name in BROKEN)
    assert file.read_text() == "yesterday's"


def test_strict_has_nothing_against_exports_that_are_well(tmp_path):
    assert len(rows(coursectl("trend", spring(tmp_path), "--strict", "--json"))) == 3


@pytest.mark.slow
@pytest.mark.no_cover
def test_of_all_that_was_read_only_the_figures_are_held(tmp_path):
    for number in range(20):
        rows = [member(id_, 50, "2026-01-01T00:00:00Z") for id_ in range(3000)]
        if number % 2:
            rows[-1]["id"] = "x"
        save(tmp_path / f"{number:02}.json", f"2026-01-{number + 1:02}", *rows)

    def peak(files: list[Path]) -> int:
        reading = _Reading(Criteria(), Tolerance())
        exports = find_exports(list(map(str, files))).exports
        tracemalloc.start()
        try:
            for export in exports:
                reading.read(export, Talk(quiet=True))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    files = sorted(tmp_path.iterdir())
    peak(files[:2])  # what is imported and compiled on the way
    assert peak(files) < 1.3 * peak(files[:2])


def test_when_all_are_broken_there_is_nothing_to_show(tmp_path):
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    run = coursectl("trend", tmp_path)
    assert (run.code, run.stdout) == (ExitCode.INVALID_DATA, b"")
    assert "7 of 7 exports are broken" in run.stderr
    alone = coursectl("trend", tmp_path / "page.json")
    assert (alone.code, alone.stdout) == (ExitCode.INVALID_DATA, b"")
    assert alone.stderr.startswith(f"coursectl: {tmp_path / 'page.json'} is not the whole roster")


def test_a_link_to_nothing_in_a_folder_is_a_broken_export(tmp_path):
    rosters = spring(tmp_path)
    (rosters / "link.json").symlink_to("gone.json")
    run = coursectl("trend", rosters, "--json")
    assert len(rows(run)) == 3
    assert run.stderr == f"coursectl: left out: {rosters / 'link.json'}: no such file\n"


def test_a_folder_that_is_still_empty_costs_the_others_nothing(tmp_path):
    rosters = spring(tmp_path)
    (tmp_path / "empty").mkdir()
    run = coursectl("trend", tmp_path / "empty", rosters, "--json", "--strict")
    assert len(rows(run)) == 3
    assert run.stderr.startswith(f"coursectl: {tmp_path / 'empty'}: no export in this folder\n")
    alone = coursectl("trend", tmp_path / "empty")
    assert (alone.code, alone.stdout) == (ExitCode.NOT_FOUND, b"")


def test_a_folder_that_cannot_be_read_is_broken_and_said_to_be_one():
    reading = _Reading(Criteria(), Tolerance())
    reading.take_unreadable([InvalidData("a: cannot be read: Permission denied")])
    assert reading.failure().message == "a: cannot be read: Permission denied"
    for export in find_exports(["demo"]).exports:
        reading.read(export, Talk(quiet=True))
    assert reading.failure().message == "1 of 2 exports and folders are broken"


def test_a_course_that_was_asked_for_stands_in_its_place(tmp_path):
    shown = "\n".join(on_terminal("trend", spring(tmp_path), "-c", "mean,course").lines)
    assert re.search(r"Mean completion +Course\n.*\n.*10% +Food Safety", shown)


def test_what_is_invalid_or_incomplete_is_shown_when_that_is_accepted(tmp_path):
    fifty(tmp_path)
    files = [tmp_path / "rosters" / name for name in ("row.json", "page.json")]
    run = coursectl("trend", *files, "--json", "--skip-invalid", "--allow-incomplete")
    assert {row["course"]: row["members"] for row in rows(run)} == dict(
        zip(map(str, files), (0, 1), strict=True)
    )
    assert "page.json is not the whole roster: expected 9 members" in run.stderr
    assert "row.json: left out 1 invalid of 1 rows" in run.stderr
    quiet = coursectl("trend", *files, "--json", "--skip-invalid", "--allow-incomplete", "-q")
    assert "page.json is not the whole roster" in quiet.stderr
    assert "1 invalid" not in quiet.stderr


def test_what_is_to_be_said_of_many_exports_is_said_once(tmp_path):
    for day in range(1, 10):
        waiting = member(1, 0, status="payment_waiting")
        save(tmp_path / f"{day}.json", f"2026-01-0{day}", waiting)
    run = coursectl("trend", tmp_path, "--json")
    assert len(rows(run)) == 9
    assert run.stderr == (
        f"coursectl: {tmp_path / '1.json'} and 8 more: join_status 'payment_waiting' is not one"
        " that the API documents; kept as it is\n"
    )


def test_the_same_export_twice_is_one_point_and_one_that_differs_is_named(tmp_path):
    first = save(tmp_path / "a.json", "2026-01-01", member(1, 10))
    save(tmp_path / "b.json", "2026-01-01", member(1, 10))
    run = coursectl("trend", tmp_path, "--json")
    assert (len(rows(run)), run.stderr) == (1, "")
    edited = save(tmp_path / "c.json", "2026-01-01", member(1, 20))
    run = coursectl("trend", tmp_path, "--json", "-q")
    assert [row["mean"] for row in rows(run)] == [10]
    assert f"{edited}: of the same course and moment as {first}, with other" in run.stderr


def test_a_file_is_written_and_told_of(tmp_path):
    file = tmp_path / "trend.csv"
    run = coursectl("trend", spring(tmp_path), "-o", file)
    assert (run.code, run.stdout) == (0, b"")
    assert run.stderr == f"coursectl: {file}: 3 exports written\n"
    assert file.read_text().startswith("course,course_id,community,fetched_at,members,")
    assert coursectl("trend", spring(tmp_path), "-q", "-o", file).stderr == ""


def test_a_workbook_and_a_parquet_file_hold_the_points_with_their_types(tmp_path):
    rosters = spring(tmp_path)
    for ending in ("xlsx", "parquet"):
        assert coursectl("trend", rosters, "-o", tmp_path / f"trend.{ending}").code == 0
    first = ("Food Safety", 42, COMMUNITY, naive(2026, 3, 1, 6), 1, 1, 10, 0, 0, 0, None)
    (sheet,) = opened((tmp_path / "trend.xlsx").read_bytes()).worksheets
    assert next(sheet.iter_rows(min_row=2, values_only=True)) == first
    found = parquet.read_table(tmp_path / "trend.parquet").to_pylist()
    assert found[0] == dict(zip(TREND_COLUMN_KEYS, first, strict=True)) | {
        "fetched_at": first[3].replace(tzinfo=UTC)
    }
    assert len(found) == 3


@pytest.mark.slow
def test_a_trend_of_pseudonyms_is_the_same_trend(tmp_path):
    rosters = spring(tmp_path)
    key = {"COURSECTL_PSEUDONYM_KEY": "a key of more than sixteen characters"}
    hidden = coursectl("trend", rosters, "--pseudonymize", environment=key)
    assert hidden.code == 0
    assert hidden.stdout == coursectl("trend", rosters).stdout
    without = coursectl("trend", rosters, "--pseudonymize")
    assert (without.code, without.stdout) == (ExitCode.USAGE, b"")
    (rosters / "bad.json").write_text('[{"id": 1, "real_name": ["Ann Telltale"]}]')
    told = coursectl("trend", rosters, "--pseudonymize", environment=key).stderr
    assert "left out: " in told
    assert "Telltale" not in told


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.no_cover
def test_a_name_chosen_to_do_harm_does_none(tmp_path):
    course = {"id": 1, "name": "=1+1\x1b[2J\n\u202egnp", "slug": "x"}
    file = save(tmp_path / "a.json", "2026-01-01", course=course)
    other = save(tmp_path / "b.json", "2026-01-01")
    for format_ in ("plain", "markdown", "csv", "table"):
        text = coursectl("trend", file, other, "-f", format_).text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "'=1+1" in coursectl("trend", file, "--csv").text


def test_on_a_terminal_each_course_is_a_section_with_its_lines_and_dates(tmp_path):
    rosters = spring(tmp_path)
    save(rosters / "k1.json", "2026-04-15T06:00:00Z", member(1, 5), course=KNIVES)
    save(rosters / "k2.json", "2026-04-15T18:30:00Z", member(1, 0), course=KNIVES)
    shown = on_terminal("trend", rosters, width=100, height=60)
    assert shown.code == 0
    text = "\n".join(shown.lines)
    assert shown.lines[0] == "2 courses"
    assert "5 exports" in text
    assert text.index("Food Safety") < text.index("Knife Skills")
    for title in ("Members", "Mean completion", "Active in 30 days", "Completed"):
        assert text.count(title) >= 2
    assert text.count("Active in 30 days") == 2
    assert re.search("[▁▂▃▄▅▆▇█]", text)
    assert re.search(r"^2026-03-01 +1 +1 ", text, re.MULTILINE)
    assert re.search(r"^2026-04-15 06:00 +1 +1 ", text, re.MULTILINE)
    assert re.search(r"^2026-04-15 18:30 +1 +1 ", text, re.MULTILINE)


def test_on_a_terminal_a_single_course_is_the_title(tmp_path):
    asked = ("-s", "joined", "-s", "manager")
    shown = on_terminal("trend", spring(tmp_path), *asked, width=80, height=40)
    assert shown.lines[:2] == [
        "Food Safety",
        "3 exports · 2026-03-01 to 2026-05-01 · status joined, manager",
    ]
    assert max(map(len, shown.lines)) <= 80


def test_on_a_narrow_terminal_columns_fold_away_before_dates_are_cut(tmp_path):
    shown = on_terminal("trend", spring(tmp_path), width=40, height=40)
    text = "\n".join(shown.lines)
    assert re.search(r"^2026-03-01 .* 10% ", text, re.MULTILINE)
    assert "Not shown at this width: Members" in text
    assert "…" not in text.partition("Not shown")[0]
    named = on_terminal("trend", tmp_path, "-c", "mean,counted,members", width=40, height=40)
    assert "Not shown" not in "\n".join(named.lines)


def test_on_a_terminal_only_the_columns_that_are_named_are_in_the_rows(tmp_path):
    rosters = spring(tmp_path)
    save(rosters / "same-minute.json", "2026-05-01T06:00:00.5Z")
    shown = on_terminal("trend", rosters, "-c", "fetched_at,counted", width=80, height=40)
    text = "\n".join(shown.lines)
    assert re.search(r"^2026-05-01 06:00:00.000000 +2$", text, re.MULTILINE)
    assert re.search(r"^2026-05-01 06:00:00.500000 +0$", text, re.MULTILINE)
