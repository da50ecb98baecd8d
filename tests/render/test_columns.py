import pytest

from coursectl.errors import UsageError
from coursectl.render.columns import (
    COLUMN_KEYS,
    COURSE_COLUMNS,
    MEMBER_COLUMNS,
    SUMMARY_COLUMNS,
    TREND_COLUMNS,
    default_columns,
    parse_columns,
)


def _keys(columns):
    return [column.key for column in columns]


def test_columns_come_in_the_order_in_which_they_are_named():
    assert _keys(parse_columns(["joined_at,id", "username"], MEMBER_COLUMNS)) == [
        "joined_at",
        "id",
        "username",
    ]


def test_blanks_and_empty_names_between_commas_do_not_count():
    assert _keys(parse_columns([" id , ,real_name,"], MEMBER_COLUMNS)) == ["id", "real_name"]


def test_nothing_named_gives_no_column():
    assert parse_columns([], MEMBER_COLUMNS) == ()


@pytest.mark.parametrize("word", ["", " , ", ","])
def test_commas_without_a_name_are_an_error_that_lists_the_valid_ones(word):
    with pytest.raises(UsageError) as caught:
        parse_columns([word], MEMBER_COLUMNS)
    assert caught.value.message == "--columns names no column"
    assert caught.value.hints[0].startswith("Columns: course, id, ")


def test_an_unknown_column_is_an_error_that_lists_the_valid_ones():
    with pytest.raises(UsageError) as caught:
        parse_columns(["id,nmae"], MEMBER_COLUMNS)
    assert caught.value.message == "no column 'nmae'"
    assert caught.value.hints == (
        "Columns: course, id, username, real_name, avatar, join_status, user_completion_rate,"
        " last_active_at, joined_at.",
    )


def test_a_column_is_known_by_its_exact_key_only():
    for word in ("ID", "Name", "real name"):
        with pytest.raises(UsageError, match="no column"):
            parse_columns([word], MEMBER_COLUMNS)


def test_a_column_that_is_named_twice_is_an_error():
    with pytest.raises(UsageError) as caught:
        parse_columns(["id,username", "id"], MEMBER_COLUMNS)
    assert caught.value.message == "--columns names a column twice"


def test_machines_get_the_eight_documented_fields_in_the_documented_order():
    assert _keys(default_columns(several=False, readable=False)) == [
        "id",
        "username",
        "real_name",
        "avatar",
        "join_status",
        "user_completion_rate",
        "last_active_at",
        "joined_at",
    ]


def test_people_are_spared_the_avatar():
    assert _keys(default_columns(several=False, readable=True)) == [
        "id",
        "username",
        "real_name",
        "join_status",
        "user_completion_rate",
        "last_active_at",
        "joined_at",
    ]


@pytest.mark.parametrize("readable", [True, False])
def test_the_course_leads_when_there_are_several(readable):
    one = _keys(default_columns(several=False, readable=readable))
    assert _keys(default_columns(several=True, readable=readable)) == ["course", *one]


def test_what_a_member_or_a_course_owner_wrote_is_free_text():
    columns = parse_columns([",".join(COLUMN_KEYS)], MEMBER_COLUMNS)
    assert [column.key for column in columns if column.is_free_text] == [
        "course",
        "username",
        "real_name",
        "avatar",
        "join_status",
    ]


def test_columns_of_courses_are_other_columns():
    assert _keys(COURSE_COLUMNS) == [
        "id",
        "name",
        "slug",
        "type",
        "privacy",
        "role",
        "created_at",
    ]
    assert _keys(parse_columns(["role,id"], COURSE_COLUMNS)) == ["role", "id"]
    with pytest.raises(UsageError) as caught:
        parse_columns(["username"], COURSE_COLUMNS)
    assert caught.value.hints == ("Columns: id, name, slug, type, privacy, role, created_at.",)


@pytest.mark.parametrize(
    "columns", [MEMBER_COLUMNS, COURSE_COLUMNS, TREND_COLUMNS, SUMMARY_COLUMNS]
)
def test_no_two_columns_have_a_key_or_a_place_in_folding_in_common(columns):
    for values in (_keys(columns), [c.folds for c in columns if c.folds is not None]):
        assert len(set(values)) == len(values)


def test_what_whoever_made_a_course_wrote_is_free_text():
    assert [column.key for column in COURSE_COLUMNS if column.is_free_text] == [
        "name",
        "slug",
        "type",
        "privacy",
        "role",
    ]
