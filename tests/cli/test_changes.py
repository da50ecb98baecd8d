import csv
import gzip
import io
import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from coursectl.errors import ExitCode
from coursectl.roster.change_kind import OF_WHO_CAME, OF_WHO_WENT, ChangeKind
from coursectl.roster.pseudonyms import Pseudonyms
from tests.community import TOKEN, Community, Course, row
from tests.render.test_xlsx import naive, opened
from tests.running import COURSECTL, Outcome, clean_environment, coursectl
from tests.test_terminal import on_terminal

FOOD = {"id": 42, "name": "Food Safety", "slug": "food-safety"}
COMMUNITY = "https://community.example"
WEEK = ("2026-11-16T06:00:00Z", "2026-11-23T06:00:00Z")

BEFORE = [
    row(1, user_completion_rate=20),
    row(2, user_completion_rate=99.5),
    row(3, join_status="invited", joined_at=None),
    row(4),
    row(5, user_completion_rate=60),
    row(6, user_completion_rate=5, last_active_at="2026-10-20T12:00:00Z"),
    row(7, real_name="Ann"),
    row(8),
]
AFTER = [
    row(1, user_completion_rate=45),
    row(2, user_completion_rate=100),
    row(3, join_status="joined", joined_at="2026-11-20T00:00:00Z"),
    row(5, user_completion_rate=55),
    row(6, user_completion_rate=5, last_active_at="2026-10-20T12:00:00Z"),
    row(7, real_name="Bea"),
    row(8),
    row(9, username="new/9"),
]
COUNTS = {
    "joined": 2,
    "left": 1,
    "invited": 0,
    "requested": 0,
    "withdrawn": 0,
    "moved": 0,
    "progressed": 2,
    "regressed": 1,
    "completed": 1,
    "silent": 1,
    "renamed": 1,
}

UNTOLD = (dict.fromkeys(OF_WHO_CAME), dict.fromkeys(OF_WHO_WENT))
"""What is not known where the first or the second roster may lack somebody."""


def export(members: list[Any], fetched_at: str | None, **said: Any) -> bytes:
    document = {"community": COMMUNITY, "course": FOOD, "fetched_at": fetched_at}
    return json.dumps(document | {"count": len(members)} | said | {"results": members}).encode()


def save(path: Path, members: list[Any], fetched_at: str | None = WEEK[0], **said: Any) -> Path:
    path.write_bytes(export(members, fetched_at, **said))
    return path


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    return (
        save(tmp_path / "before.json", BEFORE),
        save(tmp_path / "after.json", AFTER, WEEK[1]),
    )


def fine(run: Outcome, code: int = 0) -> Outcome:
    assert run.code == code, run.stderr
    return run


def refused(code: ExitCode, *arguments: str | Path, **how: Any) -> str:
    run = coursectl("changes", *arguments, **how)
    assert (run.code, run.stdout) == (code, b"")
    assert "bug" not in run.stderr
    assert len(run.stderr.splitlines()) <= 3
    return run.stderr


# What is told


