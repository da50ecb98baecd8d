"""The file that an answer is written to, by the rules of all commands."""

import json
from pathlib import Path

import pytest

from tests.community import Community
from tests.in_process import run
from tests.saved import as_of


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def files() -> list[str]:
    """The files below the working folder."""
    return sorted(str(each) for each in Path().rglob("*") if each.is_file())


def everything() -> list[str]:
    return sorted(str(each) for each in Path().rglob("*"))


COMMANDS = [
    (["members", "demo"], "csv"),
    (["members", "demo"], "json"),
    (["members", "demo"], "parquet"),
    (["summary", "demo"], "html"),
    (["changes", "demo", "demo"], "md"),
    (["trend", "demo"], "csv"),
    (["report", "demo"], "xlsx"),
    (["export", "demo"], "json.gz"),
]
IDS = [" ".join([*command, suffix]) for command, suffix in COMMANDS]


@pytest.mark.parametrize(("command", "suffix"), COMMANDS, ids=IDS)
def test_every_command_fills_in_the_name_and_makes_the_folders(command, suffix):
    name = f"{{id}}/{{date}}/{{course}}-{{time}}-{{{{a}}}}.{suffix}"
    assert run(*command, "-q", "-o", name) == (0, [])
    assert files() == [f"42/2026-11-23/food-safety-essentials-060000-{{a}}.{suffix}"]


@pytest.mark.parametrize(("command", "suffix"), COMMANDS, ids=IDS)
def test_what_no_command_fills_in_is_refused(command, suffix):
    code, said = run(*command, "-o", f"folder/{{slug}}.{suffix}")
    assert (code, everything()) == (2, [])
    assert said[0] == f"coursectl: {{slug}} in 'folder/{{slug}}.{suffix}' is nothing to fill in"


@pytest.mark.parametrize(("command", "suffix"), COMMANDS, ids=IDS)
def test_a_tilde_that_the_shell_left_is_the_home_folder(
    command, suffix, tmp_path_factory, monkeypatch
):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    assert run(*command, "-q", f"--output=~/new/a.{suffix}") == (0, [])
    assert (home / f"new/a.{suffix}").exists()
    assert everything() == []


def test_without_a_home_folder_no_folder_takes_its_place(monkeypatch):
    monkeypatch.setenv("HOME", "")
    code, said = run("members", "demo", "-o", "~/a.csv")
    assert (code, everything()) == (2, [])
    assert said[0].startswith("coursectl: ~/a.csv: there is no home folder")
    code, said = run("export", "demo", "-o", "~nobody-of-this-name/a.json")
    assert (code, everything()) == (2, [])
    assert said[0].endswith("there is no home folder of nobody-of-this-name")


@pytest.mark.parametrize(
    "command",
    [
        ["members", "~/a.json"],
        ["changes", "~/a.json", "~/a.json"],
        ["trend", "~/"],
        ["trend", "~/*.json"],
        ["report", "demo", "--since=~/a.json"],
    ],
    ids=" ".join,
)
def test_a_tilde_before_what_is_read_is_the_home_folder(command, tmp_path_factory, monkeypatch):
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    (home / "a.json").write_text(json.dumps(as_of("2026-11-02")))
    assert run(*command, "-q", "-f", "plain", "-o", "out.txt") == (0, [])


def test_a_name_that_begins_with_a_tilde_may_be_written_in_full():
    assert run("members", "demo", "-q", "-o", "./~/a.csv") == (0, [])
    assert files() == ["~/a.csv"]
    assert run("export", "demo", "-q", "-o", "./~saved.json")[0] == 0
    assert run("members", "~saved.json", "-q", "-o", "./b.csv") == (0, [])


def test_of_several_courses_only_their_time_is_filled_in():
    Path("second.json").write_text(
        json.dumps(as_of("2026-11-30") | {"course": {"id": 7, "name": "Yoga", "slug": "yoga"}})
    )
    assert run("summary", "demo", "second.json", "-q", "-o", "{date}.csv") == (0, [])
    assert files() == ["2026-11-30.csv", "second.json"]
    for command in (["summary"], ["trend"]):
        code, said = run(*command, "demo", "second.json", "-q", "-o", "{course}.csv")
        assert code == 2
        assert said[0].startswith("coursectl: {course} in '{course}.csv' is of one course")
    code, said = run("members", "demo", "second.json", "-q", "-o", "{date}.csv")
    assert (code, said[0]) == (2, "coursectl: -o '{date}.csv' is of one course, and 2 are named")
    assert files() == ["2026-11-30.csv", "second.json"]


