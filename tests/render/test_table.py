import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from coursectl.render.table import TableRenderer, ago
from tests.render.answers import AS_OF, MEMBERS, answer, demo_looks_like, member, rendered

SGR = re.compile(r"\x1b\[([\d;]*)m")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def lines_of(renderer, *members, **options):
    text = rendered(renderer, answer(*members, readable=True, **options)).decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def body_of(renderer, *members, **options):
    """Give the lines of members: those between the rule and a blank line or the end."""
    lines = lines_of(renderer, *members, **options)
    after_rule = lines[next(at for at, line in enumerate(lines) if "──  ─" in line) + 1 :]
    return after_rule[: after_rule.index("")] if "" in after_rule else after_rule


def long_member(id_):
    return member(
        id_,
        username=f"member_of_long_name_{id_}",
        real_name="Dr. Anna-Maria Bianchi von und zu Lichtenstein 佐藤 さくら",
        join_status="payment_waiting",
        user_completion_rate=64,
        last_active_at=AS_OF - timedelta(days=3),
    )


def test_the_title_stands_above_the_facts_and_the_members():
    shown = lines_of(
        TableRenderer(),
        member(7, user_completion_rate=50, last_active_at=AS_OF - timedelta(days=3)),
        course="Food Safety",
        facts=("1 of 3 members", "status joined"),
    )
    assert shown == [
        "Food Safety",
        "1 of 3 members · status joined",
        "",
        "ID  Username  Name  Status      Completion  Last active  Joined",
        "──  ────────  ────  ──────  ──────────────  ───────────  ──────────",
        " 7  member_7  Ann   joined  ━━━━━───── 50%  3 days ago   2026-03-02",
    ]


def test_nobody_is_a_title_and_no_header():
    assert lines_of(TableRenderer(width=80), facts=("0 of 3 members",)) == [
        "Food Safety",
        "0 of 3 members",
    ]


# Widths


@pytest.mark.parametrize("width", [200, 80, 40, 20])
def test_no_line_is_wider_than_the_terminal(width):
    facts = ("1 of 200 members", "status joined, invited", "inactive for 30d", "as of some moment")
    shown = lines_of(
        TableRenderer(width=width),
        *map(long_member, range(9)),
        course="A Course of a Rather Long Name, " * 8,
        facts=facts,
    )
    assert [line for line in shown if cell_len(line) > width] == []


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=200)
@given(st.lists(MEMBERS, max_size=4), st.sampled_from([200, 120, 80, 60, 40]), st.text(max_size=50))
def test_no_member_makes_a_line_wider_than_the_terminal(members, width, course):
    shown = lines_of(TableRenderer(width=width), *members, course=course, facts=(course, course))
    assert [line for line in shown if cell_len(line) > width] == []


def test_without_a_width_nothing_folds_and_nothing_is_cut():
    shown = "\n".join(lines_of(TableRenderer(), *map(long_member, range(3)), course="C" * 300))
    assert "…" not in shown
    assert "Not shown" not in shown
    assert "Lichtenstein 佐藤 さくら" in shown
    assert "C" * 300 in shown


@pytest.mark.parametrize(
    ("width", "folded"),
    [
        (200, ""),
        (80, "ID, Username"),
        (50, "ID, Username, Last active, Joined"),
    ],
)
def test_the_columns_that_say_least_fold_first_and_a_note_names_them(width, folded):
    shown = lines_of(TableRenderer(width=width), *[long_member(10**6 + n) for n in range(3)])
    header = next(line for line in shown if "Completion" in line)
    titles = ["ID", "Username", "Name", "Status", "Completion", "Last active", "Joined"]
    hidden = folded.split(", ") if folded else []
    assert re.split(r"\s{2,}", header.strip()) == [t for t in titles if t not in hidden]
    if folded:
        assert shown[-2] == ""
        assert shown[-1].startswith(f"Not shown at this width: {folded}"[: width - 1])
    else:
        assert "Not shown" not in "\n".join(shown)


@pytest.mark.parametrize("width", [200, 80, 40, 20])
def test_columns_that_were_asked_for_never_fold(width):
    columns = "id,username,real_name,join_status,last_active_at"
    renderer = TableRenderer(width=width, may_fold=False)
    shown = lines_of(renderer, *map(long_member, range(3)), columns=columns)
    assert len(shown[4].split()) == len(columns.split(","))
    assert shown[3].split()[0] == "ID"
    assert not any("Not shown" in line for line in shown)


