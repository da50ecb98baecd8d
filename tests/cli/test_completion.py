from pathlib import Path

import pytest

from coursectl.cli.completion import Shell
from tests.running import coursectl

SCRIPTS = Path(__file__).parent.parent.parent / "completions"

FILES = {
    Shell.BASH: "coursectl.bash",
    Shell.ZSH: "_coursectl",
    Shell.FISH: "coursectl.fish",
    Shell.POWERSHELL: "coursectl.ps1",
}


@pytest.mark.parametrize("shell", Shell)
def test_the_scripts_in_the_repository_are_those_that_the_program_prints(shell):
    kept = (SCRIPTS / FILES[shell]).read_text(encoding="utf-8")
    assert coursectl("completion", shell).text == kept, (
        f"regenerate it: coursectl completion {shell} > completions/{FILES[shell]}"
    )


def test_no_other_scripts_lie_there():
    assert {path.name for path in SCRIPTS.iterdir()} == set(FILES.values())


def offered(shell: Shell, line: str, cwd: Path) -> list[str]:
    """Ask as the script of the shell does, and give the words that are offered."""
    words = line.split(" ")
    asks = {
        Shell.BASH: {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)},
        Shell.ZSH: {"_TYPER_COMPLETE_ARGS": line},
        Shell.FISH: {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        Shell.POWERSHELL: {
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
        },
    }
    environment = asks[shell] | {"_COURSECTL_COMPLETE": f"complete_{shell}"}
    answer = coursectl(environment=environment, cwd=cwd).text
    if shell is Shell.ZSH:
        inside = answer.partition(":((")[2].rpartition("))")[0]
        return [row.split('"')[1] for row in inside.splitlines()]
    ends = {Shell.BASH: "\n", Shell.FISH: "\t", Shell.POWERSHELL: ":::"}
    return [row.partition(ends[shell])[0] for row in answer.splitlines() if row]


@pytest.mark.parametrize("shell", Shell)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("coursectl mem", ["members"]),
        ("coursectl members demo --stat", ["--status"]),
        ("coursectl members demo --status inv", ["invited"]),
        ("coursectl members demo -s joined,re", ["joined,requested"]),
        ("coursectl members demo -c id,user_", ["id,user_completion_rate"]),
        ("coursectl members demo --format json", ["json", "jsonl"]),
        ("coursectl courses --columns id,na", ["id,name"]),
        ("coursectl courses --sort cre", ["created_at"]),
        ("coursectl export de", ["demo"]),
        ("coursectl completion po", ["powershell"]),
    ],
)
def test_a_tab_press_offers(shell, line, words, tmp_path):
    assert offered(shell, line, tmp_path) == words


@pytest.mark.parametrize("command", ["completion", "courses", "export", "members"])
def test_the_help_of_a_command_shows_no_marks_of_its_own(command):
    text = coursectl(command, "--help").text
    assert not any(mark in text for mark in ("\\b", "\b", "[bold]"))


def test_what_is_there_already_is_not_offered_again_after_a_comma(tmp_path):
    assert offered(Shell.BASH, "coursectl members demo -s joined,", tmp_path) == [
        f"joined,{word}" for word in ("creator", "manager", "invited", "requested", "none")
    ]


def test_columns_to_sort_by_are_offered_both_ways(tmp_path):
    words = offered(Shell.BASH, "coursectl members demo --sort ", tmp_path)
    assert {"joined_at", "-joined_at"} <= set(words)
    assert len(words) == 18


def test_courses_are_the_demo_and_the_exports_at_hand(tmp_path):
    (tmp_path / "rosters").mkdir()
    for name in ("a.json", "b.ndjson.gz", "notes.txt", "rosters/c.jsonl"):
        (tmp_path / name).touch()
    assert offered(Shell.BASH, "coursectl members ", tmp_path) == ["demo", "a.json", "b.ndjson.gz"]
    assert offered(Shell.BASH, "coursectl members rosters/", tmp_path) == ["rosters/c.jsonl"]


def test_a_folder_that_is_not_there_offers_nothing(tmp_path):
    assert offered(Shell.BASH, "coursectl members nowhere/", tmp_path) == []
