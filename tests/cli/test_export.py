"""`coursectl export`: a roster saved, and read back."""

import gzip
import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coursectl import __version__
from coursectl.errors import ExitCode
from tests.community import Community, Course, detail, row
from tests.running import COURSECTL, Outcome, clean_environment, coursectl
from tests.trust_runs import ISOLATED

# What reads, validates and writes is reached by the tests of members, of rendering and of sources.
pytestmark = pytest.mark.no_cover

KEYS = [
    "coursectl", "community", "course", "fetched_at", "next", "previous", "results", "count"
]  # fmt: skip
ODD = {
    "zeta": {"b": [1, {"id": 2}, {"id": 3}], "a": None},
    "id": 12,
    "joined_at": "2026-01-02T03:04:05.10+02:00",
    "last_active_at": "2026-01-02 03:04:05",
    "real_name": "\u202e=1+1\x7f\u2028},{\n",
    "user_completion_rate": 12.50,
    "huge": 2**100,
    "tiny": 1e-300,
    "Infinity": "Infinity",
}
"""A row that is valid, and written as no formatter would."""


posix = pytest.mark.skipif(os.name != "posix", reason="pipes and descriptors have names")


def run(community: Community, *arguments: str | Path, stdin: bytes = b"") -> Outcome:
    return coursectl(*arguments, environment=community.environment, stdin=stdin)


