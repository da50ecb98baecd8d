import json
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from coursectl.errors import IncompleteRoster, InvalidData
from coursectl.roster import documents, schemas
from coursectl.roster.fields import FIELDS
from coursectl.roster.member import Member
from coursectl.roster.parsing import (
    Reading,
    RowAsWritten,
    parse_course,
    parse_course_as_sent,
    parse_course_page,
    parse_listed_courses,
    parse_own_status,
)
from coursectl.roster.schemas import validator
from tests import plain
from tests.roster.strategies import (
    COURSE,
    EXPORT_SHAPES,
    FETCHED_AT,
    LINE_SHAPES,
    PAGED_SHAPES,
    PLAIN_SHAPES,
    as_member,
    in_utc,
    loose_rosters,
    rosters,
    rows_in,
    texts,
    unique,
)

NAME = "roster.json"
CORRECT_THEM = "Correct them, or leave them out with --skip-invalid."
SAVE_AGAIN = "The file is damaged or cut off: save it again."
KINDS = "A roster is a page of the API, a list of members, NDJSON or an export by coursectl."

# Two of them short, so that every offset can be tried; none of them easy.
SMALL = [
    {"id": 1, "real_name": 'a},{"}]', "x": [{"y": [{}]}]},
    {"id": 2, "user_completion_rate": 12.5, "username": '\\"}\n'},
    {"id": 3, "joined_at": "2026-01-02T03:04:05+02:00", "z": {}},
    {"id": 4},
]


def blocks_of(document: bytes, size: int) -> Iterator[bytes]:
    return (document[at : at + size] for at in range(0, len(document), size))


def read(
    document: bytes | Iterable[bytes], *, block: int = documents.BLOCK, skip_invalid: bool = False
) -> tuple[Reading, list[Any]]:
    """What a reading gives, the document being looked at `block` bytes at a time."""
    blocks = [document] if isinstance(document, bytes) else document
    reading = Reading(skip_invalid=skip_invalid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        return reading, [m for members in reading.document(blocks, NAME) for m in members]


def refusal(document: bytes, **options: Any) -> tuple[str, ...]:
    """The lines of the error that a document ends in."""
    with pytest.raises(InvalidData) as caught:
        read(document, **options)
    return (caught.value.message, *caught.value.hints)


def problem(row: str) -> str:
    """What is said of one row that stands alone on its line."""
    message, line, hint = refusal(row.encode() + b"\n")
    assert message == f"{NAME}: 1 invalid member"
    assert hint == CORRECT_THEM
    assert line.startswith(f"{NAME}:1: row 1")
    return line.removeprefix(f"{NAME}:1: row 1")


def plainly(document: bytes) -> list[Any] | None:
    """What json.loads and pydantic, one row at a time, make of a document; None if nothing."""
    try:
        rows = rows_in(document)
        return unique(list(map(by_pydantic, rows)))
    except (ValueError, ValidationError):
        return None


def by_pydantic(row: Any) -> dict[str, Any]:
    """What a model of pydantic, which is not the program's own schema, makes of a row."""
    return plain.Member.model_validate_json(json.dumps(row)).model_dump()


def or_nothing(document: bytes | Iterable[bytes], block: int) -> list[Any] | None:
    try:
        return read(document, block=block)[1]
    except InvalidData:
        return None


# What is read


@pytest.mark.slow
@pytest.mark.parametrize("shape", EXPORT_SHAPES)
@settings(max_examples=5)
@given(roster=rosters(min_size=1), block=st.integers(3, 400))
def test_every_shape_gives_the_members_of_the_roster(shape, roster, block):
    document = EXPORT_SHAPES[shape](roster)
    expected = [as_member(row) for row in roster]
    for size in (1, 2, 3, 7, 64, len(document)):
        reading, found = read(blocks_of(document, size), block=block)
        assert found == expected
        assert reading.members == len(roster)
        assert reading.rows == len(rows_in(document))
        assert reading.invalid == 0


@pytest.mark.slow
@settings(max_examples=80)
@given(
    roster=loose_rosters(min_size=1),
    shape=st.sampled_from(sorted(PLAIN_SHAPES)),
    block=st.integers(1, 300),
)
def test_missing_fields_are_null_and_unknown_fields_are_ignored(roster, shape, block):
    document = PLAIN_SHAPES[shape](roster)
    expected = [as_member(row) for row in roster]
    for size in (1, 7, len(document)):
        assert read(blocks_of(document, size), block=block)[1] == expected


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("shape", EXPORT_SHAPES)
def test_a_document_may_be_cut_into_blocks_at_any_byte(shape):
    document = EXPORT_SHAPES[shape](SMALL)
    expected = [as_member(row) for row in SMALL]
    # The mark at the beginning is looked for in the first block, which never is so small.
    for at in range(3, len(document)):
        assert read([document[:at], document[at:]], block=3)[1] == expected, at


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("shape", PLAIN_SHAPES)
def test_blocks_may_be_of_any_size(shape):
    document = PLAIN_SHAPES[shape](SMALL)
    expected = [as_member(row) for row in SMALL]
    for block in range(1, 200):
        assert read(blocks_of(document, block), block=block)[1] == expected, block


@pytest.mark.slow
@settings(max_examples=80)
@given(roster=rosters(min_size=1), shape=st.sampled_from(sorted(EXPORT_SHAPES)))
def test_each_member_is_what_pydantic_makes_of_its_row(roster, shape):
    expected = list(map(by_pydantic, roster))
    _, found = read(EXPORT_SHAPES[shape](roster))
    assert found == expected
    assert [list(member) for member in found] == [list(FIELDS)] * len(roster)


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=80)
@given(rosters(min_size=1))
def test_a_member_is_of_the_types_that_it_is_said_to_be(roster):
    _, found = read(json.dumps(roster).encode())
    types = get_type_hints(Member)
    assert list(types) == list(FIELDS)
    for field, type_ in types.items():
        values = [member[field] for member in found]
        assert TypeAdapter(list[type_]).validate_python(values, strict=True) == values


@pytest.mark.slow
@settings(max_examples=80)
@given(roster=rosters(min_size=1))
def test_a_completion_rate_stays_whole_or_fractional_as_it_was_sent(roster):
    _, found = read(json.dumps(roster).encode())
    rates = [member["user_completion_rate"] for member in found]
    assert list(map(repr, rates)) == [repr(row["user_completion_rate"]) for row in roster]


def test_every_moment_is_in_utc():
    moments = {
        "2026-03-01T12:00:00Z": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "2026-03-01T12:00:00": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "2026-03-01 12:00:00": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "2026-03-01T12:00:00+02:00": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "2026-03-01T00:30:00+05:30": datetime(2026, 2, 28, 19, tzinfo=UTC),
        "2026-03-01 12:00:00+00": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "2026-03-01 12:00:00.5-03": datetime(2026, 3, 1, 15, 0, 0, 500_000, tzinfo=UTC),
        "2026-03-01T12:00:00+0000": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "2026-03-01T12:00:00+00:00:00": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "1879-03-01 12:00:00+00:53:28": datetime(1879, 3, 1, 11, 6, 32, tzinfo=UTC),
        "2026-03-01 12:00+02": datetime(2026, 3, 1, 10, tzinfo=UTC),
        "2026-03-01T12:00:00.123456Z": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
        "2026-03-01T12:00:00.123456789Z": datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC),
    }
    rows = [{"id": at, "joined_at": text} for at, text in enumerate(moments)]
    _, found = read(json.dumps(rows).encode())
    assert [member["joined_at"] for member in found] == list(moments.values())
    assert {member["joined_at"].utcoffset().total_seconds() for member in found} == {0}


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:00:00+0",
        "2026-03-01 12:00:00+25",
        "2026-03-01 12+00",
        "0001-01-01 00:00:00+02",
        "2026-03-01 12:00:00+00:00:0",
        "2026-03-01 24:00:01+00",
        "2026-02-29 12:00:00+00",
    ],
)
def test_what_is_no_moment_is_refused_whatever_its_offset(text):
    _, line, _ = refusal(json.dumps([{"id": 1, "joined_at": text}]).encode())
    assert f'joined_at: found "{text}", expected an ISO 8601 date-time' in line