def test_at_80_cells_a_long_name_gives_way_with_an_ellipsis():
    shown = body_of(TableRenderer(width=80), *map(long_member, range(3)))
    assert all("Dr. Anna-Maria" in line and "…" in line for line in shown)


def test_wide_and_joined_characters_line_up():
    names = [
        "Ann",
        "佐藤 さくら",
        "Family 👨\u200d👩\u200d👧\u200d👦 Berg",
        "Zoë 🇮🇹",
        "สมชาย ใจดี",
        "é",
    ]
    members = [member(10 + each, real_name=name) for each, name in enumerate(names)]
    for width in (None, 80, 30):
        renderer = TableRenderer(width=width, may_fold=False)
        shown = body_of(renderer, *members, columns="real_name,id")
        assert len(shown) == len(names)
        assert len({cell_len(line) for line in shown}) == 1


# Cells


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (0, "──────────   0%"),
        (1, "━─────────   1%"),
        (0.04, "━───────── <0.1%"),
        (50, "━━━━━─────  50%"),
        (99, "━━━━━━━━━─  99%"),
        (100, "━━━━━━━━━━ 100%"),
        (None, "              -"),
    ],
)
def test_completion_is_a_bar_and_a_number(rate, shown):
    members = [member(1, user_completion_rate=rate), member(2, user_completion_rate=100)]
    columns = "join_status,user_completion_rate"
    first, second = body_of(TableRenderer(), *members, columns=columns)
    assert first == f"joined  {shown}"
    assert second.replace("━  1", "━ 1") == "joined  ━━━━━━━━━━ 100%"


def test_a_bar_is_full_at_the_end_only():
    members = [member(1, user_completion_rate=99.9), member(2, user_completion_rate=99.99)]
    columns = "join_status,user_completion_rate"
    assert body_of(TableRenderer(), *members, columns=columns) == [
        "joined  ━━━━━━━━━─  99.9%",
        "joined  ━━━━━━━━━─ >99.9%",
    ]


MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (59.9, "just now"),
        (MINUTE, "1 minute ago"),
        (2 * MINUTE - 1, "1 minute ago"),
        (2 * MINUTE, "2 minutes ago"),
        (HOUR - 1, "59 minutes ago"),
        (HOUR, "1 hour ago"),
        (2 * HOUR, "2 hours ago"),
        (DAY - 1, "23 hours ago"),
        (DAY, "1 day ago"),
        (2 * DAY - 1, "1 day ago"),
        (2 * DAY, "2 days ago"),
        (59 * DAY, "59 days ago"),
        (61 * DAY, "2 months ago"),
        (92 * DAY, "3 months ago"),
        (705 * DAY, "23 months ago"),
        (731 * DAY, "2 years ago"),
        (1100 * DAY, "3 years ago"),
        (-59, "just now"),
        (-MINUTE, "in 1 minute"),
        (-3 * DAY, "in 3 days"),
        (-1100 * DAY, "in 3 years"),
    ],
)
def test_activity_is_said_in_the_largest_unit_that_still_tells(seconds, said):
    assert ago(AS_OF - timedelta(seconds=seconds), AS_OF) == said


def test_what_lies_further_back_is_never_said_to_be_nearer():
    lengths = {"day": 1, "month": 30.44, "year": 365.25}
    said = [ago(AS_OF - timedelta(days=days), AS_OF) for days in range(1, 1500)]
    days = [
        int(number) * lengths[unit.removesuffix("s")] for number, unit, _ in map(str.split, said)
    ]
    assert [said[at : at + 2] for at in range(len(days) - 1) if days[at] > days[at + 1]] == []


def test_never_and_not_joined_never_show_a_date():
    nobody = member(7, join_status="invited", last_active_at=None, joined_at=None)
    (line,) = body_of(TableRenderer(), nobody)
    assert line.endswith("never        not joined")
    assert not DATE.search(line)


def test_the_day_that_someone_joined_is_the_day_in_utc():
    late = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    (line,) = body_of(TableRenderer(), member(joined_at=late), columns="id,joined_at")
    assert line == " 1  2026-03-02"


