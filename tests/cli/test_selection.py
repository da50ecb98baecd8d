"""Selections that cannot be what somebody meant: told, not answered with nobody."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coursectl.cli.app import app
from coursectl.cli.grammar import PROGRAM
from coursectl.errors import ExitCode
from tests.community import Course, row

Invoked = Callable[..., tuple[int, str, str]]


@pytest.fixture
def invoked() -> Invoked:
    """Runs coursectl in this process; gives its exit code, stdout and stderr."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [*map(str, words)], prog_name=PROGRAM)
        return done.exit_code, done.stdout, done.stderr

    return run


# What nobody can be


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--active", "30d", "--inactive", "30d"), "--active 30d and --inactive 30d contradict"),
        (("--active", "7d", "--inactive", "1mo"), "--active 7d and --inactive 1mo contradict"),
        (("--active", "7d", "--never-active"), "--active 7d and --never-active contradict"),
        (
            ("--joined-after", "2026-05-01", "--joined-before", "2026-01-01"),
            "--joined-after 2026-05-01 is not before --joined-before 2026-01-01",
        ),
        (
            ("--joined-after", "2026-05-01", "--joined-before", "2026-05-01"),
            "--joined-after 2026-05-01 is not before",
        ),
        (("--joined-after", "7d", "--joined-before", "30d"), "--joined-after 7d is not before"),
        (("--joined-after", "2026-05-01", "--joined-before", "9y"), "is not before"),
        (("--min-completion", "60", "--max-completion", "50"), "--min-completion 60 is more than"),
        (("--needs-nudge", "30d", "--active", "30d"), "and --active 30d contradict"),
        (("--needs-nudge", "30d", "--joined-after", "7d"), "and --joined-after 7d contradict"),
        (("--needs-nudge", "99y", "--joined-after", "2026-10-01"), "contradict each other"),
        (("--needs-nudge", "30d", "--min-completion", "100"), "contradict each other"),
        (("--needs-nudge", "30d", "--status", "invited,none"), "and this --status contradict"),
        (
            ("--joined-after", "2026-10-01", "--as-of", "2026-09-01"),
            "--joined-after 2026-10-01 is later than --as-of 2026-09-01",
        ),
        (("--search", "\udcff"), "is not UTF-8"),
        (("--status", "\udcff"), "is not UTF-8"),
        (("--search", "\u0301"), "--search has no letter or sign that is compared"),
    ],
)
def test_criteria_that_nobody_can_meet_are_wrong_usage(invoked, options, said):
    for command in ("members", *(["summary"] if "--inactive" not in options else [])):
        code, stdout, stderr = invoked(command, "demo", *options)

        assert (code, stdout) == (ExitCode.USAGE, "")
        assert said in stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--active", "30d", "--inactive", "7d"),
        ("--active", "1mo", "--inactive", "30d"),
        ("--inactive", "30d", "--never-active"),
        ("--joined-after", "30d", "--joined-before", "7d"),
        ("--joined-after", "30d", "--joined-before", "2020-01-01"),
        ("--min-completion", "50", "--max-completion", "50"),
        ("--needs-nudge", "30d", "--active", "60d"),
        ("--needs-nudge", "30d", "--joined-after", "30d"),
        ("--needs-nudge", "30d", "--joined-after", "2026-01-01"),
        ("--needs-nudge", "30d", "--min-completion", "99"),
        ("--needs-nudge", "30d", "--status", "invited,joined"),
        ("--joined-after", "2026-09-01", "--as-of", "2026-09-01"),
    ],
)
def test_criteria_that_somebody_may_meet_are_none(invoked, options):
    assert invoked("members", "demo", *options)[0] == ExitCode.OK


# A slip in a status


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    rows = [row(1), row(2, join_status="expired")]
    path = tmp_path / "saved.json"
    path.write_text(json.dumps(rows))
    return path


@pytest.mark.parametrize("words", ["jonied", "joined,jonied"])
@pytest.mark.parametrize("command", ["members", "summary", "trend"])
def test_a_status_that_nothing_knows_is_wrong_usage(invoked, saved, tmp_path, command, words):
    file = saved
    if command == "trend":
        file = tmp_path / "dated.json"
        file.write_text('{"fetched_at": "2026-01-01T00:00:00Z", "count": 0, "results": []}')
    code, stdout, stderr = invoked(command, file, "--status", words)

    assert (code, stdout) == (ExitCode.USAGE, "")
    assert stderr == (
        "coursectl: --status: nobody has the status 'jonied', and nothing knows it\n"
        "  Did you mean joined? Statuses: creator, manager, joined, invited, requested, none.\n"
    )


