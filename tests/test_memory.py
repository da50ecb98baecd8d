"""A roster of any size streams: noise cannot blur how much memory that takes."""

import re
import subprocess
import sys

import pytest

from tests.benchmarks import rosters
from tests.benchmarks.measuring import MB, measure
from tests.benchmarks.rosters import Shape
from tests.running import COURSECTL, clean_environment

pytestmark = pytest.mark.slow

MEMBERS = 200_000


@pytest.fixture(scope="module", params=["page", "ndjson", "scattered ids"])
def export(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("memory") / "saved.json"
    if request.param == "scattered ids":
        rosters.write(path, Shape.NDJSON, MEMBERS)
        scatter(path)
    else:
        rosters.write(path, Shape(request.param), MEMBERS)
    yield path
    path.unlink()


def scatter(path):
    """Give members of lines ids as pseudonyms have them, in no order and far apart."""
    before = path.rename(path.with_suffix(".before"))
    with before.open("rb") as lines, path.open("wb") as file:
        for line in lines:
            file.write(re.sub(rb'"id":(\d+)', scattered, line, count=1))
    before.unlink()


def scattered(found):
    return b'"id":%d' % (int(found[1]) * 0x9E3779B97F4A7C15 % 2**53)


@pytest.mark.parametrize("format_", ["--csv", "--json"])
def test_two_hundred_thousand_members_pass_through_in_48_megabytes(export, format_, tmp_path):
    with (tmp_path / "shown").open("w+b") as shown:
        run = measure((*COURSECTL, "members", str(export), "--status", "joined", format_), shown)
        shown.seek(0)
        assert sum(1 for _ in shown) > MEMBERS * 0.8
    assert run.peak < 48 * MB


@pytest.mark.parametrize("format_", ["table", "plain", "markdown"])
def test_the_rows_of_a_table_wait_in_a_file(format_, tmp_path):
    path = tmp_path / "saved.json"
    rosters.write(path, Shape.NDJSON, MEMBERS // 4)
    run = measure((*COURSECTL, "members", str(path), "-f", format_), subprocess.DEVNULL)
    assert run.peak < 60 * MB


@pytest.mark.skipif(sys.platform == "win32", reason="limits are Unix's")
def test_ids_for_which_there_is_no_room_are_told_of(tmp_path):
    import resource

    path = tmp_path / "saved.json"
    rosters.write(path, Shape.NDJSON, MEMBERS)
    scatter(path)
    run = subprocess.run(
        [*COURSECTL, "members", str(path), "--csv"],
        env=clean_environment(TMPDIR=str(tmp_path)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.decode() == (
        "coursectl: a temporary file for the ids of members cannot be written: disk I/O error\n"
        f"  Free some space in {tmp_path}, or name another folder in TMPDIR.\n"
    )
    assert list(tmp_path.iterdir()) == [path]