@pytest.mark.parametrize("zero", ["-0", "-0.0", "-0e5", "0.0", "0"])
@pytest.mark.parametrize("in_cells", [False, True])
def test_zero_has_no_sign(zero, in_cells):
    row = f'{{"id":-0,"user_completion_rate":{zero}}}'.encode()
    reading = Reading(in_cells=in_cells, moments_as_written=True)
    ((member,),) = reading.document([b"[%b]" % row], NAME)
    id_, rate = (
        (member[0], member[5]) if in_cells else (member["id"], member["user_completion_rate"])
    )
    assert (id_, rate) == (0, 0)
    assert "-" not in f"{id_}{rate}"


@pytest.mark.parametrize("shape", sorted(PLAIN_SHAPES.keys() - LINE_SHAPES.keys()))
def test_a_roster_may_be_empty(shape):
    reading, found = read(PLAIN_SHAPES[shape]([]))
    assert found == []
    assert reading.members == reading.rows == 0


@pytest.mark.parametrize("shape", ["own export, compact", "own export told behind, pretty"])
@pytest.mark.parametrize("block", [5, documents.BLOCK])
def test_an_export_by_coursectl_names_its_course_and_when_it_was_fetched(shape, block):
    reading, _ = read(PLAIN_SHAPES[shape](SMALL), block=block)
    assert reading.course == {"id": 42, "name": COURSE["name"], "slug": "safety"}
    assert reading.fetched_at == in_utc(FETCHED_AT)
    assert reading.count == 4


def test_what_stands_before_the_members_is_known_with_the_first_of_them():
    reading = Reading()
    batches = reading.document([PLAIN_SHAPES["own export, compact"](SMALL)], NAME)
    next(batches)
    assert reading.in_page
    assert reading.count == 4
    assert reading.fetched_at == in_utc(FETCHED_AT)


@pytest.mark.parametrize("shape", ["list, compact", "NDJSON", "run of members, pretty"])
def test_a_document_without_pages_says_nothing_of_itself(shape):
    reading, _ = read(PLAIN_SHAPES[shape](SMALL))
    assert not reading.in_page
    assert (reading.course, reading.fetched_at, reading.count) == (None, None, None)


def test_the_count_is_that_of_the_last_page_which_says_it():
    pages = [{"count": 7, "results": []}, {"results": [], "count": 8}, {"results": []}]
    reading, _ = read(json.dumps(pages).encode())
    assert reading.count == 8


def test_the_last_of_two_fields_of_one_name_counts():
    _, found = read(b'[{"id":1,"id":2,"username":"a","username":"b"}]')
    assert [(m["id"], m["username"]) for m in found] == [(2, "b")]


def test_a_lone_page_on_one_line_may_be_followed_by_pretty_ones():
    first = b'{"results":[{"id":1}]}\n'
    second = json.dumps({"results": [{"id": 2}]}, indent=2).encode()
    _, found = read(first + second)
    assert [m["id"] for m in found] == [1, 2]


# Rows that occur twice


@pytest.mark.slow
@pytest.mark.parametrize("shape", [name for name in PLAIN_SHAPES if "overlapping" in name])
@settings(max_examples=20)
@given(roster=rosters(min_size=2))
def test_a_row_that_occurs_twice_counts_once(shape, roster):
    document = PLAIN_SHAPES[shape](roster)
    reading, found = read(document)
    assert len(rows_in(document)) == reading.rows
    assert reading.rows > len(roster) or shape in PAGED_SHAPES
    assert [m["id"] for m in found] == [row["id"] for row in roster]
    assert reading.members == len(roster)


def test_of_rows_with_one_id_the_first_counts():
    rows = [{"id": 1, "username": "a"}, {"id": 2}, {"id": 1, "username": "b"}]
    _, found = read(json.dumps(rows).encode())
    assert [(m["id"], m["username"]) for m in found] == [(1, "a"), (2, None)]


def test_a_member_met_in_an_earlier_document_is_not_given_again():
    reading = Reading()
    given_ = [
        [m["id"] for members in reading.document([page], NAME) for m in members]
        for page in (b'{"results":[{"id":1},{"id":2}]}', b'{"results":[{"id":2},{"id":3}]}')
    ]
    assert given_ == [[1, 2], [3]]
    assert (reading.rows, reading.members) == (4, 3)


# Statuses that the API does not document


def test_an_unknown_status_is_kept_and_noted():
    words = ["joined", "payment_waiting", None, "JOINED", "", "payment_waiting", "creator"]
    rows = [{"id": at, "join_status": word} for at, word in enumerate(words)]
    reading, found = read(json.dumps(rows).encode())
    assert [m["join_status"] for m in found] == words
    assert reading.unknown_statuses == {"payment_waiting", "JOINED", ""}


# Whether the roster is whole


@pytest.mark.parametrize(
    ("count", "message"),
    [
        (5_000, "x.json is not the whole roster: expected 5,000 members, received 2 unique"),
        (1, "x.json is not the whole roster: expected 1 members, received 2 unique"),
    ],
)
def test_a_roster_of_another_size_than_it_claims_is_incomplete(count, message):
    page = {"count": count, "results": [{"id": 1}, {"id": 2}, {"id": 1}]}
    reading, _ = read(json.dumps(page).encode())
    with pytest.raises(IncompleteRoster) as caught:
        reading.prove_complete("x.json")
    assert caught.value.message == message
    assert caught.value.hints == (
        "Fetch it again, every page of it, or list what there is with --allow-incomplete.",
    )


def test_a_roster_that_shrank_while_it_was_fetched_may_be_incomplete():
    pages = [{"count": 3, "results": [{"id": 1}]}, {"count": 2, "results": [{"id": 3}]}]
    reading, _ = read(json.dumps(pages).encode())
    with pytest.raises(IncompleteRoster) as caught:
        reading.prove_complete("x.json")
    assert caught.value.message == (
        "x.json may not be the whole roster: it shrank from 3 to 2 members while it was fetched"
    )


@pytest.mark.parametrize(
    ("pages", "has_next"),
    [
        ('{"next":"https://x/?offset=1","results":[]}', True),
        ('{"results":[],"next":"https://x/?offset=1"}', True),
        ('{"next":"https://x/?offset=1","results":[]}{"next":null,"results":[]}', False),
        ('{"results":[]}', False),
        ("[]", False),
    ],
)
def test_whether_there_is_another_page_is_what_the_last_one_says(pages, has_next):
    assert read(pages.encode())[0].has_next is has_next


@pytest.mark.parametrize("document", [b'{"count":1,"results":[{"id":1}]}', b'[{"id":1}]'])
def test_a_roster_of_the_size_it_claims_or_that_claims_none_is_complete(document):
    reading, _ = read(document)
    reading.prove_complete(NAME)


