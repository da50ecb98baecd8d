"""What an export left out, and how whatever reads it later heeds that."""

import csv
import json
from pathlib import Path

import pytest

from coursectl.errors import ExitCode, InvalidData
from coursectl.roster.parsing import Reading
from tests.running import Outcome, coursectl

KEY = {"COURSECTL_PSEUDONYM_KEY": "a key of more than sixteen characters"}
COURSE = {"id": 42, "name": "Alpha", "slug": "alpha"}


def saved(path: Path, day: str, *rows: dict[str, object], **said: object) -> Path:
    text = {"course": COURSE, "fetched_at": f"{day}T00:00:00Z", "results": rows}
    path.write_text(json.dumps(text | {"count": len(rows)} | said))
    return path


def member(id_: object, rate: object = 10) -> dict[str, object]:
    return {"id": id_, "username": f"u{id_}", "join_status": "joined", "user_completion_rate": rate}


def counts(run: Outcome) -> dict[str, int | None]:
    assert run.code == ExitCode.OK
    found: dict[str, int | None] = json.loads(run.stdout)["counts"]
    return found


@pytest.fixture
def monday(tmp_path) -> Path:
    return saved(tmp_path / "monday.json", "2026-10-05", member(1), member(2), member(3))


@pytest.fixture
def lacking(tmp_path) -> Path:
    """An export without the members 3 and 4."""
    bad = (member(1), member(3, "ten"), member(4, "ten"), member(2))
    answer = saved(tmp_path / "answer.json", "2026-10-12", *bad)
    out = tmp_path / "lacking.json"
    assert coursectl("export", answer, "--skip-invalid", "-q", "-o", out).code == 0
    return out


@pytest.fixture
def nameless(tmp_path) -> Path:
    """An export without a member whose id is not known."""
    answer = saved(tmp_path / "answer.json", "2026-10-12", member(1), member(2), member("three"))
    out = tmp_path / "nameless.json"
    assert coursectl("export", answer, "--skip-invalid", "-q", "-o", out).code == 0
    return out


def test_an_export_says_which_rows_it_left_out(lacking, nameless):
    assert json.loads(lacking.read_text())["left_out"] == {"rows": 2, "ids": [3, 4]}
    assert json.loads(nameless.read_text())["left_out"] == {"rows": 1, "ids": []}
    assert json.loads(lacking.read_text())["count"] == 2


def test_a_whole_export_says_nothing_of_the_kind(monday):
    assert "left_out" not in json.loads(coursectl("export", monday).stdout)


def test_who_was_left_out_has_neither_left_nor_joined(monday, lacking, tmp_path):
    found = counts(coursectl("changes", monday, lacking, "--json", "-q"))
    assert (found["left"], found["joined"]) == (0, 0)
    later = saved(tmp_path / "later.json", "2026-10-19", *(member(id_) for id_ in (1, 2, 3, 4, 5)))
    found = counts(coursectl("changes", lacking, later, "--json", "-q"))
    assert (found["left"], found["joined"]) == (0, 1)


def test_where_an_id_is_not_known_nobody_is_told_to_have_left(monday, nameless):
    assert counts(coursectl("changes", monday, nameless, "--json", "-q"))["left"] is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [("members",), ("summary",), ("trend",), ("export",), ("report", "-f", "plain")]
)
def test_whatever_reads_it_says_so_even_when_quiet(asked, lacking):
    run = coursectl(*asked, lacking, "--quiet")
    assert run.code == 0
    assert f"{lacking}: lacks 2 rows that were not valid" in run.stderr


def test_an_export_of_an_export_keeps_the_mark(lacking, tmp_path):
    again = json.loads(coursectl("export", lacking).stdout)
    assert (again["left_out"], again["count"]) == ({"rows": 2, "ids": [3, 4]}, 2)


@pytest.mark.slow
@pytest.mark.measured
def test_the_ids_of_those_left_out_become_pseudonyms(monday, lacking, tmp_path):
    hidden, whole = tmp_path / "hidden.json", tmp_path / "whole.json"
    for source, out in ((lacking, hidden), (monday, whole)):
        run = coursectl("export", source, "--pseudonymize", "-o", out, environment=KEY)
        assert run.code == 0
    ids = {row["username"]: row["id"] for row in json.loads(whole.read_text())["results"]}
    told = json.loads(hidden.read_text())["left_out"]
    assert told["rows"] == 2
    assert not {3, 4} & set(told["ids"])
    assert len({*told["ids"]} & {*ids.values()}) == 1
    found = counts(coursectl("changes", whole, hidden, "--json", "-q"))
    assert (found["left"], found["joined"]) == (0, 0)


