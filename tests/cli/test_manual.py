"""The help: it is the manual's, and the manual is Typer's."""

import re
import sys
from pathlib import Path

import pexpect
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from coursectl.cli.app import app
from coursectl.cli.grammar import PROGRAM
from coursectl.cli.help import help_text, page_asked_for
from coursectl.cli.manual import PAGES
from tests.cli import manual
from tests.running import clean_environment, coursectl

# Each help runs the same lines, and `test_app` runs them too.
pytestmark = pytest.mark.no_cover

MANUAL = Path(__file__).parent.parent.parent / "coursectl" / "cli" / "manual.py"


def words_of(name: str) -> list[str]:
    return name.split()[1:]


def test_the_manual_says_what_typer_knows():
    assert MANUAL.read_text(encoding="utf-8") == manual.source(), (
        "regenerate it: python -m tests.cli.manual > manual.py && mv manual.py coursectl/cli/"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_help_fits_the_window_and_is_never_too_wide_to_read(name, width):
    lines = coursectl(*words_of(name), "--help", environment={"COLUMNS": str(width)}).text
    assert lines.isascii()
    # An example is a line to copy, which is never broken.
    broken = [line for line in lines.splitlines() if PROGRAM not in line or width >= 80]
    assert max(map(len, broken)) <= min(width, 100)


@pytest.mark.parametrize("name", PAGES)
def test_the_help_that_comes_at_once_is_the_help_of_the_app(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    at_once = coursectl(*words_of(name), "--help", environment={"COLUMNS": "80"})
    run = CliRunner().invoke(app, [*words_of(name), "--help"], prog_name=PROGRAM)
    assert (at_once.text, at_once.stderr) == (run.stdout, "")


WORDS = sorted(
    {word for name in PAGES for word in words_of(name)}
    | {name for page in PAGES.values() for name in page.options}
    | {"demo", "-", "--", "--bad", "-x", "--status=joined", "--help=1", "-hn5", "-n5h", "-qh", "5"}
)


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_a_help_comes_at_once_only_where_the_app_would_show_it(words):
    page = page_asked_for(words)
    if page is not None:
        run = CliRunner().invoke(app, words, prog_name=PROGRAM)
        assert (run.exit_code, run.stdout) == (0, help_text(page.name) + "\n")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("", "coursectl"),
        ("--help", "coursectl"),
        ("-h", "coursectl"),
        ("--profile work auth", "coursectl auth"),
        ("auth login --url https://x --help", "coursectl auth login"),
        ("members -h demo", "coursectl members"),
        ("members --limit much --help", "coursectl members"),
        ("members -qhn5", "coursectl members"),
    ],
)
def test_a_plain_wish_for_help_is_seen(words, name):
    page = page_asked_for(words.split())
    assert page is not None
    assert page.name == name


@pytest.mark.parametrize(
    "words",
    [
        "members --bad --help",
        "membrs --help",
        "members -n --help",
        "--version --help",
        "--profile a --profile b --help",
        "members",
        "x -h",
    ],
)
def test_what_the_parser_may_refuse_is_left_to_it(words):
    assert page_asked_for(words.split()) is None


def on_a_terminal(**variables: str) -> str:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "coursectl", "members", "--help"],
        env=clean_environment(**{"TERM": "xterm-256color"} | variables),
        encoding="utf-8",
        dimensions=(100, 70),
        timeout=30,
    )
    return child.read()


def test_on_a_terminal_headings_are_bold_and_names_coloured():
    shown = on_a_terminal()
    assert "\x1b[1mUsage:\x1b[0m" in shown
    assert re.search(r"\x1b\[36m-s, --status STATUS,...\x1b\[0m", shown)
    plain = re.sub(r"\x1b\[\d*m", "", shown).splitlines()
    assert max(map(len, plain)) <= 70


def test_no_color_means_no_colour_and_a_dumb_terminal_gets_text_alone():
    styles = set(re.findall(r"\x1b\[\d+m", on_a_terminal(NO_COLOR="1")))
    assert styles == {"\x1b[0m", "\x1b[1m"}
    assert "\x1b" not in on_a_terminal(TERM="dumb")
