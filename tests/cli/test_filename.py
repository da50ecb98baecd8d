"""The name of an export, with what it leaves to be filled in."""

import string
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursectl.cli.filename import EXPORT_SUFFIXES, check_name, filled_name
from coursectl.errors import UsageError
from coursectl.roster.member import Provenance

FETCHED = datetime(2026, 11, 23, 6, 5, 4, 999, UTC)


def filled(name: str, *, fetched_at: datetime | None = FETCHED, **course: object) -> str:
    check_name(name)
    return str(filled_name(name, Provenance(None, course, fetched_at), "course 42"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.json", "a.json"),
        ("{course}.json", "food-safety.json"),
        ("rosters/{course}-{date}.json.gz", "rosters/food-safety-2026-11-23.json.gz"),
        ("{id}/{date}/{time}.json", "42/2026-11-23/060504.json"),
        ("{id}{id}.JSON", "4242.JSON"),
        ("{{course}}.json", "{course}.json"),
        ("{{{course}}}.json", "{food-safety}.json"),
        ("a b'\n.json", "a b'\n.json"),
    ],
)
def test_a_name_is_filled_in(name, path):
    assert filled(name, id=42, slug="food-safety") == path


@pytest.mark.parametrize("name", ["{slug}.json", "{}.json", "{course", "a}.json", "{course!r}.json",
                                  "{date:%Y}.json", "{0}.json", "{course.id}.json"])  # fmt: skip
def test_what_is_nothing_to_fill_in_is_an_error_that_lists_what_there_is(name):
    with pytest.raises(UsageError) as caught:
        check_name(name)
    assert "is nothing to fill in" in caught.value.message
    assert caught.value.hints == (
        "These are: {course}, {id}, {date}, {time}. A brace that is meant is written twice.",
    )


@pytest.mark.parametrize("name", ["", "a", "a.csv", "a.json.bz2", "a.jsonl", "a.gz", "{course}"])
def test_a_name_that_does_not_say_json_is_an_error(name):
    with pytest.raises(UsageError, match="is no name of an export") as caught:
        check_name(name, EXPORT_SUFFIXES)
    assert caught.value.hints == ("End it in .json or .json.gz.",)


@pytest.mark.parametrize("name", ["{{a}}", "{{a}}.json", "b", "b/", "new/", "{id}/"])
def test_a_folder_is_called_one_whatever_its_name(tmp_path, name):
    (tmp_path / "{a}").mkdir()
    (tmp_path / "{a}.json").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "b").symlink_to("folder")
    with pytest.raises(UsageError) as caught:
        check_name(f"{tmp_path}/{name}")
    assert caught.value.message == f"{tmp_path}/{name} is a directory"
    assert caught.value.hints == ("Name a file in it.",)


def test_the_folder_that_counts_is_that_of_the_file_behind_a_link(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "a.json").symlink_to(tmp_path / "file" / "a.json")
    with pytest.raises(UsageError, match=r"a\.json: cannot be written: Not a directory"):
        check_name(f"{tmp_path}/a.json")


def test_a_look_at_a_folder_leaves_nothing_in_it(tmp_path):
    for name in ("a.json", "new/a.json", "{date}.json", "new/{{a}}/{date}.json", "{id}/a.json"):
        check_name(f"{tmp_path}/{name}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("slug", "part"),
    [
        ("../../etc/passwd", "etcpasswd"),
        ("/etc/passwd", "etcpasswd"),
        ("..", "42"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("a\\b:c*d?e", "abcde"),
        ("a\x00b\x1b[2J\n\u202ec", "ab2Jc"),
        ("{date}", "date"),
        ("курс.1_a", "курс.1_a"),
        ("", "42"),
        (None, "42"),
        ("a" * 300, "a" * 100),
        ("é" * 300, "é" * 50),
        (["a"], "a"),
    ],
)
def test_a_hostile_slug_is_a_part_of_a_name_and_never_of_a_path(slug, part):
    assert filled("rosters/{course}.json", id=42, slug=slug) == f"rosters/{part}.json"


@given(st.text(), st.integers(0))
def test_no_slug_leads_out_of_its_folder(slug, id_):
    path = Path(filled("rosters/{course}.json", id=id_, slug=slug))
    assert path.parent == Path("rosters")
    assert len(path.name.encode()) <= 120
    assert path.name[0] not in ".-"
    assert not set(path.name) & (set(string.punctuation + string.whitespace) - set("._-"))


@pytest.mark.parametrize(
    ("name", "field"), [("{course}.json", "course"), ("{id}.json", "id"), ("{date}.json", "date")]
)
def test_what_the_roster_does_not_say_is_not_made_up(name, field):
    with pytest.raises(UsageError) as caught:
        filled(name, fetched_at=None)
    assert caught.value.message == f"course 42: does not say what to fill in for {{{field}}}"
