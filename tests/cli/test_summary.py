import csv
import html as web
import io
import json
import re
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyarrow import parquet

from coursectl.errors import ExitCode
from coursectl.gather import Gathering
from coursectl.render.columns import SUMMARY_COLUMNS
from coursectl.roster.criteria import Criteria
from coursectl.roster.summary import Counting
from coursectl.sources.resolve import resolve
from coursectl.survey import summarise
from tests import duck
from tests.community import TOKEN, Community, Course, detail, row
from tests.render.test_xlsx import opened
from tests.running import Outcome, coursectl
from tests.test_terminal import on_terminal

DEMO = Path(__file__).parent.parent.parent / "coursectl" / "sources" / "demo.json"
AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
HOSTILE = "=1+1\x1b[2J\n\u202egnp"


def courses(run: Outcome) -> list[dict]:
    assert run.code == 0, run.stderr
    document = json.loads(run.stdout)
    assert document["shape"] == "summary/1"
    return document["courses"]


def course(*arguments: str | Path, **how) -> dict:
    (found,) = courses(coursectl("summary", *arguments, "--json", **how))
    return found


def records(run: Outcome) -> list[dict]:
    assert run.code == 0, run.stderr
    return list(csv.DictReader(io.StringIO(run.text)))


def save(path: Path, *members: dict, **envelope: object) -> Path:
    document = {
        "course": {"id": 57, "name": "Knife Skills"},
        "fetched_at": "2026-11-23T06:00:00Z",
        "count": len(members),
        "results": members,
    }
    path.write_text(json.dumps(document | envelope), encoding="utf-8")
    return path


# One course


def test_the_figures_of_the_demo_are_what_duckdb_computes():
    found = course("demo")
    theirs = duck.figures(DEMO, AS_OF)
    completion, activity = found["completion"], found["activity"]
    by_status = {status or "none": number for status, number in theirs["by_status"].items()}
    assert found["by_status"] == by_status
    assert found["members"] == sum(by_status.values()) == 200
    assert found["counted"] == {"statuses": ["joined"], "members": theirs["counted"]}
    assert {name: completion[name] for name in ("members", "without_rate", "at_0", "at_100")} == {
        name: theirs[name] for name in ("members", "without_rate", "at_0", "at_100")
    }
    for name in ("mean", "lower_quartile", "median", "upper_quartile"):
        assert completion[name] == pytest.approx(theirs[name], rel=1e-12)
    assert tuple(tenth["members"] for tenth in completion["tenths"]) == theirs["tenths"]
    assert list(activity.values())[:3] == [
        theirs[name] for name in ("active_7", "active_30", "active_90")
    ]
    names = ("within_7_days", "days_8_to_30", "days_31_to_90", "longer_ago", "never", "not_known")
    assert tuple(activity[name] for name in names) == theirs["bands"]
    assert tuple(activity["not_done"][name] for name in names) == theirs["not_done"]
    assert completion["from_90_under_100"] == theirs["from_90_under_100"]
    assert [(each["week"], each["members"]) for each in found["joins"]] == [
        (str(week), number) for week, number in theirs["joins"].items()
    ]
    assert [person["id"] for person in found["nudge"]["people"]] == theirs["nudged"]
    assert found["nudge"]["members"] == len(theirs["nudged"])
    assert {kind: found["nudge"][kind] for kind in theirs["kinds"]} == theirs["kinds"]


def test_a_page_has_all_sections_and_no_word_on_stderr():
    run = coursectl("summary", "demo")
    assert (run.code, run.stderr) == (0, "")
    assert run.text.startswith("Food Safety Essentials\n")
    assert "as of 2026-11-23 06:00 UTC" in run.text
    for told in (
        r"Mean completion:? +54\.8%",
        r"joined +164 +82%",
        r"0 to 10% +34 +21\.3%",
        r"90 to under 100% +9 +5\.6%",
        r"100% +36 +22\.5%",
        r"8 to 30 days ago +52 +31\.7%",
        r"2026-09-07 +6 +#",
        r"Nearly done: +14  80% and more",
        r"1271 +rafael_novak +- +0% +never +2026-03-06 +never began",
    ):
        assert re.search(f"^{told}", run.text, re.MULTILINE), told


