"""TAB at a real prompt of bash, zsh and fish."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.missing import program
from tests.running import clean_environment

# What a TAB press runs, `test_completion` runs too.
pytestmark = [pytest.mark.no_cover, pytest.mark.slow]

SCRIPTS = Path(__file__).parent.parent.parent / "completions"

HEIGHT, WIDTH = 40, 200

ZSH = "PROMPT='> '; unsetopt PROMPT_SP; zle_bracketed_paste=()"

SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], f"source {SCRIPTS}/coursectl.bash", "PS1='> '"),
    "zsh": (
        ["-f", "-i"],
        f"autoload -U compinit && compinit -u -D && source {SCRIPTS}/_coursectl",
        ZSH,
    ),
    "zsh that finds the script": (
        ["-f", "-i"],
        f"fpath=({SCRIPTS} $fpath); autoload -U compinit && compinit -u -D",
        ZSH,
    ),
    "fish": (
        ["--no-config", "-i"],
        f"source {SCRIPTS}/coursectl.fish",
        "function fish_prompt; echo -n '> '; end; set -g fish_autosuggestion_enabled 0",
    ),
}


@contextmanager
def prompt(shell: str, folder: Path) -> Iterator[pexpect.spawn]:
    """Run a shell that has read the script, in a folder; skip where there is none."""
    found = program(shell.split()[0])
    arguments, load, look = SHELLS[shell]
    # coursectl lies beside the interpreter that runs the tests.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = clean_environment(
        PATH=path,
        TERM="xterm",
        HOME=str(folder),
        LC_ALL="C.UTF-8",
        COURSECTL_CONFIG=str(folder / "config.toml"),
        XDG_CACHE_HOME=str(folder / ".cache"),
    )
    child = pexpect.spawn(
        found,
        arguments,
        cwd=folder,
        env=environment,
        encoding="utf-8",
        timeout=30,
        dimensions=(HEIGHT, WIDTH),
    )
    try:
        child.sendline(load)
        child.sendline(look)
        child.sendline("echo is-''ready")
        child.expect("is-ready")
        child.expect("> ")
        yield child
    finally:
        child.close(force=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rosters").mkdir()
    for name in ("monday.json", "notes.txt", "rosters/june.json", "two words.json"):
        (tmp_path / name).touch()
    (tmp_path / "config.toml").write_text("[profiles.work]\n")
    (tmp_path / ".cache" / "coursectl").mkdir(parents=True)
    (tmp_path / ".cache" / "coursectl" / "courses").write_text("4711 knife-skills\n")
    return tmp_path


def shows(child: pexpect.spawn, *texts: str) -> bool:
    """Read what the shell draws until all of these stand on the screen, or nothing more comes."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    while True:
        drawn = "\n".join(line.rstrip() for line in screen.display)
        if all(text in drawn for text in texts):
            return True
        try:
            stream.feed(child.read_nonblocking(4096, timeout=10))
        except pexpect.TIMEOUT:
            return False


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("coursectl mem", "bers"),
        ("coursectl auth logi", "n"),
        ("coursectl members demo --never", "-active"),
        ("coursectl members demo --status inv", "ited"),
        ("coursectl members demo --status joined,req", "uested"),
        ("coursectl members demo -c id,user_c", "ompletion_rate"),
        ("coursectl members demo --format mark", "down"),
        ("coursectl members mon", "day.json"),
        ("coursectl changes monday.json --only ren", "amed"),
        ("coursectl members --sort -user_c", "ompletion_rate"),
        ("coursectl members demo --status=inv", "ited"),
        ("coursectl members demo --status=joined,req", "uested"),
        ("coursectl members --profile wo", "rk"),
        ("coursectl members 47", "11"),
        ("coursectl members kni", "fe-skills"),
        ("coursectl members rosters/ju", "ne.json"),
    ],
)
def test_tab_completes_what_was_begun_and_goes_on_to_the_next_word(shell, typed, completed, folder):
    with prompt(shell, folder) as child:
        child.send(f"{typed}\t")
        child.send("--quiet")
        assert shows(child, f"{typed}{completed} --quiet")


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_goes_down_into_a_folder_and_on(shell, folder):
    with prompt(shell, folder) as child:
        child.send("coursectl trend ros\t")
        assert shows(child, "coursectl trend rosters/")
        child.send("\t")
        child.send("--quiet")
        assert shows(child, "june.json --quiet")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_name_with_a_blank_stays_one_word(shell, folder):
    with prompt(shell, folder) as child:
        child.send("coursectl members tw\t")
        child.send("-n0 --csv -c id\r")
        # The file is empty, and it is this file that is read.
        assert shows(child, "two words.json: ")


@pytest.mark.parametrize("shell", SHELLS)
def test_where_a_file_is_written_the_shell_offers_its_files(shell, folder):
    with prompt(shell, folder) as child:
        child.send("coursectl members demo -o note\t")
        child.send("--quiet")
        assert shows(child, "coursectl members demo -o notes.txt --quiet")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_second_tab_lists_what_there_is(shell, folder):
    with prompt(shell, folder) as child:
        child.send("coursectl members demo --status \t\t")
        assert shows(child, "creator", "joined", "manager", "invited", "requested", "none")
