import json
import re
from pathlib import Path

import pytest

from coursectl.errors import ExitCode
from coursectl.roster.definitions import DEFINITIONS
from tests.community import Community, Course, row
from tests.render.test_xlsx import opened
from tests.running import coursectl

AVATAR = "https://community.example/media/avatars/1224.png"
NAMES = ("Maja Bianchi", "Алексей Смирнов", "Olivia Moretti")


def saved(folder: Path, *members: dict, **envelope: object) -> Path:
    path = folder / "saved.json"
    path.write_text(json.dumps(envelope | {"results": members}), encoding="utf-8")
    return path


def written(file: Path, *arguments: object) -> str:
    run = coursectl("report", *arguments, "-o", file)
    assert (run.code, run.stdout) == (0, b""), run.stderr
    return file.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("ending", ["html", "htm", "md", "txt"])
def test_a_report_has_the_figures_the_roster_and_what_they_mean(ending, tmp_path):
    text = written(tmp_path / f"report.{ending}", "demo")
    for said in ("Food Safety Essentials", "54.8%", "Who needs a nudge", "2026-11-23", *NAMES):
        assert said in text
    plain = re.sub(r"\\(.)|\s+", lambda found: found[1] or " ", text)
    for term, meaning in DEFINITIONS:
        assert term in plain
        if ending in ("md", "txt"):
            assert meaning in plain


def test_a_workbook_has_a_sheet_for_the_figures_and_one_for_the_roster(tmp_path):
    file = tmp_path / "report.xlsx"
    assert coursectl("report", "demo", "-o", file).code == 0
    book = opened(file.read_bytes())
    assert {"Summary", "Roster", "Who needs a nudge", "About"} <= set(book.sheetnames)
    assert book["Roster"].max_row == 201


def test_a_workbook_has_its_sheets_also_of_nobody_and_of_no_changes(tmp_path):
    file = tmp_path / "report.xlsx"
    nobody = saved(tmp_path, course={"id": 42, "name": "A"}, fetched_at="2026-11-23T06:00:00Z")
    run = coursectl("report", nobody, "--since", nobody, "-o", file)
    assert run.code == 0, run.stderr
    book = opened(file.read_bytes())
    assert book.sheetnames == ["Summary", "Changes", "Roster", "About"]
    for name in ("Changes", "Roster"):
        assert book[name].freeze_panes == "A2"
        assert book[name].max_row == 1
    assert book.properties.created.year == 2026


def test_a_page_begins_with_what_it_is(tmp_path):
    assert written(tmp_path / "report.html", "demo").startswith("<!doctype html>\n<html")


def test_who_is_missing_from_a_roster_is_not_told_to_have_left(tmp_path):
    of = {"course": {"id": 42, "name": "A"}, "fetched_at": "2026-11-23T06:00:00Z"}
    before = saved(tmp_path, row(1), row(2), **of)
    part = before.with_name("part.json")
    part.write_text(json.dumps(of | {"count": 2, "results": [row(1)]}))
    text = written(tmp_path / "a.txt", part, "--since", before, "--allow-incomplete")
    assert re.search(r"^Left: +not known$", text, re.MULTILINE)
    assert "\nLeft\n----" not in text
    assert "Members are missing" in text


def test_a_report_goes_to_stdout_as_text_without_a_file():
    run = coursectl("report", "demo")
    assert (run.code, run.stderr) == (0, "")
    assert run.stdout.decode().startswith("Food Safety Essentials\n======")


def test_everybody_is_in_the_roster_and_everybody_who_needs_a_nudge_is_named(tmp_path):
    text = written(tmp_path / "report.txt", "demo")
    roster = text.partition("\nRoster\n")[2]
    nudge = text.partition("\nWho needs a nudge\n")[2].partition("\nRoster\n")[0]
    demo = json.loads(coursectl("members", "demo", "--json").stdout)
    assert all(f"{member['id']}  " in roster for member in demo)
    silent = coursectl(
        *("members", "demo", "--status", "joined", "--inactive", "30d", "--json"),
        *("--max-completion", "99.999"),
    )
    ids = [member["id"] for member in json.loads(silent.stdout)]
    assert len(ids) == 82
    assert all(re.search(rf"^ *{id_}  ", nudge, re.MULTILINE) for id_ in ids)


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("ending", ["html", "md", "txt"])
def test_avatars_are_left_out(ending, tmp_path):
    text = written(tmp_path / f"report.{ending}", "demo")
    assert "/media/avatars/" not in text
    assert 'href="http' not in text
    assert "src=" not in text


