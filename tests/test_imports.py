"""What each command imports: start-up is a feature, and noise cannot blur this list."""

import subprocess
import sys
from tempfile import NamedTemporaryFile

import pytest

from coursectl.cli.commands import NAMES
from coursectl.errors import ExitCode
from tests.running import clean_environment, coursectl

COMMANDS = frozenset(f"coursectl.cli.{name}" for name in NAMES)

HEAVY = COMMANDS | {
    "coursectl.settings",
    "asyncio",
    "filelock",
    "jinja2",
    "jwt",
    "keyring",
    "multiprocessing",
    "oauthlib",
    "platformdirs",
    "pyarrow",
    "pydantic",
    "requests",
    "rich",
    "sqlite3",
    "ssl",
    "tabulate",
    "tomlkit",
    "typer",
    "urllib3",
    "wcwidth",
    "xlsxwriter",
}
"""What takes a while to import, and is for some only; the completions are looked up in options."""

ALWAYS = {"typer", "coursectl.cli.completion"}


PROBE = """
import atexit, sys
told = open(sys.argv.pop(1), "w")
atexit.register(lambda: told.write("\\n".join(sys.modules)))
from coursectl.cli import main
main()
"""


def heavy_imports(*arguments: str, code: int = 0, **environment: str) -> set[str]:
    """Run coursectl, and give what of HEAVY it imported."""
    # Where coverage is measured, it imports as it likes.
    bare = {
        name: value
        for name, value in clean_environment(**environment).items()
        if not name.startswith("COVERAGE_")
    }
    with NamedTemporaryFile("r") as told:
        run = subprocess.run(
            [sys.executable, "-c", PROBE, told.name, *arguments],
            capture_output=True,
            env=bare,
            check=False,
        )
        assert run.returncode == code, run.stderr
        return HEAVY & set(told.read().split("\n"))


@pytest.fixture(scope="module")
def export(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("imports") / "saved.json"
    assert coursectl("export", "demo", "-o", path).code == 0
    return str(path)


def test_the_version_needs_nothing():
    assert heavy_imports("--version") == set()


@pytest.mark.parametrize(
    ("arguments", "command"),
    [(["--help"], None), (["members", "--help"], "members"), (["auth", "--help"], "auth")],
)
def test_a_help_needs_no_command_but_its_own_and_nothing_that_one_needs_to_run(arguments, command):
    found = heavy_imports(*arguments)
    ours = COMMANDS & found - {"coursectl.cli.completion"}
    # The list of all commands has a line of each.
    assert ours == ({f"coursectl.cli.{command}"} if command else COMMANDS - ALWAYS)
    # Typer asks pydantic what a parameter takes; its list of commands has none.
    assert found - COMMANDS == {"typer", "rich"} | ({"pydantic"} if command else set())


def test_a_tab_press_needs_no_command_but_the_one_that_is_there():
    asked = {"_COURSECTL_COMPLETE": "complete_bash", "COMP_CWORD": "3"}
    found = heavy_imports(COMP_WORDS="coursectl\nmembers\n--status\ninv", **asked)
    assert found - {"rich"} == ALWAYS | {"coursectl.cli.members", "pydantic"}


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["members", "FILE", "--csv"], set()),
        (["members", "FILE", "--json"], set()),
        (["members", "FILE"], {"tabulate", "wcwidth"}),
        (["members", "FILE", "-f", "table"], {"rich"}),
        (["members", "FILE", "-o", "FOLDER/a.xlsx"], {"xlsxwriter", "wcwidth"}),
        (["members", "FILE", "-f", "parquet"], {"pyarrow", "ssl"}),
        (["summary", "FILE", "--csv"], set()),
        (["summary", "FILE", "--json"], set()),
        (["summary", "FILE"], {"tabulate", "wcwidth"}),
        (["summary", "FILE", "-f", "table"], {"rich"}),
        (["changes", "FILE", "FILE", "--json"], {"sqlite3"}),
        (["trend", "FILE", "--csv"], set()),
        (["report", "FILE", "-f", "html"], {"jinja2"}),
        (["report", "FILE"], {"tabulate", "wcwidth"}),
        (["export", "FILE"], set()),
        (["completion", "bash"], set()),
    ],
)
def test_a_command_imports_what_it_needs_and_no_more(arguments, needed, export, tmp_path):
    filled = [part.replace("FILE", export).replace("FOLDER", str(tmp_path)) for part in arguments]
    found = heavy_imports(*filled)
    expected = ALWAYS | {f"coursectl.cli.{arguments[0]}"} | needed
    assert found - {"pydantic"} == expected
    assert "pydantic" in found or arguments[0] == "completion"


def test_who_one_is_needs_no_network_where_nothing_is_configured():
    found = heavy_imports("auth", "status", code=ExitCode.ACCESS_DENIED)
    assert found.isdisjoint({"jwt", "keyring", "oauthlib", "rich", "tabulate", "jinja2"})