def test_on_a_terminal_the_first_who_need_a_nudge_are_shown_and_how_to_list_all():
    shown = on_terminal("summary", "demo", "--no-pager", width=120, height=120)
    assert shown.code == 0
    text = "\n".join(shown.lines)
    people = text.partition("Who needs a nudge")[2]
    assert len(re.findall(r"^\d{4} ", people, re.MULTILINE)) == 20
    told = re.search("and 62 more: (coursectl .*)", " ".join(shown.lines))
    assert told
    listed = coursectl(*told[1].split()[1:], "--json")
    assert {each["id"] for each in json.loads(listed.stdout)} == {
        person["id"] for person in course("demo")["nudge"]["people"]
    }
    assert "━" in text


@pytest.mark.slow
@pytest.mark.no_cover
def test_how_to_list_all_holds_for_what_was_asked(tmp_path, monkeypatch):
    remedy = re.compile("and .* more: (.*)", re.DOTALL)

    def told(*arguments: str, course: str = "demo") -> str:
        shown = on_terminal(
            "summary", "-q", *arguments, "--no-pager", "--", course, width=150, height=120
        )
        found = remedy.search("\n".join(shown.lines))
        assert found
        return " ".join(found[1].split())

    assert told("--as-of", "2026-10-30", "--inactive", "1w") == (
        "coursectl members demo --as-of 2026-10-30 --needs-nudge 7d"
    )
    assert told(
        "-s", "joined,manager", "--search", "a", "--max-completion", "50.5", "--sort=id"
    ) == (
        "coursectl members demo --status=joined,manager --search a --max-completion 50.5"
        " --needs-nudge 30d"
    )
    assert told("--skip-invalid") == "coursectl members demo --skip-invalid --needs-nudge 30d"
    assert told("-n", "150") == "the same with --json lists all"
    assert told("--needs-nudge", "1d") == "the same with --json lists all"
    file = tmp_path / "-a b.json"
    coursectl("export", "demo", "-o", file)
    assert told(course=str(file)) == f"coursectl members '{file}' --needs-nudge 30d"
    monkeypatch.chdir(tmp_path)
    assert told(course="-a b.json") == "coursectl members --needs-nudge 30d -- '-a b.json'"
    configured = tmp_path / "config.toml"
    configured.write_text("[profiles.work]\nurl = 'https://community.example'\n")
    monkeypatch.setenv("COURSECTL_CONFIG", str(configured))
    assert told("--profile", "work").endswith(" --profile work --needs-nudge 30d")


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        (),
        ("--as-of", "2026-10-01"),
        ("--inactive", "6mo"),
        ("--status", "joined,manager", "--search", "an"),
        ("--min-completion", "1", "--joined-after", "2026-04-01"),
        ("--joined-before", "2026-06-01", "--active", "90d"),
        ("--never-active",),
    ],
    ids=" ".join,
)
def test_members_that_need_a_nudge_are_those_of_the_summary(asked):
    selection = " ".join(asked).replace("--inactive 6mo", "").split()
    age = "6mo" if "--inactive" in asked else "30d"
    listed = coursectl("members", "demo", *selection, "--needs-nudge", age, "--json")
    people = course("demo", *asked)["nudge"]["people"]
    assert {each["id"] for each in json.loads(listed.stdout)} == {each["id"] for each in people}
    assert people


def test_nobody_between_the_last_hundredth_and_the_end_is_forgotten(tmp_path):
    rates = (99.999, 99.9999, 99.99999999, 100)
    members = [row(id_, user_completion_rate=rate) for id_, rate in enumerate(rates)]
    file = save(tmp_path / "a.json", *members)
    listed = coursectl("members", file, "--needs-nudge", "30d", "--csv", "-c", "id")
    assert listed.text.split() == ["id", "0", "1", "2"]
    assert course(file)["nudge"]["nearly_done"] == 3


@pytest.mark.slow
@pytest.mark.measured
def test_the_selection_options_choose_whose_figures_these_are():
    found = course("demo", "--search", "an", "--min-completion", "10", "--joined-after", "90d")
    members = json.loads(
        coursectl(
            "members", "demo", "--search", "an", "--min-completion", "10", "--joined-after", "90d",
            "--json",
        ).stdout
    )  # fmt: skip
    assert found["members"] == len(members) > 0
    plain = coursectl("summary", "demo", "--search", "an", "-n", "5").text
    assert 'search "an"' in plain
    assert course("demo", "-n", "5")["members"] == 5
    assert course("demo", "--never-active", "--sort", "-id", "-n", "3")["activity"]["never"] <= 3