@pytest.mark.parametrize("command", ["members", "summary", "report"])
def test_what_a_roster_does_not_say_is_not_made_up(command):
    Path("bare.json").write_text('[{"id": 1}]')
    code, said = run(command, "bare.json", "-o", "x/{date}.html")
    assert (code, everything()) == (2, ["bare.json"])
    assert said[0] == "coursectl: bare.json: does not say what to fill in for {date}"


def test_a_course_of_the_community_names_the_file(community: Community, monkeypatch):
    for name, value in community.environment.items():
        monkeypatch.setenv(name, value)
    course = community.courses[42]
    course.slug = "../../etc/passwd"
    for command, suffix in ((["members", "42"], "csv"), (["summary", "42"], "json")):
        assert run(*command, "-q", "-o", f"{{id}}-{{course}}.{suffix}") == (0, [])
    assert files() == ["42-etcpasswd.csv", "42-etcpasswd.json"]
    assert run("courses", "-q", "-o", "courses-{date}.csv")[0] == 0
    code, said = run("courses", "-q", "-o", "{course}.csv")
    assert (code, said[0]) == (
        2,
        "coursectl: a list of courses: does not say what to fill in for {course}",
    )


def test_a_large_export_names_the_file_though_two_processes_share_it(monkeypatch):
    monkeypatch.setattr("coursectl.cli.sharing._LARGE", 0)
    assert run("export", "demo", "-q", "-o", "saved.json") == (0, [])
    assert run("members", "saved.json", "-q", "--jobs", "2", "-o", "{course}.csv") == (0, [])
    assert run("members", "demo", "-q", "-o", "plain.csv") == (0, [])
    assert Path("food-safety-essentials.csv").read_bytes() == Path("plain.csv").read_bytes()


@pytest.mark.parametrize(("command", "suffix"), COMMANDS, ids=IDS)
def test_a_failure_leaves_no_folder_that_was_made_for_it(command, suffix):
    Path("bad.json").write_text('{"count": 9, "results": [{"id": 1}]}')
    code, _ = run(command[0], "bad.json", *command[2:], "-o", f"a/b/c.{suffix}")
    assert code in (2, 3, 7)
    assert everything() == ["bad.json"]


def test_a_folder_that_holds_something_meanwhile_stays(tmp_path):
    (tmp_path / "a").mkdir()
    Path("bad.json").write_text('{"count": 9, "results": [{"id": 1}]}')
    assert run("members", "bad.json", "-o", "a/c.csv")[0] == 7
    assert everything() == ["a", "bad.json"]


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_read():
    Path("file").touch()
    code, said = run("members", "no-such.json", "-o", "file/below/a.csv")
    assert (code, said[0]) == (
        2,
        "coursectl: file/below/a.csv: cannot be written: Not a directory",
    )


@pytest.mark.parametrize("command", [["members", "demo"], ["export", "demo"]])
def test_a_working_folder_that_is_gone_is_no_bug(command, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    code, said = run(*command, "-o", "a.json")
    monkeypatch.chdir(tmp_path)
    assert (code, said[0]) == (
        2,
        "coursectl: a.json: cannot be written: the folder that you are in has been deleted",
    )


# A full folder for temporary files


@pytest.fixture
def full_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """TMPDIR, in which no file can be made."""
    folder = str(tmp_path_factory.mktemp("full") / "missing")
    monkeypatch.setattr("tempfile.tempdir", folder)
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["members", "demo", "-o", "out.xlsx"],
        ["report", "demo", "-o", "out.xlsx"],
        ["members", "saved.json", "--sort", "real_name", "-o", "out.csv"],
    ],
    ids=" ".join,
)
def test_a_full_folder_for_temporary_files_is_named(arguments, full_folder):
    members = ",".join(f'{{"id": {id_}, "real_name": "Ann"}}' for id_ in range(12_000))
    Path("saved.json").write_text(f"[{members}]")
    code, said = run(*arguments)
    assert (code, files()) == (2, ["saved.json"])
    assert said[0].startswith("coursectl: a temporary file for ")
    assert said[1] == f"  Free some space in {full_folder}, or name another folder in TMPDIR."


def test_no_temporary_folder_at_all_is_named(monkeypatch):
    gone = str(Path.cwd() / "gone")
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("tempfile._candidate_tempdir_list", lambda: [gone])
    code, said = run("members", "demo", "-o", "out.xlsx")
    assert (code, files()) == (2, [])
    assert said[1] == (
        "  Free some space in the folder for temporary files, or name another folder in TMPDIR."
    )