def test_who_is_in_it_after_all_was_not_left_out(tmp_path):
    marked = saved(
        tmp_path / "a.json", "2026-10-12", member(1), member(3), left_out={"rows": 1, "ids": [3]}
    )
    run = coursectl("members", marked, "--csv", "-c", "id")
    assert (run.text, run.stderr) == ("id\n1\n3\n", "")


@pytest.mark.slow
@pytest.mark.measured
def test_figures_carry_the_mark_in_json_and_csv(lacking):
    for asked in (("summary", lacking), ("trend", lacking)):
        (row,) = csv.DictReader(coursectl(*asked, "--csv").text.splitlines())
        assert (row["invalid_rows"], row["incomplete"]) == ("2", "")
        found = json.loads(coursectl(*asked, "--json").stdout)
        (each,) = found if asked[0] == "trend" else found["courses"]
        assert (each["invalid_rows"], each["incomplete"]) == (2, None)


@pytest.mark.slow
def test_pages_say_what_they_lack(lacking):
    assert "without 2 invalid rows" in coursectl("summary", lacking, "-q").text
    assert "without 2 invalid rows" in coursectl("summary", lacking, "demo", "-q").text
    assert "without 2 invalid rows" in coursectl("members", lacking, "-f", "html").text
    assert "1 of them without some members" in coursectl("trend", lacking, "-q").text
    report = coursectl("report", lacking, "-f", "plain", "-q").text
    assert "lacks 2 rows that were not valid" in " ".join(report.split())


def test_what_is_left_out_now_is_counted_in_the_same_way(tmp_path):
    bad = saved(tmp_path / "bad.json", "2026-10-12", member(1), member(3, "ten"))
    run = coursectl("summary", bad, "--skip-invalid", "--json")
    (each,) = json.loads(run.stdout)["courses"]
    assert (each["members"], each["invalid_rows"]) == (1, 1)


@pytest.mark.slow
def test_an_incomplete_export_stays_incomplete(tmp_path):
    few = saved(tmp_path / "few.json", "2026-10-12", member(1), count=3)
    out = tmp_path / "out.json"
    assert coursectl("export", few, "--allow-incomplete", "-q", "-o", out).code == 0
    refused = coursectl("members", out)
    assert (refused.code, refused.stdout) == (ExitCode.INCOMPLETE_ROSTER, b"")
    for asked in ("summary", "trend"):
        run = coursectl(asked, out, "--allow-incomplete", "--csv", "-q")
        (row,) = csv.DictReader(run.text.splitlines())
        assert "expected 3 members, received 1" in row["incomplete"]
        hidden = coursectl(
            *(asked, out, "--allow-incomplete", "--csv", "-q", "--pseudonymize"), environment=KEY
        )
        (row,) = csv.DictReader(hidden.text.splitlines())
        assert row["incomplete"] == "members are missing"


@pytest.mark.parametrize("mark", ["yes", [3], {"ids": [3]}, {"rows": -1}, {"rows": 1, "ids": "3"}])
def test_a_mark_that_nobody_can_read_is_refused(mark, tmp_path):
    marked = saved(tmp_path / "a.json", "2026-10-12", member(1), left_out=mark)
    reading = Reading(may_be_marked=True)
    with pytest.raises(InvalidData, match=r"left_out: found .* expected an object with rows and"):
        list(reading.document([marked.read_bytes()], "a.json"))


# Ages of what does not say when it was fetched


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [("members", "--inactive", "30d"), ("summary",), ("report", "-f", "plain")]
)
def test_that_ages_are_measured_from_now_is_said_even_when_quiet(asked, tmp_path):
    file = tmp_path / "list.json"
    assert coursectl("members", "demo", "--json", "-q", "-o", file).code == 0
    assert "ages are measured from now" in coursectl(*asked, file, "--quiet").stderr
    told = coursectl(*asked, file, "--quiet", "--as-of", "2026-11-23T06:00Z")
    assert (told.code, told.stderr) == (0, "")


def test_with_the_moment_a_saved_list_gives_the_same_members(tmp_path):
    file = tmp_path / "list.json"
    assert coursectl("members", "demo", "--json", "-q", "-o", file).code == 0
    asked = ("--status", "joined", "--inactive", "30d", "--csv", "-c", "id")
    now = coursectl("members", file, *asked, "--as-of", "2026-11-23T06:00Z")
    assert now.stdout == coursectl("members", "demo", *asked).stdout
