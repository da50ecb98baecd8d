import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import InvalidData
from coursectl.roster.glance import _in_part, _whole, glance
from coursectl.roster.parsing import Reading
from tests.roster.strategies import rosters

ROWS = [
    {"id": 1, "username": "a", "joined_at": "2025-01-01T00:00:00Z", "join_status": "joined"},
    {"id": 2, "real_name": "},{", "joined_at": None, "join_status": None},
    {"id": 3, "joined_at": "2025-01-02T00:00:00.500000Z", "join_status": "odd"},
]


def body_of(rows: list, **envelope: object) -> bytes:
    told = {"count": len(rows), "next": None, "previous": None} | envelope
    return json.dumps(told | {"results": rows}).encode()


def state(reading: Reading) -> dict[str, object]:
    """All that a reading holds but its ids, and what it keeps of a page while it reads it."""
    return {name: each for name, each in vars(reading).items() if name not in ("_seen", "_page")}


def read_both_ways(*bodies: bytes) -> tuple[Reading, Reading]:
    """A roster of pages that are looked at first, and one of documents, which are the same."""
    looked_at, plain = (Reading(moments_as_written=True, skip_invalid=True) for _ in range(2))
    for number, body in enumerate(bodies):
        seen = glance(body)
        assert seen is not None
        found = looked_at.page(seen, body, f"/{number}")
        assert found == list(plain.document([body], f"/{number}"))
        assert state(looked_at) == state(plain)
    return looked_at, plain


@pytest.mark.parametrize("more", [{}, {"country": "IT", "badges": [{"id": 1}]}])
def test_a_page_of_what_is_documented_is_validated_as_it_is_looked_at(more):
    body = body_of([row | more for row in ROWS], next="https://x.example/?offset=3")
    read_both_ways(body)
    seen = glance(body)
    assert seen is not None
    assert seen.members is not None
    assert [member["id"] for member in seen.members] == [1, 2, 3]
    assert seen.has_next


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + body_of(ROWS),
        body_of(ROWS, more=1),
        body_of([*ROWS, {"id": 4, "joined_at": "2025-01-01T00:00:00+02:00"}]),
        body_of([*ROWS, {"id": "4"}]),
        body_of([*ROWS, {"id": 4, "results": []}]),
        body_of(ROWS, next=5),
        b'{"results":[{"id":9}],' + body_of(ROWS)[1:],
        b'{"count":1,"results":[{"id":9}]}',
    ],
)
def test_any_other_page_is_looked_at_in_part_and_read_as_a_document(body):
    seen = glance(body)
    assert seen is not None
    assert seen.members is None
    read_both_ways(body)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(rosters(max_size=6), max_size=4), st.integers(0, 9), st.sampled_from([None, "x"]))
def test_looking_first_changes_nothing(pages, count, following):
    bodies = [body_of(rows, count=count, next=following) for rows in pages]
    read_both_ways(*bodies)
    for body in bodies:
        whole, part = _whole(body), _in_part(body)
        if whole is not None and part is not None:
            told = ("count", "has_next", "ids", "joined_at", "statuses")
            assert [getattr(whole, name) for name in told] == [getattr(part, name) for name in told]


@pytest.mark.parametrize("wants", [{}, {"moments_as_written": True, "as_sent": True}])
def test_who_wants_moments_or_all_fields_gets_them(wants):
    body = body_of(ROWS)
    seen = glance(body)
    assert seen is not None
    found = Reading(**wants).page(seen, body, "/")
    assert found == list(Reading(**wants).document([body], "/"))
    assert found != [seen.members]


def test_an_invalid_row_is_told_where_it_stands():
    body = body_of([*ROWS, {"id": -1}])
    seen = glance(body)
    assert seen is not None
    with pytest.raises(InvalidData, match="1 invalid member"):
        Reading(moments_as_written=True).page(seen, body, "/")
