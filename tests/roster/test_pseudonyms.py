"""Pseudonyms: the same for the same member, another for every other, and no way back."""

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import UsageError
from coursectl.roster.member import Provenance
from coursectl.roster.pseudonyms import Pseudonyms, check_comparable, naming_nobody
from tests.roster.strategies import as_member, loose_rosters, rosters

KEY = "0123456789abcdef"
NAMES = ("username", "real_name", "avatar")

ids = st.integers(0, 300) | st.integers(0, 2**63 - 1)
keys = st.text(st.characters(codec="utf-8"), min_size=16, max_size=40)


def test_what_a_pseudonym_is_does_not_change_from_one_version_to_the_next():
    assert Pseudonyms(KEY).of(7) == (4913637458244900, "member-hncquqzbnvnn")
    assert Pseudonyms(KEY).mark == "a1e43ae45739"


def test_another_process_gives_the_same_pseudonyms():
    code = f"from coursectl.roster.pseudonyms import Pseudonyms as P; print(P({KEY!r}).of(7))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == str(Pseudonyms(KEY).of(7))


@given(ids, keys)
def test_a_pseudonym_is_a_number_that_every_reader_takes_and_a_name_without_any_mark(id_, key):
    number, name = Pseudonyms(key).of(id_)

    assert 0 <= number < 2**53
    assert re.fullmatch("member-[a-z2-7]{12}", name)


@settings(max_examples=30)
@given(st.sets(ids, min_size=2, max_size=200), keys)
def test_members_who_differ_have_pseudonyms_that_differ(found, key):
    numbers, names = zip(*map(Pseudonyms(key).of, found), strict=True)

    assert len({*numbers}) == len({*names}) == len(found)


@pytest.mark.slow
@pytest.mark.measured
def test_a_hundred_thousand_ids_in_a_row_have_as_many_pseudonyms():
    numbers, names = zip(*map(Pseudonyms(KEY).of, range(100_000)), strict=True)

    assert len({*numbers}) == len({*names}) == 100_000


@given(ids, st.sets(keys, min_size=2, max_size=2))
def test_another_key_gives_other_pseudonyms_and_another_mark(id_, both):
    one, other = map(Pseudonyms, both)

    assert one.mark != other.mark
    assert not {*one.of(id_)} & {*other.of(id_)}


@pytest.mark.slow
@pytest.mark.measured
@given(rosters())
def test_of_a_member_only_who_it_is_changes_and_nothing_stays_nothing(roster):
    members = [as_member(row) for row in roster]
    before = [dict(member) for member in members]
    hidden = Pseudonyms(KEY).members(members)

    assert members == before
    for member, under in zip(members, hidden, strict=True):
        number, name = Pseudonyms(KEY).of(member["id"])
        expected = {field: None if member[field] is None else name for field in NAMES}
        assert under == member | expected | {"id": number}
        assert list(under) == list(member)


@pytest.mark.slow
@given(loose_rosters())
def test_of_a_row_as_it_was_sent_nothing_is_left_that_is_not_documented(roster):
    for row, under in zip(roster, Pseudonyms(KEY).members(roster), strict=True):
        assert under.keys() == row.keys() & as_member(row).keys()


def test_a_new_name_changes_no_pseudonym():
    member = dict.fromkeys(as_member({})) | {"id": 7, "real_name": "Ann Smith"}

    assert Pseudonyms(KEY).members([member, member | {"real_name": "Ann Jones"}]) == (
        Pseudonyms(KEY).members([member, member])
    )


def test_of_a_course_nothing_is_left_that_may_name_a_person():
    course = {
        "id": 42,
        "name": "Food Safety",
        "slug": {"by": "Ann"},
        "type": ["Ann"],
        "created_by": {"real_name": "Ann"},
        "avg_completion_rate": 12.5,
        "teacher": "Ann",
    }
    found = naming_nobody(Provenance("https://community.example", course, None, "a1"))

    left = {"id": 42, "name": "Food Safety", "avg_completion_rate": 12.5}
    assert found == Provenance("https://community.example", left, None, "a1")


@pytest.mark.parametrize("mark", [None, "a1e43ae45739"])
def test_rosters_with_the_same_mark_can_be_compared(mark):
    check_comparable(mark, mark)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a1", None, r"members of the first roster are pseudonyms, those of the other are not"),
        (None, "a1", r"members of the second roster are pseudonyms, those of the other are not"),
        ("a1", "b2", r"pseudonyms under different keys"),
    ],
)
def test_rosters_with_other_marks_cannot_be_compared(before, after, told):
    with pytest.raises(UsageError, match=told):
        check_comparable(before, after)
