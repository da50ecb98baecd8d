"""A summary as a page, as a row among others, and as JSON of a documented shape."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from coursectl.render.columns import MEMBER, SUMMARY_COLUMNS, Column, Kind
from coursectl.render.json import escaped
from coursectl.render.outline import Bars, Block, Figure, Figures, Outline, Rows, Section, Words
from coursectl.render.values import lacking, minute, moment_in, percent
from coursectl.roster.join_status import JoinStatus, named
from coursectl.roster.nudges import NEARLY_DONE, NudgeKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coursectl.render.interface import Sink
    from coursectl.roster.member import Member
    from coursectl.roster.own_mean import OwnMean
    from coursectl.roster.summary import Activity, Summary

SHAPE = "summary/1"
"""The name of the shape in JSON; what is added later keeps it, what changes gets the next."""

_BATCH = 1_000

_ALIKE = 1e-9
"""Percentage points that make no difference."""

_WEEKS = 12
"""Weeks whose joins are drawn one by one."""

_OF_THE_NUDGED = (
    "id",
    "username",
    "real_name",
    "user_completion_rate",
    "last_active_at",
    "joined_at",
)

_BANDS = {
    "within_7_days": "within 7 days",
    "days_8_to_30": "8 to 30 days ago",
    "days_31_to_90": "31 to 90 days ago",
    "longer_ago": "longer ago",
    "never": "never",
    "not_known": "not known",
}
"""What the bands of activity are called on a page."""

_KINDS = {
    NudgeKind.NEVER_BEGAN: ("never began", "no lesson completed"),
    NudgeKind.STALLED: ("stalled", "the last lesson is long ago"),
    NudgeKind.NEARLY_DONE: ("nearly done", f"{NEARLY_DONE}% and more"),
}
"""What the kinds of those who need a nudge are called on a page, and what else there is to say."""

_KIND = Column("kind", "Kind", Kind.TEXT, folds=1)

_PEOPLE = tuple(column.key for column in MEMBER if column.key != "avatar")


def summary_outline(summary: "Summary", words: tuple[str, ...] = (), *, remedy: str) -> Outline:
    """Give a summary as a page. `words` say which members were asked for, `remedy` is theirs."""
    return Outline(
        summary.course,
        (
            *words,
            *lacking(summary.invalid_rows, is_incomplete=summary.incomplete is not None),
            *as_of_when(summary),
        ),
        summary_sections(summary, remedy=remedy),
    )


def as_of_when(summary: "Summary") -> tuple[str, ...]:
    """Say what moment the figures are of."""
    fetched = summary.fetched_at
    if fetched is None or summary.as_of >= fetched:
        return (f"as of {minute(summary.as_of)}",)
    return (
        f"as of {minute(summary.as_of)}",
        f"fetched {minute(fetched)}: who joined later is left out, rates and statuses are of then",
    )


def summary_sections(summary: "Summary", *, remedy: str) -> tuple[Section, ...]:
    """Give a summary section by section.

    `remedy` is the command that lists those who need a nudge and are too many to be shown.
    """
    return (
        Section("figures", "At a glance", (_at_a_glance(summary),)),
        Section("status", "By status", _by_status(summary)),
        Section("completion", "Completion", _completion(summary)),
        Section("activity", "Activity", _activity(summary)),
        Section("joins", "Joins by week", _joins(summary)),
        Section("nudge", "Who needs a nudge", _nudged(summary, remedy)),
    )


def _at_a_glance(summary: "Summary") -> Figures:
    completion = summary.completion
    within = dict(summary.activity.within)
    counted = " or ".join(map(named, summary.counted_statuses))
    return Figures(
        (
            Figure("Members", summary.members),
            Figure("Counted", summary.counted, note=counted),
            Figure("Mean completion", completion.mean, Kind.PERCENT),
            Figure("Median", completion.median, Kind.PERCENT),
            Figure("At 100%", completion.at_100),
            Figure("Active in 30 days", within[30]),
            Figure("Need a nudge", summary.nudges.members, note=f"silent for {summary.inactive}"),
        )
    )


def _by_status(summary: "Summary") -> tuple[Block, ...]:
    if not summary.members:
        return (Words(("Nobody.",)),)
    counts = tuple((named(status), number) for status, number in summary.by_status.items())
    return (Bars("By status", "Status", counts, summary.members),)


def _activity(summary: "Summary") -> tuple[Block, ...]:
    """Give when the counted were last active, and the same of those among them who are not done."""

    def bars(title: str, activity: "Activity", whole: int) -> Bars:
        bands = activity.bands.items()
        shown = [(_BANDS[key], number) for key, number in bands if number or key != "not_known"]
        return Bars(title, "Last active", tuple(shown), whole)

    number = summary.activity.not_known
    told = (
        f"Of {number:,} it is not known when they were last active before that moment, or whether"
        " they were: a roster tells the last lesson only, and theirs came later."
    )
    not_done = summary.completion.not_done
    return (
        bars("Activity", summary.activity, summary.counted),
        *([bars("Of those under 100%", summary.not_done, not_done)] if not_done else []),
        *([Words((told,))] if number else []),
    )


def _completion(summary: "Summary") -> tuple[Block, ...]:
    completion = summary.completion
    figures = (
        Figure("Mean", completion.mean, Kind.PERCENT),
        Figure("Lower quartile", completion.lower_quartile, Kind.PERCENT),
        Figure("Median", completion.median, Kind.PERCENT),
        Figure("Upper quartile", completion.upper_quartile, Kind.PERCENT),
        Figure("At 0%", completion.at_0),
        Figure("At 100%", completion.at_100),
        Figure("Without a rate", completion.without_rate),
    )
    tenths = tuple(
        (f"{start} to {start + 10}%", number)
        for start, number in zip(range(0, 90, 10), completion.tenths, strict=False)
    )
    tenths += (("90 to under 100%", completion.from_90_under_100), ("100%", completion.at_100))
    told = () if summary.own_mean is None else (Words((_beside(summary, summary.own_mean),)),)
    bars = Bars("Members by completion", "Completion", tenths, completion.members)
    return (Figures(figures), bars, *told)


def _beside(summary: "Summary", own: "OwnMean") -> str:
    """Explain the API's figure beside ours."""
    says = f"The community itself says {percent(own.rate)}% (avg_completion_rate)"
    if summary.completion.mean is None:
        return f"{says}; there is no member with a rate to hold against it."
    is_alike = own.difference is not None and abs(own.difference) < _ALIKE
    if is_alike:
        says += ", the same as ours"
    elif own.difference is not None:
        versus = "less" if own.difference > 0 else "more"
        says += f", {percent(abs(own.difference))} points {versus} than ours"
    counted = " or ".join(map(named, summary.counted_statuses))
    ours = (
        f"Ours is the mean of the members {'' if summary.is_whole else 'here '}who are"
        f" {counted} and have a rate ({summary.completion.members:,})."
    )
    if not summary.is_whole:
        whose = "Theirs is of the whole course"
    elif own.counts is not None:
        whose = f"Theirs is what one gets for {own.counts}"
    else:
        whose = "Whom theirs counts, the API does not say"
    if own.difference is None:
        whose += ", so the two are not compared"
    elif not is_alike:
        whose += ", rounded"
    return f"{says}. {ours} {whose}."


