"""A roster as one JSON document."""

import io
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursectl import __version__
from coursectl.render.export import render_export
from coursectl.roster.courses import CourseBatch
from coursectl.roster.member import Provenance
from coursectl.roster.parsing import RowAsWritten
from tests.render.answers import CHARACTERS, TRICKY

FETCHED = datetime(2026, 11, 23, 6, tzinfo=UTC)
PROVENANCE = Provenance("https://community.example", {"id": 42, "name": "Yoga"}, FETCHED)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TRICKY | st.text(CHARACTERS, max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
ROWS = st.lists(st.dictionaries(TRICKY, VALUES, min_size=1, max_size=4), max_size=6)


def exported(*batches, provenance=PROVENANCE, ending=None) -> bytes:
    out = io.BytesIO()
    given_ = (CourseBatch(list(rows), FETCHED) for rows in batches)
    render_export(provenance, given_, lambda: ending or {"count": 1}, out)
    return out.getvalue()


def test_a_document_has_the_shape_of_a_page_with_a_member_a_line():
    assert (
        exported([{"id": 1, "a": [{"id": 2}, {"id": 3}]}, {"id": 2}], [], [{"id": 3}])
        == (
            b"{\n"
            b'"coursectl":"%b",\n'
            b'"community":"https://community.example",\n'
            b'"course":{"id":42,"name":"Yoga","slug":null},\n'
            b'"fetched_at":"2026-11-23T06:00:00Z",\n'
            b'"next":null,\n'
            b'"previous":null,\n'
            b'"results":[\n'
            b'{"id":1,"a":[{"id":2},{"id":3}]},\n'
            b'{"id":2},\n'
            b'{"id":3}\n'
            b"],\n"
            b'"count":1\n'
            b"}\n"
        )
        % __version__.encode()
    )


@pytest.mark.parametrize("batches", [[], [[]], [[], []]])
def test_nobody_is_an_empty_list(batches):
    assert exported(*batches).endswith(b'\n"results":[],\n"count":1\n}\n')


def test_what_is_not_known_of_the_roster_is_null():
    document = json.loads(exported(provenance=Provenance(None, {}, None)))
    assert document["community"] is document["fetched_at"] is None
    assert document["course"] == {"id": None, "name": None, "slug": None}


def test_the_ending_is_asked_for_when_all_members_have_come():
    come = []

    def batches():
        yield CourseBatch([{"id": 1}], FETCHED)
        come.append(1)

    out = io.BytesIO()
    render_export(PROVENANCE, batches(), lambda: {"count": len(come)}, out)
    assert json.loads(out.getvalue())["count"] == 1


def test_a_roster_that_breaks_off_is_no_document():
    def batches():
        yield CourseBatch([{"id": 1}], FETCHED)
        raise ValueError

    out = io.BytesIO()
    with pytest.raises(ValueError):
        render_export(PROVENANCE, batches(), dict, out)
    with pytest.raises(json.JSONDecodeError):
        json.loads(out.getvalue())


def test_a_row_that_has_its_text_is_that_text_and_others_beside_it_are_not():
    odd = RowAsWritten({"id": 2, "a": 1.5}, '{"a":1.50,"x":"\u202e","id":2}'.encode())
    text = exported([{"id": 1, "a": 1.5}, odd, {"id": 3}])
    assert b'"results":[\n{"id":1,"a":1.5},\n{"a":1.50,"x":"\\u202e","id":2},\n{"id":3}\n]' in text


@pytest.mark.slow
@given(st.lists(ROWS, max_size=3))
def test_every_value_reads_back_as_it_was_in_the_order_that_it_had(batches):
    document = exported(*batches)
    rows = [row for rows in batches for row in rows]
    read = json.loads(document)["results"]
    assert read == rows
    assert [list(row) for row in read] == [list(row) for row in rows]


@pytest.mark.slow
@given(ROWS, TRICKY, VALUES)
def test_a_line_is_a_member_and_nothing_in_the_document_acts_on_a_terminal(rows, key, value):
    provenance = Provenance(key, {"name": value, key: key}, None)
    text = exported(rows, provenance=provenance, ending={"count": 1, "incomplete": key}).decode()
    *_, body = text.partition('"results":[\n')
    assert len(text.splitlines()) == text.count("\n")
    if rows:
        lines = body.split("\n],\n")[0].split("\n")
        assert [json.loads(line.removesuffix(",")) for line in lines] == rows
    assert all(char.isprintable() or char == "\n" or not char.isascii() for char in text)
    assert not set(text) & set("\x7f\x85\u2028\u202e\ufeff\u200e\u2066")
