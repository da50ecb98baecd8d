import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import CoursectlError
from coursectl.roster.documents import BLOCK
from coursectl.roster.halves import Cut, FirstHalf, Form, NotInHalves, SecondHalf
from coursectl.roster.member import Member
from coursectl.roster.parsing import Reading
from tests.roster.strategies import COURSE, export_shapes, loose_rosters, rosters

NAME = "roster.json"

TOLD = ("rows", "valid", "invalid", "members", "count", "has_next", "in_page", "said", "course")
TOLD += ("fetched_at", "community", "pseudonyms", "unknown_statuses", "claimed", "_doubt")
TOLD += ("_largest_count", "course_as_sent")


def told(reading: Reading) -> dict[str, object]:
    return {name: getattr(reading, name) for name in TOLD}


def as_one(document: bytes) -> tuple[list[Member], dict[str, object]] | None:
    """What one reading gives; None for an error."""
    reading = Reading(may_be_marked=True)
    try:
        members = [member for few in reading.document(blocks(document), NAME) for member in few]
    except CoursectlError:
        return None
    return members, told(reading)


def blocks(document: bytes) -> Iterator[bytes]:
    return (document[at : at + BLOCK] for at in range(0, len(document), BLOCK))


def in_halves(document: bytes, cut: Cut) -> tuple[list[Member], dict[str, object]] | None:
    """What two readings give; None where they give up."""
    first = FirstHalf(cut.form, moments_as_written=False)
    second = SecondHalf(cut.form, moments_as_written=False)
    one, other = blocks(document[: cut.end] + cut.form.value[1]), blocks(document[cut.start :])
    try:
        before = [member for few in first.document(one, NAME) for member in few]
        behind = [member for few in second.document(other, NAME) for member in few]
        first.prove_cut()
        first.go_on(second.told(), second.seen())
    except (NotInHalves, CoursectlError):
        return None
    return before + behind, told(first)


def cuts(document: bytes) -> Iterator[Cut]:
    """Every cut that could be guessed, be it right or wrong, for every form."""
    for joint in re.finditer(rb"\}\s*(,)\s*\{", document):
        yield Cut(Form.PAGE, joint.start(1), joint.end(1))
        yield Cut(Form.LIST, joint.start(1), joint.end(1))
    if document.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        for newline in re.finditer(rb"\n", document):
            yield Cut(Form.LINES, newline.end(), newline.end())


def check_every_cut(document: bytes) -> int:
    """Hold both readings together, or none, against one; give how many cuts they agreed to."""
    whole = as_one(document)
    agreed = 0
    for cut in cuts(document):
        halves = in_halves(document, cut)
        assert halves is None or halves == whole, (cut, document)
        agreed += halves is not None
    return agreed


@pytest.mark.slow
@given(rosters() | loose_rosters(), export_shapes())
def test_halves_give_what_one_reading_gives_or_give_up(roster, shape):
    check_every_cut(shape(roster))


@pytest.mark.slow
@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(rosters(max_size=4) | loose_rosters(max_size=4), export_shapes()),
        min_size=2,
        max_size=4,
    ),
    st.sampled_from((b"", b"\n", b" ")),
)
def test_so_it_is_where_documents_of_any_kind_stand_one_behind_the_other(parts, between):
    check_every_cut(between.join(shape(roster) for roster, shape in parts))


@pytest.mark.slow
@settings(max_examples=300)
@given(rosters(min_size=2, max_size=4), export_shapes(), st.data())
def test_so_it_is_where_a_document_is_damaged(roster, shape, data):
    document = shape(roster)
    at = data.draw(st.integers(0, len(document)))
    until = data.draw(st.integers(at, min(at + 20, len(document))))
    pieces = (b"", b"]", b"}", b"{", b"[", b",", b'"', b"\\", b"\n", b"},{", b"]}", b'"results":[')
    check_every_cut(document[:at] + data.draw(st.sampled_from(pieces)) + document[until:])


MANY = [{"id": number, "real_name": f"Ann {number}"} for number in range(1, 9)]


@pytest.mark.parametrize(
    ("document", "agreed"),
    [
        (json.dumps({"count": 8, "next": None, "results": MANY}), 7),
        (json.dumps({"results": MANY, "count": 8, "course": COURSE}), 7),
        (json.dumps({"results": MANY}, indent=2), 7),
        (json.dumps(MANY), 7),
        ("\ufeff" + json.dumps(MANY), 7),
        ("".join(json.dumps(row) + "\n" for row in MANY), 7),
        ("".join(json.dumps(row) + "\r\n" for row in MANY), 7),
        ("".join(json.dumps({"count": 8, "results": MANY[at : at + 2]}) for at in (0, 2, 4, 6)), 4),
    ],
)
def test_every_true_joint_of_an_ordinary_export_is_agreed_to(document, agreed):
    # The line end behind the first of the lines is none: one member alone could be a document.
    assert check_every_cut(document.encode()) in (agreed, agreed - 1)


@pytest.mark.parametrize(
    "document",
    [
        '{"results":[{"id":1}],"others":[{"id":2},{"id":3}]}',
        '{"results":[{"id":1,"x":[{"id":2},{"id":3}]}]}',
        '{"results":[{"id":1,"real_name":"},{"}]}',
        r'{"results":[{"id":1,"real_name":"\"},{\"id\":2"}]}',
        '{"results":[{"id":1}]}{"id":2,"x":[{"id":3},{"id":4}]}',
        '{"id":1,"x":[{"id":2},{"id":3}]}',
        '[{"id":1,"x":[{"id":2},{"id":3}]}]',
        '{"x":[{"id":2},{"id":3}],"results":[{"id":1}]}',
        '{"results":[{"id":1},{"id":1}]}',
        '[{"results":[{"id":1},{"id":2}]}]',
        '[{"id":1},{"results":[],"id":2}]',
        '{"id":1}\n{"id":1}\n{"id":1}',
        '{"id":1}\n{\n"id":2}\n',
        '{"id":1}\n{"results":[]}\n',
        '[{"id":1}]\n{"id":2}\n',
    ],
)
def test_a_joint_that_is_none_or_not_plain_is_not_agreed_to(document):
    assert check_every_cut(document.encode()) == 0


def test_what_a_page_says_is_known_wherever_it_says_it():
    document = json.dumps(
        {"course": COURSE, "pseudonyms": "a", "results": MANY, "next": "x", "count": 8}
    )
    assert check_every_cut(document.encode()) == 7


def test_a_member_of_many_megabytes_gives_up_where_one_reading_may_read_it():
    first, second = '{"id":1}', '{"id":2,"x":"' + "x" * 9_000_000 + '"}'
    document = f"[{first},{second}]".encode()
    assert as_one(document) is not None
    assert in_halves(document, Cut(Form.LIST, 9, 10)) is None


def guessed(document: str, at: int = 0) -> str | None:
    text = document.encode()
    cut = Cut.guessed(text[:1000], text[at:], at)
    return None if cut is None else text[cut.start :].decode()


def test_a_guess_passes_over_lists_within_members():
    member = '{"id":%d,"badges":[{"id":1},{"id":2},{"id":3}]}'
    members = [member % number for number in range(100)]
    at = len('{"results":[') + 5
    assert guessed('{"results":[' + ",".join(members) + "]}", at) == ",".join(members[1:]) + "]}"


def test_a_guess_needs_a_joint():
    assert guessed("hello") is None
    assert guessed('{"results":[]}') is None
    assert guessed("[]") is None
    assert guessed('{"id":1}') is None