def test_json_has_the_counts_first_and_then_every_change(two):
    run = fine(coursectl("changes", *two, "--json"))
    assert run.stderr == ""
    document = json.loads(run.stdout)
    assert list(document) == [
        "shape",
        "course",
        "community",
        "before",
        "after",
        "inactive",
        "counts",
        "changes",
    ]
    told = document.pop("changes")
    assert document == {
        "shape": "changes/2",
        "course": {"id": 42, "name": "Food Safety"},
        "community": COMMUNITY,
        "before": {"fetched_at": WEEK[0], "members": 8},
        "after": {"fetched_at": WEEK[1], "members": 8},
        "inactive": "30d",
        "counts": COUNTS,
    }
    assert list(document["counts"]) == list(ChangeKind)

    def change(kind: str, id_: int, was: Any, now: Any, **fields: Any) -> dict[str, Any]:
        usual = {
            "username": f"member_{id_}",
            "real_name": f"Member {id_}",
            "join_status": "joined",
            "delta": None,
        }
        return {"change": kind, "id": id_, "from": was, "to": now} | usual | fields

    assert told == [
        change("joined", 3, "invited", "joined"),
        change("joined", 9, None, "joined", username="new/9"),
        change("left", 4, "joined", None),
        change("progressed", 1, 20, 45, delta=25),
        change("progressed", 2, 99.5, 100, delta=0.5),
        change("regressed", 5, 60, 55, delta=-5),
        change("completed", 2, 99.5, 100),
        change("silent", 6, "2026-10-20T12:00:00Z", "2026-10-20T12:00:00Z"),
        change(
            "renamed",
            7,
            {"username": "member_7", "real_name": "Ann"},
            {"username": "member_7", "real_name": "Bea"},
            real_name="Bea",
        ),
    ]


def test_jsonl_has_the_changes_alone_a_line_each(two):
    lines = fine(coursectl("changes", *two, "-f", "jsonl")).text.splitlines()
    document = json.loads(coursectl("changes", *two, "--json").stdout)
    assert [json.loads(line) for line in lines] == document["changes"]


def test_csv_has_a_change_a_row_with_what_it_was_and_is_as_text(two):
    run = fine(coursectl("changes", *two, "--csv"))
    header, *rows = csv.reader(io.StringIO(run.text))
    assert header == [
        "change",
        "id",
        "username",
        "real_name",
        "join_status",
        "from",
        "to",
        "delta",
    ]
    by_kind = {line[0]: line[1:] for line in reversed(rows)}
    assert by_kind["progressed"] == ["1", "member_1", "Member 1", "joined", "20", "45", "25"]
    assert by_kind["left"] == ["4", "member_4", "Member 4", "joined", "joined", "", ""]
    assert by_kind["silent"][4:] == ["2026-10-20T12:00:00Z"] * 2 + [""]
    assert by_kind["renamed"][4:] == ["Ann (member_7)", "Bea (member_7)", ""]
    assert len(rows) == sum(COUNTS.values())


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.no_cover
def test_tsv_parquet_and_xlsx_have_the_rows_of_csv(two, tmp_path):
    header, *rows = csv.reader(io.StringIO(coursectl("changes", *two, "--csv").text))
    texts = [[value or None for value in line] for line in rows]

    def as_text(value: object) -> str | None:
        return None if value is None else f"{value:g}" if isinstance(value, float) else str(value)

    tsv = coursectl("changes", *two, "-f", "tsv").text
    assert list(csv.reader(io.StringIO(tsv), delimiter="\t")) == [header, *rows]
    fine(coursectl("changes", *two, "-o", tmp_path / "a.parquet"))
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == header
    assert [[*map(as_text, line.values())] for line in table.to_pylist()] == texts
    fine(coursectl("changes", *two, "-o", tmp_path / "a.xlsx"))
    (sheet,) = opened((tmp_path / "a.xlsx").read_bytes()).worksheets
    assert sheet.title == "Changes"
    _, *lines = sheet.iter_rows(values_only=True)
    shown = [line for line in lines if any(line)][-len(rows) :]
    by_kind = {line[0]: line[5:] for line in reversed(shown)}
    assert by_kind["progressed"] == (20, 45, 25)
    assert by_kind["silent"] == (naive(2026, 10, 20, 12), naive(2026, 10, 20, 12), None)
    assert by_kind["joined"] == ("invited", "joined", None)

    def in_words(line: list[str | None]) -> list[str | None]:
        return [each and each.replace(" ", "T") + "Z" if "2026-" in str(each) else each
                for each in line]  # fmt: skip

    assert [in_words([*map(as_text, line)]) for line in shown] == texts


