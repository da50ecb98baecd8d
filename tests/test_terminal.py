"""coursectl on a real terminal, and what its screen shows."""

import json
import os
import re
import shlex
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pexpect
import pyte
import pytest

from tests.community import detail
from tests.running import COURSECTL, clean_environment

pytestmark = [pytest.mark.slow, pytest.mark.measured]

SGR = re.compile(rb"\x1b\[([\d;]*)m")
COLOURS = {str(code) for code in (*range(30, 50), *range(90, 108))}
ROW = '{"id": %d, "real_name": "Ann", "join_status": "joined"}'


def terminal_environment(**variables):
    """Give the environment of a terminal that knows colours, and of a person who set nothing."""
    named = clean_environment(TERM="xterm-256color")
    unwanted = ("LESS", "COLORTERM", "CLICOLOR", "TTY_", "JPY_", "JUPYTER", "TERM_PROGRAM")
    return {k: v for k, v in named.items() if not k.startswith(unwanted)} | variables


@dataclass(frozen=True)
class Shown:
    """What a run left on a terminal."""

    code: int
    output: bytes
    screen: pyte.Screen

    @property
    def lines(self):
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    @property
    def colours(self):
        codes = {code for found in SGR.findall(self.output) for code in found.decode().split(";")}
        return codes & COLOURS

    def colour_of(self, text):
        """Give the colour of the first character of `text` on the screen."""
        for y, line in enumerate(self.screen.display):
            if text in line:
                return self.screen.buffer[y][line.index(text)].fg
        raise AssertionError(f"{text!r} is not on the screen")


@contextmanager
def terminal(*arguments, width=80, height=24, stdin=None, stdout=None, **variables):
    """Run coursectl on a terminal; `stdin` and `stdout` name files that take its place there."""

    def redirect():
        if stdin is not None:
            os.dup2(os.open(stdin, os.O_RDONLY), 0)
        if stdout is not None:
            os.dup2(os.open(stdout, os.O_WRONLY | os.O_CREAT), 1)

    command, *first = COURSECTL
    child = pexpect.spawn(
        command,
        [*first, *map(str, arguments)],
        dimensions=(height, width),
        env=terminal_environment(**variables),
        echo=False,
        timeout=60,
        preexec_fn=redirect,
    )
    try:
        yield child
    finally:
        child.close(force=True)


def ended(child, before=b"", *, width=80, height=24):
    """Read a terminal to its end; `before` is what was read of it."""
    output = before + child.read()
    child.close()
    screen = pyte.Screen(width, height)
    pyte.ByteStream(screen).feed(output)
    assert child.signalstatus is None
    return Shown(child.exitstatus, output, screen)


def on_terminal(*arguments, width=80, height=24, **variables):
    """Run coursectl on a terminal to its end."""
    with terminal(*arguments, width=width, height=height, **variables) as child:
        return ended(child, width=width, height=height)


# The table


def test_on_80_columns_the_demo_is_a_table_with_colour_and_the_least_columns_folded():
    shown = on_terminal("members", "demo", "-n", "5")
    assert shown.code == 0
    assert shown.lines == [
        "Food Safety Essentials",
        "5 of 200 members · first 5 · as of 2026-11-23 06:00 UTC",
        "",
        "  ID  Username      Name          Status   Completion  Last active   Joined",
        "────  ────────────  ────────────  ───────  ──────────  ────────────  ──────────",
        "1224  maja_bianchi  Maja Bianchi  creator  ─────   0%  never         2026-03-02",
        "1229  sofia_dupont  Sofia Dupont  joined   ━━━━─  85%  3 months ago  2026-03-03",
        "1243  noah_tran     Noah Tran     joined   ━━━━━ 100%  3 months ago  2026-03-03",
        "1271  rafael_novak  -             joined   ─────   0%  never         2026-03-06",
        "1304  olga_mensah   Olga Mensah   joined   ━━━━━ 100%  12 days ago   2026-03-06",
    ]
    assert shown.colour_of("creator") == "magenta"
    assert shown.colour_of("joined") == "green"
    assert shown.colour_of("━━━━━ 100%") == "green"
    assert shown.colour_of("Maja") == "default"
    assert shown.screen.buffer[0][0].bold