def saved(folder: Path, text: str | bytes, name: str = "saved.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def document(done: Outcome) -> dict:
    assert (done.code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def courses() -> dict[int, Course]:
    """One with members of every status, among them one whom nobody would write like that."""
    members = [
        row(1, join_status="creator", user_completion_rate=100, last_active_at="2026-06-01T00:00Z"),
        row(2, join_status="invited", joined_at=None, real_name=None),
        row(3, join_status="requested", joined_at=None),
        row(4, join_status="manager"),
        row(5, last_active_at="2026-10-30T12:00:00+02:00", user_completion_rate=33.4),
        row(6, real_name='Ann "Quote", Dr.\n=1+1 \u202e佐藤', nickname="Annie"),
        ODD | {"join_status": "joined"},
        *(row(id_, user_completion_rate=id_ % 101) for id_ in range(20, 260)),
    ]
    return {42: Course(42, members, fields={"avatars": {"small": None}, "z": 2**70})}


@pytest.fixture
def kitchen(community: Community) -> Community:
    """A community with that course."""
    community.courses = courses()
    return community


# What an export is


def test_an_export_is_one_document_with_its_count_behind_the_members(kitchen):
    before = datetime.now(UTC)
    found = document(run(kitchen, "export", "42"))

    assert list(found) == KEYS
    assert (found["coursectl"], found["community"]) == (__version__, kitchen.url)
    assert found["next"] is found["previous"] is None
    assert found["count"] == len(found["results"]) == 247
    fetched_at = datetime.fromisoformat(found["fetched_at"])
    assert fetched_at.utcoffset() == timedelta(0)
    assert found["fetched_at"].endswith("Z")
    assert before <= fetched_at <= datetime.now(UTC)


def test_the_course_is_as_those_who_run_it_see_it(kitchen):
    course = document(run(kitchen, "export", "42"))["course"]
    assert (course["id"], course["name"], course["slug"]) == (42, "Food Safety", "food-safety")
    assert course["avatars"] == {"small": None}
    assert course["z"] == 2**70
    assert {"type", "privacy", "created_at", "avg_completion_rate"} <= course.keys()


def test_every_field_is_as_the_server_sent_it_in_its_order(kitchen):
    sent = {member["id"]: member for member in kitchen.courses[42].members}
    done = run(kitchen, "export", "42")
    for member in document(done)["results"]:
        assert member == sent[member["id"]]
        assert list(member) == list(sent[member["id"]])
    assert b'"joined_at":"2026-01-02T03:04:05.10+02:00"' in done.stdout
    assert str(2**100).encode() in done.stdout


def test_a_line_is_a_member_and_acts_on_no_terminal(kitchen):
    text = run(kitchen, "export", "42").text
    lines = text.partition('"results":[\n')[2].partition("\n],\n")[0].split("\n")
    assert [json.loads(line.removesuffix(","))["id"] for line in lines] == [
        member["id"] for member in json.loads(text)["results"]
    ]
    assert not set(text) & set("\x7f\u202e\u2028\r\x1b")


NUMBERS = ["1e400", "12.50", "-0", "1E5", "0.1000000000000000055511151231257827", "[1.0e-400]"]


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_as_the_server_wrote_it_even_where_no_program_could_hold_it(kitchen, number):
    def write(request):
        reply = kitchen.behave(request)
        return replace(reply, body=reply.body.replace(b'"Annie"', number.encode()))

    kitchen.misdeed_for_good = write
    done = run(kitchen, "export", "42")
    assert (done.code, done.stderr) == (0, "")
    assert f'"nickname":{number}}},\n' in done.text
    assert coursectl("export", "-", stdin=done.stdout).stdout == done.stdout
    assert coursectl("members", "-", "--json", stdin=done.stdout).text == (
        run(kitchen, "members", "42", "--json").text
    )


def test_an_export_without_members_is_one_too(kitchen):
    kitchen.courses[42].members.clear()
    found = document(run(kitchen, "export", "42"))
    assert (found["results"], found["count"], found["course"]["id"]) == ([], 0, 42)


# Read back

QUESTIONS = [
    (),
    ("-s", "joined,requested", "--sort", "-user_completion_rate"),
    ("--search", "ann", "-c", "course,id,real_name"),
    ("--min-completion", "30", "--max-completion", "60.5", "-n", "7"),
    ("--inactive", "30d", "--sort", "last_active_at"),
    ("--joined-after", "2026-01-10", "--never-active"),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Community, Path, str]]:
    """A community that nobody changes, an export of its course, and when that was made."""
    with Community(*courses().values()).running() as community:
        file = tmp_path_factory.mktemp("exported") / "kitchen.json.gz"
        environment = ISOLATED | community.environment
        assert coursectl("export", "42", "-o", file, environment=environment).code == 0
        yield community, file, json.loads(gzip.decompress(file.read_bytes()))["fetched_at"]


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("look", ["json", "csv", "plain", "markdown"])
def test_an_export_gives_what_its_course_gave(exported, question, look):
    community, file, as_of = exported
    live = run(community, "members", "42", *question, "-f", look, "--as-of", as_of, "-q")
    back = run(community, "members", file, *question, "-f", look, "-q")

    assert (live.code, back.code) == (0, 0)
    assert back.text == live.text


def test_ages_are_measured_from_when_the_export_was_made(tmp_path):
    file = tmp_path / "demo.json"
    coursectl("export", "demo", "-o", file)
    table = coursectl("members", file, "-f", "table")
    assert table.stdout == coursectl("members", "demo", "-f", "table").stdout
    assert "as of 2026-11-23 06:00 UTC" in table.text


@pytest.mark.slow
@pytest.mark.measured
def test_an_export_of_an_export_is_the_same_bytes(kitchen, tmp_path):
    first = run(kitchen, "export", "42")
    file = saved(tmp_path, first.stdout)
    assert coursectl("export", file).stdout == first.stdout
    assert coursectl("export", "-", stdin=first.stdout).stdout == first.stdout
    assert coursectl("export", "-", stdin=gzip.compress(first.stdout)).stdout == first.stdout


def test_a_status_that_is_not_documented_is_kept_and_told(kitchen):
    kitchen.courses[42].members.append(row(900, join_status="payment_waiting", joined_at=None))
    done = run(kitchen, "export", "42")
    assert b'"join_status":"payment_waiting"' in done.stdout
    assert "'payment_waiting' is not one that the API documents" in done.stderr


@pytest.mark.parametrize("is_piped", [True, False])
def test_what_a_roster_says_of_itself_is_kept_wherever_it_says_it(tmp_path, is_piped):
    text = (
        '{"results": [{"id": 1}, {"id": 2}], "fetched_at": "2026-01-02T03:04:05Z", "count": 2,'
        ' "course": {"slug": "s", "id": 7, "name": "S", "more": [1]}, "community": "https://c.d"}'
    )
    file = saved(tmp_path, text)
    found = document(coursectl("export", "-" if is_piped else file, stdin=text.encode()))
    assert list(found) == KEYS
    assert found["course"] == {"slug": "s", "id": 7, "name": "S", "more": [1]}
    assert (found["fetched_at"], found["community"]) == ("2026-01-02T03:04:05Z", "https://c.d")


@pytest.mark.parametrize("text", ['[{"id": 1}]', '{"id": 1}\n{"id": 2}', '{"results": []}'])
def test_what_a_roster_does_not_say_is_null(tmp_path, text):
    found = document(coursectl("export", saved(tmp_path, text)))
    assert (found["community"], found["fetched_at"]) == (None, None)
    assert found["course"] == {"id": None, "name": None, "slug": None}
    assert found["count"] == len(found["results"])


def test_a_member_who_comes_twice_is_exported_once_as_at_first(tmp_path):
    file = saved(tmp_path, '[{"id": 1, "a": 1}, {"id": 2}, {"id": 1, "a": 2}]')
    assert document(coursectl("export", file))["results"] == [{"id": 1, "a": 1}, {"id": 2}]


# What is not as it should be


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ('{"id": 2, "user_completion_rate": 101}', "user_completion_rate: found 101"),
        ('{"id": 2, "joined_at": "now"}', 'joined_at: found "now"'),
        ('{"real_name": "Ann"}', "id: found nothing"),
        ('{"id": 2, "mark": NaN}', "mark: NaN and Infinity are no JSON"),
        ('{"id": 2, "mark": [-Infinity]}', "mark: NaN and Infinity are no JSON"),
        ("2", "found 2, expected an object"),
    ],
)
def test_each_row_is_validated_as_everywhere(tmp_path, bad, problem):
    file = saved(tmp_path, f'[{{"id": 1}},\n{bad},\n{{"id": 3}}]')
    out = saved(tmp_path, "old", "out.json")

    done = coursectl("export", file, "-o", out)
    assert (done.code, done.stdout) == (ExitCode.INVALID_DATA, b"")
    assert f"{file}:2: row 2" in done.stderr
    assert problem in done.stderr
    assert out.read_text() == "old"

    done = coursectl("export", file, "--skip-invalid")
    assert done.code == 0
    assert done.stderr.startswith(f"coursectl: {file}: left out 1 invalid of 3 rows\n")
    found = json.loads(done.stdout)
    assert (found["results"], found["count"]) == ([{"id": 1}, {"id": 3}], 2)