def test_statuses_that_are_named_are_those_that_figures_count():
    found = course("demo", "-s", "manager,none")
    assert found["counted"] == {"statuses": ["manager", "none"], "members": 7}
    assert found["by_status"] == {"manager": 4, "none": 3}
    assert found["nudge"]["members"] == 0
    assert found["nudge"]["people"] == []


def test_inactive_says_who_needs_a_nudge_and_selects_nobody():
    usual, longer = course("demo"), course("demo", "--inactive", "1y")
    assert usual["members"] == longer["members"]
    assert longer["nudge"]["inactive"] == "1y"
    assert longer["nudge"]["members"] == 0 < usual["nudge"]["members"]
    wrong = coursectl("summary", "demo", "--inactive", "soon")
    assert (wrong.code, wrong.stdout) == (ExitCode.USAGE, b"")
    assert wrong.stderr.startswith("coursectl: --inactive: 'soon' is not an age\n")


def test_ages_are_measured_from_when_the_roster_was_fetched_or_from_as_of():
    assert course("demo")["as_of"] == "2026-11-23T06:00:00Z"
    found = course("demo", "--as-of", "2026-10-01")
    assert (found["as_of"], found["fetched_at"]) == ("2026-10-01T00:00:00Z", "2026-11-23T06:00:00Z")


def test_in_hindsight_who_joined_later_is_left_out_and_said_so():
    run = coursectl("summary", "demo", "--as-of", "2026-10-01", "--json")
    (found,) = courses(run)
    theirs = duck.figures(DEMO, datetime(2026, 10, 1, tzinfo=UTC), in_hindsight=True)
    assert found["members"] == sum(theirs["by_status"].values()) == 181
    assert found["activity"]["not_known"] == theirs["bands"][-1] == 79
    assert [each["id"] for each in found["nudge"]["people"]] == theirs["nudged"]
    assert run.stderr == (
        "coursectl: demo: 19 joined later and are left out; of 81, active later, it is not known"
        " whether they were before\n"
    )
    page = coursectl("summary", "demo", "--as-of", "2026-10-01").text
    assert "fetched 2026-11-23 06:00 UTC: who joined later is left out" in page
    assert "Of 79 it is not known when they were last active before" in " ".join(page.split())


def test_a_roster_that_does_not_say_when_it_was_fetched_is_told_of(tmp_path):
    file = tmp_path / "bare.json"
    file.write_text('[{"id": 1, "join_status": "joined"}]')
    run = coursectl("summary", file, "--json")
    (found,) = courses(run)
    assert found["fetched_at"] is None
    assert found["course"] == {"id": None, "name": str(file), "type": None}
    assert datetime.now(UTC) - datetime.fromisoformat(found["as_of"]) < timedelta(minutes=2)
    assert "does not say when it was fetched, so ages are measured from now" in run.stderr


def test_an_empty_roster_has_a_summary_of_nobody(tmp_path):
    file = save(tmp_path / "empty.json")
    found = course(file)
    assert (found["members"], found["completion"]["mean"]) == (0, None)
    assert "Nobody: no member is joined" in coursectl("summary", file).text
    (record,) = records(coursectl("summary", file, "--csv"))
    assert (record["members"], record["mean"]) == ("0", "")


def test_an_export_behind_whose_members_stands_what_it_is_is_the_same_on_stdin(tmp_path):
    document = json.loads(DEMO.read_bytes())
    behind = {"results": document.pop("results")} | document
    assert course("-", stdin=json.dumps(behind).encode()) == course("demo")


# A row a course


