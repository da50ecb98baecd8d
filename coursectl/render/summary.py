"""A summary as a page, as a row among others, and as JSON of a documented shape."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from coursectl.render.columns import MEMBER, SUMMARY_COLUMNS, Kind
from coursectl.render.json import escaped
from coursectl.render.outline import Bars, Block, Figure, Figures, Outline, Rows, Section, Words
from coursectl.render.values import lacking, minute, moment_in, percent
from coursectl.roster.join_status import NO_STATUS, JoinStatus
from coursectl.roster.summary import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from coursectl.render.interface import Sink
    from coursectl.roster.member import Member
    from coursectl.roster.summary import Completion, OwnMean, Summary

SHAPE = "summary/1"
"""The name of the shape in JSON; what is added later keeps it, what changes gets the next."""

_BATCH = 1_000

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

_PEOPLE = tuple(column.key for column in MEMBER if column.key != "avatar")


def summary_outline(summary: "Summary", words: tuple[str, ...] = (), *, remedy: str) -> Outline:
    """Give a summary as a page. `words` say which members were asked for, `remedy` is theirs."""
    return Outline(
        summary.course,
        (
            *words,
            *lacking(summary.invalid_rows, is_incomplete=summary.incomplete is not None),
            f"as of {minute(summary.as_of)}",
        ),
        summary_sections(summary, remedy=remedy),
    )


def summary_sections(summary: "Summary", *, remedy: str) -> tuple[Section, ...]:
    """Give a summary section by section.

    `remedy` is the command that lists those who need a nudge and are too many to be shown.
    """
    completion = summary.completion
    return (
        Section("figures", "At a glance", (_at_a_glance(summary),)),
        Section("status", "By status", _by_status(summary)),
        Section("completion", "Completion", _completion(completion, summary)),
        Section(
            "activity",
            "Activity",
            (
                Bars(
                    "Activity",
                    "Last active",
                    (
                        *((f"in {d} days", number) for d, number in summary.activity.within),
                        ("longer ago", summary.activity.longer_ago),
                        ("never", summary.activity.never),
                    ),
                    summary.counted,
                ),
            ),
        ),
        Section("joins", "Joins by week", _joins(summary)),
        Section("nudge", "Who needs a nudge", _nudged(summary, remedy)),
    )


def _at_a_glance(summary: "Summary") -> Figures:
    completion = summary.completion
    within = dict(summary.activity.within)
    counted = " or ".join(map(_named, summary.counted_statuses))
    return Figures(
        (
            Figure("Members", summary.members),
            Figure("Counted", summary.counted, note=counted),
            Figure("Mean completion", completion.mean, Kind.PERCENT),
            Figure("Median", completion.median, Kind.PERCENT),
            Figure("At 100%", completion.at_100),
            Figure("Active in 30 days", within[30]),
            Figure("Need a nudge", summary.nudges, note=f"silent for {summary.inactive}"),
        )
    )


def _by_status(summary: "Summary") -> tuple[Block, ...]:
    if not summary.members:
        return (Words(("Nobody.",)),)
    counts = tuple((_named(status), number) for status, number in summary.by_status.items())
    return (Bars("By status", "Status", counts, summary.members),)


def _completion(completion: "Completion", summary: "Summary") -> tuple[Block, ...]:
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
        for start, number in zip(range(0, 100, 10), completion.tenths, strict=True)
    )
    told = () if summary.own_mean is None else (Words((_beside(summary, summary.own_mean),)),)
    bars = Bars("Members by completion", "Completion", tenths, completion.members)
    return (Figures(figures), bars, *told)


def _beside(summary: "Summary", own: "OwnMean") -> str:
    """Explain the API's figure beside ours."""
    says = f"The community itself says {percent(own.rate)}% (avg_completion_rate)"
    if own.difference is None:
        return f"{says}; there is no member with a rate to hold against it."
    points = percent(abs(own.difference))
    versus = (
        "the same as ours"
        if points == "0"
        else f"{points} points {'less' if own.difference > 0 else 'more'} than ours"
    )
    counted = " or ".join(map(_named, summary.counted_statuses))
    ours = (
        f"Ours is the mean of the members {'' if summary.is_whole else 'here '}who are"
        f" {counted} and have a rate ({summary.completion.members:,})."
    )
    if not summary.is_whole:
        whose = "Theirs is of the whole course."
    elif own.counts is not None:
        is_rounded = own.counts == OURS and points != "0"
        whose = f"Theirs is what one gets for {own.counts}{', rounded' if is_rounded else ''}."
    else:
        whose = "Whom theirs counts, the API does not say."
    return f"{says}, {versus}. {ours} {whose}"