@pytest.mark.parametrize("value", ["NaN", "1e999", "[Infinity]"])
def test_no_value_beside_the_members_can_make_invalid_json(tmp_path, value):
    file = saved(tmp_path, f'{{"course": {{"id": 1, "mark": {value}}}, "results": [{{"id": 1}}]}}')
    done = coursectl("export", file)
    assert (done.code, done.stdout) == (ExitCode.INVALID_DATA, b"")
    assert f"{file}: course: invalid JSON" in done.stderr


INCOMPLETE = [
    '{"count": 3, "next": null, "results": [{"id": 1}, {"id": 2}]}',
    '{"results": [{"id": 1}, {"id": 2}], "next": "https://c.d/?offset=2"}',
    '{"count": 4, "results": [{"id": 1}]}{"count": 2, "results": [{"id": 2}]}',
]


@pytest.mark.parametrize("text", INCOMPLETE)
def test_an_incomplete_roster_is_exported_only_if_that_is_allowed(tmp_path, text):
    out = tmp_path / "out.json"
    done = coursectl("export", saved(tmp_path, text), "-o", out)
    assert done.code == ExitCode.INCOMPLETE_ROSTER
    assert not out.exists()


@pytest.mark.slow
@pytest.mark.parametrize("text", INCOMPLETE)
def test_an_incomplete_export_says_so_when_it_is_read_and_when_it_is_exported_again(tmp_path, text):
    out, again = tmp_path / "out.json", tmp_path / "again.json"
    done = coursectl("export", saved(tmp_path, text), "-o", out, "--allow-incomplete")
    assert done.code == 0
    assert "not the whole roster" in done.stderr or "may not be the whole" in done.stderr

    for file in (out, again):
        back = coursectl("members", file, "--json")
        assert (back.code, back.stdout) == (ExitCode.INCOMPLETE_ROSTER, b"")
        assert f"{file} was exported incomplete: " in back.stderr
        assert len(json.loads(coursectl("members", file, "--json", "--allow-incomplete").text)) == 2
        assert coursectl("export", out, "-o", again, "--allow-incomplete").code == 0