def test_csv_is_a_row_a_course_with_all_figures():
    (record,) = records(coursectl("summary", "demo", "--csv"))
    assert list(record) == [column.key for column in SUMMARY_COLUMNS]
    found = course("demo")
    assert float(record["mean"]) == found["completion"]["mean"]
    assert [int(record[f"tenth_{start}"]) for start in range(0, 100, 10)] == [
        tenth["members"] for tenth in found["completion"]["tenths"]
    ]
    assert int(record["nudge"]) == found["nudge"]["members"]
    for kind in ("never_began", "stalled", "nearly_done", "not_known"):
        assert int(record[f"nudge_{kind}"]) == found["nudge"][kind]
    bands = ("active_7", "active_8_to_30", "active_31_to_90", "longer_ago", "never_active")
    assert sum(int(record[name]) for name in bands) == int(record["counted"])
    assert int(record["not_done_active_30"]) == 42
    assert record["course_type"] == ""
    assert (record["course_id"], record["as_of"]) == ("42", "2026-11-23T06:00:00Z")
    assert int(record["no_status"]) == 3
    tsv = coursectl("summary", "demo", "-f", "tsv").text
    assert tsv.splitlines()[0].split("\t") == list(record)


def test_what_is_not_known_of_several_courses_in_hindsight_is_said_above_them():
    said = coursectl("summary", "demo", "demo", "--as-of", "2026-10-01", "-f", "plain")
    record = next(
        csv.DictReader(
            coursectl("summary", "demo", "--as-of", "2026-10-01", "--csv").text.splitlines()
        )
    )
    number = 2 * int(record["activity_not_known"])
    assert number > 0
    assert f"{number} were active later: whether they were before is not known" in said.text


@pytest.mark.slow
def test_several_courses_are_a_row_each_in_the_order_in_which_they_are_named(tmp_path):
    knives = save(tmp_path / "knives.json", row(1, user_completion_rate=50))
    assert coursectl("summary", knives, "demo").text == (
        "2 courses\n=========\n"
        "2 may open over time: who has done all that is open is not known\n"
        "\nCourses\n-------\n"
        "Course                  As of       Members  Joined  Mean completion  Median  At 100%"
        "  Active in 30 days  Never active  Need a nudge\n"
        "Knife Skills            2026-11-23        1       1              50%     50%        0"
        "                  0             1             1\n"
        "Food Safety Essentials  2026-11-23      200     164            54.8%     62%       36"
        "                 67            29            82\n"
    )
    both = courses(coursectl("summary", knives, "demo", "--json"))
    assert both == [course(knives), course("demo")]
    lines = coursectl("summary", knives, "demo", "-f", "jsonl").text.splitlines()
    assert [json.loads(line) for line in lines] == [{"shape": "summary/1"} | one for one in both]
    found = records(coursectl("summary", knives, "demo", "--csv"))
    assert [record["course"] for record in found] == ["Knife Skills", "Food Safety Essentials"]
    markdown = coursectl("summary", knives, "demo", "-f", "markdown").text
    assert len(re.findall(r"^\|", markdown, re.MULTILINE)) == 4


def test_on_a_terminal_several_courses_are_a_table_that_folds(tmp_path):
    knives = save(tmp_path / "knives.json", row(1, user_completion_rate=50))
    shown = on_terminal("summary", knives, "demo", "-s", "joined", width=70, height=30)
    assert shown.lines[:2] == ["2 courses", "status joined"]
    assert re.match("Course +As of ", shown.lines[4])
    assert any(line.startswith("Knife Skills ") for line in shown.lines)
    assert max(map(len, shown.lines)) <= 70


def test_a_limit_is_one_for_each_course():
    run = coursectl("summary", "demo", "demo", "-n", "3", "--json")
    assert [each["members"] for each in courses(run)] == [3, 3]


# One rounding


@pytest.mark.slow
@pytest.mark.parametrize(
    ("few", "all_", "told"),
    [
        (1, 16, "6.3%"),
        (3, 16, "18.8%"),
        (17, 80, "21.3%"),
        (1, 4000, "<0.1%"),
        (3999, 4000, ">99.9%"),
    ],
)
def test_a_share_reads_the_same_in_every_format(tmp_path, few, all_, told):
    members = [row(id_, join_status="odd" if id_ < few else "joined") for id_ in range(all_)]
    file = save(tmp_path / "a.json", *members)
    for format_ in ("plain", "markdown", "table", "html"):
        text = web.unescape(coursectl("summary", file, "-f", format_, "-q").text)
        line = text.replace("\\", "").partition("By status")[2].partition("odd")[2]
        found = re.search(r"[<>]?[\d.]+%", line)
        assert found
        assert found[0] == told, format_
    assert coursectl("summary", file, "-o", tmp_path / "a.xlsx").code == 0
    page = opened((tmp_path / "a.xlsx").read_bytes())["Summary"]
    (cell,) = (each[2] for each in page.iter_rows() if each[0].value == "odd")
    assert cell.value == 100 * few / all_
    assert ('"' + told + '"' in cell.number_format) == (told[0] in "<>")
    assert ";0.0" in cell.number_format or "]0.0" in cell.number_format