def _joins(summary: "Summary") -> tuple[Block, ...]:
    """Give the last weeks one by one, and what lies before and after them together."""
    last = summary.unfinished_week
    ordinals = (last.toordinal() - 7 * back for back in range(_WEEKS - 1, -1, -1))
    weeks = [date.fromordinal(ordinal) for ordinal in ordinals if ordinal >= 1]
    before = sum(number for monday, number in summary.joins.items() if monday < weeks[0])
    after = sum(number for monday, number in summary.joins.items() if monday > last)
    told = [f"{before:,} joined before {weeks[0]}"] if before else []
    told += [f"{after:,} in the weeks after {last}"] if after else []
    bars = tuple(
        (f"{monday} so far" if monday == last else str(monday), summary.joins.get(monday, 0))
        for monday in weeks
    )
    words = (Words(("; ".join(told) + ".",)),) if told else ()
    return (Bars("Joins by week", "Week of", bars), *words)


def _nudged(summary: "Summary", remedy: str) -> tuple[Block, ...]:
    nudges = summary.nudges
    not_known = nudges.not_known
    doubt = (
        f"Of {not_known:,} more it is not known: when they joined, or whether they were active"
        " before that moment, is not told."
    )
    told = [Words((doubt,))] if not_known else []
    if not nudges.members:
        nobody = f"Nobody: no member is joined, under 100 %, and silent for {summary.inactive}."
        return (Words((nobody,)), *told)
    counts = Figures(
        tuple(
            Figure(_KINDS[kind][0].capitalize(), number, note=_KINDS[kind][1])
            for kind, number in nudges.by_kind.items()
        )
    )
    columns = tuple(column for column in MEMBER if column.key in _OF_THE_NUDGED)
    left_out = nudges.members - len(nudges.people)
    people = [_of_page(member) for member in nudges.people]
    rows = Rows("By longest silence", (*columns, _KIND), people, summary.as_of, left_out, remedy)
    told += [Words((caveat,)) for caveat in _over_time(summary)]
    return (counts, *told, rows)