@pytest.mark.parametrize("format_", ["plain", "markdown", "table"])
def test_people_are_told_the_counts_first_and_then_who_it_is(two, format_):
    run = fine(coursectl("changes", *two, "-f", format_))
    title, _, rest = run.text.partition("What changed since 2026-11-16")
    assert "Food Safety" in title
    assert "2026-11-16 06:00 UTC to 2026-11-23 06:00 UTC" in title
    places = [rest.index(word) for word in ("Newly silent", "new/9", "Ann")]
    assert places == sorted(places)
    for id_ in (1, 2, 3, 5, 6):
        assert f"Member {id_}" in rest
    assert "Member 8" not in rest
    assert "Nothing changed" not in rest


def test_a_page_says_plainly_that_nothing_changed(two):
    run = fine(coursectl("changes", two[0], two[0], "-f", "plain"))
    assert "Nothing changed." in run.text


def test_a_mail_has_all_the_people_and_a_terminal_the_first_fifty(tmp_path):
    before = save(tmp_path / "before.json", [])
    after = save(tmp_path / "after.json", [row(1000 + id_) for id_ in range(60)], WEEK[1])
    run = fine(coursectl("changes", before, after, "-f", "plain"))
    assert sum("Member 10" in line for line in run.text.splitlines()) == 60
    screen = on_terminal("changes", before, after, "--no-pager", width=200, height=200)
    shown = " ".join(screen.lines)
    assert shown.count("Member 10") == 50
    assert "and 10 more: coursectl changes" in shown
    assert f"{before} {after} --inactive 30d --only joined --csv" in shown


def test_only_some_kinds_are_told_where_some_are_named(two):
    run = fine(coursectl("changes", *two, "--only", "left,joined", "--only", "renamed", "--json"))
    document = json.loads(run.stdout)
    assert document["counts"] == {"joined": 2, "left": 1, "renamed": 1}
    kinds = [each["change"] for each in document["changes"]]
    assert kinds == ["joined", "joined", "left", "renamed"]


def test_how_long_a_silence_is_can_be_said(two):
    run = fine(coursectl("changes", *two, "--inactive", "2w", "--json"))
    document = json.loads(run.stdout)
    assert (document["inactive"], document["counts"]["silent"]) == ("14d", 0)


def test_a_file_is_written_and_the_changes_in_it_are_counted(two, tmp_path):
    file = tmp_path / "changes.jsonl"
    run = fine(coursectl("changes", *two, "-o", file))
    assert (run.stdout, run.stderr) == (b"", f"coursectl: {file}: 9 changes written\n")
    assert len(file.read_bytes().splitlines()) == 9


def test_a_roster_may_come_from_a_pipe_on_either_side(two):
    told = coursectl("changes", *two, "--json").stdout
    before, after = (path.read_bytes() for path in two)
    assert coursectl("changes", "-", two[1], "--json", stdin=before).stdout == told
    assert coursectl("changes", two[0], "-", "--json", stdin=after).stdout == told
    assert coursectl("changes", "-", two[1], "--json", stdin=gzip.compress(before)).stdout == told


@pytest.mark.slow
@pytest.mark.no_cover
def test_names_that_would_act_on_a_terminal_or_a_spreadsheet_do_not(tmp_path):
    hostile = '=1+1\x1b[31m\n\u202e,"'
    before = save(tmp_path / "before.json", [row(1)])
    after = save(tmp_path / "after.json", [row(1, real_name=hostile)], WEEK[1])
    for format_ in ("plain", "markdown", "table", "csv", "tsv", "json", "jsonl"):
        told = fine(coursectl("changes", before, after, "-f", format_)).stdout
        assert b"\x1b" not in told, format_
        assert "\u202e".encode() not in told, format_
    _, line = csv.reader(io.StringIO(coursectl("changes", before, after, "--csv").text))
    assert line[3].startswith("'=1+1")
    assert line[6].startswith("'=1+1")


# The exit code