def test_an_invalid_row_is_a_member_received_though_left_out():
    page = {"count": 3, "results": [{"id": 1}, {"id": 2, "username": 5}, {"username": "a"}]}
    reading, found = read(json.dumps(page).encode(), skip_invalid=True)
    assert [m["id"] for m in found] == [1]
    assert (reading.members, reading.invalid, reading.rows) == (3, 2, 3)
    reading.prove_complete(NAME)


# Documents that were damaged


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("shape", PLAIN_SHAPES)
def test_a_document_cut_short_is_refused_unless_what_is_left_is_a_document(shape):
    document = PLAIN_SHAPES[shape](SMALL)
    whole = 0
    for end in range(len(document)):
        expected = plainly(document[:end])
        whole += expected is not None
        for block in (3, documents.BLOCK):
            assert or_nothing(blocks_of(document[:end], block), block) == expected, end
    # A document that tells where it ends cannot lose members without being caught, only spaces.
    if not shape.startswith(("run of", "NDJSON")):
        assert whole == 0


_DAMAGE = (b"", b"{", b"}", b"[", b"]", b",", b'"', b"\\", b"\n", b":", b"0", b"\xff", b"},{")


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize("shape", sorted(PLAIN_SHAPES))
def test_a_damaged_byte_is_noticed_or_does_no_harm(shape):
    document = PLAIN_SHAPES[shape]([{"id": 1, "x": "}],"}, {"id": 2, "y": [{}]}])
    for at in range(len(document)):
        for damage in _DAMAGE:
            damaged = document[:at] + damage + document[at + 1 :]
            found = or_nothing(damaged, documents.BLOCK)
            assert found is None or found == plainly(damaged), damaged


@pytest.mark.slow
@pytest.mark.parametrize("shape", sorted(PLAIN_SHAPES))
@settings(max_examples=15)
@given(roster=rosters(min_size=1, max_size=4), data=st.data())
def test_a_document_put_together_wrongly_is_noticed_or_does_no_harm(shape, roster, data):
    document = PLAIN_SHAPES[shape](roster)
    places = st.integers(0, len(document))
    a, b, c = (data.draw(places) for _ in range(3))
    a, b = sorted((a, b))
    damaged = data.draw(
        st.sampled_from((document[:a] + document[b:], document[:c] + document[a:b] + document[c:]))
    )
    block = data.draw(st.sampled_from((3, 40, documents.BLOCK)))
    found = or_nothing(damaged, block)
    assert found is None or found == plainly(damaged)


@pytest.mark.parametrize(
    "document",
    [
        b'{"id":1}{"id":2}{"id":3}\n{"id":4}',
        b'{"id":1} ' + b" " * 100 + b'{"id":2}{"id":3}',
        b'{"id":1}\n{"id":2}{"id":3}\n',
        b'{"id":1}\n\n{"id":2},\n{"id":3}\n',
        b'{"id":1,\n"username":"a"}\n{"id":2}\n',
        b'{"id":1}\n{"id":2,\n"username":"a"}\n',
    ],
)
def test_where_the_blocks_end_makes_no_difference_to_a_doubtful_document(document):
    expected = or_nothing(document, documents.BLOCK)
    for block in range(1, len(document)):
        assert or_nothing(blocks_of(document, block), block) == expected, block


@pytest.mark.parametrize(
    "rest", ["nul", '"\udcff"', "[}", "[1,]", "01", "{1:2}", '"\\x"', "\udcff"]
)
@pytest.mark.parametrize(
    "page",
    [
        '{"next":%s,"results":[{"id":1}]}',
        '{"results":[{"id":1}],"next":%s}',
        '{"next":%s,"next":null,"results":[{"id":1}]}',
    ],
)
def test_a_page_that_is_not_json_beside_its_members_is_refused(page, rest):
    message, *_ = refusal((page % rest).encode(errors="surrogateescape"))
    assert message.startswith(f"{NAME}:")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('[{"id":1} {"id":2}]', "1:11: invalid JSON: expected a comma or the end of the list"),
        ('[{"id":1},\n {"id":2}\n {"id":3}]', "3:2: invalid JSON: expected a comma or the end of"),
        ('[{"id":1},,{"id":2}]', "1:11: invalid JSON: expected a value, found ',{\"id\":2}]'"),
        ('[{"id":1},{"id":2},]', "1:20: invalid JSON: expected a member after the comma, found"),
        ('[,{"id":1}]', "1:2: invalid JSON: expected a value, found ',{\"id\":1}]'"),
        ('[{"id":1}],', "1:11: invalid JSON: expected an object or a list, found ','"),
        ('[{"id":1}]]', "1:11: invalid JSON: expected an object or a list, found ']'"),
        ('[{"id":1}]\nand more', "2:1: invalid JSON: expected an object or a list, found 'and"),
        ('{"results":[{"id":1}]}}', "1:23: invalid JSON: expected an object or a list, found '}'"),
        ('{"results":[{"id":1},]}', "1:22: invalid JSON: expected a member after the comma"),
        ('{"results":[{"id":1}],}', "1:23: invalid JSON: expected a name in quotes, found '}'"),
        ('{"results":[{"id":1}] "next":1}', "1:23: invalid JSON: expected a comma or the end of"),
        ('{"count":1,,"results":[]}', "1:12: invalid JSON: expected a name in quotes"),
        ('{"count" 1,"results":[]}', "1:10: invalid JSON: expected a colon, found"),
        ('{"count":,"results":[]}', "1:10: invalid JSON: expected a value, found"),
        ('{"\\ud800":1,"results":[]}', "1:2: invalid JSON: a name that is not valid text"),
        ('{"count":1\x1b[31m,"results":[]}', "1:12: invalid JSON: expected a comma or the end of"),
    ],
)
def test_where_json_is_broken_is_said_by_line_and_column(document, message):
    for block in (1, 9, documents.BLOCK):
        said, hint = refusal(document.encode(), block=block)
        assert said.startswith(f"{NAME}:{message}")
        assert "\x1b" not in said
        assert hint == SAVE_AGAIN


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ("[", 1),
        ('[{"id":1}', 1),
        ('[{"id":1},', 1),
        ('[\n{"id":1},\n{"id":2', 3),
        ('{"count":1', 1),
        ('{"count":1,\n"results":[\n{"id":1}\n]\n', 5),
        ('{\n"id"', 2),
        ('{"results":[]}\n{"results":[', 2),
    ],
)
def test_where_json_is_cut_off_is_said_by_line(document, line):
    for block in (1, documents.BLOCK):
        assert refusal(document.encode(), block=block) == (
            f"{NAME}:{line}: the JSON ends in the middle",
            SAVE_AGAIN,
        )


def test_members_before_a_break_are_given_and_those_behind_it_are_not():
    found, error = until_refused(b'[{"id":1},{"id":2} {"id":3}]')
    assert found == [1, 2]
    assert error.message.startswith(f"{NAME}:1:20: invalid JSON: expected a comma")


def until_refused(document: bytes, block: int = documents.BLOCK) -> tuple[list[int], InvalidData]:
    """The ids of the members given before a document is refused."""
    found: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        try:
            for members in Reading().document([document], NAME):
                found += [m["id"] for m in members]
        except InvalidData as error:
            return found, error
    pytest.fail("nothing was refused")