def test_a_figure_that_is_missing_is_a_blank_cell(tmp_path):
    file = save(tmp_path / "a.json", row(1, user_completion_rate=None))
    assert coursectl("summary", file, "-o", tmp_path / "a.xlsx").code == 0
    page = opened((tmp_path / "a.xlsx").read_bytes())["Summary"]
    cells = {each[0].value: each[1].value for each in page.iter_rows()}
    for figure in ("Mean completion", "Median", "Mean", "Lower quartile", "Upper quartile"):
        assert cells[figure] is None


# Files


@pytest.mark.slow
@pytest.mark.measured
def test_a_workbook_of_one_course_is_its_page_and_the_people(tmp_path):
    file = tmp_path / "summary.xlsx"
    run = coursectl("summary", "demo", "-o", file)
    assert (run.code, run.stdout) == (0, b"")
    assert run.stderr == f"coursectl: {file}: 200 members summed up\n"
    book = opened(file.read_bytes())
    assert book.sheetnames == ["Summary", "Who needs a nudge"]
    assert book["Who needs a nudge"].max_row == 83


def test_a_workbook_or_parquet_of_several_is_a_row_a_course(tmp_path):
    for ending in ("xlsx", "parquet"):
        file = tmp_path / f"summary.{ending}"
        run = coursectl("summary", "demo", "demo", "-o", file)
        assert run.stderr == f"coursectl: {file}: 2 courses (400 members) summed up\n"
    (sheet,) = opened((tmp_path / "summary.xlsx").read_bytes()).worksheets
    assert (sheet.title, sheet.max_row) == ("Courses", 3)
    first, second = parquet.read_table(tmp_path / "summary.parquet").to_pylist()
    assert first == second
    assert (first["course_id"], first["as_of"], first["mean"]) == (42, AS_OF, 54.803125)


def test_a_file_stays_as_it_was_when_a_course_cannot_be_read(tmp_path):
    file = tmp_path / "summary.csv"
    file.write_text("yesterday's")
    run = coursectl("summary", "demo", tmp_path / "gone.json", "-o", file)
    assert (run.code, run.stdout) == (ExitCode.NOT_FOUND, b"")
    assert file.read_text() == "yesterday's"


# What is said besides


@pytest.mark.slow
@pytest.mark.measured
def test_what_is_left_out_or_missing_is_told_of_each_course(tmp_path):
    invalid = save(tmp_path / "invalid.json", {"id": "x"}, row(1))
    part = save(tmp_path / "part.json", row(1), row(2, join_status="new"), count=9)
    assert coursectl("summary", invalid, part).code == ExitCode.INVALID_DATA
    assert coursectl("summary", part).code == ExitCode.INCOMPLETE_ROSTER
    accepted = ("summary", invalid, part, "--skip-invalid", "--allow-incomplete", "--json")
    run = coursectl(*accepted)
    assert [each["members"] for each in courses(run)] == [1, 2]
    assert "invalid.json: left out 1 invalid of 2 rows" in run.stderr
    assert "part.json is not the whole roster: expected 9 members, received 2" in run.stderr
    assert "part.json: join_status 'new' is not one that the API documents" in run.stderr
    quiet = coursectl(*accepted, "-q")
    assert "left out" not in quiet.stderr
    assert "is not the whole roster" in quiet.stderr


@pytest.mark.slow
@pytest.mark.no_cover
def test_names_that_were_chosen_to_do_harm_do_none(tmp_path):
    file = save(
        tmp_path / "hostile.json",
        row(1, real_name=HOSTILE, username=HOSTILE, join_status=HOSTILE),
        row(2, real_name=HOSTILE, username=HOSTILE),
        course={"id": 1, "name": HOSTILE},
    )
    several = [(format_, [file, file]) for format_ in ("plain", "markdown")]
    one = [(format_, [file]) for format_ in ("plain", "markdown", "csv", "table", "json", "jsonl")]
    for format_, files in (*one, *several):
        text = coursectl("summary", *files, "-f", format_).text
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "'=1+1" in coursectl("summary", file, "--csv").text
    assert course(file)["nudge"]["people"][0]["real_name"] == HOSTILE