def test_the_exit_code_tells_of_changes_only_if_it_is_asked_to(two):
    told = fine(coursectl("changes", *two, "--json")).stdout
    run = fine(coursectl("changes", *two, "--json", "--exit-code"), ExitCode.CHANGED)
    assert (run.stdout, run.stderr) == (told, "")
    fine(coursectl("changes", two[0], two[0], "--exit-code"))


def test_the_exit_code_tells_of_the_kinds_that_were_asked_for(tmp_path):
    before = save(tmp_path / "before.json", [row(1)])
    after = save(tmp_path / "after.json", [row(1, real_name="Bea")], WEEK[1])
    fine(coursectl("changes", before, after, "--exit-code", "--only", "joined,left"))
    fine(coursectl("changes", before, after, "--exit-code", "--only", "renamed"), 8)


def test_a_file_is_whole_where_the_exit_code_tells_of_changes(two, tmp_path):
    file = tmp_path / "changes.csv"
    fine(coursectl("changes", *two, "-o", file, "--exit-code"), 8)
    assert file.read_text().count("\n") == 10


# What cannot be compared


def test_a_course_as_it_is_now_cannot_come_first(community):
    for course in ("42", f"{community.url}/course/42/food-safety/", "food-safety"):
        said = refused(ExitCode.USAGE, course, "demo", environment=community.environment)
        assert "is not an export" in said
        assert "coursectl export" in said
    assert community.requests == []


def test_stdin_can_be_only_one_of_the_two(two):
    assert "once" in refused(ExitCode.USAGE, "-", "-", stdin=two[0].read_bytes())


def test_rosters_of_two_courses_are_refused_by_their_names(two, tmp_path):
    other = save(tmp_path / "other.json", [], WEEK[1], course={"id": 43, "name": "Knives\x1b[31m"})
    said = refused(ExitCode.USAGE, two[0], other)
    assert "course 42 (Food Safety)" in said
    assert "course 43 (Knives" in said
    assert "\x1b" not in said


def test_rosters_of_two_communities_are_refused_by_their_addresses(two, tmp_path):
    other = save(tmp_path / "other.json", [], WEEK[1], community="https://other.example")
    said = refused(ExitCode.USAGE, two[0], other)
    assert COMMUNITY in said
    assert "https://other.example" in said


def test_rosters_in_the_wrong_order_are_refused(two):
    said = refused(ExitCode.USAGE, two[1], two[0])
    assert "swap them" in said
    assert said.index("2026-11-23 06:00:00") < said.index("2026-11-16 06:00:00")


def test_the_file_stays_as_it_was_where_rosters_are_refused(two, tmp_path):
    file = tmp_path / "changes.json"
    file.write_text("kept")
    refused(ExitCode.USAGE, two[1], two[0], "-o", file)
    assert file.read_text() == "kept"


def test_a_kind_of_change_that_there_is_not_is_refused(two):
    said = refused(ExitCode.USAGE, *two, "--only", "joined,gone")
    assert "'gone'" in said
    assert "joined, left, invited" in said


def test_an_age_that_is_none_is_refused(two):
    assert "--inactive" in refused(ExitCode.USAGE, *two, "--inactive", "long")


@pytest.mark.slow
@pytest.mark.measured
def test_a_roster_with_members_missing_is_refused_on_either_side_unless_that_is_accepted(two):
    for place in (0, 1):
        paths = list(two)
        whole = json.loads(paths[place].read_bytes())
        paths[place] = paths[place].with_name("part.json")
        paths[place].write_text(json.dumps(whole | {"count": 9}))
        said = refused(ExitCode.INCOMPLETE_ROSTER, *paths)
        assert "part.json is not the whole roster" in said
        run = fine(coursectl("changes", *paths, "--allow-incomplete", "--json"))
        assert "part.json is not the whole roster" in run.stderr
        assert json.loads(run.stdout)["counts"] == COUNTS | UNTOLD[place]
        assert f"nobody is told to have {', '.join(UNTOLD[place])}" in run.stderr


