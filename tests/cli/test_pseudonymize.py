"""`--pseudonymize`: nobody's name in any answer, note or error, whatever the command and format."""

import gzip
import inspect
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from coursectl.cli import app as cli
from coursectl.errors import ExitCode
from coursectl.roster.pseudonyms import Pseudonyms
from tests.community import Community, Course, Reply, row
from tests.running import Outcome, coursectl

KEY = "not to be told: f3a9c1d27b60"
OTHER = "another key of a person: 77"
MARK = Pseudonyms(KEY).mark
FIRST = 7_712_345_601
TELLING = re.compile(rb"telltale|77123456\d\d|f3a9c1d27b60", re.IGNORECASE)
"""What is in every name, every id and the key."""


def telling(number: int, **fields: object) -> dict[str, object]:
    """A member whom every field that nobody may see gives away."""
    return row(
        FIRST + number,
        username=f"telltale-{number}",
        real_name=f"Telltale {number}",
        avatar=f"https://telltale.example/{number}.png",
        **fields,
    )


def export_of(*members: dict[str, object], **envelope: object) -> dict[str, object]:
    made_by = {"id": FIRST, "real_name": "Telltale 0"}
    return {
        "community": "https://community.example",
        "course": {"id": 42, "name": "Food Safety", "slug": "food", "created_by": made_by},
        "fetched_at": "2026-11-23T06:00:00Z",
        **envelope,
        "results": list(members),
        "count": len(members),
    }


