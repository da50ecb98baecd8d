"""A roster of any size streams: noise cannot blur how much memory that takes."""

import pytest

from tests.benchmarks import rosters
from tests.benchmarks.measuring import MB, measure
from tests.benchmarks.rosters import Shape
from tests.running import COURSECTL

MEMBERS = 200_000


@pytest.fixture(scope="module", params=[Shape.PAGE, Shape.NDJSON])
def export(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("memory") / f"saved.{request.param}.json"
    rosters.write(path, request.param, MEMBERS)
    yield path
    path.unlink()


@pytest.mark.parametrize("format_", ["--csv", "--json"])
def test_two_hundred_thousand_members_pass_through_in_48_megabytes(export, format_, tmp_path):
    with (tmp_path / "shown").open("w+b") as shown:
        run = measure((*COURSECTL, "members", str(export), "--status", "joined", format_), shown)
        shown.seek(0)
        assert sum(1 for _ in shown) > MEMBERS * 0.8
    assert run.peak < 48 * MB
