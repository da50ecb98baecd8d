"""Whatever an export is like, the answer is what a plain reader and writer make of it.

Beside what tests/roster/test_parsing.py says of cuts and damage, this goes all the way from bytes
to bytes, and knows of everything whether it is refused.
"""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from coursectl.roster import documents
from tests.hostile import Choices, Cut, compare, hostile_export, some_cut
from tests.roster.strategies import EXPORT_SHAPES

HOSTILE = [
    {"id": 1, "real_name": '},{"id":9}],[', "x": [{"},{": [{}]}], "joined_at": "2026-01-02T03:04Z"},
    {"id": 2, "username": '\\"}\n,', "user_completion_rate": 1e-5, "avatar": "\u2028=😀"},
    {"id": 3, "last_active_at": "2026-01-02T03:04:05+02:00"},
    {"id": 4, "real_name": "=1+1", "join_status": "},{", "joined_at": "2026-01-02T03:04:05Z"},
]


@pytest.mark.slow
@settings(max_examples=1_000)
@given(st.binary(min_size=400, max_size=400))
def test_a_hostile_export_is_read_and_written_as_plain_ones_do_it(data):
    choices = Choices(data)
    cut = some_cut(choices)
    event(compare(hostile_export(choices), Cut(), cut))


@pytest.mark.slow
@pytest.mark.parametrize(
    "shape",
    [
        "page, pretty",
        "own export told behind, compact",
        "list, spaced",
        "list of pages, compact",
        "run of pages, a line each, overlapping, BOM",
        "NDJSON, CRLF, BOM",
        "NDJSON, blank lines",
    ],
)
def test_where_a_block_ends_makes_no_difference(shape):
    document = EXPORT_SHAPES[shape](HOSTILE)
    at_every_offset = (Cut(1, (at, len(document))) for at in range(1, len(document)))
    of_every_size = (Cut(size, (size,)) for size in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89))
    assert compare(document, *at_every_offset, *of_every_size) == "whole"


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["page, compact", "NDJSON"])
def test_a_block_as_large_as_in_use_may_end_anywhere(shape):
    for offset in range(len(EXPORT_SHAPES[shape](HOSTILE))):
        row_before = {"id": 8, "x": "x" * (documents.BLOCK - offset)}
        assert compare(EXPORT_SHAPES[shape]([row_before, *HOSTILE])) == "whole"