def test_who_is_in_an_invalid_row_is_not_told_to_have_joined_or_left(two, tmp_path):
    rows = [{**each, "user_completion_rate": "half"} if each["id"] == 1 else each for each in AFTER]
    broken = save(tmp_path / "broken.json", rows, WEEK[1])
    assert "broken.json" in refused(ExitCode.INVALID_DATA, two[0], broken)
    run = fine(coursectl("changes", two[0], broken, "--skip-invalid", "--json"))
    assert "left out 1 invalid of 8 rows" in run.stderr
    assert json.loads(run.stdout)["counts"] == COUNTS | {"progressed": 1}


@pytest.mark.parametrize("place", [0, 1])
def test_where_not_even_an_id_is_known_nobody_is_told_to_have_come_or_gone(two, tmp_path, place):
    rows = [each | {"id": "x"} if each["id"] == 8 else each for each in (BEFORE, AFTER)[place]]
    paths = list(two)
    paths[place] = save(tmp_path / "broken.json", rows, WEEK[place])
    run = fine(coursectl("changes", *paths, "--skip-invalid", "--json"))
    assert json.loads(run.stdout)["counts"] == COUNTS | UNTOLD[place]


def test_the_exit_code_says_that_something_changed_to_whom_reads_no_further(tmp_path):
    many = [row(id_) for id_ in range(5_000)]
    before = save(tmp_path / "before.json", many)
    after = save(tmp_path / "after.json", [], WEEK[1])
    command = (
        f"{shlex.join(COURSECTL)} changes {before} {after} --csv --exit-code | head -n 1;"
        " exit ${PIPESTATUS[0]}"
    )
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, env=clean_environment(), check=False
    )
    assert (done.returncode, done.stderr) == (ExitCode.CHANGED, b"")


@pytest.mark.slow
@pytest.mark.measured
def test_a_terminal_says_how_to_list_all_and_that_lists_them(tmp_path):
    many = [row(id_) for id_ in range(60)]
    before = save(tmp_path / "before.json", many)
    after = save(tmp_path / "after.json", [], WEEK[1])
    arguments = ("changes", before, after, "--inactive", "40d")
    shown = " ".join(on_terminal(*arguments, "--no-pager", width=200, height=100).lines)
    told = re.search(r"and 10 more: coursectl (changes .* --csv)", shown)
    assert told
    assert "--inactive 40d --only left" in told[1]
    assert len(coursectl(*told[1].split()).text.splitlines()) == 61
    shown = "\n".join(on_terminal(*arguments, "--skip-invalid", "--no-pager", height=100).lines)
    assert "and 10 more: the same with --csv lists all" in shown


@pytest.mark.slow
@pytest.mark.measured
def test_a_page_on_paper_shows_ten_thousand_of_each_kind(tmp_path):
    before = save(tmp_path / "before.json", [row(id_) for id_ in range(10_002)])
    after = save(tmp_path / "after.json", [], WEEK[1])
    text = coursectl("changes", before, after).text
    assert len(re.findall(r"^ *\d+ +\w+", text, re.MULTILINE)) == 10_000
    assert "and 2 more: coursectl changes" in text


def test_a_missing_file_is_not_found_on_either_side(two, tmp_path):
    missing = tmp_path / "none.json"
    assert "none.json" in refused(ExitCode.NOT_FOUND, missing, two[1])
    assert "none.json" in refused(ExitCode.NOT_FOUND, two[0], missing)


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("place", [0, 1])
def test_a_roster_that_does_not_say_when_it_was_fetched_tells_nobody_to_be_silent(two, place):
    save(two[place], (BEFORE, AFTER)[place], None)
    run = fine(coursectl("changes", *two, "--json"))
    document = json.loads(run.stdout)
    assert document["counts"] == COUNTS | {"silent": None}
    assert "silent" not in {each["change"] for each in document["changes"]}
    assert two[place].name in run.stderr
    assert two[1 - place].name not in run.stderr
    assert "newly silent" in run.stderr
    assert "ages are measured" not in run.stderr
    shown = fine(coursectl("changes", *two, "-f", "plain", "-q"))
    assert "not known" in shown.text
    assert shown.stderr == ""