# NDJSON


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        ('{"id":1}\n{"id":2}{"id":3}\n', ["2: row 2: invalid JSON: trailing characters"]),
        ('{"id":1}\n{"id":2} {"id":3}\n', ["2: row 2: invalid JSON: trailing characters"]),
        ('{"id":1}\n{"id":2},{"id":3}\n', ["2: row 2: invalid JSON: trailing characters"]),
        ('{"id":1}\n{"id":2},\n{"id":3}\n', ["2: row 2: invalid JSON: trailing characters"]),
        (
            '{"id":1}\n{"id":2,\n"username":"a"}\n{"id":3}\n',
            [
                "2: row 2: invalid JSON: EOF while parsing a value",
                "3: row 3: invalid JSON: trailing characters",
            ],
        ),
        (
            # Joined with a comma, the two halves of the member would be one, and the two members
            # of the last line would be two: as many members as lines.
            '{"id":1}\n{"id":2,"x":{}\n"username":"a"}\n{"id":3},{"id":4}\n',
            [
                "2: row 2: invalid JSON: EOF while parsing an object",
                "3: row 3: invalid JSON: trailing characters",
                "4: row 4: invalid JSON: trailing characters",
            ],
        ),
        (
            '{"id":1}\n{"id":2,"x":"}\n"}\n',
            [
                "2: row 2: invalid JSON: EOF while parsing a string",
                "3: row 3: invalid JSON: EOF while parsing a string",
            ],
        ),
        (
            # A pair of braces a line, but of one member.
            '{"id":1}\n{"id":2,"x":"}\n{"}\n{"id":3}\n',
            [
                "2: row 2: invalid JSON: EOF while parsing a string",
                "3: row 3: invalid JSON: EOF while parsing a string",
            ],
        ),
        ('{"id":1}\n\n\n{"id":2', ["4: row 2: invalid JSON: EOF while parsing an object"]),
        (
            '{"id":1}\nnull\n[]\n',
            [
                "2: row 2: found null, expected an object",
                "3: row 3: found a list, expected an object",
            ],
        ),
        ('{"id":1}\r\n# more\r\n', ["2: row 2: invalid JSON: expected value"]),
    ],
)
def test_a_line_of_ndjson_is_one_whole_member(document, lines):
    for block in (1, 8, 9, 10, documents.BLOCK):
        message, *found, hint = refusal(document.encode(), block=block)
        assert message == f"{NAME}: {len(lines)} invalid member" + "s" * (len(lines) > 1)
        assert found == [f"{NAME}:{line}" for line in lines]
        assert hint == CORRECT_THEM


@settings(max_examples=200)
@given(
    lines=st.lists(
        st.lists(
            st.sampled_from(
                ('{"id":1', ',"x":{}', "}", '{"id":2}', ",", " ", ',"y":"}', ',"y":"', "{", '"')
            ),
            max_size=5,
        ).map("".join),
        max_size=5,
    ),
    end=st.sampled_from(["", "\n", "\r\n"]),
)
def test_no_choice_of_line_ends_makes_other_members_of_ndjson(lines, end):
    document = ("\n".join(['{"id":0}', *lines]) + end).encode()
    found = or_nothing(document, documents.BLOCK)
    assert found is None or found == plainly(document)


@pytest.mark.parametrize("rest", ['{"id":2}\n', '{"id":2}\r\n\ufeff{"id":3}', "", "\n", " \r\n"])
def test_files_of_ndjson_with_a_mark_each_may_be_put_together(rest):
    document = f'{{"id":1}}\n\ufeff{rest}'.encode()
    for block in (1, 9, 10, 11, 12, documents.BLOCK):
        _, found = read(blocks_of(document, block), block=block)
        assert [member["id"] for member in found] == list(range(1, 2 + rest.count("id")))


@pytest.mark.parametrize("space", ["\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2028", "\0"])
@pytest.mark.parametrize("document", ['{"id":1}\n%s{"id":2}\n', '{"id":1}\n%s\n{"id":2}\n'])
def test_only_what_json_calls_space_is_space_between_lines(document, space):
    message, *_ = refusal((document % space).encode())
    assert message == f"{NAME}: 1 invalid member"


# Rows that are not valid


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"username":"a"}', ": id: found nothing, expected a whole number, 0 or more"),
        ('{"id":null}', ": id: found null, expected a whole number, 0 or more"),
        ('{"id":"7"}', ': id: found "7", expected a whole number, 0 or more'),
        ('{"id":7.0}', ": id: found 7.0, expected a whole number, 0 or more"),
        ('{"id":true}', ": id: found true, expected a whole number, 0 or more"),
        ('{"id":-1}', ": id: found -1, expected a whole number, 0 or more"),
        ('{"id":9223372036854775808}', ": id: found 9223372036854775808, expected a whole number"),
        ('{"id":[]}', ": id: found a list, expected a whole number, 0 or more"),
        ('{"id":{}}', ": id: found an object, expected a whole number, 0 or more"),
        (
            '{"id":7,"username":5}',
            " (id 7): username: found 5, expected text of at most 255 characters, or null",
        ),
        (
            '{"id":7,"real_name":false}',
            " (id 7): real_name: found false, expected text of at most 255 characters, or null",
        ),
        (
            '{"id":7,"avatar":["\\u001b"]}',
            " (id 7): avatar: found a list, expected text of at most 65,536 characters, or null",
        ),
        (
            '{"id":7,"join_status":1}',
            " (id 7): join_status: found 1, expected text of at most 255 characters, or null",
        ),
        (
            '{"id":7,"user_completion_rate":"50"}',
            ' (id 7): user_completion_rate: found "50", expected a number from 0 to 100, or null',
        ),
        (
            '{"id":7,"user_completion_rate":100.5}',
            " (id 7): user_completion_rate: found 100.5, expected a number from 0 to 100, or null",
        ),
        (
            '{"id":7,"user_completion_rate":-1}',
            " (id 7): user_completion_rate: found -1, expected a number from 0 to 100, or null",
        ),
        (
            '{"id":7,"user_completion_rate":true}',
            " (id 7): user_completion_rate: found true, expected a number from 0 to 100, or null",
        ),
        (
            '{"id":7,"user_completion_rate":NaN}',
            " (id 7): user_completion_rate: found NaN, expected a number from 0 to 100, or null",
        ),
        (
            '{"id":7,"user_completion_rate":Infinity}',
            " (id 7): user_completion_rate: found Infinity, expected a number from 0 to 100,",
        ),
        (
            '{"id":7,"joined_at":1767225600}',
            " (id 7): joined_at: found 1767225600, expected an ISO 8601 date-time, or null",
        ),
        (
            '{"id":7,"joined_at":"1767225600"}',
            ' (id 7): joined_at: found "1767225600", expected an ISO 8601 date-time, or null',
        ),
        (
            '{"id":7,"last_active_at":"2026-02-30T10:00:00Z"}',
            ' (id 7): last_active_at: found "2026-02-30T10:00:00Z", expected an ISO 8601',
        ),
        (
            '{"id":7,"last_active_at":"2026-02-03"}',
            ' (id 7): last_active_at: found "2026-02-03", expected an ISO 8601 date-time, or null',
        ),
        (
            '{"id":7,"last_active_at":""}',
            ' (id 7): last_active_at: found "", expected an ISO 8601 date-time, or null',
        ),
        (
            '{"id":7,"joined_at":"0001-01-01T00:00:00+02:00"}',
            ' (id 7): joined_at: found "0001-01-01T00:00:00+02:00", expected an ISO 8601',
        ),
        (
            '{"id":7,"joined_at":"9999-12-31T23:59:59-02:00"}',
            ' (id 7): joined_at: found "9999-12-31T23:59:59-02:00", expected an ISO 8601',
        ),
        (
            '{"id":7,"joined_at":"\\u001b[2J\\u202e\\nx"}',
            ' (id 7): joined_at: found "[2J x", expected an ISO 8601 date-time, or null',
        ),
        (
            '{"id":7,"username":1,"joined_at":2}',
            " (id 7): username: found 1, expected text of at most 255 characters, or null;"
            " joined_at: found 2, expected an ISO 8601 date-time, or null",
        ),
    ],
)
def test_of_an_invalid_row_field_found_and_expected_are_said(row, said):
    assert problem(row).startswith(said)


