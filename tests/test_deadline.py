"""What is read of a file heeds --deadline, too."""

import json

import pytest

from tests.running import coursectl


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.json"
    path.write_text("".join(json.dumps({"id": id_}) + "\n" for id_ in range(1, 300_000)))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("command", ["members", "summary"])
def test_reading_a_file_ends_with_the_deadline(command, large):
    run = coursectl(command, large, "--json", "--deadline", "0.001")
    assert (run.code, run.stderr) == (
        6,
        f"coursectl: {large}: not done within the deadline (0.001 s in all)\n"
        "  Allow more time with --deadline.\n",
    )


@pytest.mark.slow
def test_a_file_that_is_read_in_time_is_given(large):
    assert coursectl("members", large, "--csv", "--deadline", "5m").code == 0


def test_a_deadline_that_is_no_time_is_refused_for_a_file_too():
    run = coursectl("members", "demo", "--deadline", "soon")
    assert (run.code, run.stdout) == (2, b"")
    assert run.stderr.startswith("coursectl: --deadline is not a time such as 90s, 5m or 1h")
