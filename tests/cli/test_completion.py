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


def offered(shell: Shell, line: str, cwd: Path, **environment: str) -> list[str]:
    """Ask as the script of the shell does, and give the words that are offered."""
    words = line.split(" ")
    asks = {
        Shell.BASH: {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)},
        Shell.ZSH: {"_TYPER_COMPLETE_ARGS": line},
        Shell.FISH: {"_TYPER_COMPLETE_ARGS": line},
        Shell.POWERSHELL: {
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1],
        },
    }
    environment |= asks[shell] | {"_COURSECTL_COMPLETE": f"complete_{shell}"}
    environment["XDG_CACHE_HOME"] = str(cwd / "cache")  # no course was seen before
    run = coursectl(environment=environment, cwd=cwd)
    assert (run.code, run.stderr) == (0, "")
    ends = {Shell.BASH: "\n", Shell.ZSH: "\t", Shell.FISH: "\t", Shell.POWERSHELL: ":::"}
    return [row.partition(ends[shell])[0] for row in run.text.splitlines()]


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("shell", Shell)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("coursectl mem", ["members"]),
        ("coursectl members demo --stat", ["--status"]),
        ("coursectl members demo --status inv", ["invited"]),
        ("coursectl members demo -c id,user_", ["id,user_completion_rate"]),
        ("coursectl --profile x auth log", ["login", "logout"]),
        ("coursectl completion po", ["powershell"]),
    ],
)
def test_a_tab_press_offers(shell, line, words, tmp_path):
    assert offered(shell, line, tmp_path) == words


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("coursectl members demo -s joined,re", ["joined,requested"]),
        ("coursectl members demo -sinv", ["-sinvited"]),
        ("coursectl members demo -qsinv", []),
        ("coursectl members demo --status=joined,re", ["--status=joined,requested"]),
        ("coursectl members demo -n 5 --format json", ["json", "jsonl"]),
        ("coursectl members demo -qn 5 -f pl", ["plain"]),
        ("coursectl members demo --limit=5 --form", ["--format"]),
        ("coursectl members demo --quiet --qui", []),
        ("coursectl members demo --status joined --statu", ["--status"]),
        ("coursectl members -- --qui", []),
        ("coursectl members --sort -joined", ["-joined_at"]),
        ("coursectl courses --columns id,na", ["id,name"]),
        ("coursectl courses --sort cre", ["created_at"]),
        ("coursectl courses --al", []),
        ("coursectl changes demo demo --exit", ["--exit-code"]),
        ("coursectl trend -c course_", ["course_id"]),
        ("coursectl export de", ["demo"]),
        ("coursectl auth login --method o", ["oauth"]),
        ("coursectl membrs de", []),
        ("coursectl --profile", ["--profile"]),
        ('coursectl members "de', ["demo"]),
    ],
)
def test_what_is_offered_is_what_the_parser_would_take_there(line, words, tmp_path):
    assert offered(Shell.ZSH, line, tmp_path) == words


@pytest.mark.parametrize("command", ["courses", "changes demo demo", "auth logout"])
def test_where_no_argument_is_left_the_options_are_offered(command, tmp_path):
    words = offered(Shell.FISH, f"coursectl {command} ", tmp_path)
    assert {"--profile", "--debug", "--help", "-h"} <= set(words)


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["--status", "=", "inv"], ["invited"]),
        (["--status", "="], ["creator", "manager", "joined", "invited", "requested", "none"]),
        (["--status", "=", "joined,inv"], ["joined,invited"]),
        (["--status=inv"], ["--status=invited"]),
        (["https", ":", "//x/course/4", "--sort", "-joined"], ["-joined_at"]),
    ],
)
def test_bash_gets_what_belongs_behind_its_last_break_of_a_word(pieces, words, tmp_path):
    # bash breaks words at = and :, unless it was told otherwise.
    asked = {
        "COMP_WORDS": "\n".join(["coursectl", "members", *pieces]),
        "COMP_CWORD": str(len(pieces) + 1),
        "_COURSECTL_COMPLETE": "complete_bash",
    }
    assert coursectl(environment=asked, cwd=tmp_path).text.splitlines() == words


def test_fish_and_zsh_are_told_what_a_word_means(tmp_path):
    asked = {"_COURSECTL_COMPLETE": "complete_fish"}
    said = coursectl(environment={"_TYPER_COMPLETE_ARGS": "coursectl members --max"} | asked)
    assert said.text == "--max-completion\tAt most N percent done\n"
    said = coursectl(environment={"_TYPER_COMPLETE_ARGS": "coursectl tre"} | asked)
    assert said.text == "trend\tShow how courses went, by their exports over time.\n"


@pytest.mark.parametrize("asks", ["complete_tcsh", "source_bash", "x"])
def test_a_shell_that_is_not_known_is_offered_nothing(asks):
    run = coursectl("members", "demo", environment={"_COURSECTL_COMPLETE": asks})
    assert (run.code, run.stdout, run.stderr) == (0, b"", "")


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
    words = ["demo", "a.json", "b.ndjson.gz", "rosters/"]
    assert offered(Shell.BASH, "coursectl members ", tmp_path) == words
    assert offered(Shell.BASH, "coursectl trend ros", tmp_path) == ["rosters/"]
    assert offered(Shell.BASH, "coursectl members rosters/", tmp_path) == ["rosters/c.jsonl"]


def test_a_name_that_would_act_on_a_terminal_or_break_a_line_is_not_offered(tmp_path):
    for name in ("a\nb.json", "a\x1b[2J.json", "a\u202e.json", "\udcff.json", "é f.json"):
        (tmp_path / name).touch()
    assert offered(Shell.FISH, "coursectl report ", tmp_path) == ["demo", "é f.json"]


def test_what_is_hidden_is_offered_when_it_is_asked_for(tmp_path):
    (tmp_path / ".old").mkdir()
    assert offered(Shell.ZSH, "coursectl members ", tmp_path) == ["demo"]
    assert offered(Shell.ZSH, "coursectl members .", tmp_path) == [".old/"]


def test_a_home_is_looked_into_and_stays_a_tilde(tmp_path):
    (tmp_path / "a.json").touch()
    assert offered(Shell.ZSH, "coursectl members ~/", tmp_path, HOME=str(tmp_path)) == ["~/a.json"]


def test_profiles_are_those_of_the_config_file(tmp_path):
    config = tmp_path / "config.toml"
    config.write_text(
        'profile = "work"\n# [profiles.off]\n[profiles.work]\nurl = "https://a.example"\n'
        '[ profiles . "at home" ]\n[profiles.\'x\']\n[other.y]\n[profiles."\\u001b"]\n'
    )
    said = offered(
        Shell.ZSH, "coursectl members --profile ", tmp_path, COURSECTL_CONFIG=str(config)
    )
    assert said == ["work", "at home", "x"]
    config.write_bytes(b"\xff")
    assert not offered(Shell.ZSH, "coursectl --profile ", tmp_path, COURSECTL_CONFIG=str(config))
    assert not offered(Shell.ZSH, "coursectl --profile ", tmp_path, COURSECTL_CONFIG="/nowhere")


def test_a_folder_that_is_not_there_offers_nothing(tmp_path):
    assert offered(Shell.BASH, "coursectl members nowhere/", tmp_path) == []