def test_what_was_found_is_shortened():
    long = "x" * 300
    assert problem(json.dumps({"id": 7, "username": long})) == (
        f' (id 7): username: found "{"x" * 59}…" (300 characters),'
        " expected text of at most 255 characters, or null"
    )


@settings(max_examples=100)
@given(text=texts())
def test_whatever_was_found_is_printable(text):
    said = problem(json.dumps({"id": 7, "joined_at": text, "user_completion_rate": text}))
    assert "\x1b" not in said
    assert "\n" not in said
    assert "\u202e" not in said


def test_an_invalid_row_is_named_by_file_line_number_and_id():
    rows = [{"id": 10}, {"id": 11, "username": 5}, {"id": 12}, {"id": "13"}]
    document = b"[\n" + b",\n".join(json.dumps(row).encode() for row in rows) + b"\n]"
    for block in (1, 10, 60, documents.BLOCK):
        assert refusal(document, block=block) == (
            f"{NAME}: 2 invalid members",
            f"{NAME}:3: row 2 (id 11): username: found 5,"
            " expected text of at most 255 characters, or null",
            f'{NAME}:5: row 4: id: found "13", expected a whole number, 0 or more',
            CORRECT_THEM,
        )


def test_rows_are_numbered_through_all_pages():
    pages = b'{"results":[{"id":1},{"id":2}]}\n{"results":[{"id":2},{"id":-3}]}\n'
    assert refusal(pages)[1] == (
        f"{NAME}:2: row 4: id: found -3, expected a whole number, 0 or more"
    )


@pytest.mark.parametrize("shape", ["list, pretty", "list, compact", "NDJSON", "run of pages"])
def test_the_first_ten_invalid_rows_are_named_and_the_rest_counted(shape):
    rows = [{"id": at, "username": at if at % 2 else "a"} for at in range(2_468)]
    message, *named, more, hint = refusal(PLAIN_SHAPES[shape](rows), block=1_000)
    assert message == f"{NAME}: 1,234 invalid members"
    assert len(named) == 10
    assert [line.partition(" (id ")[2].partition(")")[0] for line in named] == [
        str(at) for at in range(1, 20, 2)
    ]
    assert more == "and 1,224 more"
    assert hint == CORRECT_THEM


def test_ten_invalid_rows_are_all_named_and_none_are_more():
    _, *named, hint = refusal(json.dumps([{"id": -1}] * 10).encode())
    assert len(named) == 10
    assert hint == CORRECT_THEM


def test_invalid_rows_before_a_break_are_named_as_well_as_the_break():
    assert refusal(b'[{"id":1},{"id":-2},{"id":3} {"id":4}]') == (
        f"{NAME}: 1 invalid member",
        f"{NAME}:1: row 2: id: found -2, expected a whole number, 0 or more",
        f"{NAME}:1:30: invalid JSON: expected a comma or the end of the list,"
        " found '{\"id\":4}]'",
        CORRECT_THEM,
    )


@pytest.mark.parametrize("shape", PLAIN_SHAPES)
@pytest.mark.parametrize("block", [7, 100, documents.BLOCK])
def test_no_member_is_given_from_the_bad_row_on(shape, block):
    rows = [{"id": 1}, {"id": 2}, {"id": 3, "username": 0}, {"id": 4}, {"id": 5}]
    found, error = until_refused(PLAIN_SHAPES[shape](rows), block)
    assert found == [1, 2][: len(found)]
    assert "row 3 (id 3): username: found 0" in error.hints[0]


@pytest.mark.slow
@pytest.mark.parametrize("shape", PLAIN_SHAPES)
@settings(max_examples=10)
@given(roster=rosters(min_size=1), block=st.integers(1, 400), data=st.data())
def test_skipping_invalid_rows_leaves_out_these_alone(shape, roster, block, data):
    bad = data.draw(st.sets(st.sampled_from(range(len(roster)))))
    for at in bad:
        roster[at]["user_completion_rate"] = 101
    document = PLAIN_SHAPES[shape](roster)
    reading, found = read(document, block=block, skip_invalid=True)
    assert found == [as_member(row) for at, row in enumerate(roster) if at not in bad]
    assert reading.members == len(roster)
    assert reading.invalid == sum(row["user_completion_rate"] == 101 for row in rows_in(document))
    assert len(reading.problems) == min(reading.invalid, 10)


@pytest.mark.parametrize("block", [1, 50, documents.BLOCK])
@pytest.mark.parametrize("shape", ["list, compact", "NDJSON", "run of members, pretty"])
def test_an_invalid_row_does_not_hide_a_valid_one_with_its_id(shape, block):
    good, bad = {"id": 2, "username": "ok"}, {"id": 2, "user_completion_rate": 900}
    for rows in ([{"id": 1}, good, bad], [{"id": 1}, bad, good], [bad, good, bad, {"id": 1}]):
        reading, found = read(PLAIN_SHAPES[shape](rows), block=block, skip_invalid=True)
        assert sorted(m["id"] for m in found) == [1, 2]
        assert reading.members == 2


def test_a_document_that_breaks_is_refused_even_if_invalid_rows_are_skipped():
    message, hint = refusal(b'[{"id":1},{"id":-2},{"id":3}', skip_invalid=True)
    assert message == f"{NAME}:1: the JSON ends in the middle"
    assert hint == SAVE_AGAIN


# Documents of another kind


@pytest.mark.parametrize("document", [b"", b" ", b"\n\r\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_document_is_refused(document):
    assert refusal(document) == (f"{NAME}: empty, expected a roster in JSON",)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (b"hello\x1b[31m world", "'hello[31m world'"),
        (b"42", "'42'"),
        (b"null", "'null'"),
        (b'"text"', "'\"text\"'"),
        (b"NaN", "'NaN'"),
        (b"id,username\n1,a\n", "'id,username 1,a '"),
        (b"\xff\xff\xff", "'\ufffd\ufffd\ufffd'"),
        (b"x" * 1_000_000, "'" + "x" * 29 + "…'"),
        (b"<html>", "a web page (HTML)"),
        (
            b"\n<!doctype html>\n<TITLE>\n502 Bad\x1b Gateway\n</TITLE>",
            "a web page (HTML) titled '502 Bad Gateway'",
        ),
        (b"\xef\xbb\xbf<html><title></title>", "a web page (HTML)"),
    ],
)
def test_what_does_not_begin_as_json_is_shown(document, found):
    message, hint = refusal(document)
    assert message == f"{NAME}: found {found}, expected a roster in JSON"
    assert hint == KINDS


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (b"{}", "an object without results"),
        (b'{"count":0,"results":null}', "an object without results"),
        (b'{"results":{}}', "an object without results"),
        (b'{"count":0}', "an object without results"),
        (b'[{"name":"Safety"}]', "an object without results"),
        (b'{"detail":"Not found."}', "an error of the server (Not found.)"),
        (
            b'{"errors":[{"field":"limit","messages":[{"code":"invalid","message":"Bad."}]}]}',
            "an error of the server (limit: Bad.)",
        ),
        (
            b'{"errors":[{"code":"denied","message":"No\\u001b[31m\\n way"}]}\n',
            "an error of the server (No[31m  way)",
        ),
    ],
)
def test_an_object_of_another_kind_is_refused(document, found):
    for block in (1, documents.BLOCK):
        assert refusal(document, block=block) == (
            f"{NAME}: found {found}, expected a roster",
            KINDS,
        )