# The screen of the test draws a flag or a family as two or four characters, and not as one: the
# first hundred members of the demo have none.


def test_on_80_columns_every_member_keeps_to_a_line():
    shown = on_terminal("members", "demo", "-n", "100", "--no-pager", height=250)
    assert shown.code == 0
    title, _, _, header, rule, *members, blank, note = shown.lines
    assert title == "Food Safety Essentials"
    assert header.split() == ["Name", "Status", "Completion", "Last", "active", "Joined"]
    assert len(members) == 100
    assert all(re.search(r"\d{4}-\d\d-\d\d$|not joined$", line) for line in members)
    assert len(rule) <= 80
    assert (blank, note) == ("", "Not shown at this width: ID, Username (see --columns)")


def test_on_200_columns_nothing_folds():
    shown = on_terminal("members", "demo", "--no-pager", width=200, height=250)
    assert shown.code == 0
    assert shown.lines[3].split() == [
        "ID", "Username", "Name", "Status", "Completion", "Last", "active", "Joined"
    ]  # fmt: skip
    assert len(shown.lines) == 205
    assert "Not shown" not in "\n".join(shown.lines)


def test_no_color_shows_no_colour_codes():
    shown = on_terminal("members", "demo", "-n", "5", NO_COLOR="1")
    assert shown.code == 0
    assert shown.colours == set()
    assert shown.lines[5].startswith("1224  maja_bianchi")
    assert on_terminal("members", "demo", "-n", "5").colours != set()


def test_a_dumb_terminal_gets_no_escape_codes():
    shown = on_terminal("members", "demo", "-n", "5", TERM="dumb")
    assert shown.code == 0
    assert b"\x1b" not in shown.output
    assert shown.lines[0] == "Food Safety Essentials"


def test_the_hostile_name_of_the_demo_is_text_on_the_screen():
    shown = on_terminal("members", "demo", "--search", "HYPERLINK", "-c", "id,real_name", width=200)
    assert shown.lines[-1] == (
        '2406  =HYPERLINK("https://evil.example","Ann")[2J[31m'
        " not a row [/bold] <script>alert(1)</script>"
    )
    assert len(shown.lines) == 6


def test_machine_formats_have_no_colour_on_a_terminal_either():
    shown = on_terminal("members", "demo", "-n", "1", "--csv", "-c", "id,username")
    assert shown.output == b"id,username\r\n1224,maja_bianchi\r\n"


def test_a_table_that_is_redirected_has_no_colour(tmp_path):
    path = tmp_path / "out.txt"
    with terminal("members", "demo", "-n", "1", "-f", "table", stdout=path) as child:
        shown = ended(child)
    assert (shown.code, shown.output) == (0, b"")
    text = path.read_text()
    assert text.startswith("Food Safety Essentials\n")
    assert "\x1b" not in text


@pytest.mark.parametrize("columns", ["²", "1000000000000", "-5", "wide"])
def test_a_width_that_is_none_is_not_taken_for_one(columns):
    shown = on_terminal("members", "demo", "-n", "1", COLUMNS=columns, LINES=columns)
    assert shown.code == 0
    assert shown.lines[0] == "Food Safety Essentials"
    assert len(shown.lines[4]) <= 80


# The pager

PAGER = """#!{python}
import json, os, sys
text = sys.stdin.buffer.read().decode()
seen = {{"arguments": sys.argv[1:], "LESS": os.environ.get("LESS"), "text": text}}
with open({seen!r}, "w") as file:
    json.dump(seen, file)
print("paged")
"""


def test_a_table_written_to_a_file_from_a_terminal_has_no_colour_and_its_own_width(tmp_path):
    file = tmp_path / "roster.txt"
    on_terminal("members", "demo", "-f", "table", "-o", str(file), width=60)
    text = file.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "Not shown at this width" not in text
    assert text.splitlines()[3].split()[:3] == ["ID", "Username", "Name"]