def test_a_summary_of_pseudonyms_has_the_same_figures_and_names_nobody():
    key = {"COURSECTL_PSEUDONYM_KEY": "a key of more than sixteen characters"}
    hidden = course("demo", "--pseudonymize", environment=key)
    open_ = course("demo")
    for name in ("by_status", "completion", "activity", "joins", "counted"):
        assert hidden[name] == open_[name]
    names = {person["username"] for person in open_["nudge"]["people"]}
    assert names.isdisjoint(person["username"] for person in hidden["nudge"]["people"])
    without = coursectl("summary", "demo", "--pseudonymize")
    assert (without.code, without.stdout) == (ExitCode.USAGE, b"")


# From a community


@pytest.fixture
def community(community: Community) -> Community:
    rates = {1: 50, 2: None, 3: 100}
    members = [row(id_, user_completion_rate=rate) for id_, rate in rates.items()]
    manager = row(4, join_status="manager", user_completion_rate=0)
    community.courses = {
        one.id: one
        for one in (
            Course(42, [*members, manager], fields={"avg_completion_rate": 50}),
            Course(7, [row(5)], name="Yoga", slug="yoga", own_status="creator"),
            Course(9, [row(6)], name="Zumba", slug="zumba", own_status="joined"),
        )
    }
    return community


@pytest.mark.slow
def test_the_mean_of_the_community_stands_beside_ours(community):
    found = course("42", environment=community.environment)
    assert found["course"] == {"id": 42, "name": "Food Safety", "type": "self-paced"}
    assert found["community"] == community.url
    assert found["fetched_at"] == found["as_of"]
    assert found["own_mean"] == {
        "avg_completion_rate": 50,
        "difference": None,
        "counts": "the joined and the managers",
    }
    assert community.asked("/api/v2/course/42/")[-1]["view"] == "dashboard"
    page = coursectl("summary", "42", environment=community.environment).text
    assert "what one gets for the joined and the managers, so the two are not compared" in " ".join(
        page.split()
    )
    part = course("42", "--search", "member", environment=community.environment)
    assert part["own_mean"]["counts"] is None


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("rate", ["fifty", None, True, -1, 101])
def test_a_mean_of_the_community_that_is_no_percentage_is_none(rate, community):
    community.courses[42].fields = {"avg_completion_rate": rate}
    assert course("42", environment=community.environment)["own_mean"] is None


def test_an_export_that_holds_the_mean_of_the_community_tells_it_too(community, tmp_path):
    file = tmp_path / "saved.json"
    environment = community.environment
    assert coursectl("export", "42", "-q", "-o", file, environment=environment).code == 0
    assert course(file)["own_mean"]["avg_completion_rate"] == 50


@pytest.mark.slow
def test_all_is_every_course_that_one_manages_a_row_each(community):
    run = coursectl("summary", "--all", "--json", environment=community.environment)
    assert [each["course"]["name"] for each in courses(run)] == ["Food Safety", "Yoga"]
    text = coursectl("summary", "--all", environment=community.environment).text
    assert text.startswith("2 courses\n")
    names = [line.split("  ")[0] for line in text.splitlines()]
    assert names[-3:] == ["Course", "Food Safety", "Yoga"]
    del community.courses[7]
    assert coursectl("summary", "--all", environment=community.environment).text.startswith(
        "1 course\n"
    )


def test_all_of_nothing_is_an_error_that_says_so(community):
    community.courses = {}
    run = coursectl("summary", "--all", environment=community.environment)
    assert (run.code, run.stdout) == (ExitCode.NOT_FOUND, b"")
    assert run.stderr == (
        "coursectl: there is no course that you created or manage\n  See coursectl courses.\n"
    )


def test_either_courses_are_named_or_all_is():
    neither = coursectl("summary")
    assert (neither.code, neither.stdout) == (ExitCode.USAGE, b"")
    assert neither.stderr == (
        "coursectl: no COURSE is named\n  Name one or several, or give --all.\n"
    )
    both = coursectl("summary", "demo", "--all")
    assert (both.code, both.stdout) == (ExitCode.USAGE, b"")
    assert both.stderr.startswith("coursectl: --all goes with no COURSE\n")