def test_an_error_behind_a_page_is_refused():
    document = b'{"results":[{"id":1}]}\n{"detail":"Request was throttled."}\n'
    assert refusal(document)[1] == (
        f"{NAME}:2: row 2: id: found nothing, expected a whole number, 0 or more"
    )


@pytest.mark.parametrize(
    ("document", "found"),
    [(b"[1]", "1"), (b'["a"]', '"a"'), (b"[null]", "null"), (b"[[]]", "a list")],
)
def test_a_list_of_something_else_is_refused(document, found):
    assert refusal(document)[1] == f"{NAME}:1: row 1: found {found}, expected an object"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ['[{"id":1}]', '{"id":1}\n', '{"count":1,"results":[{"id":1}]}'])
def test_another_encoding_is_refused(encoding, text):
    for skip_invalid in (False, True):
        message, *_ = refusal(text.encode(encoding), skip_invalid=skip_invalid)
        assert message.startswith(NAME)


@pytest.mark.parametrize("width", ["16", "32"])
@pytest.mark.parametrize("order", ["le", "be"])
@pytest.mark.parametrize("text", ["[]", '{"id": 1}', "\n[]", "\ufeff[]", "[\n]", "{"])
def test_utf_16_and_utf_32_are_recognised_with_a_mark_and_without(width, order, text):
    assert refusal(text.encode(f"utf-{width}-{order}")) == (
        f"{NAME}: UTF-{width} text, expected UTF-8",
        "Save the export as UTF-8.",
    )


@pytest.mark.parametrize("marks", [2, 3])
@pytest.mark.parametrize(
    "text",
    ['[{"id":1},{"id":2}]', '{"count":2,"results":[{"id":1},{"id":2}]}', '{"id":1}\n{"id":2}'],
)
def test_a_byte_order_mark_may_come_more_than_once(marks, text):
    _, found = read("\ufeff".encode() * marks + text.encode())
    assert [member["id"] for member in found] == [1, 2]


def test_files_with_two_marks_may_be_put_together():
    lines = "\ufeff\ufeff" + '{"id":1}\n{"id":2}\n'
    _, found = read((lines + lines.replace("1", "3")).encode())
    assert [member["id"] for member in found] == [1, 2, 3]


@pytest.mark.parametrize(
    "row", [b'{"id":7,"username":"\xff"}', b'{"id":7,"x":"\xc3"}', b'{"id":7,"x":["\xed\xa0\x80"]}']
)
@pytest.mark.parametrize("frame", [b"[%b]", b'{"results":[%b]}', b"%b\n", b'{"id":1}\n%b\n'])
def test_invalid_utf_8_is_refused_in_every_field(row, frame):
    _, line, _ = refusal(frame % row)
    assert line.endswith(": invalid JSON: invalid unicode code point")


@pytest.mark.parametrize("escape", ["\\ud800", "\\udc00", "\\ud800\\ud800", "\\ud83dx"])
def test_a_lone_surrogate_is_refused(escape):
    row = f'{{"id":7,"real_name":"{escape}"}}'
    assert problem(row).startswith(": invalid JSON: ")
    assert refusal(f"[{row}]".encode())[0] == f"{NAME}: 1 invalid member"


def test_a_pair_of_surrogates_is_one_character():
    _, found = read(b'[{"id":7,"real_name":"\\ud83d\\ude80"}]')
    assert found[0]["real_name"] == "🚀"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"count":"5","results":[]}', 'count: found "5", expected a whole number, 0 or more'),
        ('{"results":[],"count":-1}', "count: found -1, expected a whole number, 0 or more"),
        ('{"count":1.5,"results":[]}', "count: found 1.5, expected a whole number, 0 or more"),
        ('{"count":[],"results":[]}', "count: found [], expected a whole number, 0 or more"),
        ('{"results":[],"fetched_at":5}', "fetched_at: found 5, expected an ISO 8601 date-time"),
        ('{"results":[],"course":"x"}', 'course: found "x", expected an object with id, name'),
        (
            '{"course":{"id":"x"},"results":[]}',
            'course: found {"id":"x"}, expected an object with id, name and slug',
        ),
    ],
)
def test_what_a_page_says_of_itself_is_validated(document, message):
    said, hint = refusal(document.encode())
    assert said.startswith(f"{NAME}: {message}")
    assert hint == "The file is damaged or not a roster: save it again."


@pytest.mark.parametrize("field", ["fetched_at", "course"])
def test_a_null_beside_the_members_says_nothing(field):
    reading, found = read(json.dumps({field: None, "results": [{"id": 1}]}).encode())
    assert [m["id"] for m in found] == [1]
    assert getattr(reading, field) is None


def test_a_count_that_is_null_says_nothing():
    reading = Reading()
    assert list(reading.document([b'{"count":null,"results":[{"id":1}]}'], NAME))
    assert reading.count is None
    reading.prove_complete(NAME)


def test_a_saved_first_page_without_a_count_is_no_roster():
    reading = Reading()
    assert list(reading.document([b'{"next":"https://x/?offset=1","results":[{"id":1}]}'], NAME))
    with pytest.raises(IncompleteRoster, match="its last page says that there is a next one"):
        reading.prove_complete(NAME)


# Documents that are too much


DEEP = 100_000


@pytest.mark.parametrize(
    "document",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"id":' * DEEP,
        b'{"id":' * DEEP + b"1" + b"}" * DEEP,
        b'[{"id":1},{"id":2,"x":' + b"[" * DEEP + b"]" * DEEP + b"}]",
        b'{"id":1}\n{"id":2,"x":' + b'{"y":' * DEEP + b"1" + b"}" * DEEP + b"}\n",
        b'{"course":' + b"[" * DEEP + b"]" * DEEP + b',"results":[]}',
    ],
)
def test_a_hundred_thousand_levels_of_nesting_are_refused(document):
    said = "\n".join(refusal(document))
    assert len(said) < 500
    assert "the JSON ends in the middle" in said or "recursion limit" in said or "found [[" in said


def test_deep_nesting_is_not_told_as_an_error_of_the_server():
    message, *_ = refusal(b'{"a":' * DEEP + b"1" + b"}" * DEEP)
    assert "error of the server" not in message


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("frame", [b"[%b]", b'{"results":[%b]}', b'{"id":1}\n%b\n'])
def test_a_name_of_ten_megabytes_is_refused_in_few_words(frame):
    row = b'{"id":7,"real_name":"' + b"x" * 10_000_000 + b'"}'
    _, line, _ = refusal(frame % row)
    assert line.partition(" (id 7): ")[2] == (
        f'real_name: found "{"x" * 59}…" (10,000,000 characters),'
        " expected text of at most 255 characters, or null"
    )


@pytest.mark.slow
@pytest.mark.measured
def test_ten_megabytes_in_a_field_that_is_ignored_do_not_matter():
    row = b'{"id":7,"x":"' + b"}]," * 3_000_000 + b'"}'
    for document in (b"[%b]" % row, row + b"\n"):
        assert [m["id"] for m in read(blocks_of(document, documents.BLOCK))[1]] == [7]