def test_avatars_are_linked_when_asked_for(tmp_path):
    text = written(tmp_path / "report.html", "demo", "--avatars")
    assert f'href="{AVATAR}"' in text
    assert "<img" not in text


def test_a_report_of_a_live_course_says_where_and_what_the_course_says_itself(tmp_path):
    course = Course(42, [row(1, user_completion_rate=50), row(2, user_completion_rate=100)])
    course.fields = {"avg_completion_rate": 75}
    with Community(course).running() as community:
        file = tmp_path / "report.txt"
        run = coursectl("report", "42", "-q", "-o", file, environment=community.environment)
        assert (run.code, run.stderr) == (0, "")
        text = file.read_text(encoding="utf-8")
        assert community.url in text
    assert "The community itself says 75% (avg_completion_rate), the same as ours" in text


def test_an_empty_course_has_a_report(tmp_path):
    text = written(tmp_path / "report.txt", saved(tmp_path, fetched_at="2026-11-23T06:00:00Z"))
    assert "Nobody." in text


def test_a_report_on_a_part_of_a_roster_says_so_on_top(tmp_path):
    export = saved(tmp_path, row(1), count=2, fetched_at="2026-11-23T06:00:00Z")
    text = written(tmp_path / "report.txt", export, "--allow-incomplete")
    assert "expected 2 members, received 1" in " ".join(text.partition("At a glance")[0].split())


def test_a_report_that_leaves_rows_out_says_so_on_top(tmp_path):
    bad = row(2, user_completion_rate=101)
    export = saved(tmp_path, row(1), bad, fetched_at="2026-11-23T06:00:00Z")
    text = written(tmp_path / "report.md", export, "--skip-invalid")
    assert "left out 1 invalid of 2 rows" in text.partition("At a glance")[0]


def test_a_format_of_rows_is_no_report():
    for option in ("csv", "json", "parquet"):
        run = coursectl("report", "demo", "--format", option)
        assert (run.code, run.stdout) == (ExitCode.USAGE, b"")
        assert f"a report is no {option}" in run.stderr
        assert "html" in run.stderr


def test_a_report_that_fails_leaves_the_file_of_yesterday(tmp_path):
    file = tmp_path / "report.html"
    file.write_text("yesterday")
    export = saved(tmp_path, row(1), count=2)
    run = coursectl("report", export, "-o", file)
    assert (run.code, run.stdout) == (ExitCode.INCOMPLETE_ROSTER, b"")
    assert file.read_text() == "yesterday"


def test_who_needs_a_nudge_depends_on_how_long_silence_may_be(tmp_path):
    far = written(tmp_path / "far.txt", "demo", "--inactive", "90d")
    assert "silent for 90d" in far
    run = coursectl("report", "demo", "--inactive", "soon")
    assert (run.code, run.stdout) == (ExitCode.USAGE, b"")
    assert "--inactive: 'soon' is not an age" in run.stderr


def test_ages_are_measured_from_the_moment_that_is_named(tmp_path):
    text = written(tmp_path / "report.txt", "demo", "--as-of", "2026-06-01")
    assert "as of 2026-06-01 00:00 UTC" in text


# What changed


@pytest.fixture
def week_before(tmp_path) -> Path:
    demo = json.loads(exported())
    demo["fetched_at"] = "2026-11-16T06:00:00Z"
    first, *_ = demo["results"]
    kept = [*demo["results"][:2], *demo["results"][4:]]
    demo["results"] = [*kept, first | {"id": 99_999, "username": "gone"}]
    demo["results"][1]["real_name"] = "Once Another"
    demo["count"] = len(demo["results"])
    path = tmp_path / "week-before.json"
    path.write_text(json.dumps(demo), encoding="utf-8")
    return path