def _over_time(summary: "Summary") -> tuple[str, ...]:
    """Say that some may have nothing left to do, where that may be."""
    if summary.opens_over_time is False:
        return ()
    if summary.opens_over_time:
        return (
            f"This course opens over time ({summary.course_type}). Who has done all that is open"
            " needs no nudge, and of whom that holds is not known.",
        )
    return (
        "Whether this course opens over time is not known; where one does, who has done all that"
        " is open needs no nudge.",
    )


def _of_page(member: "Member") -> dict[str, Any]:
    row: dict[str, Any] = dict(member)
    for key in ("last_active_at", "joined_at"):
        row[key] = row[key] and moment_in(row[key])
    return row | {_KIND.key: _KINDS[NudgeKind.of(member)][0]}


# A row a course


def course_facts(summaries: "Sequence[Summary]") -> tuple[str, ...]:
    """Say what is not known of how many courses, or of how many people in them."""
    courses = {
        "opens over time": sum(each.opens_over_time is True for each in summaries),
        "may open over time": sum(each.opens_over_time is None for each in summaries),
    }
    facts = [
        f"{number:,} {opens}: who has done all that is open is not known"
        for opens, number in courses.items()
        if number
    ]
    if active_later := sum(each.activity.not_known for each in summaries):
        facts.append(f"{active_later:,} were active later: whether they were before is not known")
    return tuple(facts)


@dataclass(frozen=True, slots=True)
class SummaryBatch:
    """Summaries, a row a course."""

    rows: list[dict[str, Any]]
    as_of: datetime
    shared: dict[str, str] = field(default_factory=dict)


def summary_batch(summaries: "Sequence[Summary]", as_of: datetime) -> SummaryBatch:
    """Give summaries as rows with the keys of SUMMARY_COLUMNS."""
    return SummaryBatch([_row(summary) for summary in summaries], as_of)


def _row(summary: "Summary") -> dict[str, Any]:
    completion = summary.completion
    known = {status.value: summary.by_status.get(status.value, 0) for status in JoinStatus}
    none = summary.by_status.get(None, 0)
    row = {
        "course": summary.course,
        "course_id": summary.course_id,
        "community": summary.community,
        "fetched_at": summary.fetched_at,
        "as_of": summary.as_of,
        "members": summary.members,
        **known,
        "other_status": summary.members - sum(known.values()) - none,
        "no_status": none,
        "counted": summary.counted,
        "without_rate": completion.without_rate,
        "course_type": summary.course_type,
        "mean": completion.mean,
        "lower_quartile": completion.lower_quartile,
        "median": completion.median,
        "upper_quartile": completion.upper_quartile,
        "at_0": completion.at_0,
        "at_100": completion.at_100,
        **{f"tenth_{10 * place}": number for place, number in enumerate(completion.tenths)},
        **{f"active_{days}": number for days, number in summary.activity.within},
        "active_8_to_30": summary.activity.bands["days_8_to_30"],
        "active_31_to_90": summary.activity.bands["days_31_to_90"],
        "activity_not_known": summary.activity.not_known,
        "longer_ago": summary.activity.longer_ago,
        "never_active": summary.activity.never,
        "from_90_under_100": completion.from_90_under_100,
        "not_done": completion.not_done,
        **{f"not_done_active_{days}": number for days, number in summary.not_done.within},
        "nudge": summary.nudges.members,
        **{f"nudge_{kind}": number for kind, number in summary.nudges.by_kind.items()},
        "nudge_not_known": summary.nudges.not_known,
        "own_mean": None if summary.own_mean is None else summary.own_mean.rate,
        "invalid_rows": summary.invalid_rows,
        "incomplete": summary.incomplete,
    }
    return {column.key: row[column.key] for column in SUMMARY_COLUMNS}