@pytest.mark.parametrize("word", ["expired", "invited", "payment_waiting", "none"])
def test_a_status_that_a_file_or_the_reference_knows_is_none(invoked, saved, word):
    assert invoked("members", saved, "--status", word)[0] == ExitCode.OK


def test_a_file_that_one_of_several_knows_a_status_of_is_enough(invoked, saved):
    code, stdout, _ = invoked("members", "demo", saved, "-s", "expired", "-c", "id", "--csv")

    assert (code, stdout) == (ExitCode.OK, "id\n2\n")


def test_a_status_met_in_a_file_may_be_the_one_that_was_meant(invoked, saved):
    assert "Did you mean expired?" in invoked("members", saved, "-s", "expird")[2]


def test_a_status_that_the_server_takes_is_none(community, invoked, monkeypatch):
    for name, value in community.environment.items():
        monkeypatch.setenv(name, value)
    community.known_statuses.add("expired")

    assert invoked("members", "42", "-s", "expired", "--csv", "-c", "id")[:2] == (0, "id\n")
    code, stdout, stderr = invoked("members", "42", "-s", "joinde,joined", "--csv")
    assert (code, stdout) == (ExitCode.USAGE, "")
    assert "Did you mean joined?" in stderr


def test_a_file_stays_as_it_was_where_a_status_is_a_slip(invoked, saved, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("before")

    assert invoked("members", saved, "-s", "joined,jonied", "-o", out)[0] == ExitCode.USAGE
    assert out.read_text() == "before"


# No status, and one that is called so


@pytest.fixture
def nobodies(tmp_path: Path) -> Path:
    path = tmp_path / "nobodies.json"
    path.write_text(json.dumps([row(1, join_status=None), row(2, join_status="none"), row(3)]))
    return path


@pytest.mark.parametrize(("word", "ids"), [("none", "1"), ('"none"', "2"), ('none,"none"', "1 2")])
def test_no_status_is_not_a_status_called_none(invoked, nobodies, word, ids):
    code, stdout, _ = invoked("members", nobodies, "-s", word, "--csv", "-c", "id")

    assert (code, stdout.split()) == (ExitCode.OK, ["id", *ids.split()])


def test_they_are_told_apart_wherever_people_read_them(invoked, nobodies):
    by_status = {"joined": 1, '"none"': 1, "none": 1}
    summed = invoked("summary", nobodies, "--json")[1]
    assert json.loads(summed)["courses"][0]["by_status"] == by_status
    for format_ in ("plain", "table", "markdown", "html"):
        listed = invoked("members", nobodies, "-f", format_, "-c", "id,join_status")[1]
        assert listed.replace("&#34;", '"').count('"none"') == 1, format_


# The greatest id


def test_ids_up_to_the_greatest_are_ids(invoked, tmp_path):
    greatest = 2**63 - 1
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps([row(greatest), row(greatest - 1)]))
    other.write_text(json.dumps([row(greatest, user_completion_rate=5), row(0)]))

    assert invoked("members", one, "--sort", "id", "--csv", "-c", "id")[1].split() == [
        "id",
        str(greatest - 1),
        str(greatest),
    ]
    told = json.loads(invoked("changes", one, other, "--json")[1])
    assert {change["id"] for change in told["changes"]} >= {greatest, greatest - 1}


def test_a_course_may_have_the_greatest_id(community, invoked, monkeypatch):
    for name, value in community.environment.items():
        monkeypatch.setenv(name, value)
    greatest = 2**63 - 1
    community.courses[greatest] = Course(greatest, [row(greatest)])
    url = f"{community.url}/course/{greatest}/safety/"

    for course in (str(greatest), f"00{greatest}", url):
        assert invoked("members", course, "--csv", "-c", "id")[1].split() == ["id", str(greatest)]
    for course in (str(greatest + 1), "9" * 101, f"{community.url}/course/{greatest + 1}/x/"):
        assert invoked("members", course)[0] == ExitCode.NOT_FOUND