MEMBERS = [telling(each, user_completion_rate=each, nickname="telltale") for each in range(12)]
LAST_WEEK = [
    telling(each, user_completion_rate=each // 2)
    | ({"real_name": "Telltale before"} if each == 3 else {})
    for each in range(2, 14)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    before = export_of(*LAST_WEEK, fetched_at="2026-11-16T06:00:00Z")
    (tmp_path / "before.json").write_text(json.dumps(before))
    (tmp_path / "now.json").write_text(json.dumps(export_of(*MEMBERS)))
    return tmp_path


def run(
    folder: Path, *arguments: str, key: str = KEY, stdin: bytes = b"", **variables: str
) -> Outcome:
    environment = {"COURSECTL_PSEUDONYM_KEY": key} | variables
    return coursectl(*arguments, environment=environment, stdin=stdin, cwd=folder)


def hidden(folder: Path, *arguments: str, **how: str) -> Outcome:
    return run(folder, *arguments, "--pseudonymize", **how)


def rows(done: Outcome) -> list[dict[str, object]]:
    assert done.code == 0, done.stderr
    return json.loads(done.stdout)


# All commands

READABLE = ("table", "plain", "markdown")
PROGRAMS = ("csv", "tsv", "json", "jsonl")
ENDINGS = (".txt", ".md", ".csv", ".tsv", ".json", ".jsonl", ".xlsx", ".parquet", ".json.gz")
COMMANDS = {
    "members": (("now.json",), ENDINGS),
    "export": (("now.json",), (".json", ".json.gz")),
    "summary": (("now.json",), (".txt", ".md", ".csv", ".json", ".xlsx")),
    "changes": (("before.json", "now.json"), (".txt", ".md", ".csv", ".json", ".xlsx")),
    "trend": (("before.json", "now.json"), ENDINGS),
    "report": (("now.json", "--since", "before.json"), (".html", ".md", ".txt", ".xlsx")),
}
"""What each command is given, and the files that it can be asked for."""

NAMES_NOBODY = {"courses", "completion"}
"""Commands that read no roster."""

THERE = {
    str(each.name or each.callback.__name__): each.callback for each in cli.app.registered_commands
}


def unpacked(content: bytes) -> bytes:
    """What a file holds, and what is packed in it."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"\n".join([content, *map(archive.read, archive.namelist())])
    if content.startswith(b"PAR1"):
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(io.BytesIO(content))
        return content + repr((table.to_pylist(), table.schema.metadata)).encode()
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content)
    return content


def test_every_command_that_reads_a_roster_hides_who_is_in_it():
    for name in THERE.keys() - NAMES_NOBODY:
        assert "pseudonymize" in inspect.signature(THERE[name]).parameters, name
        assert name in COMMANDS


@pytest.mark.parametrize(
    ("command", "ending"),
    [(command, ending) for command, (_, endings) in COMMANDS.items() for ending in endings],
)
def test_no_file_of_any_command_names_anybody(folder, command, ending):
    given, _ = COMMANDS[command]
    done = hidden(folder, command, *given, "-o", f"out{ending}")

    assert done.code == 0, done.stderr
    content = unpacked((folder / f"out{ending}").read_bytes())
    assert content
    assert not TELLING.search(content)
    assert not TELLING.search(done.stdout + done.stderr.encode())


@pytest.mark.parametrize("command", ["members", "changes"])
@pytest.mark.parametrize("format_", [*READABLE, *PROGRAMS])
def test_nothing_on_stdout_names_anybody_and_all_are_there(folder, command, format_):
    given, _ = COMMANDS[command]
    done = hidden(folder, command, *given, "-f", format_, COLUMNS="200")

    assert done.code == 0, done.stderr
    assert not TELLING.search(done.stdout + done.stderr.encode())
    # They are there: who joined a course is in its roster and among the changes.
    assert Pseudonyms(KEY).of(FIRST + 1)[1].encode() in done.stdout


def test_what_was_searched_for_is_not_in_the_caption(folder):
    done = hidden(folder, "members", "now.json", "--search", "telltale 7", "-f", "table")

    assert done.code == 0
    assert "search for a text" in done.text
    assert not TELLING.search(done.stdout)


# Who is who


def test_the_same_members_are_there_under_other_names(folder):
    true = rows(run(folder, "members", "now.json", "--json"))
    under = rows(hidden(folder, "members", "now.json", "--json"))

    assert under == Pseudonyms(KEY).members(true)


def test_criteria_look_at_the_true_members_and_an_order_does_not(folder):
    (found,) = rows(hidden(folder, "members", "now.json", "--json", "--search", "Telltale 7"))
    assert found["user_completion_rate"] == 7
    assert rows(hidden(folder, "members", "now.json", "--json", "--search", "member-")) == []

    ordered = rows(hidden(folder, "members", "now.json", "--json", "--sort", "username"))
    assert [each["username"] for each in ordered] == sorted(each["username"] for each in ordered)


def test_without_the_option_a_key_changes_nothing(folder):
    with_key = run(folder, "members", "now.json")
    assert with_key == coursectl("members", "now.json", cwd=folder)
    # Not even one that would not do.
    assert with_key == run(folder, "members", "now.json", key="short")


# Exports


def shared(folder: Path, name: str = "now.json", key: str = KEY) -> Path:
    done = hidden(folder, "export", name, "-q", "-o", f"shared-{name}", key=key)
    assert (done.code, done.stderr) == (0, "")
    return folder / f"shared-{name}"


def test_an_export_holds_what_is_documented_and_tells_its_key(folder):
    found = json.loads(shared(folder).read_text())

    assert list(found)[:5] == ["coursectl", "community", "course", "fetched_at", "pseudonyms"]
    assert found["pseudonyms"] == MARK
    assert found["course"] == {"id": 42, "name": "Food Safety", "slug": "food"}
    assert all("nickname" not in member for member in found["results"])
    assert found["count"] == len(found["results"]) == len(MEMBERS)


def test_an_export_of_true_members_has_no_mark(folder):
    assert "pseudonyms" not in json.loads(run(folder, "export", "now.json").stdout)


def test_an_export_under_the_same_key_stays_as_it_is(folder):
    shared(folder)
    live = hidden(folder, "members", "now.json", "--json")

    assert hidden(folder, "members", "shared-now.json", "--json") == live
    assert run(folder, "members", "shared-now.json", "--json") == live
    piped = (folder / "shared-now.json").read_bytes()
    assert hidden(folder, "members", "-", "--json", stdin=piped) == live
    again = hidden(folder, "export", "shared-now.json")
    assert again.stdout == (folder / "shared-now.json").read_bytes()
    assert run(folder, "export", "shared-now.json").stdout == again.stdout


@pytest.mark.parametrize("command", ["members", "export"])
def test_an_export_under_another_key_is_refused(folder, command):
    shared(folder)
    (folder / "out.json").write_text("as it was")
    done = hidden(folder, command, "shared-now.json", "-o", "out.json", key=OTHER)

    assert done.code == ExitCode.USAGE
    assert done.stderr.splitlines() == [
        "coursectl: shared-now.json: its members are pseudonyms already, under another key",
        "  Use the key that it was saved with, or leave out --pseudonymize.",
    ]
    assert (folder / "out.json").read_text() == "as it was"


def test_a_mark_that_comes_too_late_or_holds_for_some_only_is_refused(folder):
    marked = export_of(*MEMBERS[:2], pseudonyms=MARK)
    late = {"results": marked["results"], "pseudonyms": MARK}
    for document in (late, [marked, export_of(*MEMBERS[2:4])], [export_of(*MEMBERS[:2]), marked]):
        done = run(folder, "members", "-", stdin=json.dumps(document).encode())

        assert done.code == ExitCode.INVALID_DATA
        assert "stdin: only some of its members are marked as pseudonyms" in done.stderr
        assert done.stdout == b""


def test_what_is_no_mark_is_none(folder):
    odd = json.dumps(export_of(*MEMBERS, pseudonyms=["no", "mark"])).encode()

    assert hidden(folder, "members", "-", stdin=odd).stdout == (
        hidden(folder, "members", "now.json").stdout
    )


def test_changes_are_the_same_but_for_new_names(folder):
    def told(done: Outcome) -> dict[str, int]:
        assert done.code == 0, done.stderr
        return json.loads(done.stdout)["counts"]

    before, now = (shared(folder, name).name for name in ("before.json", "now.json"))
    true = told(run(folder, "changes", "before.json", "now.json", "--json"))
    under = told(run(folder, "changes", before, now, "--json"))

    assert true.pop("renamed") > 0
    assert under.pop("renamed") == 0
    assert under == true
    assert told(hidden(folder, "changes", before, "now.json", "--json")) == under | {"renamed": 0}
    refused = run(folder, "changes", before, "now.json")
    assert refused.code == ExitCode.USAGE
    assert "--pseudonymize" in refused.stderr


# A community


def test_a_course_of_a_community_is_hidden_too():
    course = Course(42, MEMBERS, fields={"created_by": {"username": "telltale-0"}})
    with Community(course).running() as community:
        environment = community.environment | {"COURSECTL_PSEUDONYM_KEY": KEY}
        listed = coursectl("members", "42", "--pseudonymize", "--json", environment=environment)
        saved = coursectl("export", "42", "--pseudonymize", environment=environment)

    assert len(rows(listed)) == len(MEMBERS)
    assert json.loads(saved.stdout)["course"]["avg_completion_rate"] == 5.5
    assert "created_by" not in json.loads(saved.stdout)["course"]
    assert not TELLING.search(listed.stdout + saved.stdout)


def test_a_server_has_no_say_in_whether_members_are_pseudonyms():
    with Community(Course(42, MEMBERS)).running() as community:
        community.misdeed_for_good = community.edited(lambda page: page.update(pseudonyms=MARK))
        environment = community.environment | {"COURSECTL_PSEUDONYM_KEY": KEY}
        listed = coursectl("members", "42", "--pseudonymize", "--json", environment=environment)

    assert {each["id"] for each in rows(listed)} == {
        Pseudonyms(KEY).of(FIRST + each)[0] for each in range(12)
    }


# What goes wrong

SPOILT = {
    "a value": export_of(telling(1) | {"username": "telltale" * 40}),
    "several": export_of(telling(1) | {"joined_at": "telltale", "join_status": ["telltale"]}),
    "no id": export_of({"username": "telltale" * 40}),
    "a row": export_of("telltale"),
    "the course": export_of(course={"id": "telltale"}),
    "the moment": export_of(fetched_at="telltale"),
    "the JSON": '{"results": [{"id": 1} "telltale"]}',
    "the text": "telltale, 7712345601",
    "the server": '{"detail": "telltale is no member"}',
    "a name in it": '{"results": [], "telltale": 1e999x}',
}


@pytest.mark.parametrize("document", SPOILT.values(), ids=SPOILT.keys())
@pytest.mark.parametrize("command", ["members", "export"])
def test_an_error_quotes_nobody(folder, command, document):
    text = document if isinstance(document, str) else json.dumps(document)
    spoilt = hidden(folder, command, "-", stdin=text.encode())
    plain = run(folder, command, "-", stdin=text.encode())

    assert spoilt.code == plain.code == ExitCode.INVALID_DATA
    assert not TELLING.search(spoilt.stderr.encode())
    assert TELLING.search(plain.stderr.encode())


def test_an_answer_that_is_no_page_is_not_quoted_either():
    bare = [telling(1) | {"username": ["telltale"]}]
    with Community(Course(42, bare)).running() as community:
        body = json.dumps(bare).encode()
        community.misdeed_for_good = lambda request: (
            Reply(200, body) if request.path.endswith("/users/") else None
        )
        environment = community.environment | {"COURSECTL_PSEUDONYM_KEY": KEY}
        spoilt = coursectl("members", "42", "--pseudonymize", environment=environment)
        plain = coursectl("members", "42", environment=environment)

    assert spoilt.code == plain.code == ExitCode.INVALID_DATA
    assert "expected text of at most 255 characters, or null" in spoilt.stderr
    assert not TELLING.search(spoilt.stderr.encode())
    assert TELLING.search(plain.stderr.encode())


def test_why_an_export_is_incomplete_is_not_quoted_either(folder):
    part = export_of(*MEMBERS, incomplete="lost telltale", count=len(MEMBERS) + 1)
    (folder / "telltale.json").write_text(json.dumps(part), encoding="utf-8")
    arguments = ("report", "telltale.json", "--allow-incomplete", "-o", "report.txt")
    done = hidden(folder, *arguments)
    assert done.code == 0, done.stderr
    told = (folder / "report.txt").read_text(encoding="utf-8")
    assert "Members are missing from a roster." in told
    assert "lost telltale" not in told + done.stderr
    assert run(folder, *arguments).code == 0
    assert "lost telltale" in (folder / "report.txt").read_text(encoding="utf-8")


def test_rows_that_are_left_out_are_not_named(folder):
    text = json.dumps(export_of(*MEMBERS, telling(40) | {"username": 7})).encode()
    done = hidden(folder, "members", "-", "--skip-invalid", stdin=text)

    assert done.code == 0
    assert "row 13: username: expected text of at most 255 characters, or null" in done.stderr
    assert not TELLING.search(done.stdout + done.stderr.encode())


# The key


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_key_it_is_said_how_to_make_one(folder, command):
    given, endings = COMMANDS[command]
    done = hidden(folder, command, *given, "-o", f"out{endings[0]}", key="")

    assert done.code == ExitCode.USAGE
    assert done.stdout == b""
    assert done.stderr.splitlines() == [
        "coursectl: --pseudonymize needs a key, and COURSECTL_PSEUDONYM_KEY is not set",
        "  Make one, once: openssl rand -hex 32 > FILE",
        "  Keep it, tell nobody, and set COURSECTL_PSEUDONYM_KEY_FILE to FILE.",
    ]
    assert not (folder / f"out{endings[0]}").exists()


def test_a_key_that_could_be_found_by_trying_is_refused(folder):
    done = hidden(folder, "members", "now.json", key="fifteen letters")

    assert done.code == ExitCode.USAGE
    assert done.stderr.splitlines() == [
        "coursectl: COURSECTL_PSEUDONYM_KEY has 15 characters, too few for a key",
        "  Give it at least 16, at random: openssl rand -hex 32",
    ]


def test_a_key_may_be_in_a_file_and_the_file_in_a_profile(folder):
    (folder / "key").write_text(f"{KEY}\n")
    (folder / "config.toml").write_text('[profiles.work]\npseudonym_key_file = "key"\n')
    expected = hidden(folder, "members", "now.json")
    config = {"COURSECTL_CONFIG": str(folder / "config.toml")}

    by_variable = {"COURSECTL_PSEUDONYM_KEY_FILE": str(folder / "key")}
    assert hidden(folder, "members", "now.json", key="", **by_variable) == expected
    named = hidden(folder, "members", "now.json", "--profile", "work", key="", **config)
    assert named == expected
    before = ("--profile", "work", "members", "now.json")
    assert hidden(folder, *before, key="", **config) == expected
    assert hidden(folder, "members", "now.json", key="", **config).code == ExitCode.USAGE
