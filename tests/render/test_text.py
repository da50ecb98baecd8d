import io
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from coursectl.errors import InvalidData
from coursectl.render.text import TextRenderer
from tests.render.answers import AS_OF, MEMBERS, answer, demo_looks_like, member, rendered

PLAIN = TextRenderer()
MARKDOWN = TextRenderer(markdown=True)


def lines_of(renderer, *members, **options):
    text = rendered(renderer, answer(*members, readable=True, **options)).decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def cells_of(line):
    """Cut a row of a Markdown table where its bars are not escaped."""
    cells, escaped = [""], False
    for character in line:
        if character == "|" and not escaped:
            cells.append("")
        else:
            cells[-1] += character
        escaped = character == "\\" and not escaped
    first, *middle, last = cells
    assert (first, last) == ("", "")
    return [cell.strip() for cell in middle]


def shown_by_markdown(cell):
    """Take away the backslashes that Markdown takes away, and what nobody sees behind an @."""
    text, escaped = "", False
    for character in cell:
        if character == "\\" and not escaped:
            escaped = True
        else:
            text += character
            escaped = False
    return text.replace("@\u200b", "@")


def test_a_plain_table_has_a_header_and_columns_that_line_up():
    moment = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    members = [
        member(7, user_completion_rate=12.5, last_active_at=moment),
        member(1024, real_name="Maja Bianchi", user_completion_rate=100),
    ]
    assert lines_of(PLAIN, *members) == [
        "  ID  Username     Name          Status  Completion  Last active           Joined",
        "   7  member_7     Ann           joined       12.5%  2026-11-01T09:30:00Z"
        "  2026-03-02T08:00:00Z",
        "1024  member_1024  Maja Bianchi  joined        100%  never               "
        "  2026-03-02T08:00:00Z",
    ]


def test_a_markdown_table_says_which_columns_are_right_aligned():
    columns = "id,real_name,user_completion_rate"
    assert lines_of(MARKDOWN, member(7), columns=columns) == [
        "| ID | Name | Completion |",
        "|---:|:-----|-----------:|",
        "|  7 | Ann  |         0% |",
    ]


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (0, "0%"),
        (12.5, "12.5%"),
        (25.0, "25%"),
        (33.333, "33.3%"),
        (99.96, ">99.9%"),
        (100, "100%"),
    ],
)
def test_completion_is_a_percentage_that_is_never_100_before_the_end(rate, shown):
    lines = lines_of(PLAIN, member(user_completion_rate=rate), columns="user_completion_rate")
    assert [line.strip() for line in lines] == ["Completion", shown]


@pytest.mark.parametrize(
    ("column", "word"),
    [
        ("last_active_at", "never"),
        ("joined_at", "not joined"),
        ("join_status", "none"),
        ("user_completion_rate", "-"),
        ("real_name", "-"),
        ("username", "-"),
        ("avatar", "-"),
    ],
)
@pytest.mark.parametrize("renderer", [PLAIN, MARKDOWN])
def test_a_null_is_said_in_words(renderer, column, word):
    last = lines_of(renderer, member(7, **{column: None}), columns=f"id,{column}")[-1]
    cells = cells_of(last) if renderer is MARKDOWN else last.split(maxsplit=1)
    assert cells == ["7", word]


def test_an_answer_without_members_has_a_header():
    assert lines_of(PLAIN, columns="id,real_name") == ["ID  Name"]
    header, rule = lines_of(MARKDOWN, columns="id,real_name")
    assert cells_of(header) == ["ID", "Name"]
    assert len(cells_of(rule)) == 2


def test_a_moment_may_be_told_by_its_day_and_never_by_part_of_a_word():
    rows = [member(1, last_active_at=None, joined_at=AS_OF), member(2, joined_at=None)]
    shown = lines_of(TextRenderer(days=True), *rows, columns="id,last_active_at,joined_at")
    assert [line.split(None, 1)[1] for line in shown[1:]] == [
        f"never        {AS_OF:%Y-%m-%d}",
        "never        not joined",
    ]


@pytest.mark.parametrize("renderer", [PLAIN, MARKDOWN])
def test_nothing_is_cut_off(renderer):
    name, avatar = "N" * 255, "https://community.example/" + "a" * 5000
    shown = lines_of(renderer, member(real_name=name, avatar=avatar), columns="avatar,id,real_name")
    assert name in shown[-1]
    assert avatar in shown[-1].replace("\\:", ":")


