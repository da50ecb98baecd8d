"""A member of a course and the course itself, under the API's own field names.

Mirrors the rows of *Course User Dashboard*, `GET /api/v2/course/{id}/users/`, and the course of
`GET /api/v2/course/{id}/`. What is documented is checked; what is not is ignored.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple, cast

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, with_config
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from typing_extensions import TypedDict

from coursectl.roster.fields import FIELDS


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("moment_range", "out of range in UTC") from None


class _Moment:
    """A date-time in UTC from ISO 8601 text.

    Text of bare digits is refused: pydantic would take it for seconds since 1970. The union's first
    branch takes what is in UTC already without a call into Python, which is nearly every row.
    """

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True, pattern=r"^\d{4}-\d\d-\d\d[Tt ]\d\d:")
        in_utc = core_schema.datetime_schema(tz_constraint=0)
        elsewhere = core_schema.no_info_after_validator_function(
            _in_utc, core_schema.datetime_schema()
        )
        moment = core_schema.union_schema([in_utc, elsewhere], mode="left_to_right")
        return core_schema.chain_schema([text, moment])


class _Rate:
    """A percentage that stays an integer where the API sent one."""

    def __get_pydantic_core_schema__(self, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        whole = core_schema.int_schema(strict=True, ge=0, le=100)
        fraction = core_schema.float_schema(strict=True, ge=0, le=100, allow_inf_nan=False)
        return core_schema.union_schema([whole, fraction], mode="left_to_right")


Id = Annotated[int, Field(strict=True, ge=0, lt=2**63 - 1)]
Moment = Annotated[datetime, _Moment()]

_Text = Annotated[str, Field(strict=True, max_length=255)]

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
_MomentAsWritten = Annotated[str, Field(strict=True, pattern=f"^{_DAY}T{_TIME}Z$")]
"""A moment of the years 1000 to 2999 in UTC with a `Z`; microseconds in full, or none if zero."""
_OrNull = Field(default=None)


class _WithoutMoments(TypedDict):
    id: Id
    """The user's unique id."""
    username: Annotated[_Text | None, _OrNull]
    """At most 255 letters, digits, `-`, `/`, `_`."""
    real_name: Annotated[_Text | None, _OrNull]
    """Free text that the member chose: hostile until proved otherwise."""
    avatar: Annotated[Annotated[str, Field(strict=True, max_length=65_536)] | None, _OrNull]
    """In practice a URL."""
    join_status: Annotated[_Text | None, _OrNull]
    """A `JoinStatus`, another word that the server knows, or None for no status."""
    user_completion_rate: Annotated[Annotated[float, _Rate()] | None, _OrNull]
    """Progress in percent, 0 to 100; fractions occur."""


class Member(_WithoutMoments):
    """One row of a roster. Treat it as frozen: batches are passed on, never edited.

    Every key is there; a field that the API left out is None. A dict because pydantic makes one
    four times as fast as a model, and a roster holds up to a million.
    """

    last_active_at: Annotated[Moment | None, _OrNull]
    """When the member last completed a lesson, in UTC; None is never. It is no log-in time."""
    joined_at: Annotated[Moment | None, _OrNull]
    """When the member joined, in UTC; None for those who have not (invited, requested)."""


@with_config(ConfigDict(extra="ignore"))  # whatever holds of the page around it
class MemberAsWritten(_WithoutMoments):
    """A member whose moments stay the text that they are, which is what all formats write.

    That holds only for text in the very form that coursectl writes, so this takes no other.
    """

    last_active_at: Annotated[_MomentAsWritten | None, _OrNull]
    joined_at: Annotated[_MomentAsWritten | None, _OrNull]


class AsCells:
    """Has a kind of member given as a pair of its `Cells` and of nothing.

    pydantic gives the arguments of a call so, for which the fields are taken here: to make a tuple
    takes four fifths of the time of a dict.
    """

    def __get_pydantic_core_schema__(self, of: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        member = cast("core_schema.TypedDictSchema", handler.resolve_ref_schema(handler(of)))
        arguments = [
            core_schema.arguments_v3_parameter(
                field, member["fields"][field]["schema"], mode="positional_or_keyword"
            )
            for field in FIELDS
        ]
        unused = core_schema.to_string_ser_schema()  # pydantic knows of no way to write arguments
        return core_schema.arguments_v3_schema(
            arguments, extra_behavior="ignore", serialization=unused
        )


class Course(TypedDict):
    """What coursectl needs to know of a course."""

    id: Annotated[Id | None, _OrNull]
    name: Annotated[str | None, _OrNull]
    slug: Annotated[str | None, _OrNull]


class ListedCourse(TypedDict):
    """A row of `GET /api/v2/course/`, the courses of whoever asks."""

    id: Id
    name: Annotated[str | None, _OrNull]
    """Free text that whoever made the course chose: hostile until proved otherwise."""
    slug: Annotated[str | None, _OrNull]
    type: Annotated[str | None, _OrNull]
    """`self-paced`, `structured`, `scheduled`, or another word that the server knows."""
    privacy: Annotated[str | None, _OrNull]
    """Empty for a draft; `open`, `private`, `secret`, or another word that the server knows."""
    join_status: Annotated[str | None, _OrNull]
    """How whoever asks stands to the course; not documented here, so it may be left out."""
    created_at: Annotated[Moment | None, _OrNull]
    """UTC."""


class ReportableCourse(TypedDict):
    """A course whose members whoever asks may see, under the API's own field names."""

    id: int
    name: str | None
    slug: str | None
    type: str | None
    privacy: str | None
    role: str
    """`creator` or `manager`."""
    created_at: datetime | None


class Provenance(NamedTuple):
    """Where a roster is from."""

    community: str | None
    """The URL of its community; None where a saved roster does not say."""
    course: dict[str, Any]
    """The course with every field that the API or the saved roster gives."""
    fetched_at: datetime | None
    """When the roster was fetched, UTC; None where a saved roster does not say."""
    pseudonyms: str | None = None
    """Which key the members' pseudonyms are under; None for members as they are."""

    @property
    def course_id(self) -> int | None:
        """The course's id, where it is told and is a whole number."""
        id_ = self.course.get("id")
        return id_ if type(id_) is int else None

    @property
    def course_name(self) -> str | None:
        """The course's name, where it is told and is a text with something in it."""
        name = self.course.get("name")
        return name if name and isinstance(name, str) else None