def test_an_incomplete_export_keeps_the_count_that_the_server_claimed(tmp_path):
    file = saved(tmp_path, '{"count": 5, "results": [{"id": 1}, {"id": "x"}, {"id": 2}]}')
    done = coursectl("export", file, "--allow-incomplete", "--skip-invalid")
    found = json.loads(done.stdout)
    assert list(found)[-3:] == ["count", "incomplete", "left_out"]
    assert found["left_out"] == {"rows": 1, "ids": []}
    assert (found["count"], len(found["results"])) == (4, 2)


def test_a_course_that_cannot_be_asked_for_is_no_export(kitchen, tmp_path):
    def refuse(request):
        return None if request.path.endswith("/users/") else detail(403, "No.")

    kitchen.misdeed_for_good = refuse
    kitchen.spares_what_is_beside = False
    out = tmp_path / "out.json"
    done = run(kitchen, "export", "42", "-o", out)
    assert done.code == ExitCode.ACCESS_DENIED
    assert not out.exists()


# Where it goes


def test_a_name_is_filled_in_and_its_folders_are_made(kitchen, tmp_path):
    kitchen.courses[42].slug = "../../Food Safety?"
    name = f"{tmp_path}/a/{{id}}/{{course}}-{{date}}T{{time}}.json.gz"
    done = run(kitchen, "export", "42", "-o", name)
    assert done.code == 0, done.stderr

    (file,) = tmp_path.rglob("*.gz")
    moment = datetime.fromisoformat(json.loads(gzip.decompress(file.read_bytes()))["fetched_at"])
    assert file == tmp_path / f"a/42/FoodSafety-{moment:%Y-%m-%dT%H%M%S}.json.gz"
    assert done.stderr == f"coursectl: {file}: 247 members written\n"


def test_a_file_is_written_quietly_when_asked(tmp_path):
    file = tmp_path / "demo.json"
    done = coursectl("export", "demo", "-o", file, "-q")
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")
    assert file.read_bytes() == coursectl("export", "demo").stdout


