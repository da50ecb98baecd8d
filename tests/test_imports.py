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
    "pathlib",
    "oauthlib",
    "platformdirs",
    "pyarrow",
    "pydantic",
    "requests",
    "rich",
    "sqlite3",
    "tabulate",
    "ssl",
    "tomlkit",
    "typer",
    "typing",
    "urllib3",
    "wcwidth",
    "xlsxwriter",
}
"""What takes a while to import, and is for some only."""

ALWAYS = {"pathlib", "typer", "typing"}


PROBE = """
import atexit, sys
told = open(sys.argv.pop(1), "w")
atexit.register(lambda: (told.write("\\n".join(sys.modules)), told.close()))
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


@pytest.mark.parametrize("arguments", [[], ["--help"], ["members", "-h"], ["auth", "login", "-h"]])
def test_a_help_needs_nothing(arguments):
    assert heavy_imports(*arguments) == set()


@pytest.mark.parametrize(
    "words", ["members --status inv", "members ", "changes a.json --only ", "--profile ", "auth "]
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_tab_press_needs_nothing(words, shell):
    asked = {"_COURSECTL_COMPLETE": f"complete_{shell}", "COMP_CWORD": str(words.count(" ") + 1)}
    line = f"coursectl {words}"
    assert heavy_imports(COMP_WORDS=line, _TYPER_COMPLETE_ARGS=line, **asked) == set()


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["members", "FILE", "--csv"], set()),
        (["members", "FILE", "--json"], set()),
        (["members", "FILE", "-f", "jsonl", "-n", "5", "-s", "joined", "-o", "FOLDER/a"], set()),
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
    assert found == expected


def test_who_one_is_needs_no_network_where_nothing_is_configured():
    found = heavy_imports("auth", "status", code=ExitCode.ACCESS_DENIED)
    assert found.isdisjoint({"jwt", "keyring", "oauthlib", "rich", "tabulate", "jinja2"})


def test_no_plugin_of_pydantic_is_looked_for(export, tmp_path):
    about = tmp_path / "plugged-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pydantic]\nplugged = plugged:plugin\n")
    (tmp_path / "plugged.py").write_text("raise ImportError('here it is')\n")
    run = coursectl("members", export, "--csv", environment={"PYTHONPATH": str(tmp_path)})
    assert run.code == 0
    assert not run.stderr
