"""What is plainly a value is the value that Typer makes of it, and all else is left to Typer."""

from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import example, given
from hypothesis import strategies as st
from typer.core import TyperCommand
from typer.main import get_command

from coursectl.cli.commands import NAMES, Command, built
from coursectl.cli.formats import Format
from coursectl.cli.plain_values import plainly

NUMBERS = st.integers().map(str) | st.floats().map(str) | st.text("0123456789٣ +-_.e", max_size=20)
TEXTS = st.text(max_size=20) | NUMBERS | st.sampled_from([each.value for each in Format])


def app_with(command: type[TyperCommand]) -> Any:
    app = typer.Typer(add_completion=False)

    @app.command(cls=command)
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

    return get_command(app)


PLAIN, TYPERS = app_with(Command), app_with(TyperCommand)


def outcome(command: Any, arguments: list[str]) -> Any:
    """What a command gets, or the error that it is not run for."""
    try:
        return command.main(arguments, standalone_mode=False)
    except typer.TyperException as error:
        return error.format_message()


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
    found, expected = outcome(PLAIN, arguments), outcome(TYPERS, arguments)
    assert found == expected
    assert repr(found) == repr(expected)  # of the same types, too


@given(value=TEXTS)
@example("csv")
@example("CSV")
def test_a_choice_is_the_one_that_typer_would_take(value):
    arguments = ["a", "b", f"--chosen={value}"]
    assert outcome(PLAIN, arguments) == outcome(TYPERS, arguments)


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
