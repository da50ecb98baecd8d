import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursectl.printable import printable, shortened
from tests.roster.strategies import texts

EVERY_CHARACTER = list(map(chr, range(sys.maxunicode + 1)))

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ann Lee",
        "李小龍",
        "Zoë",
        "e\u0301",
        "👩🏽\u200d🚀",
        "می\u200cخواهم",
        "مرحبا",
        "\u00a0",
        "=1+1",
        "[bold]",
        "\\n",
        '},{"',
    ],
)
def test_harmless_text_stays_as_it_is(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a b"),
        ("a\r\nb", "a b"),
        ("a\t\n\n\tb", "a b"),
        ("a\u2028b\u2029c\x85d\x0be\x0cf\x1cg", "a b c d e f g"),
        ("\n", " "),
    ],
)
def test_line_ends_become_one_space(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("\x9b31m", "31m"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("\ufeffa\ufff9b", "ab"),
    ],
)
def test_what_acts_on_a_terminal_is_left_out(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize("mark", BIDI)
def test_what_turns_text_around_is_left_out(mark):
    assert printable(f"a{mark}b") == "ab"


def test_an_undecodable_byte_is_shown_as_one():
    name = b"caf\xe9.json".decode(errors="surrogateescape")
    assert printable(name) == "caf\ufffd.json"


@pytest.mark.slow
@pytest.mark.measured
def test_no_control_character_comes_through_of_all_there_are():
    shown = printable("".join(EVERY_CHARACTER))
    categories = {unicodedata.category(each) for each in shown}
    assert categories.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert set(shown).isdisjoint(BIDI)
    shown.encode()


@pytest.mark.slow
def test_each_character_alone_is_treated_as_among_others():
    for each in EVERY_CHARACTER:
        assert printable(each) == printable("\0" + each), hex(ord(each))


@settings(max_examples=300)
@given(text=texts())
def test_printable_text_is_one_line_and_printing_it_again_changes_nothing(text):
    shown = printable(text)
    assert len(shown.splitlines()) <= 1
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a\n\nb", 3, "a b"),
        ("\x1b" * 3 + "abc", 3, "abc"),
        ("x" * 61, 60, "x" * 59 + "…"),
        ("", 3, ""),
    ],
)
def test_shortened_text_is_cut_with_an_ellipsis(text, limit, shown):
    assert shortened(text, limit) == shown


@settings(max_examples=300)
@given(text=texts() | st.text(min_size=50), limit=st.integers(1, 80))
def test_shortened_text_is_printable_and_no_longer_than_the_limit(text, limit):
    shown = shortened(text, limit)
    assert len(shown) <= limit
    assert printable(shown) == shown


def test_text_that_is_cut_says_so_even_if_much_of_it_cannot_be_shown():
    assert shortened("\x1b" * 1_000 + "abc").endswith(("abc", "…"))