def exported() -> bytes:
    return coursectl("export", "demo").stdout


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["html", "md", "txt"])
def test_a_report_tells_what_changed_since_an_export(ending, tmp_path, week_before):
    text = written(tmp_path / f"report.{ending}", "demo", "--since", week_before)
    assert "What changed since 2026-11-16" in text
    for said in ("Joined", "Left", "Renamed", "gone", "Once Another"):
        assert said in text


def test_a_workbook_has_all_changes_on_a_sheet(tmp_path, week_before):
    file = tmp_path / "report.xlsx"
    run = coursectl("report", "demo", "--since", week_before, "-o", file)
    assert run.code == 0, run.stderr
    sheet = opened(file.read_bytes())["Changes"]
    kinds = [sheet.cell(number, 1).value for number in range(2, sheet.max_row + 1)]
    told = [kind for kind in kinds if kind != "silent"]
    assert told == ["joined", "joined", "left", "completed", "renamed"]


def test_a_report_since_nothing_names_the_option(tmp_path):
    run = coursectl("report", "demo", "--since", "", "-o", tmp_path / "report.html")
    assert (run.code, run.stdout) == (ExitCode.USAGE, b"")
    assert run.stderr == "coursectl: --since is empty\n  Name an export, or leave it out.\n"
    assert not (tmp_path / "report.html").exists()


@pytest.mark.slow
@pytest.mark.measured
def test_a_report_of_an_earlier_moment_has_who_was_there_then(tmp_path):
    document = json.loads(exported()) | {"fetched_at": "2026-10-01T00:00:00Z"}
    document["results"] = [m for m in document["results"] if m["username"] != "samuel_santos"]
    before = tmp_path / "before.json"
    before.write_text(json.dumps(document | {"count": 199}), encoding="utf-8")
    asked = ("demo", "--since", before, "-q")
    assert "samuel_santos" in written(tmp_path / "now.txt", *asked).partition("Joined\n---")[2]

    text = written(tmp_path / "then.txt", *asked, "--as-of", "2026-10-20")
    facts = " ".join(text.partition("At a glance")[0].split())
    assert "196 members · as of 2026-10-20 00:00 UTC fetched 2026-11-23 06:00 UTC: who" in facts
    assert "samuel_santos" not in text  # joined on 24 October
    changed = text.partition("What changed since")[2].partition("Who needs a nudge")[0]
    assert re.search(r"^Joined: +0$", changed, re.MULTILINE)
    assert re.search(r"^Left: +0$", changed, re.MULTILINE)


def test_a_report_since_a_live_course_is_refused(tmp_path):
    run = coursectl("report", "demo", "--since", "42", "-o", tmp_path / "report.html")
    assert (run.code, run.stdout) == (ExitCode.USAGE, b"")
    assert "--since '42' is not an export" in run.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_report_since_an_export_of_another_course_is_refused(tmp_path):
    other = saved(tmp_path, row(1), course={"id": 57}, fetched_at="2026-11-01T00:00:00Z")
    run = coursectl("report", "demo", "--since", other, "-o", tmp_path / "report.html")
    assert (run.code, run.stdout) == (ExitCode.USAGE, b"")
    assert "rosters of different courses" in run.stderr


def test_a_report_since_a_later_export_is_refused(tmp_path, week_before):
    late = json.loads(week_before.read_bytes()) | {"fetched_at": "2026-11-30T00:00:00Z"}
    week_before.write_text(json.dumps(late), encoding="utf-8")
    run = coursectl("report", "demo", "--since", week_before, "-o", tmp_path / "report.html")
    assert (run.code, run.stdout) == (ExitCode.USAGE, b"")
    assert "is newer than" in run.stderr


@pytest.mark.slow
@pytest.mark.measured
def test_a_live_course_is_reported_since_its_export(tmp_path):
    course = Course(42, [row(1), row(2), row(3, join_status="invited")])
    with Community(course).running() as community:
        week = tmp_path / "week.json"
        environment = community.environment
        assert coursectl("export", "42", "-q", "-o", week, environment=environment).code == 0
        course.members[0]["user_completion_rate"] = 100
        file = tmp_path / "report.txt"
        run = coursectl("report", "42", "--since", week, "-o", file, environment=environment)
        assert run.code == 0, run.stderr
    changed = file.read_text(encoding="utf-8").partition("\nWhat changed since ")[2]
    assert re.search(r"Completed: +1\n", changed)