def test_what_the_community_refuses_is_told_and_nothing_is_shown(community):
    community.misdeed_for_good = detail(403, "You do not manage this course.")
    run = coursectl("summary", "7", "42", "--json", environment=community.environment)
    assert (run.code, run.stdout) == (ExitCode.ACCESS_DENIED, b"")
    assert TOKEN not in run.stderr


# Memory


@pytest.mark.slow
def test_of_a_roster_only_figures_are_held_and_as_many_people_as_are_shown(tmp_path):
    def peak(members: int) -> int:
        file = save(tmp_path / f"{members}.json", *(row(id_) for id_ in range(members)))

        def no_settings():
            raise AssertionError("a file needs no settings")

        gathering = Gathering(
            resolve([str(file)], no_settings), Criteria(), now=AS_OF, tells_provenance=True
        )
        tracemalloc.start()
        try:
            found = summarise(gathering, Criteria(), Counting(most_nudged=20))
            assert (found.nudges.members, len(found.nudges.people)) == (members, 20)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(2_000)  # what is imported and compiled on the way
    assert peak(30_000) < 1.5 * peak(6_000)


# What a reviewer found


@pytest.mark.parametrize("moment", ["0001-01-01", "0001-02-01", "9999-12-31T23:59:59Z"])
def test_a_page_is_shown_at_either_end_of_time(moment):
    run = coursectl("summary", "demo", "--as-of", moment)
    assert run.code == 0, run.stderr
    assert "Joins by week" in run.text


@pytest.mark.parametrize("options", [("--status", "invited"), ("-n", "0")])
def test_that_nobody_needs_a_nudge_is_said_of_those_selected(options):
    assert "Nobody: no member is joined" in coursectl("summary", "demo", *options).text


def test_a_difference_that_a_selection_makes_is_explained_by_it(tmp_path):
    members = [row(1, user_completion_rate=0), row(2, user_completion_rate=100)]
    of = {"id": 57, "name": "Knife Skills", "avg_completion_rate": 50}
    export = save(tmp_path / "a.json", *members, course=of)
    whole = " ".join(coursectl("summary", export).text.split())
    some = " ".join(coursectl("summary", export, "--min-completion", "50").text.split())
    assert "the same as ours. Ours is the mean of the members who are joined" in whole
    assert "(avg_completion_rate). Ours is the mean of the members here who are" in some
    assert "Theirs is of the whole course, so the two are not compared." in some
    assert course(export, "--sort", "-id")["own_mean"]["counts"] == "the same members"


def test_of_a_roster_that_is_not_whole_nobody_can_tell_whose_mean_it_is(tmp_path):
    of = {"id": 57, "name": "Knife Skills", "avg_completion_rate": 0}
    members = [row(1, user_completion_rate=0), row(2, user_completion_rate=101)]
    few = save(tmp_path / "few.json", members[0], course=of, count=10)
    bad = save(tmp_path / "bad.json", *members, course=of)
    for found in (
        course(few, "--allow-incomplete"),
        course(bad, "--skip-invalid"),
    ):
        assert found["own_mean"] == {
            "avg_completion_rate": 0,
            "difference": None,
            "counts": None,
        }


def test_a_mail_of_several_courses_says_whom_they_count():
    text = coursectl("summary", "demo", "demo", "--status", "manager").text
    assert text.startswith("2 courses\n=========\nstatus manager\n")


@pytest.mark.slow
@pytest.mark.measured
def test_a_mean_that_the_server_writes_as_text_is_a_number_all_the_same(tmp_path):
    for text, own in (("44.50", 44.5), ("100", 100), ("101", None), ("1e1", None), ("", None)):
        of = {"id": 57, "name": "Knife Skills", "avg_completion_rate": text}
        found = course(save(tmp_path / "a.json", row(1), course=of))["own_mean"]
        assert (found and found["avg_completion_rate"]) == own


def test_columns_that_fold_away_are_not_said_to_be_for_the_asking():
    shown = "\n".join(on_terminal("summary", "demo", "demo").lines)
    assert "Not shown at this width" in shown
    assert "--columns" not in shown


def test_a_password_in_the_address_of_a_community_is_not_passed_on(tmp_path):
    address = "https://maja:secret@community.example"
    found = course(save(tmp_path / "a.json", row(1), community=address))
    assert found["community"] == "https://community.example"