def _joins(summary: "Summary") -> tuple[Block, ...]:
    """Give the last weeks one by one, and what lies before and after them together."""
    today = summary.as_of.date()
    last = today - timedelta(days=today.weekday())
    ordinals = (last.toordinal() - 7 * back for back in range(_WEEKS - 1, -1, -1))
    weeks = [date.fromordinal(ordinal) for ordinal in ordinals if ordinal >= 1]
    before = sum(number for monday, number in summary.joins.items() if monday < weeks[0])
    after = sum(number for monday, number in summary.joins.items() if monday > last)
    told = [f"{before:,} joined before {weeks[0]}"] if before else []
    told += [f"{after:,} in the weeks after {last}"] if after else []
    bars = tuple((str(monday), summary.joins.get(monday, 0)) for monday in weeks)
    words = (Words(("; ".join(told) + ".",)),) if told else ()
    return (Bars("Joins by week", "Week of", bars), *words)


def _nudged(summary: "Summary", remedy: str) -> tuple[Block, ...]:
    if not summary.nudges:
        nobody = f"Nobody: no member is joined, under 100 %, and silent for {summary.inactive}."
        return (Words((nobody,)),)
    columns = tuple(column for column in MEMBER if column.key in _OF_THE_NUDGED)
    left_out = summary.nudges - len(summary.nudged)
    people = [_with_moments(member) for member in summary.nudged]
    return (Rows("Who needs a nudge", columns, people, summary.as_of, left_out, remedy),)


def _with_moments(member: "Member") -> dict[str, Any]:
    row: dict[str, Any] = dict(member)
    for key in ("last_active_at", "joined_at"):
        row[key] = row[key] and moment_in(row[key])
    return row


def _named(status: str | None) -> str:
    return NO_STATUS if status is None else status


# A row a course


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
        "mean": completion.mean,
        "lower_quartile": completion.lower_quartile,
        "median": completion.median,
        "upper_quartile": completion.upper_quartile,
        "at_0": completion.at_0,
        "at_100": completion.at_100,
        **{f"tenth_{10 * place}": number for place, number in enumerate(completion.tenths)},
        **{f"active_{days}": number for days, number in summary.activity.within},
        "longer_ago": summary.activity.longer_ago,
        "never_active": summary.activity.never,
        "nudge": summary.nudges,
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
        for piece in _people(summary.nudged, lines=lines):
            out.write(escaped(piece))
        out.write(escaped(part))
    out.write(b"\n")


def _people(nudged: "Sequence[Member]", *, lines: bool) -> "Iterator[bytes]":
    before = b'"people":[' if lines else b'"people": ['
    margin = b"\n" + b" " * 8
    for start in range(0, len(nudged), _BATCH):
        some = nudged[start : start + _BATCH]
        people = [{key: m[key] for key in _PEOPLE} for m in some]  # type: ignore[literal-required]
        text = to_json(people, indent=None if lines else 2)
        yield before + (text[1:-1] if lines else text[1:-2].replace(b"\n", margin))
        before = b","
    yield (b"" if lines else margin) + b"]" if nudged else before + b"]"


def _document(summary: "Summary") -> dict[str, Any]:
    """Give all but the people."""
    completion, activity, own = summary.completion, summary.activity, summary.own_mean
    return {
        "course": {"id": summary.course_id, "name": summary.course},
        "community": summary.community,
        "fetched_at": summary.fetched_at,
        "as_of": summary.as_of,
        "members": summary.members,
        "invalid_rows": summary.invalid_rows,
        "incomplete": summary.incomplete,
        "by_status": _by_name(summary.by_status),
        "counted": {
            "statuses": [_named(status) for status in summary.counted_statuses],
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
            "tenths": [
                {"from": 10 * place, "to": 10 * place + 10, "members": number}
                for place, number in enumerate(completion.tenths)
            ],
        },
        "activity": {
            **{f"within_{days}_days": number for days, number in activity.within},
            "longer_ago": activity.longer_ago,
            "never": activity.never,
        },
        "joins": [{"week": day, "members": number} for day, number in summary.joins.items()],
        "own_mean": own
        and {
            "avg_completion_rate": own.rate,
            "difference": own.difference,
            "counts": own.counts,
        },
        "nudge": {
            "inactive": str(summary.inactive),
            "members": summary.nudges,
            "people": [],
        },
    }


def _by_name(by_status: "Mapping[str | None, int]") -> dict[str, int]:
    """Give counts by what statuses are called: a server's own "none" adds to those without one."""
    named: dict[str, int] = {}
    for status, number in by_status.items():
        name = _named(status)
        named[name] = named.get(name, 0) + number
    return named
