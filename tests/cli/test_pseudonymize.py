"""`--pseudonymize`: nobody's name in any answer, note or error, whatever the command and format."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursectl.cli.commands import NAMES
from coursectl.cli.manual import PAGES
from coursectl.errors import ExitCode
from coursectl.roster.pseudonyms import Pseudonyms
from tests.community import Community, Course, Misdeed, Reply, answer, detail, errors, html, row
from tests.running import Outcome, coursectl

pytestmark = pytest.mark.slow

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

NAMES_NOBODY = {"courses", "completion", "auth"}
"""Commands that read no roster."""


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
    assert set(NAMES) - NAMES_NOBODY == COMMANDS.keys()
    for name in COMMANDS:
        assert "--pseudonymize" in PAGES[f"coursectl {name}"].options


@pytest.mark.no_cover
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


@pytest.mark.no_cover
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


@pytest.mark.no_cover
def test_a_mark_that_comes_too_late_or_holds_for_some_only_is_refused(folder):
    marked = export_of(*MEMBERS[:2], pseudonyms=MARK)
    bare = MEMBERS[2:5]
    documents = (
        [{"results": marked["results"], "pseudonyms": MARK}],
        [[marked, export_of(*bare)]],
        [[export_of(*bare), marked]],
        [marked, bare],
        [marked, *bare],
        [[marked, bare[0]]],
        [[marked, {"results": []}, bare[0]]],
        [marked, ["no member", *bare]],
        [bare, marked],
    )
    for document in documents:
        text = "\n".join(map(json.dumps, document)).encode()
        for option in ("--quiet", "--skip-invalid"):
            done = hidden(folder, "members", "-", "--csv", option, stdin=text)
            assert done.code == ExitCode.INVALID_DATA
            assert "stdin: only some of its members are marked as pseudonyms" in done.stderr
            assert done.stdout == b""


@pytest.mark.no_cover
def test_a_marked_page_where_a_member_should_be_marks_nobody(folder):
    marked, bare = export_of(*MEMBERS[:2], pseudonyms=MARK), MEMBERS[2]
    for text in (f"{json.dumps(bare)}\n{json.dumps(marked)}\n", json.dumps([bare, marked])):
        for option, code in (("--quiet", ExitCode.INVALID_DATA), ("--skip-invalid", ExitCode.OK)):
            done = hidden(folder, "members", "-", "--csv", option, stdin=text.encode())
            assert done.code == code
            assert not TELLING.search(done.stdout + done.stderr.encode())


def test_a_mark_of_nobody_says_nothing_of_the_members_behind_it(folder):
    nobody = {"pseudonyms": MARK, "results": []}
    text = "\n".join(map(json.dumps, (nobody, MEMBERS))).encode()
    done = hidden(folder, "members", "-", "--json", stdin=text)

    assert done.stdout == hidden(folder, "members", "now.json", "--json").stdout


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


# Courses without a name


def nameless(folder: Path, name: str, **envelope: object) -> str:
    document = export_of(*MEMBERS) | {"course": None} | envelope
    (folder / name).write_text(json.dumps(document))
    return name


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("command", "ending"),
    [(command, ending) for command, (_, endings) in COMMANDS.items() for ending in endings],
)
def test_no_file_tells_what_the_files_that_were_read_are_called(folder, command, ending):
    nameless(folder, "telltale-before.json", fetched_at="2026-11-16T06:00:00Z")
    nameless(folder, "telltale-now.json")
    given = [re.sub(r"(?=now|before)", "telltale-", each) for each in COMMANDS[command][0]]
    columns = ["--columns", "course,id"] if command == "members" and ending != ".txt" else []
    done = hidden(folder, command, *given, *columns, "-o", f"out{ending}")

    assert done.code == 0, done.stderr
    content = unpacked((folder / f"out{ending}").read_bytes())
    assert not TELLING.search(content)


def test_courses_without_a_name_are_told_apart_all_the_same(folder):
    first = nameless(folder, "telltale-1.json")
    second = nameless(folder, "telltale-2.json", course={"id": 7})
    third = nameless(folder, "telltale-3.json", course={"name": ""})
    files = [first, second, third]
    names = ["a course", "course 7", "a course 3"]

    listed = rows(hidden(folder, "members", *files, "--json", "-c", "course,id"))
    assert list(dict.fromkeys(each["course"] for each in listed)) == names
    summed = rows(hidden(folder, "summary", *files, "--json"))
    assert [each["course"]["name"] for each in summed["courses"]] == names
    over_time = rows(hidden(folder, "trend", *files, "--json"))
    assert {each["course"] for each in over_time} == set(names)
    assert "a course, course 7" in hidden(folder, "members", *files, "-f", "table").text
    # Whoever runs it knows the files, and without the option so may whoever reads the answer.
    assert first in run(folder, "members", first, "-f", "table").text


def test_an_export_does_not_tell_of_which_file_it_is_a_part(folder):
    part = nameless(folder, "telltale.json", count=13)
    done = hidden(folder, "export", part, "--allow-incomplete", "-o", "part.json")

    assert done.code == 0, done.stderr
    assert "telltale.json is not the whole roster" in done.stderr
    assert json.loads((folder / "part.json").read_text())["incomplete"] == "members are missing"
    assert not TELLING.search((folder / "part.json").read_bytes())
    again = hidden(folder, "members", "part.json")
    assert again.code == ExitCode.INCOMPLETE_ROSTER


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
    "a title": "<html><title>Profile of Telltale</title>",
}


@pytest.mark.no_cover
@pytest.mark.parametrize("document", SPOILT.values(), ids=SPOILT.keys())
@pytest.mark.parametrize("command", ["members", "export"])
def test_an_error_quotes_nobody(folder, command, document):
    text = document if isinstance(document, str) else json.dumps(document)
    spoilt = hidden(folder, command, "-", stdin=text.encode())
    plain = run(folder, command, "-", stdin=text.encode())

    assert spoilt.code == plain.code == ExitCode.INVALID_DATA
    assert not TELLING.search(spoilt.stderr.encode())
    assert TELLING.search(plain.stderr.encode())


def test_a_field_that_is_not_documented_is_not_named_either(folder):
    text = b'{"results": [{"id": 1, "Telltale": NaN, "telltale 2": [Infinity]}]}'
    spoilt = hidden(folder, "export", "-", stdin=text)
    plain = run(folder, "export", "-", stdin=text)

    assert spoilt.code == plain.code == ExitCode.INVALID_DATA
    assert "row 1: another field: NaN and Infinity are no JSON" in spoilt.stderr
    assert "Telltale, telltale 2: NaN" in plain.stderr


def test_a_status_that_is_not_documented_is_not_named_either(folder):
    text = json.dumps([telling(1, join_status="telltale"), telling(2, join_status="odd")]).encode()
    done = hidden(folder, "members", "-", stdin=text)

    assert done.stderr.splitlines() == [
        "coursectl: stdin: not every join_status is one that the API documents; kept as it is"
    ]


def at(path: str | tuple[str, ...], reply: Reply) -> Misdeed:
    """Answer so wherever a path ends in this, and as usual elsewhere."""
    return lambda request: reply if request.path.endswith(path) else None


NO_COURSE = answer({"id": "x", "name": "Telltale", "created_by": {"id": FIRST}})
NO_MANAGER = detail(403, "telltale-1 is not a manager")
TABLE = ("members", "42", "-f", "table")
BY_SLUG = ("members", "food-safety")
ALL = ("summary", "--all")
LIVE = (
    TABLE,
    ("export", "42"),
    ("summary", "42"),
    ALL,
    ("changes", "before.json"),
    ("changes", "before.json", "42"),
    ("report", "42", "-o", "report.txt"),
    ("report", "42", "--since", "before.json", "-o", "report.txt"),
)
TOLD = (
    (TABLE, at("/course/42/", NO_COURSE), "course/42/: found something else, expected a course\n"),
    (TABLE, at("/course/42/", html(200, "Telltale")), "course/42/: found something else, expected"),
    (TABLE, at("/course/42/", detail(404, "telltale is gone")), "course/42/: not found (404)\n"),
    (TABLE, at("/users/", NO_MANAGER), "users/: not allowed (403)\n"),
    (TABLE, at("/users/", errors(400, "no", field="telltale")), "refused the request (400)\n"),
    (TABLE, at("/users/", html(404, "Profile of Telltale")), "users/: not found (404)\n"),
    (TABLE, at("/users/", html(200, "Profile of Telltale")), "found a web page (HTML), expected"),
    (
        TABLE,
        at("/users/", Reply(429, b'{"detail": "telltale"}', (("Retry-After", "9000"),))),
        "users/: the server answered 429; the next try would be in",
    ),
    (BY_SLUG, at(("/search/", "/api/v2/course/"), NO_MANAGER), "search/: not allowed (403)\n"),
    (BY_SLUG, at("/search/", answer({"detail": "telltale"})), "something else, expected a page of"),
    (ALL, at("/api/v2/course/", NO_MANAGER), "api/v2/course/: not allowed (403)\n"),
    (
        ALL,
        at("/api/v2/course/", answer({"count": 1, "results": [{"id": 1, "slug": FIRST}]})),
        "/api/v2/course/: row 1: slug: expected text, or null\n",
    ),
    (ALL, at("/status/", NO_MANAGER), "status/: not allowed (403)\n"),
    (ALL, at("/status/", answer(["telltale"])), "something else, expected a status\n"),
)
"""What is asked for, what is answered, and what is told of that."""


@pytest.fixture
def spoilt(folder: Path) -> Iterator[Community]:
    """A community of which there is an export; how one stands to a course, it has to be asked."""
    with Community(Course(42, MEMBERS)).running() as community:
        before = export_of(*LAST_WEEK, community=community.url, fetched_at="2026-01-01T00:00:00Z")
        (folder / "before.json").write_text(json.dumps(before))
        community.lists_own_status = community.filters_courses = False
        community.spares_what_is_beside = False
        yield community


@pytest.mark.no_cover
@pytest.mark.parametrize("path", ["/course/42/", "/users/"])
@pytest.mark.parametrize("arguments", LIVE, ids=" ".join)
def test_no_command_quotes_what_a_server_answers(folder, spoilt, path, arguments):
    spoilt.misdeed_for_good = at(path, NO_COURSE if path == "/course/42/" else NO_MANAGER)
    done = hidden(folder, *arguments, **spoilt.environment)

    assert not TELLING.search(done.stdout + done.stderr.encode())
    assert TELLING.search(run(folder, *arguments, **spoilt.environment).stderr.encode())


@pytest.mark.no_cover
@pytest.mark.parametrize(("arguments", "misdeed", "told"), TOLD, ids=[told for *_, told in TOLD])
def test_of_what_a_server_answers_status_and_path_are_told(
    folder, spoilt, arguments, misdeed, told
):
    spoilt.misdeed_for_good = misdeed
    done = hidden(folder, *arguments, **spoilt.environment)
    plain = run(folder, *arguments, **spoilt.environment)

    assert done.code == plain.code
    assert told in done.stderr
    assert not TELLING.search(done.stdout + done.stderr.encode())
    assert TELLING.search(plain.stderr.encode())


def test_what_was_searched_for_is_in_no_error(folder, spoilt):
    spoilt.misdeed_for_good = NO_MANAGER
    done = hidden(folder, *TABLE, "--search", "telltale 7", **spoilt.environment)

    assert done.code == ExitCode.ACCESS_DENIED
    assert not TELLING.search(done.stderr.encode())


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
@pytest.mark.no_cover
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
