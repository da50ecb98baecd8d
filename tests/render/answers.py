"""Answers made of members that a test names, and what a renderer makes of them."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from coursectl.render.columns import MEMBER_COLUMNS, default_columns, parse_columns
from coursectl.render.interface import Answer, Caption, Renderer
from coursectl.roster.criteria import Batch, Roster
from coursectl.roster.member import Member
from tests.running import coursectl

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
GOLDEN = Path(__file__).with_name("golden")

# What a name can hold; lone surrogates cannot come out of JSON.
CHARACTERS = st.characters(exclude_categories=("Cs",))

# Text of what a format may trip over, more often than chance would have it.
TRICKY = st.lists(
    st.sampled_from(
        ["null", ",null", "[null,", "],[", '"', "'", "\\", ",", "\t", "\n", "\r", "\r\n", " ", "=",
         "},{", '},{"', "|", ";", "`", "[/bad]", "\x1b[31m", "\x85", "\u2028", "\u202e", "\ufeff",
         "\x00", "佐藤", "👨\u200d👩\u200d👧", "e\u0301", "a", "0", "1e-5", "true"]
    ),
    max_size=4,
).map("".join)  # fmt: skip
TEXTS = st.one_of(TRICKY, st.text(CHARACTERS, max_size=8))


def member(id_: int = 1, **fields: Any) -> Member:
    """Give a member who joined and did nothing yet, save for `fields`."""
    found: dict[str, Any] = {
        "id": id_,
        "username": f"member_{id_}",
        "real_name": "Ann",
        "avatar": None,
        "join_status": "joined",
        "user_completion_rate": 0,
        "last_active_at": None,
        "joined_at": datetime(2026, 3, 2, 8, tzinfo=UTC),
    }
    assert fields.keys() <= found.keys()
    return Member(**(found | fields))


MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis puts the zone in
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
RATES = st.one_of(
    st.integers(0, 100), st.floats(0, 100), st.sampled_from([1e-5, 1e-7, 12.5, 25.0, 99.96])
)
MEMBERS = st.builds(
    lambda id_, **fields: member(id_, **fields),
    st.integers(0, 2**63 - 1),
    username=st.none() | TEXTS,
    real_name=st.none() | TEXTS,
    avatar=st.none() | TEXTS,
    join_status=st.none() | st.sampled_from(["joined", "invited", "creator"]) | TEXTS,
    user_completion_rate=st.none() | RATES,
    last_active_at=st.none() | MOMENTS,
    joined_at=st.none() | MOMENTS,
)


def answer(
    *members: Member,
    columns: str | None = None,
    readable: bool = False,
    course: str = "Food Safety",
    facts: tuple[str, ...] = ("some members",),
    as_of: datetime = AS_OF,
    batch: int = 1000,
    error: Exception | None = None,
) -> Answer:
    """Give members in batches of `batch`; `error` is raised where they end."""
    roster = Roster(course, as_of)

    def batches() -> Iterator[Batch]:
        for start in range(0, len(members), batch):
            yield Batch(roster, list(members[start : start + batch]))
        if error is not None:
            raise error

    chosen = parse_columns([columns], MEMBER_COLUMNS) if columns else ()
    return Answer(
        chosen or default_columns(several=False, readable=readable),
        batches(),
        lambda: Caption(course, facts),
    )


def rendered(renderer: Renderer, shown: Answer) -> bytes:
    """Give all that `renderer` writes."""
    out = io.BytesIO()
    renderer.render(shown, out)
    return out.getvalue()


def demo_looks_like(golden: str, *arguments: str, width: int | None = None) -> None:
    """Compare the first members of the demo with a golden file, byte for byte."""
    command = ("members", "demo", "-n", "20", *arguments)
    environment = {"COLUMNS": str(width)} if width else {}
    done = coursectl(*command, environment=environment)
    assert (done.code, done.stderr) == (0, "")
    variable = f"COLUMNS={width} " if width else ""
    file = GOLDEN / golden
    expected = file.read_bytes() if file.exists() else b""
    assert done.stdout.decode() == expected.decode(), (
        "the demo looks different; if it is meant to:"
        f" {variable}python -m coursectl {' '.join(command)} > tests/render/golden/{golden}"
    )
