"""What a server or an export may give, as pydantic's core reads it.

Mirrors the rows of *Course User Dashboard*, `GET /api/v2/course/{id}/users/`, of
`GET /api/v2/course/`, and the answers of `GET /api/v2/course/{id}/` and `.../status/`. What is
documented is checked; what is not is ignored.

These are the schemas that pydantic would make of annotated types. They are written out since all
of pydantic, which it takes to make them, takes as long to import as a short run takes without it.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache

from pydantic_core import CoreConfig, CoreSchema, PydanticCustomError, SchemaValidator
from pydantic_core import core_schema as cs

from coursectl.roster.fields import FIELDS
from coursectl.roster.join_status import JoinStatus

# Nearly every text in a roster is unlike the others: looking each up would take a fifth longer.
_CONFIG = CoreConfig(cache_strings="keys")


Kind = Callable[[], CoreSchema]
"""One of the functions below, each named after what it takes."""


@cache
def validator(of: Kind) -> SchemaValidator:
    """Give what validates a kind, made once."""
    return SchemaValidator(of(), _CONFIG)


# Values


def identifier() -> CoreSchema:
    """Take the id of a member or of a course, or a number of them."""
    return cs.int_schema(strict=True, ge=0, le=2**63 - 1)


def moment() -> CoreSchema:
    """Take ISO 8601 text; gives a date-time in UTC.

    Text of bare digits is refused: pydantic would take it for seconds since 1970. The union's first
    branch takes what is in UTC already without a call into Python, which is nearly every row. The
    last one takes offsets that pydantic does not know: `+00`, as PostgreSQL writes it, and such
    with seconds.
    """
    text = cs.str_schema(strict=True, pattern=r"^\d{4}-\d\d-\d\d[Tt ]\d\d:")
    in_utc = cs.datetime_schema(tz_constraint=0)
    elsewhere = cs.no_info_after_validator_function(_in_utc, cs.datetime_schema())
    odd = cs.no_info_plain_validator_function(_with_odd_offset)
    return cs.chain_schema([text, cs.union_schema([in_utc, elsewhere, odd], mode="left_to_right")])


_ODD_OFFSET = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?[+-]\d\d(:\d\d:\d\d|\d{4})?", re.ASCII
)


def _with_odd_offset(text: str) -> datetime:
    if not _ODD_OFFSET.fullmatch(text):
        raise PydanticCustomError("moment_form", "no date-time")
    return _in_utc(datetime.fromisoformat(text))


def _in_utc(given: datetime) -> datetime:
    if given.tzinfo is None:
        return given.replace(tzinfo=UTC)
    try:
        return given.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("moment_range", "out of range in UTC") from None


_LEAP_YEAR = "(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:12|16|20|24|28)00)"
_DAY = (
    f"(?:{_LEAP_YEAR}-02-29|[12][0-9]{{3}}-(?:"
    "02-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])))"
)
_MICROSECONDS = (
    r"\.(?:[1-9][0-9]{5}|0[1-9][0-9]{4}|00[1-9][0-9]{3}|000[1-9][0-9]{2}|0000[1-9][0-9]|00000[1-9])"
)
_TIME = f"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:{_MICROSECONDS})?"


def _moment_as_written() -> CoreSchema:
    """Take a moment of 1000 to 2999 in UTC with a `Z`; microseconds in full, or none if zero.

    It stays the text that it is.
    """
    return cs.str_schema(strict=True, pattern=f"^{_DAY}T{_TIME}Z$")


def _rate() -> CoreSchema:
    """Take a percentage, which stays an integer where the API sent one; `-0.0` is 0."""
    whole = cs.int_schema(strict=True, ge=0, le=100)
    fraction = cs.float_schema(strict=True, gt=0, le=100, allow_inf_nan=False)
    zero = cs.no_info_after_validator_function(abs, cs.float_schema(strict=True, ge=0, le=0))
    return cs.union_schema([whole, fraction, zero], mode="left_to_right")


def _text(longest: int = 255) -> CoreSchema:
    return cs.str_schema(strict=True, max_length=longest)


def _status() -> CoreSchema:
    """Take a `join_status`. One that is documented is the same text for all who have it."""
    documented = cs.literal_schema([status.value for status in JoinStatus])
    return cs.union_schema([documented, _text()], mode="left_to_right")


def _or_null(of: CoreSchema) -> CoreSchema:
    """Take null, too, and for what is left out."""
    return cs.with_default_schema(cs.nullable_schema(of), default=None)


def _or_none(of: CoreSchema) -> CoreSchema:
    """Take anything: what is left out or not valid is None."""
    return cs.with_default_schema(cs.nullable_schema(of), default=None, on_error="default")


# Members


def _member(moment_: CoreSchema) -> dict[str, CoreSchema]:
    return {
        "id": identifier(),
        "username": _or_null(_text()),
        "real_name": _or_null(_text()),
        "avatar": _or_null(_text(65_536)),
        "join_status": _or_null(_status()),
        "user_completion_rate": _or_null(_rate()),
        "last_active_at": _or_null(moment_),
        "joined_at": _or_null(moment_),
    }


def member() -> CoreSchema:
    """Take a `Member`."""
    return _object(_member(moment()))


def members() -> CoreSchema:
    """Take a list of these."""
    return cs.list_schema(member())


def members_as_written() -> CoreSchema:
    """Take members whose moments stay the text that they are, which is what all formats write.

    That holds only for text in the very form that coursectl writes, so this takes no other.
    """
    return cs.list_schema(_object(_member(_moment_as_written())))


def cells() -> CoreSchema:
    """Take members; gives of each a pair of its `Cells` and of nothing."""
    return cs.list_schema(_in_cells(_member(moment())))


def cells_as_written() -> CoreSchema:
    """Take the same, with moments that stay text."""
    return cs.list_schema(_in_cells(_member(_moment_as_written())))


def _in_cells(fields: dict[str, CoreSchema]) -> CoreSchema:
    """Take fields as the arguments of a call, which are given as a tuple.

    To make one takes four fifths of the time of a dict.
    """
    return cs.arguments_v3_schema(
        [
            cs.arguments_v3_parameter(field, fields[field], mode="positional_or_keyword")
            for field in FIELDS
        ],
        extra_behavior="ignore",
    )


def page_of_members() -> CoreSchema:
    """Take a page that tells what is documented, no more but for its rows; moments stay text."""
    fields = {
        "count": identifier(),
        "next": cs.nullable_schema(cs.str_schema()),
        "previous": cs.nullable_schema(cs.str_schema()),
        "results": members_as_written(),
    }
    return _object(fields, extra="forbid")


def page_in_part() -> CoreSchema:
    """Take a page where rows, and what they hold, may be invalid, and are then None."""
    row = {
        "id": _or_none(identifier()),
        "join_status": _or_none(cs.str_schema()),
        "joined_at": _or_none(moment()),
    }
    fields = {
        "count": identifier(),
        "next": _or_none(cs.any_schema()),
        "results": cs.list_schema(_or_none(_object(row))),
    }
    return _object(fields)


# Courses


def course() -> CoreSchema:
    """Take a `Course`."""
    return _object(
        {
            "id": _or_null(identifier()),
            "name": _or_null(cs.str_schema()),
            "slug": _or_null(cs.str_schema()),
        }
    )


def page_of_courses() -> CoreSchema:
    """Take a page of courses that can be found."""
    return _page_of(course())


def page_of_listed_courses() -> CoreSchema:
    """Take a page of the courses of whoever asks, each a `ListedCourse`."""
    texts = ("name", "slug", "type", "privacy", "join_status")
    return _page_of(
        _object(
            {"id": identifier()}
            | dict.fromkeys(texts, _or_null(cs.str_schema()))
            | {"created_at": _or_null(moment())}
        )
    )


def left_out() -> CoreSchema:
    """Take what an export says of rows that were left out."""
    ids = cs.with_default_schema(cs.list_schema(identifier()), default=[])
    return _object({"rows": identifier(), "ids": ids})


def page_of_people() -> CoreSchema:
    """Take a page of people who stand beside a roster, each a `Person`."""
    return _page_of(_person())


def course_on_dashboard() -> CoreSchema:
    """Take of a course who created it: a user, or the id of one."""
    creator = cs.nullable_schema(cs.union_schema([_person(), identifier()]))
    return cs.typed_dict_schema({"created_by": cs.typed_dict_field(creator, required=True)})


def _person() -> CoreSchema:
    texts = ("username", "real_name", "avatar")
    return _object({"id": identifier()} | dict.fromkeys(texts, _or_none(cs.str_schema())))


def own_status() -> CoreSchema:
    """Take how whoever asks stands to a course."""
    return _object({"status": cs.nullable_schema(cs.str_schema())})


def _page_of(row: CoreSchema) -> CoreSchema:
    return _object({"count": identifier(), "results": cs.list_schema(row)})


def _object(fields: dict[str, CoreSchema], extra: cs.ExtraBehavior = "ignore") -> CoreSchema:
    """Take an object with these fields, of which those may be left out that have a default."""
    return cs.typed_dict_schema(
        {
            name: cs.typed_dict_field(field, required=field["type"] != "default")
            for name, field in fields.items()
        },
        extra_behavior=extra,
    )
