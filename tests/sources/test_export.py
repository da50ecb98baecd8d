"""Exports: a file, stdin, the bundled demo."""

import gzip
import json
import subprocess
import zlib
from pathlib import Path

import pytest

from coursectl.errors import CoursectlError, ExitCode, InvalidData, NotFound
from coursectl.roster.criteria import Criteria
from coursectl.roster.parsing import Reading
from coursectl.sources.export import Export
from tests.community import row
from tests.running import COURSECTL, clean_environment, coursectl


def ids(path: Path) -> list[int]:
    return [
        member["id"]
        for batch in Export(path, path.name).batches(Reading(), Criteria())
        for member in batch
    ]


def failure(path: Path) -> CoursectlError:
    with pytest.raises(CoursectlError) as caught:
        ids(path)
    return caught.value


def saved(path: Path, ids: range, *, packed: bool = False) -> Path:
    text = json.dumps([row(id_) for id_ in ids]).encode()
    path.write_bytes(gzip.compress(text) if packed else text)
    return path


@pytest.mark.parametrize("size", [0, 1, 100, 3_000])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_member_of_a_file_is_read(tmp_path, size, packed):
    path = saved(tmp_path / "roster.json", range(size), packed=packed)

    assert ids(path) == list(range(size))


@pytest.mark.parametrize("name", ["roster.json.gz", "roster.json", "roster"])
def test_gzip_is_known_by_its_first_bytes_and_not_by_the_name(tmp_path, name):
    assert ids(saved(tmp_path / name, range(3), packed=True)) == [0, 1, 2]
    assert ids(saved(tmp_path / name, range(3), packed=False)) == [0, 1, 2]


def test_gzip_files_one_after_another_are_one_export(tmp_path):
    path = tmp_path / "roster.ndjson.gz"
    path.write_bytes(gzip.compress(b'{"id": 1}\n') + gzip.compress(b'{"id": 2}\n'))

    assert ids(path) == [1, 2]


def test_a_missing_file_is_not_found(tmp_path):
    error = failure(tmp_path / "roster.json")

    assert isinstance(error, NotFound)
    assert error.message == "roster.json: no such file"


def test_a_directory_is_no_export(tmp_path):
    error = failure(tmp_path)

    assert isinstance(error, InvalidData)
    assert error.message == f"{tmp_path.name}: a directory, expected an export"


def test_a_file_below_a_file_cannot_be_read(tmp_path):
    saved(tmp_path / "roster.json", range(1))
    error = failure(tmp_path / "roster.json" / "more.json")

    assert isinstance(error, InvalidData)
    assert error.message == "more.json: cannot be read: Not a directory"


def test_a_name_longer_than_any_file_cannot_be_read(tmp_path):
    error = failure(tmp_path / ("x" * 1_000 + ".json"))

    assert isinstance(error, InvalidData)
    assert error.message.endswith(".json: cannot be read: File name too long")


def test_a_file_without_permission_is_told_apart(tmp_path, monkeypatch):
    path = saved(tmp_path / "roster.json", range(1))

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Whoever runs the tests may be root, who is never denied.
    monkeypatch.setattr("os.open", denied)
    error = failure(path)

    assert isinstance(error, InvalidData)
    assert error.message == "roster.json: no permission to read it"


@pytest.mark.parametrize("keep", [2, 10, 50, -9, -1])
def test_gzip_that_is_cut_off_is_invalid(tmp_path, keep):
    path = saved(tmp_path / "roster.json.gz", range(500), packed=True)
    path.write_bytes(path.read_bytes()[:keep])

    error = failure(path)

    assert isinstance(error, InvalidData)
    assert error.message.startswith("roster.json.gz: cannot be read: ")


@pytest.mark.parametrize("at", [2, 40, -6])
def test_gzip_that_is_damaged_is_invalid(tmp_path, at):
    path = saved(tmp_path / "roster.json.gz", range(500), packed=True)
    damaged = bytearray(path.read_bytes())
    damaged[at] ^= 0xFF
    path.write_bytes(damaged)

    assert isinstance(failure(path), InvalidData)


def test_gzip_with_something_else_behind_it_is_invalid(tmp_path):
    path = saved(tmp_path / "roster.json.gz", range(5), packed=True)
    path.write_bytes(path.read_bytes() + b"something else")

    assert isinstance(failure(path), InvalidData)


def test_compression_of_another_kind_is_no_roster(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(zlib.compress(b'[{"id": 1}]'))

    assert failure(path).message.startswith("roster.json: found ")


def test_a_name_that_would_move_the_cursor_is_shown_harmless(tmp_path):
    assert Export(tmp_path, "ros\x1b[2Jter\n.json").name == "ros[2Jter .json"


def test_an_export_costs_no_requests_and_knows_nothing_before_it_is_read(tmp_path):
    source = Export(tmp_path, "roster.json")

    assert source.is_local
    assert source.fetched_at is None
    assert source.course_name is None
    assert source.warnings == []


def test_the_total_is_the_valid_members(tmp_path):
    path = tmp_path / "roster.json"
    path.write_text('[{"id": 1}, {"id": 1}, {"id": 2}, {"id": "x"}, {"id": 3, "avatar": 3}]')
    source, reading = Export(path, "roster.json"), Reading(skip_invalid=True)
    for _ in source.batches(reading, Criteria()):
        pass

    assert source.total(reading) == 2


def test_the_demo_is_a_whole_roster_of_every_status():
    source, reading = Export.demo(), Reading()
    members = [member for batch in source.batches(reading, Criteria()) for member in batch]
    reading.prove_complete(source.name)

    assert source.name == "demo"
    assert reading.course == {
        "id": 42,
        "name": "Food Safety Essentials",
        "slug": "food-safety-essentials",
    }
    assert reading.fetched_at is not None
    assert reading.unknown_statuses == set()
    assert {member["join_status"] for member in members} == {
        "creator",
        "manager",
        "joined",
        "invited",
        "requested",
        None,
    }


# stdin


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_stdin_is_an_export(packed):
    text = b'{"count": 2, "results": [{"id": 2}, {"id": 1}]}'
    stdin = gzip.compress(text) if packed else text

    outcome = coursectl("members", "-", "--csv", "-c", "id", stdin=stdin)

    assert (outcome.code, outcome.text, outcome.stderr) == (ExitCode.OK, "id\n2\n1\n", "")


def test_an_empty_stdin_is_no_roster():
    outcome = coursectl("members", "-")

    assert outcome.code == ExitCode.INVALID_DATA
    assert outcome.stderr == "coursectl: stdin: empty, expected a roster in JSON\n"


def test_a_closed_stdin_is_no_export():
    closing = "import os, sys; os.close(0); os.execv(sys.executable, sys.argv[1:])"
    done = subprocess.run(
        [COURSECTL[0], "-c", closing, *COURSECTL, "members", "-"],
        capture_output=True,
        env=clean_environment(),
        check=False,
    )

    assert done.returncode == ExitCode.INVALID_DATA
    assert done.stderr.startswith(b"coursectl: stdin: ")
    assert b"bug" not in done.stderr
