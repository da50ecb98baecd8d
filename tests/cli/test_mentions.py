"""Whatever is written as Markdown addresses nobody in the chat that it is posted in."""

import json
import re

import pytest

from tests.community import Course
from tests.running import coursectl

NAME = "@everyone @channel @here @all @somebody a@b.example <@U123> <!channel>"

MENTION = re.compile("@(?!\u200b)|(?<!\\\\)<")


@pytest.fixture
def rosters(tmp_path):
    """Two exports of a course in which everything is named so, and everybody changed."""
    for number, (who, name) in enumerate(((1, NAME), (2, f"{NAME}.")), 1):
        rows = [
            {"id": id_, "username": name, "real_name": name, "avatar": name, "join_status": name}
            | {"user_completion_rate": 10 * number, "joined_at": "2026-01-02T03:04:05Z"}
            for id_ in (who, 3, 4)
        ]
        export = {
            "count": 3,
            "course": {"id": 1, "name": NAME, "slug": NAME},
            "fetched_at": f"2026-0{number + 1}-01T00:00:00Z",
            "results": rows,
        }
        (tmp_path / f"{number}.json").write_text(json.dumps(export))
    return tmp_path / "1.json", tmp_path / "2.json"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["members", "summary", "changes", "trend", "report"])
def test_nobody_is_addressed_by_a_name_in_markdown(command, rosters, tmp_path):
    path = tmp_path / "told.md"
    files = rosters if command in ("changes", "trend") else rosters[1:]
    more = ("--since", rosters[0]) if command == "report" else ()
    assert coursectl(command, *files, *more, "-o", path).code == 0
    text = path.read_text()
    assert "@\u200beveryone" in text
    assert not MENTION.search(text)


def test_nobody_is_addressed_by_a_course_in_markdown(community, tmp_path):
    path = tmp_path / "told.md"
    community.courses = {1: Course(1, name=NAME, slug=NAME, type=NAME, privacy=NAME)}
    assert coursectl("courses", "-o", path, environment=community.environment).code == 0
    assert "@\u200beveryone" in path.read_text()
    assert not MENTION.search(path.read_text())
