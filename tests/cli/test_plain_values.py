"""A value is what Typer makes of it, told in words of our own where Typer refuses it."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st
from typer.core import TyperCommand
from typer.main import get_command

from coursectl.cli.app import app
from coursectl.cli.commands import NAMES, Command, built
from coursectl.cli.formats import Format
from coursectl.cli.plain_values import plainly
from tests.in_process import run
from tests.running import coursectl

NUMBERS = st.integers().map(str) | st.floats().map(str) | st.text("0123456789٣ +-_.e", max_size=20)
# No argument of a process holds a NUL.
ANY = st.text(st.characters(exclude_characters="\0"), max_size=20)
TEXTS = ANY | NUMBERS | st.sampled_from([each.value for each in Format])


def app_with(command: type[TyperCommand]) -> Any:
    one_of_its_own = typer.Typer(add_completion=False)

    @one_of_its_own.command(cls=command)
    def one(
        named: str,
        others: list[str],
        *,
        text: str | None = None,
        texts: list[str] | None = None,
        path: Path | None = None,
        whole: int | None = typer.Option(None, min=1, max=8),
        most: int | None = typer.Option(None, min=0),
        rate: float | None = typer.Option(None, min=0, max=100),
        chosen: Format | None = None,
        usual: str = "14d",
    ) -> Any:
        return locals()

    return get_command(one_of_its_own)


PYDANTIC = re.compile("Input|error,|unable|finite")


PLAIN, TYPERS = app_with(Command), app_with(TyperCommand)


def outcome(command: Any, arguments: list[str]) -> Any:
    """What a command gets, or the error that it is not run for."""
    try:
        return command.main(arguments, standalone_mode=False)
    except typer.TyperException as error:
        return error.format_message()


def is_as_typer_has_it(found: Any, expected: Any) -> bool:
    if isinstance(expected, dict):
        return repr(found) == repr(expected)  # of the same types, too
    return isinstance(found, str) and PYDANTIC.search(found) is None


@given(
    option=st.sampled_from(["--text", "--texts", "--path", "--whole", "--most", "--rate"]),
    value=TEXTS,
)
@example(option="--whole", value="9")
@example(option="--whole", value="08")
@example(option="--most", value="-1")
@example(option="--most", value="1" * 5_000)
@example(option="--rate", value="1e2")
@example(option="--rate", value="100.5")
@example(option="--path", value="")
@example(option="--path", value="~/a//b/")
@example(option="--text", value="\udcff")
@example(option="--texts", value="\udcff")
@example(option="--path", value="\udcff")
def test_a_command_gets_what_typer_would_give_it(option, value):
    arguments = ["a", "b", f"{option}={value}", "--texts", "x"]
    found = outcome(PLAIN, arguments)
    if "\udcff" in value and option != "--path":
        assert found.endswith("is not UTF-8 text")
    else:
        assert is_as_typer_has_it(found, outcome(TYPERS, arguments))


@given(value=TEXTS)
@example("csv")
@example("CSV")
def test_a_choice_is_the_one_that_typer_would_take(value):
    arguments = ["a", "b", f"--chosen={value}"]
    assert is_as_typer_has_it(outcome(PLAIN, arguments), outcome(TYPERS, arguments))


@pytest.mark.parametrize(
    "arguments", [[], ["a"], ["a", "b"], ["a", "b", "--text"], ["--usual", "1d", "a", "b", "c"]]
)
def test_what_is_missing_is_missed_and_what_is_not_given_has_its_default(arguments):
    assert outcome(PLAIN, arguments) == outcome(TYPERS, arguments)


def test_every_kind_of_parameter_that_a_command_has_is_plain_where_it_can_be():
    kinds = set()
    for name in NAMES:
        command = built(name)
        for each in getattr(command, "commands", {name: command}).values():
            kinds |= {parameter.type_descriptor.annotation for parameter in each.params}
    kinds -= {bool, list[str]}  # which Typer takes as they are, and `--texts` above
    for kind in kinds:
        some = next(iter(kind)).value if issubclass(kind, Enum) else "7"
        assert plainly(kind, some) is not None


# What is refused


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("members 1 -n x", "'--limit' / '-n': 'x' is not a whole number from 0 on"),
        ("members 1 -n 1.5", "'--limit' / '-n': '1.5' is not a whole number from 0 on"),
        ("members 1 -n ²", "'--limit' / '-n': '²' is not a whole number from 0 on"),
        ("summary 1 --max-completion nan",
         "'--max-completion': 'nan' is not a number from 0 to 100"),
        ("summary 1 --min-completion inf",
         "'--min-completion': 'inf' is not a number from 0 to 100"),
        ("members 1 --concurrency 9", "'--concurrency': '9' is not a whole number from 1 to 8"),
        ("auth login --user-id me", "'--user-id': 'me' is not a whole number"),
        ("auth login --method jtw",
         "'--method': 'jtw' is none of oauth, token, jwt; did you mean jwt?"),
        ("members 1 --search \udcff", "'--search': '\N{REPLACEMENT CHARACTER}' is not UTF-8 text"),
        ("members 1 -s \udcff", "'--status' / '-s': '\N{REPLACEMENT CHARACTER}' is not UTF-8 text"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_told_in_our_words(arguments, told):
    code, (first, second) = run(*arguments.split(" "))
    assert (code, first) == (2, f"coursectl: Invalid value for {told}")
    assert second == f"  See coursectl {arguments.partition(' -')[0].removesuffix(' 1')} --help."


def options() -> Iterator[tuple[list[str], Any]]:
    """Give each option of each command, with the words that name the command."""
    root = get_command(app)
    yield from (([], each) for each in root.params)
    for name in NAMES:
        command = built(name)
        for below, each in getattr(command, "commands", {"": command}).items():
            yield from (([name, below] if below else [name], option) for option in each.params)


ONCE = [
    pytest.param([*words, max(option.opts, key=len)], id=" ".join([*words, max(option.opts)]))
    for words, option in options()
    if option.param_type_name == "option" and not option.is_flag and not option.multiple
]


@pytest.mark.parametrize("words", ONCE)
def test_an_option_of_one_value_is_refused_where_it_is_given_twice(words):
    *command, option = words
    code, said = run(*command, option, "1", f"{option}=1")
    assert (code, said) == (
        2,
        [f"coursectl: {option} is given 2 times, and takes one value", "  Give it once."],
    )


def test_there_are_options_of_one_value_in_each_command():
    assert len(ONCE) > 60
    assert ["--profile"] in [each.values[0] for each in ONCE]


def test_the_short_name_and_the_long_one_are_the_same_option():
    assert run("members", "demo", "-oa.csv", "--output", "b.csv")[1] == [
        "coursectl: --output is given 2 times, and takes one value",
        "  Give it once.",
    ]


def test_flags_and_lists_may_be_given_again():
    words = "members demo -q --quiet --csv --csv -s joined -s invited -c id -c username -n 1"
    done = coursectl(*words.split())
    assert (done.code, done.text, done.stderr) == (0, "id,username\n1229,sofia_dupont\n", "")


@pytest.mark.parametrize("words", ["members 1 --sort", "auth login --url", "trend x -o"])
def test_a_missing_value_points_to_the_help_of_its_command(words):
    *command, option = words.split()
    code, said = run(*words.split())
    assert code == 2
    assert said == [
        f"coursectl: Option {option!r} requires an argument.",
        f"  See coursectl {' '.join(each for each in command if len(each) > 1)} --help.",
    ]


@pytest.mark.parametrize(
    "words",
    [["members\r"], ["members", "demo\r"], ["members", "demo", "--csv\r"],
     ["members", "demo", "--sort=name\r"], ["export", "demo", "-o", "a.json\r"]],
)  # fmt: skip
def test_a_line_of_a_script_from_windows_is_called_one(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = run(*words)
    assert code == 2
    assert said == [
        f"coursectl: {words[-1].strip()!r} is followed by a carriage return (\\r), as at the end of"
        " a line in a file from Windows",
        "  Save the script, or the list that it reads, with Unix line ends (dos2unix FILE).",
    ]
    assert list(tmp_path.iterdir()) == []
