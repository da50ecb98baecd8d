"""Where a document is cut, seen from what is handed on to be validated."""

import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import InvalidData
from coursectl.roster import documents
from coursectl.roster.documents import Document
from tests.roster.strategies import (
    EXPORT_SHAPES,
    PLAIN_SHAPES,
    Row,
    loose_rosters,
    rows_in,
)


class Heard:
    """Rows that knows nothing of members: whatever is JSON is good; and notes what it is given."""

    def __init__(self) -> None:
        self.together_calls = 0
        self.alone: list[tuple[bytes, int]] = []
        self.said: dict[str, Any] = {}
        self.bare_runs = 0

    def together(self, piece: bytes, rows: int | None = None) -> list[Any] | None:
        self.together_calls += 1
        try:
            members = json.loads(b"[%b]" % piece)
        except ValueError:
            return None
        return members if rows in (None, len(members)) else None

    def one_by_one(self, members: list[tuple[bytes, int]]) -> list[Any]:
        self.alone += members
        return [json.loads(text) for text, _ in members]

    def not_a_page(self, fields: dict[str, bytes]) -> None:
        pass

    def bare(self) -> None:
        self.bare_runs += 1

    def envelope(self, fields: dict[str, bytes]) -> None:
        self.said |= {key: json.loads(value) for key, value in dict(fields).items()}


def heard(document: bytes, *, block: int, size: int | None = None) -> tuple[Heard, list[Row]]:
    rows = Heard()
    step = size or len(document)
    blocks = (document[at : at + step] for at in range(0, len(document), step))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        found = [each for batch in Document(blocks, "x", rows).batches() for each in batch]
    return rows, found


@pytest.mark.slow
@pytest.mark.parametrize("shape", EXPORT_SHAPES)
@settings(max_examples=6)
@given(roster=loose_rosters(min_size=1), block=st.integers(3, 300), size=st.integers(1, 100))
def test_every_row_is_handed_on_once_and_in_order(shape, roster, block, size):
    document = EXPORT_SHAPES[shape](roster)
    assert heard(document, block=block, size=size)[1] == rows_in(document)


@pytest.mark.parametrize("block", [5, documents.BLOCK])
def test_what_stands_beside_the_members_is_handed_on(block):
    page = {
        "count": 2,
        "next": 'https://x/?a="results": [',
        "deep": {"results": [{"id": 9}], "x": "}]"},
        "results": [{"id": 1}, {"id": 2}],
        "previous": None,
        'odd "name" \\ }]': [1, [2], {}],
        "last": -1.5e3,
    }
    rows, found = heard(json.dumps(page, indent=1).encode(), block=block)
    assert found == page.pop("results")
    assert rows.said == page


@pytest.mark.parametrize("shape", ["list, compact", "list, pretty", "page, compact", "NDJSON"])
def test_members_are_handed_on_together_by_the_hundred(shape):
    roster = [{"id": at, "real_name": f"Member {at}", "x": "y" * 100} for at in range(5_000)]
    document = PLAIN_SHAPES[shape](roster)
    rows, found = heard(document, block=documents.BLOCK, size=documents.BLOCK)
    assert found == roster
    assert len(rows.alone) <= 1
    assert rows.together_calls < 2 * len(document) / documents.BLOCK + 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["},{", "}]", "} , {", "}\n,\n{", "}\\]", '"},{"', '\\"}]', "[{", "]}", "\\"]
)
@pytest.mark.parametrize("shape", sorted(PLAIN_SHAPES))
def test_a_name_that_looks_like_the_end_of_a_member_is_none(name, shape):
    roster = [{"id": at, "real_name": name} for at in range(7)]
    document = PLAIN_SHAPES[shape](roster)
    for block in (3, 50, 120, documents.BLOCK):
        assert heard(document, block=block)[1] == rows_in(document)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 50])
@pytest.mark.parametrize("shape", sorted(PLAIN_SHAPES))
def test_members_may_hold_other_values_to_any_depth(depth, shape):
    value: Any = {"a": "}]"}
    for level in range(depth):
        value = [value, {}] if level % 2 else {"b": value, "c": []}
    roster = [{"id": 1, "x": value}, {"id": 2}, {"id": 3, "y": [value, value]}]
    document = PLAIN_SHAPES[shape](roster)
    for block in (3, 60, documents.BLOCK):
        assert heard(document, block=block)[1] == rows_in(document)