@dataclass(frozen=True)
class Pager:
    """A pager that takes down what it is given."""

    command: str
    folder: object

    @property
    def seen(self):
        file = self.folder / "seen.json"
        return json.loads(file.read_text()) if file.exists() else None


@pytest.fixture
def pager(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "less"
    script.write_text(PAGER.format(python=sys.executable, seen=str(folder / "seen.json")))
    script.chmod(0o755)
    return Pager(shlex.join([sys.executable, str(script), "--wide mode"]), folder)


def test_a_table_longer_than_the_screen_goes_through_the_pager_with_colour(pager):
    shown = on_terminal("members", "demo", PAGER=pager.command)
    assert (shown.code, shown.lines) == (0, ["paged"])
    assert pager.seen["arguments"] == ["--wide mode"]
    assert pager.seen["LESS"] == "FRX"
    text = pager.seen["text"]
    assert text.count("\n") == 207
    assert "\x1b[32mjoined" in text


def test_without_a_chosen_pager_less_is_it(pager):
    shown = on_terminal("members", "demo", PATH=str(pager.folder))
    assert (shown.code, shown.lines) == (0, ["paged"])
    assert (pager.seen["arguments"], pager.seen["LESS"]) == ([], "FRX")


def test_a_person_who_has_set_up_less_keeps_it_so(pager):
    on_terminal("members", "demo", PAGER=pager.command, LESS="-S")
    assert pager.seen["LESS"] == "-S"


def test_plain_text_goes_through_the_pager_too(pager):
    shown = on_terminal("members", "demo", "-f", "plain", PAGER=pager.command)
    assert (shown.code, shown.lines) == (0, ["paged"])
    assert pager.seen["text"].count("\n") == 201


def test_what_machines_read_is_never_paged(pager):
    shown = on_terminal("members", "demo", "--csv", PAGER=pager.command)
    assert (shown.code, pager.seen) == (0, None)
    assert shown.output.count(b"\r\n") == 201


def test_no_pager_uses_none(pager):
    shown = on_terminal("members", "demo", "--no-pager", PAGER=pager.command)
    assert (shown.code, pager.seen) == (0, None)
    assert shown.output.count(b"\r\n") == 207


@pytest.mark.parametrize("chosen", ["cat", ""])
def test_a_pager_that_is_cat_or_nothing_is_none(pager, chosen):
    # Only the fake less is on the PATH: whatever is started is found out.
    shown = on_terminal("members", "demo", PAGER=chosen, PATH=str(pager.folder))
    assert (shown.code, pager.seen) == (0, None)
    assert shown.output.count(b"\r\n") == 207


@pytest.mark.parametrize("chosen", [None, "no-such-pager --fast"])
def test_a_pager_that_is_not_there_is_done_without(tmp_path, chosen):
    variables = {} if chosen is None else {"PAGER": chosen}
    shown = on_terminal("members", "demo", PATH=str(tmp_path), **variables)
    assert shown.code == 0
    assert shown.output.count(b"\r\n") == 207


def test_a_pager_with_an_unclosed_quote_is_no_bug():
    shown = on_terminal("members", "demo", PAGER="less 'oops")
    assert b"bug" not in shown.output
    assert shown.code in (0, 2)


def test_a_pager_may_be_a_pipeline():
    shown = on_terminal("members", "demo", "-n", "30", PAGER="cat | grep -c .")
    assert (shown.code, shown.lines) == (0, ["35"])


@pytest.mark.parametrize(
    "chosen", ["no-such-pager | no-such-filter", "no-such-pager $1", "exit 3;"]
)
def test_a_pager_that_fails_gives_way_to_the_terminal(chosen):
    shown = on_terminal("members", "demo", PAGER=chosen)
    code = 3 if "3" in chosen else 127
    assert shown.code == 0
    assert f"coursectl: the pager ended with exit code {code}\r\n".encode() in shown.output
    assert shown.output.count(b"joined") > 100
    assert shown.lines[-1].startswith("Not shown at this width")


def test_what_a_pager_leaves_is_not_shown_again_once_it_was_read(tmp_path):
    path = tmp_path / "saved.json"
    path.write_text(json.dumps([{"id": id_, "username": "n" * 90} for id_ in range(15_000)]))
    fails = shlex.join([sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(1)"])
    shown = on_terminal("members", path, "-q", "-f", "plain", "-c", "id,username", PAGER=fails)
    assert (shown.code, shown.output) == (0, b"")


def test_ctrl_c_in_a_pipeline_of_a_pager_leaves_it():
    with terminal("members", "demo", PAGER="cat | (sleep 1; echo ready; sleep 30)") as child:
        child.expect_exact("ready\r\n")
        child.sendintr()
        shown = ended(child)
    assert (shown.code, shown.lines) == (0, [])


def test_a_pager_that_stops_early_is_no_failure():
    quits = shlex.join([sys.executable, "-c", "pass"])
    shown = on_terminal("members", "demo", PAGER=quits)
    assert (shown.code, shown.output) == (0, b"")


@pytest.mark.parametrize(("members", "paged"), [(18, False), (19, True)])
def test_a_table_that_leaves_a_line_for_the_prompt_is_not_paged(pager, members, paged):
    # Five lines stand above the members; the screen has 24.
    arguments = ("members", "demo", "-n", str(members))
    shown = on_terminal(*arguments, width=200, PAGER=pager.command)
    assert shown.code == 0
    assert (pager.seen is not None) is paged
    assert shown.lines[0] == ("paged" if paged else "Food Safety Essentials")


def test_ctrl_c_is_for_the_pager():
    waits = (
        "import signal, sys; sys.stdin.read()\n"
        "def stop(*_): print('stopped'); sys.exit(0)\n"
        "signal.signal(signal.SIGINT, stop); print('ready', flush=True); signal.pause()"
    )
    command = shlex.join([sys.executable, "-c", waits])
    with terminal("members", "demo", PAGER=command) as child:
        child.expect_exact("ready\r\n")
        child.sendintr()
        shown = ended(child)
    assert (shown.code, shown.lines) == (0, ["stopped"])


def test_what_is_invalid_is_said_and_never_paged(pager, tmp_path):
    path = tmp_path / "roster.json"
    rows = ",".join(ROW % each for each in range(100))
    path.write_text(f'[{rows},{{"id": "x"}}]')
    shown = on_terminal("members", path, width=200, PAGER=pager.command)
    assert (shown.code, pager.seen) == (3, None)
    assert shown.lines[0] == f"coursectl: {path}: 1 invalid member"


# Slow input


class Feed:
    """The writing end of a pipe that coursectl reads."""

    def __init__(self, folder):
        self.path = folder / "stdin"
        os.mkfifo(self.path)
        # Open for both, it waits for no reader; closed, it ends the input.
        self._end = os.open(self.path, os.O_RDWR)

    def write(self, text):
        os.write(self._end, text.encode())

    def close(self):
        if self._end is not None:
            os.close(self._end)
            self._end = None


@pytest.fixture
def feed(tmp_path):
    feed = Feed(tmp_path)
    yield feed
    feed.close()


def test_a_slow_roster_shows_progress_that_is_gone_when_it_has_come(feed):
    with terminal("members", "-", "-c", "id,real_name", stdin=feed.path) as child:
        feed.write(f"[{ROW % 1}")
        child.expect_exact("Reading members")
        before = child.before + child.after
        feed.write(f",{ROW % 2}]")
        feed.close()
        shown = ended(child, before)
    assert shown.code == 0
    assert b"Reading members" in shown.output
    assert shown.lines[0] == "stdin"
    assert shown.lines[3:] == ["ID  Name", "──  ────", " 1  Ann", " 2  Ann"]


def test_a_wait_for_a_rate_limit_is_counted_down_and_gone_when_it_is_over(community):
    limited = replace(detail(429, "Slow down."), headers=(("Retry-After", "3"),))
    community.misdeeds = [limited]
    shown = on_terminal("members", "42", "-c", "id", "--csv", **community.environment)

    assert shown.code == 0
    for left in (2, 1):
        assert f"Waiting {left} s, as the server asks".encode() in shown.output
    assert shown.lines == ["id", "1", "2", "3", "4", "5"]


def test_progress_counts_the_members_of_how_many(feed):
    # More than is read at once, so that some are counted before the input stops to arrive.
    rows = [ROW % each for each in range(4000)]
    with terminal("members", "-", "--csv", "-o", os.devnull, stdin=feed.path) as child:
        feed.write('{"count": 4000, "results": [')
        for each in rows[:3000]:
            feed.write(f"{each},")
        child.expect(rb"Reading members[^\n]*?(\d+)/4000", timeout=30)
        while int(child.match[1]) == 0:
            child.expect(rb"Reading members[^\n]*?(\d+)/4000", timeout=30)
        assert 0 < int(child.match[1]) <= 3000
        feed.write(",".join(rows[3000:]) + "]}")
        feed.close()
        shown = ended(child, child.before + child.after)
    assert shown.code == 0
    assert shown.lines[-1] == "coursectl: /dev/null: 4,000 members written"
    assert not [line for line in shown.lines if "Reading" in line]


def test_progress_is_on_stderr(feed, tmp_path):
    path = tmp_path / "out.csv"
    with terminal("members", "-", "--csv", "-c", "id", stdin=feed.path, stdout=path) as child:
        feed.write(f"[{ROW % 1}")
        child.expect_exact("Reading members")
        feed.write("]")
        feed.close()
        shown = ended(child, child.before + child.after)
    assert (shown.code, shown.lines) == (0, [])
    assert path.read_bytes() == b"id\n1\n"


def test_quiet_shows_no_progress(feed):
    arguments = ("members", "-", "-q", "--csv", "-c", "id")
    with terminal(*arguments, stdin=feed.path) as child:
        feed.write(f"[{ROW % 1}")
        # Twice the time after which progress would show, and the program has to start too.
        assert child.expect_exact([pexpect.TIMEOUT, "Reading"], timeout=1.5) == 0
        feed.write("]")
        feed.close()
        shown = ended(child)
    assert (shown.code, shown.output) == (0, b"id\r\n1\r\n")


def test_a_fast_roster_shows_no_progress():
    shown = on_terminal("members", "demo", "--csv", "-o", os.devnull)
    assert (shown.code, shown.output) == (0, b"coursectl: /dev/null: 200 members written\r\n")


def test_ctrl_c_while_members_arrive_ends_with_one_line(feed):
    with terminal("members", "-", "--json", stdin=feed.path) as child:
        feed.write(f"[{ROW % 1}")
        child.expect_exact("Reading members")
        before = child.before + child.after
        child.sendintr()
        shown = ended(child, before)
    assert (shown.code, shown.lines) == (130, ["coursectl: interrupted"])


def test_an_error_after_progress_stands_on_lines_of_its_own(feed):
    with terminal("members", "-", "--json", stdin=feed.path) as child:
        feed.write(f"[{ROW % 1}")
        child.expect_exact("Reading members")
        before = child.before + child.after
        feed.close()
        shown = ended(child, before)
    assert shown.code == 3
    assert shown.lines[0] == "coursectl: stdin:1: the JSON ends in the middle"
    assert not [line for line in shown.lines if "Reading" in line]


def test_a_table_of_thousands_goes_through_the_pager_whole(pager, tmp_path):
    path = tmp_path / "saved.json"
    path.write_text(json.dumps([{"id": id_} for id_ in range(5000)]))
    shown = on_terminal("members", str(path), "-c", "id", PAGER=pager.command)
    assert (shown.code, shown.lines) == (0, ["paged"])
    plain = re.sub(r"\x1b\[[\d;]*m", "", pager.seen["text"])
    ids = [int(line) for line in plain.splitlines() if line.strip().isdecimal()]
    assert ids == list(range(5000))