@pytest.mark.slow
@pytest.mark.parametrize("start", [b'[{"id":7,"x":"', b'{"id":7,"x":"', b'{"id":1}\n{"x":"'])
def test_a_member_without_end_is_given_up(start):
    def blocks() -> Iterator[bytes]:
        yield start
        for _ in range(2_000):
            yield b"x" * documents.BLOCK
        pytest.fail("read on for 128 MB")

    said = "\n".join(refusal_of(blocks()))
    assert "a member or value of more than 16,777,216 bytes" in said


def refusal_of(blocks: Iterator[bytes]) -> tuple[str, ...]:
    with pytest.raises(InvalidData) as caught:
        read(blocks)
    return (caught.value.message, *caught.value.hints)


@pytest.mark.slow
@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("start", "between", "end"),
    [(b'{"results":[', b",", b'],"count":200000}'), (b"", b"\n", b"\n")],
    ids=["page", "NDJSON"],
)
def test_two_hundred_thousand_members_pass_through_in_eight_megabytes(start, between, end):
    row = (
        b'{"id":%d,"username":"a","real_name":"A. Member","avatar":null,"join_status":"joined",'
        b'"user_completion_rate":7,"last_active_at":null,"joined_at":"2026-01-02T03:04:05Z"}'
    )

    def blocks() -> Iterator[bytes]:
        yield start
        for at in range(0, 200_000, 400):
            yield between * bool(at) + between.join(row % id_ for id_ in range(at, at + 400))
        yield end

    reading = Reading()
    members = 0
    tracemalloc.start()
    try:
        for batch in reading.document(blocks(), NAME):
            members += len(batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert members == reading.members == 200_000
    assert peak < 8 * 2**20


def test_members_are_given_before_the_document_has_been_read_to_its_end():
    taken = []

    def blocks() -> Iterator[bytes]:
        yield b"["
        for at in range(200):
            taken.append(at)
            yield b",".join(b'{"id":%d}' % i for i in range(at * 1_000, at * 1_000 + 1_000)) + b","
        yield b'{"id":200000}]'

    batches = Reading().document(blocks(), NAME)
    next(batches)
    assert len(taken) < 20
    assert sum(map(len, batches)) > 150_000
    assert len(taken) == 200


# Courses


def test_a_course_is_read_by_id_name_and_slug():
    body = b'{"id":42,"name":"Safety","slug":"safety","type":"structured","created_by":{}}'
    assert parse_course(body, "/course/42/") == {"id": 42, "name": "Safety", "slug": "safety"}


def test_a_course_may_say_nothing_of_itself():
    assert parse_course(b"{}", "/course/42/") == {"id": None, "name": None, "slug": None}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<title>Log in</title>", "/course/42/: found 'Log in', expected a course"),
        (b'{"detail":"Gone."}x', '/course/42/: found \'{"detail":"Gone."}x\', expected a course'),
        (b'{"id":"x","detail":"No"}', "/course/42/: found 'No', expected a course"),
        (b"[]", "/course/42/: found '[]', expected a course"),
        (b"", "/course/42/: found '', expected a course"),
    ],
)
def test_an_answer_that_is_no_course_is_refused(body, message):
    with pytest.raises(InvalidData) as caught:
        parse_course(body, "/course/42/")
    assert caught.value.message == message
    assert caught.value.hints == ("Check COURSECTL_URL; if it is right, the API has changed.",)


@pytest.mark.parametrize(
    ("parse", "expected"),
    [
        (parse_course, "a course"),
        (parse_course_as_sent, "a course"),
        (parse_course_page, "a page of courses"),
        (parse_listed_courses, "a page of courses"),
        (parse_own_status, "a status"),
    ],
)
def test_an_answer_that_may_not_be_quoted_is_something_else(parse, expected):
    for body in (
        b"<title>Ann</title>",
        b'{"id":"x","name":"Ann"}',
        b'{"id":[],"detail":"Ann"}',
        b"Ann",
    ):
        with pytest.raises(InvalidData) as caught:
            parse(body, NAME, quotes=False)
        assert caught.value.message == f"{NAME}: found something else, expected {expected}"


def test_a_page_of_courses_gives_how_many_there_are_and_those_on_it():
    body = b'{"count":7,"next":null,"results":[{"id":1,"name":"A","slug":"a"},{"id":2}]}'
    assert parse_course_page(body, "/course/") == (
        7,
        [{"id": 1, "name": "A", "slug": "a"}, {"id": 2, "name": None, "slug": None}],
    )


def test_a_page_of_courses_without_count_is_refused():
    with pytest.raises(InvalidData, match="expected a page of courses"):
        parse_course_page(b'{"results":[]}', "/course/")


def joined_at_as_written(text: str) -> Any:
    """What is kept of a moment that may stay the text that it is."""
    [member] = validator(schemas.members_as_written).validate_json(
        json.dumps([{"id": 1, "joined_at": text}])
    )
    return member["joined_at"]


@pytest.mark.slow
@settings(max_examples=2000)
@given(
    st.one_of(
        st.datetimes(timezones=st.just(UTC)).map(lambda d: to_json(d).decode().strip('"')),
        st.from_regex(
            r"[0-3][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,7})?Z",
            fullmatch=True,
        ),
        st.text(max_size=30),
    )
)
@example("2024-02-29T00:00:00Z")
@example("2023-02-29T00:00:00Z")
@example("2000-02-29T00:00:00Z")
@example("1900-02-29T00:00:00Z")
@example("2024-01-01T00:00:00.000000Z")
@example("2024-01-01T24:00:00Z")
@example("2024-01-01T00:00:00Z\n")
@example("٢٠٢٤-01-01T00:00:00Z")
def test_a_moment_that_stays_text_is_valid_and_in_the_form_in_which_it_is_written(text):
    try:
        kept = joined_at_as_written(text)
    except ValidationError:
        return
    made = by_pydantic({"id": 1, "joined_at": text})["joined_at"]
    assert to_json(made) == to_json(kept)


@pytest.mark.parametrize(
    "text",
    ["2026-11-23T06:00:00Z", "2024-02-29T23:59:59Z", "2026-01-31T00:00:00.000001Z"],
)
def test_the_usual_moments_stay_text(text):
    assert joined_at_as_written(text) == text


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=100)
@given(rosters())
def test_members_with_moments_as_written_are_written_as_all_others(roster):
    export = json.dumps(roster).encode()
    as_written = Reading(moments_as_written=True)
    kept = [m for batch in as_written.document([export], NAME) for m in batch]
    made = [m for batch in Reading().document([export], NAME) for m in batch]
    assert to_json(kept) == to_json(made)


# In cells