def test_a_member_may_be_longer_than_a_block():
    roster = [{"id": 1, "x": "},{" * 100_000}, {"id": 2}]
    for shape in PLAIN_SHAPES.values():
        document = shape(roster)
        assert heard(document, block=documents.BLOCK, size=10_000)[1] == rows_in(document)


@pytest.mark.parametrize("block", [1, 7, 30, documents.BLOCK])
def test_each_member_that_is_looked_at_alone_is_given_its_line(block):
    class Doubting(Heard):
        def together(self, piece: bytes, rows: int | None = None) -> None:
            return None

    document = b'\n[\n{"id":\n1}\n,\n\n{"id":2},{"id":3},\n{"id"\n:4\n}]'
    rows = Doubting()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(documents, "BLOCK", block)
        list(Document(iter([document[:20], document[20:]]), "x", rows).batches())
    assert [(json.loads(text)["id"], line) for text, line in rows.alone] == [
        (1, 3),
        (2, 7),
        (3, 7),
        (4, 8),
    ]


@pytest.mark.parametrize(
    ("document", "times"),
    [
        (b'{"results":[{"id":1}]}', 0),
        (b'{"results":[{"id":1}]}[]', 0),
        (b'{"results":[{"id":1}]}\n[{"id":2},{"id":3},{"id":4}]', 1),
        (b'{"results":[{"id":1}]}\n[2,{"id":3},{"id":4}]', 1),
        (b'{"results":[{"id":1}]}\n{"id":2}\n{"id":3}\n{"id":4}', 1),
        (b'{"results":[{"id":1}]}{"id":2}{"id":3}', 2),
        (b'[{"results":[{"id":1}]},{"id":2},{"results":[]}]', 1),
    ],
)
def test_members_in_no_page_are_announced_once_a_list_or_run_of_lines(document, times):
    rows, _ = heard(document, block=documents.BLOCK)
    assert rows.bare_runs == times


def test_blocks_may_be_empty():
    rows = Heard()
    blocks = iter([b"", b"[", b"", b'{"id":1}', b"", b"]", b""])
    assert list(Document(blocks, "x", rows).batches()) == [[{"id": 1}]]


def refused(document: bytes) -> str:
    with pytest.raises(InvalidData) as caught:
        heard(document, block=documents.BLOCK, size=documents.BLOCK)
    return caught.value.message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("document", "what"),
    [
        (b" " * 17_000_000 + b"[]", "more than 16,777,216 bytes of nothing but white space"),
        (b'{"id":1}\n' + b"\n" * 17_000_000, "of nothing but white space"),
        (b'{"a":1%b}' % b"".join(b',"%d":1' % n for n in range(10_001)), "than 10,000 names"),
        (b'{"a":1%b}' % (b',"results":[]' * 1_001), "more than 1,000 lists of results"),
        (b'[{"id":1,"x":[%b1]}]' % (b"[]," * 400_000), "more than 200,000 values"),
        (b'{"id":1,"x":[%b1]}\n' % (b"{}," * 400_000), "more than 200,000 values"),
        (b'{"results":[]}' * 100_001, "more than 100,000 "),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else None,
)
def test_more_than_any_roster_has_is_refused(document, what):
    said = refused(document)
    assert what in said
    assert said.endswith(" bytes were read")


def test_what_looks_like_values_in_a_text_is_none():
    row = b'{"id":1,"x":"%b"}' % (b'[{,\\"' * 600_000)
    for document in (b"[%b]" % row, row + b"\n" + row + b"\n"):
        assert heard(document, block=documents.BLOCK)[1][0]["id"] == 1


def test_short_members_behind_a_long_one_take_no_time_of_their_own():
    rows = b"".join(b',{"id":%d}' % id_ for id_ in range(100_000))
    began = process_time()
    found = heard(b'[{"x":"%b"}%b]' % (b"x" * 8_000_000, rows), block=documents.BLOCK)[1]
    assert len(found) == 100_001
    assert process_time() - began < 3
