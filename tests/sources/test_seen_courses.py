"""The courses that TAB offers again."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursectl.sources.seen_courses import remember, seen_courses
from tests.community import Course, row
from tests.running import coursectl


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "coursectl" / "courses"


def offered(begun: str = "") -> list[str]:
    asked = {
        "_COURSECTL_COMPLETE": "complete_zsh",
        "_TYPER_COMPLETE_ARGS": f"coursectl summary {begun}",
    }
    return coursectl(environment=asked, cwd=Path(os.sep)).text.splitlines()


def test_a_course_that_was_read_is_offered_without_asking_the_community(community, cache):
    assert coursectl("members", "42", environment=community.environment).code == 0
    asked = len(community.requests)

    assert offered("4") == ["42"]
    assert len(community.requests) == asked


@pytest.mark.slow
@pytest.mark.measured
def test_courses_that_were_listed_are_offered_by_id_and_slug(community):
    community.courses[7] = Course(7, [row(1)], name="Food safety", slug="food-at-home")
    assert coursectl("courses", environment=community.environment).code == 0

    assert {"7\tfood-at-home", "food-at-home\tcourse 7"} <= set(offered())
    assert coursectl("members", "7", environment=community.environment).code == 0
    assert offered("food") == ["food-at-home\tcourse 7", "food-safety\tcourse 42"]


def test_a_course_that_is_not_there_is_not_offered(community, cache):
    assert coursectl("members", "99", environment=community.environment).code != 0
    assert not cache.exists()


def test_the_latest_comes_first_and_a_slug_that_is_not_said_stays():
    remember([(1, "one"), (2, None)])
    remember([(3, "three")])
    remember([(1, None), (None, "nobody")])

    assert list(seen_courses().items()) == [("1", "one"), ("3", "three"), ("2", "")]


def test_no_more_are_kept_than_are_of_use(cache):
    remember((id_, f"course-{id_}") for id_ in range(2000))

    assert list(seen_courses()) == [str(id_) for id_ in range(500)]


@pytest.mark.parametrize(
    "slug", ["-rf", "a b", "$(reboot)", "a\nb", "`x`", "é", "\x1b[2J", "a" * 101, "..", "_"]
)
def test_a_slug_that_a_shell_would_act_on_is_not_kept(slug):
    remember([(5, slug)])

    assert seen_courses() == {"5": ""}


@given(st.binary(max_size=200))
def test_whatever_stands_in_the_file_offers_words_that_are_safe(content):
    path = Path(os.environ["XDG_CACHE_HOME"]) / "coursectl" / "courses"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)

    for id_, slug in seen_courses().items():
        assert id_.isascii()
        assert id_.isdecimal()
        assert slug == "" or slug.replace("-", "").replace("_", "").isalnum()
    remember([(1, "one")])
    assert next(iter(seen_courses().items())) == ("1", "one")


def test_a_cache_that_cannot_be_written_costs_nothing(community, tmp_path):
    (tmp_path / "coursectl").touch()  # where a folder should be

    run = coursectl("members", "42", "--csv", environment=community.environment)

    assert (run.code, run.stderr) == (0, "")
    assert offered("4") == []


def test_only_the_person_may_read_it_and_nothing_stays_beside_it(cache):
    remember([(1, "secret-plans")])

    assert cache.stat().st_mode & 0o777 == 0o600
    assert list(cache.parent.iterdir()) == [cache]