def test_the_same_roster_gives_the_same_bytes_and_replaces_the_file(tmp_path):
    file = saved(tmp_path, "old", "demo.json.gz")
    coursectl("export", "demo", "-o", file)
    first = file.read_bytes()
    coursectl("export", "demo", "-o", file)
    assert file.read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json.gz"]


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_a_dash_as_file_is_stdout(name):
    assert coursectl("export", "demo", "-o", name).stdout == coursectl("export", "demo").stdout


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.csv", "'a.csv' is no name of an export"),
        ("{name}.json", "{name} in '{name}.json' is nothing to fill in"),
    ],
)
def test_a_wrong_name_is_told_before_anything_is_asked(kitchen, name, message):
    done = run(kitchen, "export", "42", "-o", name)
    assert done.code == ExitCode.USAGE
    assert done.stderr.startswith(f"coursectl: {message}")
    assert done.stderr.count("\n") == 2
    assert kitchen.requests == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    saved(tmp_path, "", "file")
    done = coursectl("export", "demo", "-o", tmp_path / "file" / "{course}.json")
    assert done.code == ExitCode.USAGE
    assert done.stderr.startswith(f"coursectl: {tmp_path}/file/{{course}}.json: cannot be written")
    assert done.stderr.count("\n") == 2


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize(
    "name",
    ["a.json", "{course}.json", "new/a.json", "new/{course}.json", "{{new}}/{date}.json"],
)
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_asked(kitchen, tmp_path, name):
    saved(tmp_path, "", "file")
    done = run(kitchen, "export", "42", "-o", f"{tmp_path}/file/{name}")
    assert done.code == ExitCode.USAGE
    assert done.stderr.startswith(f"coursectl: {tmp_path}/file/{name}: cannot be written: ")
    assert kitchen.requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_no_folder_is_made_for_a_roster_that_does_not_come(kitchen, tmp_path):
    kitchen.misdeed_for_good = detail(403, "No.")
    assert run(kitchen, "export", "42", "-o", tmp_path / "new" / "a.json").code == 4
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file_to_write(kitchen, tmp_path):
    for folder in (tmp_path, tmp_path / "rosters.json"):
        folder.mkdir(exist_ok=True)
        done = run(kitchen, "export", "42", "-o", folder)
        assert done.code == ExitCode.USAGE
        assert done.stderr == f"coursectl: {folder} is a directory\n  Name a file in it.\n"
    assert kitchen.requests == []


@pytest.mark.slow
@pytest.mark.measured
@posix
def test_what_is_no_regular_file_is_written_whatever_its_name(tmp_path):
    assert coursectl("export", "demo", "-q", "-o", "/dev/null").code == 0

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        assert coursectl("export", "demo", "-q", "-o", pipe).code == 0
    whole = coursectl("export", "demo").stdout
    assert read.result() == whole

    for file in (tmp_path / "file", tmp_path / "file.json"):
        command = [*COURSECTL, "export", "demo", "-q", "-o", "/dev/fd/3"]
        script = 'exec 3>"$0"; exec "$@"'
        subprocess.run(["sh", "-c", script, file, *command], env=clean_environment(), check=True)
        assert file.read_bytes() == whole


def test_what_the_roster_does_not_say_cannot_be_filled_in(tmp_path):
    done = coursectl("export", saved(tmp_path, "[]"), "-o", tmp_path / "{date}.json")
    assert done.code == ExitCode.USAGE
    assert "does not say what to fill in for {date}" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["saved.json"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
def test_a_roster_of_any_size_passes_through_in_flat_memory(tmp_path):
    file = tmp_path / "crowd.json"
    member = '{"id": %d, "username": "member_%d", "real_name": "Ann", "more": {"a": [1, 2]}}'
    with file.open("w") as out:
        out.write('{"fetched_at": null, "course": null, "community": null, "results": [')
        out.write(",\n".join(member % (id_, id_) for id_ in range(200_000)))
        out.write("]}")
    # Unlike getrusage, this knows nothing of the process that was forked.
    measured = (
        "import atexit, runpy, sys;"
        "atexit.register(lambda: sys.stderr.write(open('/proc/self/status').read()));"
        "runpy.run_module('coursectl', run_name='__main__', alter_sys=True)"
    )
    done = subprocess.run(
        [COURSECTL[0], "-c", measured, "export", file, "-q", "-o", tmp_path / "out.json.gz"],
        env=clean_environment(),
        capture_output=True,
        check=True,
    )
    (peak,) = re.findall(rb"VmHWM:\s+(\d+) kB", done.stderr)
    assert int(peak) < 64 * 1024
    assert b'"count":200000\n' in gzip.decompress((tmp_path / "out.json.gz").read_bytes())[-20:]
