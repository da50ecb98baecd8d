"""Several rosters in one document, and pages of one."""

import json
from itertools import permutations

import pytest

from coursectl.errors import InvalidData
from coursectl.roster.documents import BLOCK
from coursectl.roster.halves import Cut, FirstHalf, Form, NotInHalves, SecondHalf
from coursectl.roster.parsing import Reading
from tests.community import row

ALPHA = {"id": 42, "name": "Alpha", "slug": "alpha"}
OCTOBER = {"course": ALPHA, "fetched_at": "2026-10-01T00:00:00Z"}
NOVEMBER = {"course": ALPHA, "fetched_at": "2026-11-01T00:00:00Z"}
BETA = {"course": {"id": 57, "name": "Beta", "slug": "beta"}, "fetched_at": OCTOBER["fetched_at"]}
ELSEWHERE = OCTOBER | {"community": "https://other.example"}
HERE = OCTOBER | {"community": "https://community.example"}
NOTHING: dict[str, object] = {}


def page(said: dict[str, object], *ids: int, behind: bool = False) -> str:
    results = {"results": [row(id_) for id_ in ids]}
    return json.dumps(results | said if behind else said | results)


def ids(text: str, *, names_nobody: bool = False) -> list[int]:
    reading = Reading(may_be_marked=True, names_nobody=names_nobody)
    return [m["id"] for few in reading.document([text.encode()], "saved.json") for m in few]


def put_together(*parts: str) -> list[str]:
    return ["\n".join(parts), "[" + ",".join(parts) + "]"]


DIFFERENT = [
    *permutations((OCTOBER, NOVEMBER), 2),
    *permutations((OCTOBER, BETA), 2),
    *permutations((HERE, ELSEWHERE), 2),
    *permutations((OCTOBER, NOTHING), 2),
    *permutations((OCTOBER, {"course": ALPHA}), 2),
    *permutations((OCTOBER, HERE), 2),
    *permutations(({"fetched_at": OCTOBER["fetched_at"]}, NOTHING), 2),
]


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("said", DIFFERENT)
def test_rosters_that_say_different_things_are_refused(said, behind):
    one, other = said
    for text in put_together(page(one, 1, 2, behind=behind), page(other, 3, behind=behind)):
        with pytest.raises(InvalidData) as caught:
            ids(text)
        assert caught.value.message.startswith("saved.json: several rosters, one behind the other")
        assert "one by one" in caught.value.hints[0]


def test_both_rosters_are_named():
    with pytest.raises(InvalidData) as caught:
        ids(page(OCTOBER, 1) + page(BETA, 1))
    assert caught.value.message.endswith(
        ": course 42 (Alpha), fetched 2026-10-01 00:00:00 UTC;"
        " and course 57 (Beta), fetched 2026-10-01 00:00:00 UTC"
    )


def test_a_name_is_not_quoted_where_nobody_is_to_be_named():
    with pytest.raises(InvalidData) as caught:
        ids(page(HERE, 1) + page(BETA | {"community": "https://x.example"}, 1), names_nobody=True)
    assert not any(name in caught.value.message for name in ("Alpha", "Beta", "example"))
    assert "course 57" in caught.value.message


@pytest.mark.parametrize("said", [NOTHING, OCTOBER, HERE, {"count": 3}])
@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
def test_pages_that_say_the_same_are_one_roster(said, behind):
    pages = [page(said, *few, behind=behind) for few in ((1, 2), (2, 3), ())]
    for text in put_together(*pages):
        assert ids(text) == [1, 2, 3]


def test_the_same_moment_may_be_written_in_two_ways():
    elsewhere = OCTOBER | {"fetched_at": "2026-10-01T02:00:00+02:00"}
    assert ids(page(OCTOBER, 1) + page(elsewhere, 2)) == [1, 2]


def test_a_page_may_tell_a_part_before_its_members_and_a_part_behind_them():
    said = page({"course": ALPHA}, 1)[:-1] + ', "fetched_at": "2026-10-01T00:00:00Z"}'
    assert ids(said + page(OCTOBER, 2)) == [1, 2]


BARE = '[{"id": 7}, {"id": 8}]'


@pytest.mark.parametrize(
    "text",
    [
        page(OCTOBER, 1) + BARE,
        page(OCTOBER, 1) + '\n{"id": 7}',
        page(OCTOBER, 1) + '\n{"id": 7}\n{"id": 8}\n',
        BARE + page(OCTOBER, 1),
    ],
)
def test_members_in_no_page_are_not_of_a_roster_that_says_when(text):
    with pytest.raises(InvalidData, match="one that says nothing of where it is from"):
        ids(text)


@pytest.mark.parametrize("other", [NOVEMBER, NOTHING])
def test_several_rosters_are_not_read_in_halves(other):
    text = (page(OCTOBER, 1, 2, 3) + page(other, 4)).encode()
    at = text.index(b',{"id": 2') if b',{"id": 2' in text else text.index(b', {"id": 2')
    cut = Cut(Form.PAGE, at, at + 1)
    first = FirstHalf(cut.form, moments_as_written=True)
    second = SecondHalf(cut.form, moments_as_written=True)
    list(first.document([text[: cut.end] + cut.form.value[1]], "saved.json"))
    list(second.document([text[cut.start :][:BLOCK]], "saved.json"))
    first.prove_cut()
    with pytest.raises(NotInHalves):
        first.go_on(second.told(), second.seen())


# Members in no page, each of which names its course


def rows_of(course: str, *numbers: int) -> list[dict[str, object]]:
    return [{"course": course} | row(id_) for id_ in numbers]


FORMS = {
    "list": json.dumps,
    "spaced": lambda rows: json.dumps(rows, indent=2),
    "lines": lambda rows: "\n".join(map(json.dumps, rows)),
}


@pytest.mark.parametrize("form", FORMS)
def test_members_of_several_courses_are_refused(form):
    for few in (rows_of("Beta", 1), rows_of("Beta", *range(3_000))):
        text = FORMS[form](rows_of("Alpha", *range(2_000)) + few)
        with pytest.raises(InvalidData) as caught:
            ids(text)
        assert caught.value.message == "saved.json: members of several courses: 'Alpha', and 'Beta'"
        with pytest.raises(InvalidData) as caught:
            ids(text, names_nobody=True)
        assert caught.value.message == "saved.json: members of several courses"


@pytest.mark.parametrize("form", FORMS)
def test_members_who_all_name_one_course_are_one_roster(form):
    rows = rows_of("Alpha", *range(2_000))
    nested = [each | {"group": {"course": "Beta"}, "real_name": '"course":"Beta"'} for each in rows]
    assert ids(FORMS[form](nested)) == list(range(2_000))


def test_a_list_in_which_rows_name_courses_is_not_read_in_halves():
    first = FirstHalf(Form.LIST, moments_as_written=True)
    with pytest.raises(NotInHalves):
        list(first.document([json.dumps(rows_of("Alpha", 1, 2)).encode()], "saved.json"))