# A course as it is now


def days_ago(days: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def week_ago(community: Community, tmp_path: Path) -> Path:
    """The roster of the community's course, of five members, as it was a week ago."""
    members = [row(1), row(2, user_completion_rate=0), row(7)]
    return save(tmp_path / "week-ago.json", members, days_ago(7), community=community.url)


def test_without_a_second_roster_the_course_as_it_is_now_is_the_second(community, week_ago):
    community.courses[42].members[1]["user_completion_rate"] = 100
    run = fine(coursectl("changes", week_ago, "--json", environment=community.environment))
    document = json.loads(run.stdout)
    assert document["course"] == {"id": 42, "name": "Food Safety"}
    assert document["community"] == community.url
    assert document["after"]["members"] == 5
    fetched_at = datetime.fromisoformat(document["after"]["fetched_at"])
    assert datetime.now(UTC) - fetched_at < timedelta(minutes=5)
    told = [(each["change"], each["id"]) for each in document["changes"]]
    assert told == [
        *(("joined", id_) for id_ in (3, 4, 5)),
        ("left", 7),
        ("progressed", 2),
        ("completed", 2),
    ]


@pytest.mark.slow
def test_the_second_roster_may_be_a_course_by_its_id_url_slug_or_name(community, week_ago):
    for course in ("42", f"{community.url}/course/42/x/", "food-safety", "Food Safety"):
        run = fine(
            coursectl("changes", week_ago, course, "--json", environment=community.environment)
        )
        assert json.loads(run.stdout)["counts"]["joined"] == 3, course


def test_a_course_that_is_not_that_of_the_export_is_not_fetched(community, week_ago):
    community.courses[43] = Course(43, [row(1)], name="Knives", slug="knives")
    said = refused(ExitCode.USAGE, week_ago, "43", environment=community.environment)
    assert "course 42 (Food Safety)" in said
    assert "course 43" in said
    assert community.requests == []
    refused(ExitCode.USAGE, week_ago, "knives", environment=community.environment)
    assert community.asked("/api/v2/course/43/users/") == []


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("after", [[], ["42"], ["food-safety"]])
def test_nothing_is_sent_where_the_export_is_of_another_community(community, tmp_path, after):
    before = save(tmp_path / "before.json", [row(1)], days_ago(7))
    said = refused(ExitCode.USAGE, before, *after, environment=community.environment)
    assert COMMUNITY in said
    assert community.url in said
    assert community.requests == []


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("after", [[], ["42"], ["food-safety"]])
def test_nothing_is_sent_where_the_export_is_from_the_future(community, tmp_path, after):
    before = save(tmp_path / "before.json", [], days_ago(-7), community=community.url)
    said = refused(ExitCode.USAGE, before, *after, environment=community.environment)
    assert "swap them" in said
    assert community.requests == []


def test_an_export_that_names_no_community_is_taken_for_one_of_the_configured(community, tmp_path):
    before = save(tmp_path / "before.json", [], days_ago(7), community=None)
    run = fine(coursectl("changes", before, "--json", environment=community.environment))
    assert json.loads(run.stdout)["counts"]["joined"] == 5


def test_an_export_that_names_no_course_needs_a_second_roster(community, tmp_path):
    before = tmp_path / "before.json"
    before.write_text(json.dumps([row(1)]))
    said = refused(ExitCode.USAGE, before, environment=community.environment)
    assert "does not say which course it is of" in said
    assert "AFTER" in said
    assert community.requests == []
    fine(coursectl("changes", before, "42", environment=community.environment))


def test_a_course_needs_a_community_that_is_configured(two):
    assert "COURSECTL_URL" in refused(ExitCode.ACCESS_DENIED, two[0])


def test_a_course_that_may_not_be_seen_is_refused(community, week_ago):
    environment = {"COURSECTL_URL": community.url, "COURSECTL_TOKEN": "no-such-token-of-mine"}
    said = refused(ExitCode.ACCESS_DENIED, week_ago, environment=environment)
    assert TOKEN not in said


# Pseudonyms


def test_changes_are_told_of_pseudonyms_where_that_is_asked_for(two):
    environment = {"COURSECTL_PSEUDONYM_KEY": "a key of thirty or so characters"}
    run = fine(coursectl("changes", *two, "--pseudonymize", "--json", environment=environment))
    document = json.loads(run.stdout)
    assert document["counts"] == COUNTS | {"renamed": 0}
    pseudonym = Pseudonyms(environment["COURSECTL_PSEUDONYM_KEY"]).of(1)
    (first, _) = [each for each in document["changes"] if each["change"] == "progressed"]
    assert (first["id"], first["real_name"]) == pseudonym
    assert b"Member" not in run.stdout


@pytest.mark.slow
@pytest.mark.measured
def test_an_export_of_pseudonyms_is_compared_with_the_course_under_its_key(
    community, week_ago, tmp_path
):
    environment = community.environment | {
        "COURSECTL_PSEUDONYM_KEY": "a key of thirty or so characters"
    }
    saved = tmp_path / "saved.json"
    fine(coursectl("export", week_ago, "--pseudonymize", "-o", saved, environment=environment))
    said = refused(ExitCode.USAGE, saved, environment=environment)
    assert "--pseudonymize" in said
    assert community.requests == []
    run = fine(coursectl("changes", saved, "--pseudonymize", "--json", environment=environment))
    assert json.loads(run.stdout)["counts"]["joined"] == 3


# How much of it


MANY = 150_000

MEASURED = """
import atexit, resource, sys
def tell():
    # What getrusage tells counts what this process was before it began anew, too.
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    print(peak.split()[1], file=sys.stderr)
atexit.register(tell)
if int(sys.argv[1]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
del sys.argv[1]
from coursectl.cli import main
main()
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two rosters of many members in no order, one in a hundred of whom progressed."""
    folder = tmp_path_factory.mktemp("many")
    paths = folder / "before.json", folder / "after.json"
    for place, path in enumerate(paths):
        rows = (
            f'{{"id":{(number * 99_991) % MANY},"username":"member_{number}","real_name":'
            f'"Member {number} of a good many","join_status":"joined","user_completion_rate":'
            f'{10 + place * (number % 100 == 0)},"last_active_at":"2026-11-10T00:00:00Z",'
            f'"joined_at":"2026-01-01T00:00:00Z"}}'
            for number in range(MANY)
        )
        head = f'{{"course":{{"id":42}},"fetched_at":"{WEEK[place]}","count":{MANY},"results":['
        path.write_text(head + ",\n".join(rows) + "]}")
    return paths


def measured(room: int, *arguments: str | Path) -> tuple[int, str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(room), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


@pytest.mark.slow
@pytest.mark.no_cover
def test_many_members_are_compared_in_little_memory(many):
    code, out, told = measured(0, "changes", *many, "--json", "-q")
    assert (code, json.loads(out)["counts"]["progressed"]) == (0, MANY // 100)
    assert int(told[-1]) < 150 * 1024


@pytest.mark.slow
def test_rosters_for_which_there_is_no_room_are_refused(many):
    code, out, told = measured(1024 * 1024, "changes", *many, "--json", "-q")
    assert (code, out) == (ExitCode.USAGE, "")
    assert "rosters to be compared cannot be written" in told[0]
    assert "TMPDIR" in told[1]