@pytest.mark.slow
@settings(max_examples=100)
@given(
    roster=loose_rosters(min_size=1),
    shape=st.sampled_from(sorted(PLAIN_SHAPES)),
    block=st.integers(1, 300),
    as_written=st.booleans(),
)
def test_a_member_in_cells_is_what_the_documented_fields_hold(roster, shape, block, as_written):
    document = PLAIN_SHAPES[shape](roster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        by_name, in_cells = (
            Reading(moments_as_written=as_written, in_cells=wanted, skip_invalid=True)
            for wanted in (False, True)
        )
        members = [m for few in by_name.document([document], NAME) for m in few]
        cells = [m for few in in_cells.document([document], NAME) for m in few]
    assert cells == [tuple(member[field] for field in FIELDS) for member in members]
    assert in_cells.unknown_statuses == by_name.unknown_statuses
    assert in_cells.rows == by_name.rows


# As sent


@pytest.mark.slow
@settings(max_examples=80)
@given(
    roster=loose_rosters(min_size=1),
    shape=st.sampled_from(sorted(PLAIN_SHAPES)),
    block=st.integers(1, 300),
)
def test_members_as_sent_are_the_rows_as_they_stand(roster, shape, block):
    document = PLAIN_SHAPES[shape](roster)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        reading = Reading(as_sent=True)
        found = [m for members in reading.document([document], NAME) for m in members]
    assert found == unique(rows_in(document))
    assert [list(member) for member in found] == [list(row) for row in unique(rows_in(document))]
    assert reading.valid == reading.claimed == len(roster)


def as_sent(document: bytes, **options: Any) -> tuple[Reading, list[Any]]:
    reading = Reading(as_sent=True, **options)
    return reading, [m for members in reading.document([document], NAME) for m in members]


@pytest.mark.parametrize("value", ["NaN", "[-Infinity]", '{"a":{"b":Infinity}}'])
def test_a_number_that_no_json_holds_makes_a_row_invalid_if_it_is_given_as_sent(value):
    rows = b'[{"id":1},{"id":2,"x":%b},{"id":3,"real_name":"Infinity"}]' % value.encode()
    assert len(read(rows)[1]) == 3
    with pytest.raises(InvalidData, match="1 invalid member") as caught:
        as_sent(rows)
    assert caught.value.hints[0].startswith(f"{NAME}:1: row 2 (id 2): x: NaN and Infinity")

    reading, found = as_sent(rows, skip_invalid=True)
    assert found == [{"id": 1}, {"id": 3, "real_name": "Infinity"}]
    assert (reading.members, reading.valid, reading.claimed) == (3, 2, 2)


def test_a_number_of_too_many_digits_makes_a_row_invalid_if_it_is_given_as_sent():
    with pytest.raises(InvalidData) as caught:
        as_sent(b'[{"id":1,"x":%b}]' % (b"9" * 5000))
    assert caught.value.hints[0] == f"{NAME}:1: row 1: invalid JSON: number out of range"


def test_no_number_is_looked_for_in_a_text():
    for text in ("NaN", "1e400", "12.50", '\\"},{\\"x\\":1e400'):
        row = b'{"id":1,"x":"%b"}' % text.encode()
        _, found = as_sent(b"[%b]" % row)
        assert type(found[0]) is dict
        assert to_json(found[0]) == row


NUMBERS = ["-0.0", "1e300", "12.50", str(2**200), "1e-400", "0.1", "1e400", "-1E400", "-0",
           "0.1000000000000000055511151231257827", "9" * 400 + ".5",
           '{"a":[{},{"b":1e999}]}']  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("others", ['"a": 1', '"a": [{"b": 1}, {"b": 2}]', '"a": "},{"'])
@pytest.mark.parametrize("between", [",\n ", "\n", ",", "]["])
def test_any_other_number_is_given_as_sent(number, others, between):
    plain = '{"real_name": "José \\u00e9  x", "id": %d, %s}'
    odd = '{"real_name": "José \\u00e9  x",\t"id": 2,' + ("" if between == "\n" else "\n")
    odd += f' {others}, "x" : {number}}}'
    rows = [plain % (1, others), odd, plain % (3, others)]
    text = between.join(rows)
    _, found = as_sent((text if between == "\n" else f"[{text}]").encode())
    assert repr([*map(dict, found)]) == repr([*map(json.loads, rows)])
    assert [type(row) for row in found[::2]] == [dict, dict]
    written = found[1].text if type(found[1]) is RowAsWritten else to_json(found[1])
    assert f'"x":{number}}}'.encode() in written
    if type(found[1]) is RowAsWritten:
        assert b'{"real_name":"Jos\xc3\xa9 \\u00e9  x","id":2,"a":' in written
    assert json.loads(written) == json.loads(odd)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(texts(), st.sampled_from([*NUMBERS, '"a"', "[]"])), min_size=1, max_size=6),
    st.sampled_from([", ", ",", "\n,\t"]),
    st.integers(1, 300),
)
def test_numbers_are_given_as_sent_wherever_a_block_ends(rows, comma, block):
    sent = [
        f'{{"id":{id_},"real_name":{json.dumps(text[:255])},"x":{number}}}'
        for id_, (text, number) in enumerate(rows)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        reading = Reading(as_sent=True)
        document = f"[{comma.join(sent)}]".encode()
        found = [m for members in reading.document([document], NAME) for m in members]
    for row, (text, number) in zip(found, rows, strict=True):
        written = row.text if isinstance(row, RowAsWritten) else to_json(row)
        assert written.endswith(b'"x":%b}' % number.encode())
        assert row["real_name"] == text[:255]


def test_what_an_export_says_of_its_course_and_community_is_kept_as_it_is():
    course = {"more": [1], "slug": "s", "id": 7, "name": None}
    reading, _ = as_sent(json.dumps({"course": course, "community": 1, "results": []}).encode())
    assert reading.course_as_sent == course
    assert reading.course == {"id": 7, "name": None, "slug": "s"}
    assert reading.community is None
    assert reading.said == {"course", "community"}


def test_a_claim_is_the_count_without_those_left_out():
    rows = b'{"count":9,"results":[{"id":1},{"id":2,"real_name":3},{"id":4}]}'
    reading, _ = as_sent(rows, skip_invalid=True)
    assert reading.claimed == 8


def test_an_export_that_says_that_it_is_incomplete_is_so_whatever_its_count():
    reading, found = read(b'{"results":[{"id":1}],"count":1,"incomplete":"x \\u001b[2J"}')
    assert len(found) == 1
    with pytest.raises(IncompleteRoster) as caught:
        reading.prove_complete(NAME)
    assert caught.value.message == f"{NAME} was exported incomplete: x [2J"


# Courses


def test_a_course_as_sent_has_every_field_and_is_a_course():
    course = {"z": [2**70], "name": "Yoga", "id": 1}
    assert parse_course_as_sent(json.dumps(course).encode(), NAME) == course
    for body, said in (
        (b'{"id":"x"}', "expected a course"),
        (b'{"id":1,"x":NaN}', "invalid JSON"),
        (b'{"id":1,"x":1e999}', "invalid JSON: a number that is too large"),
    ):
        with pytest.raises(InvalidData, match=said):
            parse_course_as_sent(body, NAME)


def test_a_listed_course_has_its_moment_in_utc_and_null_for_what_was_left_out():
    rows = b'{"count":3,"results":[{"id":1,"created_at":"2026-01-02T03:04:05+02:00","x":1}]}'
    count, (course,) = parse_listed_courses(rows, NAME)
    assert count == 3
    assert course == {
        "id": 1,
        "name": None,
        "slug": None,
        "type": None,
        "privacy": None,
        "join_status": None,
        "created_at": datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{"id":1,"name":2}', "row 2: name: found 2, expected text, or null"),
        ('{"name":"a"}', "row 2: id: found nothing, expected a whole number, 0 or more"),
        ('{"id":1,"created_at":"\\u001b"}', 'row 2: created_at: found "", expected an ISO 8601'),
        ("7", "expected a page of courses"),
    ],
)
def test_a_listed_course_that_is_not_valid_is_told_by_row_and_field(row, said):
    with pytest.raises(InvalidData) as caught:
        parse_listed_courses(b'{"count":2,"results":[{"id":3},%b]}' % row.encode(), NAME)
    assert said in caught.value.message


def test_a_status_of_ones_own_is_a_word_or_null():
    assert parse_own_status(b'{"status":"creator"}', NAME) == "creator"
    assert parse_own_status(b'{"status":null}', NAME) is None
    for body in (b"{}", b'{"status":1}', b"<html>"):
        with pytest.raises(InvalidData, match="expected a status"):
            parse_own_status(body, NAME)