# JSON


def write_json(summaries: "Sequence[Summary]", out: "Sink", *, lines: bool) -> None:
    """Write summaries in the shape that the README documents, or with `lines` a course a line."""
    if lines:
        for summary in summaries:
            text = to_json({"shape": SHAPE, **_document(summary)})
            _write_with_people(text, [summary], out, lines=True)
        return
    document = {"shape": SHAPE, "courses": [_document(summary) for summary in summaries]}
    _write_with_people(to_json(document, indent=2), summaries, out, lines=False)


def _write_with_people(
    text: bytes, summaries: "Sequence[Summary]", out: "Sink", *, lines: bool
) -> None:
    """Write a document, and some at a time those who need a nudge, who may be half a million."""
    # Within a string, a quote is escaped: so this is found nowhere else.
    before, *parts = text.split(b'"people":[]' if lines else b'"people": []')
    out.write(escaped(before))
    for summary, part in zip(summaries, parts, strict=True):
        for piece in _people(summary.nudges.people, lines=lines):
            out.write(escaped(piece))
        out.write(escaped(part))
    out.write(b"\n")


def _people(nudged: "Sequence[Member]", *, lines: bool) -> "Iterator[bytes]":
    before = b'"people":[' if lines else b'"people": ['
    margin = b"\n" + b" " * 8
    for start in range(0, len(nudged), _BATCH):
        some = nudged[start : start + _BATCH]
        people = [
            {key: m[key] for key in _PEOPLE} | {"kind": NudgeKind.of(m)}  # type: ignore[literal-required]
            for m in some
        ]
        text = to_json(people, indent=None if lines else 2)
        yield before + (text[1:-1] if lines else text[1:-2].replace(b"\n", margin))
        before = b","
    yield (b"" if lines else margin) + b"]" if nudged else before + b"]"


def _document(summary: "Summary") -> dict[str, Any]:
    """Give all but the people."""
    completion, activity, own = summary.completion, summary.activity, summary.own_mean
    return {
        "course": {
            "id": summary.course_id,
            "name": summary.course,
            "type": summary.course_type,
        },
        "community": summary.community,
        "fetched_at": summary.fetched_at,
        "as_of": summary.as_of,
        "members": summary.members,
        "invalid_rows": summary.invalid_rows,
        "incomplete": summary.incomplete,
        "by_status": {named(status): number for status, number in summary.by_status.items()},
        "counted": {
            "statuses": [named(status) for status in summary.counted_statuses],
            "members": summary.counted,
        },
        "completion": {
            "members": completion.members,
            "without_rate": completion.without_rate,
            "mean": completion.mean,
            "lower_quartile": completion.lower_quartile,
            "median": completion.median,
            "upper_quartile": completion.upper_quartile,
            "at_0": completion.at_0,
            "at_100": completion.at_100,
            "from_90_under_100": completion.from_90_under_100,
            "not_done": completion.not_done,
            "tenths": [
                {"from": 10 * place, "to": 10 * place + 10, "members": number}
                for place, number in enumerate(completion.tenths)
            ],
        },
        "activity": {
            **{f"within_{days}_days": number for days, number in activity.within},
            **activity.bands,
            "not_done": summary.not_done.bands,
        },
        "joins": [{"week": day, "members": number} for day, number in summary.joins.items()],
        "unfinished_week": summary.unfinished_week,
        "own_mean": own
        and {
            "avg_completion_rate": own.rate,
            "difference": own.difference,
            "counts": own.counts,
        },
        "nudge": {
            "inactive": str(summary.inactive),
            "members": summary.nudges.members,
            **summary.nudges.by_kind,
            "not_known": summary.nudges.not_known,
            "done_all_that_is_open": 0 if summary.opens_over_time is False else None,
            "people": [],
        },
    }
