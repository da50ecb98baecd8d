import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.errors import InvalidData
from coursectl.render.columns import COLUMN_KEYS, MEMBER
from coursectl.render.json import JsonRenderer
from tests.render.answers import MEMBERS, answer, member, rendered

ARRAY = JsonRenderer()
LINES = JsonRenderer(lines=True)

# Characters that a terminal acts on, or that end a line for some reader.
ACTING = [
    *map(chr, range(0x20)),
    *map(chr, range(0x7F, 0xA0)),
    *"\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff",
]


def values(objects):
    """Give what a reader makes of objects, with date-times as moments again."""
    return [
        {
            key: datetime.fromisoformat(value) if key.endswith("_at") and value else value
            for key, value in each.items()
        }
        for each in objects
    ]


def test_nobody_is_an_empty_array():
    assert rendered(ARRAY, answer()) == b"[]\n"


def test_nobody_is_no_line():
    assert rendered(LINES, answer()) == b""


def test_the_fields_stand_under_their_own_names_in_the_documented_order():
    shown = answer(member(7, user_completion_rate=25))
    assert rendered(ARRAY, shown) == (
        b'[\n{"id":7,"username":"member_7","real_name":"Ann","avatar":null,"join_status":"joined",'
        b'"user_completion_rate":25,"last_active_at":null,"joined_at":"2026-03-02T08:00:00Z"}\n]\n'
    )


def test_chosen_columns_stand_in_the_chosen_order():
    shown = answer(member(7), columns="joined_at,course,id", course="Food")
    assert rendered(LINES, shown) == (
        b'{"joined_at":"2026-03-02T08:00:00Z","course":"Food","id":7}\n'
    )


@pytest.mark.parametrize(
    ("rate", "written"), [(25, b"25"), (12.5, b"12.5"), (0, b"0"), (100, b"100"), (None, b"null")]
)
def test_completion_is_a_number(rate, written):
    shown = answer(member(user_completion_rate=rate), columns="user_completion_rate")
    assert rendered(LINES, shown) == b'{"user_completion_rate":' + written + b"}\n"


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 3, 2, 8, tzinfo=UTC), "2026-03-02T08:00:00Z"),
        (datetime(2026, 3, 2, 8, 0, 1, 250000, tzinfo=UTC), "2026-03-02T08:00:01.250000Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta())), "2026-03-02T08:00:00Z"),
    ],
)
def test_a_moment_is_rfc_3339_in_utc_with_a_z(moment, written):
    shown = answer(member(joined_at=moment), columns="joined_at")
    assert json.loads(rendered(LINES, shown)) == {"joined_at": written}


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(MEMBERS, max_size=6), st.integers(1, 3))
def test_an_array_reads_back_to_the_same_values_one_object_a_line(members, batch):
    text = rendered(ARRAY, answer(*members, batch=batch)).decode()
    assert values(json.loads(text)) == members
    lines = text.splitlines()
    if members:
        assert (lines[0], lines[-1]) == ("[", "]")
        objects = [json.loads(line.removesuffix(",")) for line in lines[1:-1]]
        assert values(objects) == members


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(MEMBERS, max_size=6), st.permutations(COLUMN_KEYS), st.integers(1, 8))
def test_lines_read_back_to_the_same_values_in_the_chosen_order(members, keys, number):
    keys = keys[:number]
    text = rendered(LINES, answer(*members, columns=",".join(keys), course="},{")).decode()
    objects = [json.loads(line) for line in text.splitlines()]
    wanted = [{"course": "},{"} | each for each in members]
    assert values(objects) == [{key: each[key] for key in keys} for each in wanted]
    assert all(list(each) == keys for each in objects)


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=100)
@given(st.lists(MEMBERS, min_size=1, max_size=4))
def test_all_columns_named_give_the_same_bytes_as_none_named(members):
    named = ",".join(column.key for column in MEMBER)
    assert rendered(ARRAY, answer(*members, columns=named)) == rendered(ARRAY, answer(*members))


@pytest.mark.parametrize("renderer", [ARRAY, LINES])
def test_what_acts_on_a_terminal_is_escaped_and_reads_back(renderer):
    name = "a" + "b".join(ACTING) + "c"
    text = rendered(renderer, answer(member(real_name=name), columns="real_name")).decode()
    assert not [each for each in ACTING if each in text.replace("\n", "")]
    assert len(text.splitlines()) == (1 if renderer is LINES else 3)
    read = json.loads(text)
    assert (read if renderer is LINES else read[0]) == {"real_name": name}


def test_each_that_acts_is_escaped_where_it_is_the_only_one():
    for acting in ACTING:
        text = rendered(LINES, answer(member(real_name=acting), columns="real_name"))
        assert text.isascii(), acting
        assert json.loads(text) == {"real_name": acting}


def test_other_characters_are_written_as_they_are():
    name = "Zoë 佐藤 👨\u200d👩\u200d👧 نور é\xa0"
    text = rendered(LINES, answer(member(real_name=name), columns="real_name")).decode()
    assert text == f'{{"real_name":"{name}"}}\n'


@pytest.mark.parametrize("renderer", [ARRAY, LINES])
@pytest.mark.parametrize("name", ["},{", '},{"', '"},{', "}", "]\n"])
@pytest.mark.parametrize("columns", ["real_name", "id,real_name", "real_name,id", None])
def test_a_name_that_ends_like_an_object_does_reads_back(renderer, name, columns):
    shown = answer(member(1, real_name=name), member(2, avatar=name), columns=columns)
    lines = rendered(renderer, shown).decode().splitlines()
    objects = lines if renderer is LINES else [each.rstrip(",") for each in lines[1:-1]]
    assert [json.loads(each)["real_name"] for each in objects] == [name, "Ann"]


def test_a_name_that_looks_like_the_end_of_an_object_stays_in_its_line():
    name = '},{"id":2},{"'
    text = rendered(LINES, answer(member(1, real_name=name), member(2), columns="real_name,id"))
    first, second = text.decode().splitlines()
    assert json.loads(first) == {"real_name": name, "id": 1}
    assert json.loads(second) == {"real_name": "Ann", "id": 2}


@pytest.mark.parametrize("before", [0, 1, 3])
def test_what_fails_later_leaves_the_array_open(before):
    out = io.BytesIO()
    members = [member(each) for each in range(before)]
    with pytest.raises(InvalidData, match="row 9"):
        ARRAY.render(answer(*members, columns="id", batch=2, error=InvalidData("row 9")), out)
    text = out.getvalue().decode()
    assert text.count('{"id":') == before
    assert "]" not in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_what_fails_later_leaves_the_last_line_open():
    out = io.BytesIO()
    with pytest.raises(InvalidData):
        LINES.render(answer(member(1), columns="id", error=InvalidData("row 2")), out)
    assert out.getvalue() == b'{"id":1}'