WIDE = [
    "Ann",
    "佐藤 さくら",
    "이서연",
    "สมชาย ใจดี",
    "प्रिया शर्मा",
    "e\u0301lodie",
    "Ana 🌻",
    "Family 👨\u200d👩\u200d👧\u200d👦 Berg",
    "Zoë 🇮🇹",
    "نور حداد",
]


@pytest.mark.parametrize("renderer", [PLAIN, MARKDOWN])
def test_wide_and_joined_characters_line_up(renderer):
    members = [member(each, real_name=name) for each, name in enumerate(WIDE)]
    lines = lines_of(renderer, *members, columns="real_name,id")
    assert len({wcswidth(line) for line in lines}) == 1
    assert len(lines) == len(WIDE) + (1 if renderer is PLAIN else 2)


@pytest.mark.slow
@pytest.mark.measured
@settings(max_examples=200)
@given(st.lists(MEMBERS, max_size=5))
def test_a_member_is_one_line_without_trailing_blanks(members):
    text = rendered(PLAIN, answer(*members, readable=True)).decode()
    assert len(text.splitlines()) == len(members) + 1
    for line in text[:-1].split("\n"):
        assert line == line.rstrip()
        assert not [each for each in line if unicodedata.category(each) == "Cc"]


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(MEMBERS, min_size=1, max_size=5))
def test_a_row_of_markdown_stays_a_row_with_as_many_cells(members):
    columns = "id,real_name,username,avatar,join_status,course"
    shown = answer(*members, columns=columns, course="a|b\\")
    header, rule, *rows = rendered(MARKDOWN, shown).decode()[:-1].split("\n")
    assert cells_of(header) == ["ID", "Name", "Username", "Avatar", "Status", "Course"]
    assert len(rows) == len(members)
    for row in (rule, *rows):
        assert len(cells_of(row)) == 6
    for row, each in zip(rows, members, strict=True):
        cells = cells_of(row)
        assert (cells[0], shown_by_markdown(cells[5])) == (str(each["id"]), "a|b\\")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a|b", r"a\|b"),
        ("a\\", r"a\\"),
        ("a\\|b", r"a\\\|b"),
        ("*bold* _it_ ~no~", r"\*bold\* \_it\_ \~no\~"),
        ("`code`", r"\`code\`"),
        ("[Ann](https://evil.example)", r"\[Ann\]\(https\://evil.example\)"),
        ("http://evil.example", r"http\://evil.example"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("3:4 www", "3:4 www"),
        ("![x](y)", r"\!\[x\]\(y\)"),
        ("<script>", r"\<script\>"),
        ("&lt;", r"\&lt;"),
        ("$x$", r"\$x\$"),
        ("@everyone, @Here", "@\u200beveryone, @\u200bHere"),
        ("ann@b.example", "ann@\u200bb.example"),
        ("<@U123> <!channel> #1", "\\<@\u200bU123\\> \\<\\!channel\\> \\#1"),
        ("@@all@", "@\u200b@\u200ball@\u200b"),
    ],
)
def test_markup_in_a_name_is_text(name, written):
    last = lines_of(MARKDOWN, member(real_name=name), columns="id,real_name")[-1]
    assert cells_of(last)[1] == written
    assert shown_by_markdown(written) == name


def test_plain_text_is_not_escaped():
    name = "a|b *c* [d] <e>"
    shown = lines_of(PLAIN, member(7, real_name=name), columns="id,real_name")
    assert shown == ["ID  Name", f" 7  {name}"]


@pytest.mark.parametrize("renderer", [PLAIN, MARKDOWN])
@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "\x01", "a\u202eb"])
def test_a_hostile_name_adds_neither_lines_nor_escape_codes(renderer, name):
    lines = lines_of(renderer, member(real_name=name), columns="real_name,id")
    assert len(lines) == (2 if renderer is PLAIN else 3)
    assert not {"\x1b", "\r", "\u2028", "\u202e", "\x01"} & set("".join(lines))


def test_what_fails_later_writes_nothing():
    out = io.BytesIO()
    with pytest.raises(InvalidData):
        PLAIN.render(answer(member(), error=InvalidData("row 2")), out)
    assert out.getvalue() == b""


def test_the_demo_in_plain_text_looks_as_it_did():
    demo_looks_like("demo-plain.txt", "-f", "plain")


def test_the_demo_in_markdown_looks_as_it_did():
    demo_looks_like("demo-markdown.txt", "-f", "markdown")