@pytest.mark.parametrize(
    ("column", "word"), [("join_status", "none"), ("real_name", "-"), ("username", "-")]
)
def test_a_null_is_said_in_words(column, word):
    (line,) = body_of(TableRenderer(), member(7, **{column: None}), columns=f"id,{column}")
    assert line.split() == ["7", word]


# Colour


def test_without_a_colour_system_there_is_no_escape_code():
    shown = rendered(TableRenderer(), answer(*map(long_member, range(3))))
    assert b"\x1b" not in shown


@pytest.mark.parametrize("system", ["standard", "256", "truecolor", "windows"])
def test_no_color_leaves_bold_and_dim_and_no_colour(system):
    members = [member(1), member(2, join_status="creator"), member(3, join_status="odd")]
    shown = rendered(TableRenderer(color_system=system, no_color=True), answer(*members)).decode()
    assert {code for found in SGR.findall(shown) for code in found.split(";")} == {"0", "1", "2"}


def test_each_status_has_its_colour():
    statuses = ["creator", "manager", "joined", "invited", "requested", "payment_waiting", None]
    members = [member(1, join_status=status) for status in statuses]
    shown = body_of(TableRenderer(color_system="standard"), *members, columns="id,join_status")
    codes = [SGR.findall(line)[2] for line in shown]
    assert codes == ["35", "34", "32", "33", "36", "31", "2"]


def test_colour_changes_no_text():
    members = [*map(long_member, range(3)), member(7), member(8, user_completion_rate=100)]
    coloured = rendered(TableRenderer(width=80, color_system="truecolor"), answer(*members))
    bare = rendered(TableRenderer(width=80), answer(*members)).decode()
    without = [line.rstrip() for line in SGR.sub("", coloured.decode()).split("\n")]
    assert without == bare.split("\n")


# Hostile names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann [/bad]", "Ann [/bad]"),
        ("[red]Ann[/red]", "[red]Ann[/red]"),
        ("[link=https://evil.example]Ann", "[link=https://evil.example]Ann"),
        (":smile:", ":smile:"),
        ("a\nb\r\nc", "a b c"),
        ("\x1b[31mred", "[31mred"),
        ("\x9b31mred", "31mred"),
        ("a\u2028b\x85c", "a b c"),
        ("\u202eevil", "evil"),
        ("a\x08\x7f\x00b", "ab"),
    ],
)
@pytest.mark.parametrize("system", [None, "truecolor"])
def test_a_hostile_name_is_shown_as_one_line_of_text(name, shown, system):
    columns = "id,real_name,join_status,course"
    lines = lines_of(
        TableRenderer(color_system=system),
        member(1, real_name=name, join_status=name),
        columns=columns,
        course=name,
        facts=(f'search "{name}"',),
    )
    bare = [SGR.sub("", line) for line in lines]
    assert len(bare) == 6
    assert bare[:2] == [shown, f'search "{shown}"']
    assert re.split(r"\s{2,}", bare[5].strip()) == ["1", shown, shown, shown]


@pytest.mark.slow
@settings(max_examples=200)
@given(st.lists(MEMBERS, min_size=1, max_size=4))
def test_as_many_lines_as_members_and_no_control_character_whatever_they_wrote(members):
    shown = rendered(TableRenderer(), answer(*members)).decode()
    assert len(shown.splitlines()) == len(members) + 5
    assert not [each for each in shown if ord(each) < 32 and each != "\n"]


def test_the_demo_on_80_columns_looks_as_it_did():
    demo_looks_like("demo-table-80.txt", "-f", "table", width=80)


def test_the_demo_on_200_columns_looks_as_it_did():
    demo_looks_like("demo-table-200.txt", "-f", "table", width=200)


def test_the_first_screen_is_shown_before_the_other_lines_are_laid_out():
    class Watched(io.BytesIO):
        shown: int | None = None

        def flush(self) -> None:
            if self.shown is None:
                self.shown = self.getvalue().count(b"\n")

    out = Watched()
    TableRenderer(width=80).render(answer(*map(member, range(1000))), out)
    assert out.shown is not None
    assert 100 < out.shown < 300
    assert out.getvalue().count(b"\n") > 1000
