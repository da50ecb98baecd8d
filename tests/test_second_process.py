import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coursectl import second_interpreter, second_process
from coursectl.cli import sharing
from coursectl.errors import CoursectlError
from coursectl.gather import Gathering, Tolerance
from coursectl.render.columns import MEMBER_COLUMNS
from coursectl.render.csv import CsvRenderer
from coursectl.render.interface import Answer, Caption, Rendered
from coursectl.render.json import JsonRenderer
from coursectl.roster.criteria import Batch, Criteria, Sort
from coursectl.roster.moments import Age
from coursectl.second_process import GatheringInHalves
from coursectl.sources.export import Export
from tests.benchmarks import rosters
from tests.benchmarks.rosters import Shape
from tests.running import COURSECTL, clean_environment, coursectl

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVERYBODY = Criteria()
CSV = CsvRenderer()
MEMBERS = 25_000
"""Enough for a middle that lies well within the file."""

HOSTILE = (
    '"},{"id":1,"username":"x"},{"id":2}],"next":null}',
    "},{",
    "}\n{",
    '\n{"id":1}\n',
    '\\"},{\\"',
    '"]}',
    "\\",
    '{"results":[{"id":7},{"id":8}]}',
)


@pytest.fixture(scope="module")
def lines(tmp_path_factory) -> list[str]:
    path = tmp_path_factory.mktemp("lines") / "members.ndjson"
    rosters.write(path, Shape.NDJSON, MEMBERS)
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("large") / "large.json"
    rosters.write(path, Shape.PAGE, 170_000)
    assert path.stat().st_size > 32 * 2**20
    return path


def page(lines: list[str], **envelope: object) -> str:
    said = "".join(f"{json.dumps(key)}:{json.dumps(value)}," for key, value in envelope.items())
    return f'{{{said}"results":[{",".join(lines)}]}}'


def page_told_behind(lines: list[str]) -> str:
    course = {"id": 42, "name": "Safety", "slug": "safety"}
    told = {"count": len(lines), "next": None, "fetched_at": "2026-11-20T06:00:00Z"}
    return page(lines)[:-1] + "," + json.dumps(told | {"course": course})[1:]


def pages(lines: list[str]) -> str:
    return "\n".join(
        page(lines[at : at + 100], count=len(lines), next=None) for at in range(0, len(lines), 100)
    )


SHAPES: dict[str, Callable[[list[str]], str]] = {
    "page": lambda lines: page(lines, count=len(lines), next=None),
    "told behind": page_told_behind,
    "pages": pages,
    "list": lambda lines: f"[{','.join(lines)}]",
    "list, spaced": lambda lines: "[\n  " + " ,\r\n  ".join(lines) + "\n]\n",
    "NDJSON": lambda lines: "\n".join(lines),
    "NDJSON, CRLF": lambda lines: "\r\n".join(lines) + "\r\n",
}


class Outcome:
    """What came of a gathering: bytes, what is told, and whether there was a second process."""

    def __init__(self, gathering: Gathering, renderer: CsvRenderer | JsonRenderer) -> None:
        self.rendered = 0
        self.error: tuple[str, ...] = ()
        out = io.BytesIO()
        with suppress(CoursectlError), closing(gathering.batches()) as batches:
            answer = Answer(MEMBER_COLUMNS, self._watched(batches), lambda: Caption("", ()))
            renderer.render(answer, out)
        self.bytes = out.getvalue()
        self.told = (
            *(
                gathering.warnings,
                gathering.caveats,
                gathering.incomplete,
                gathering.shown,
                gathering.rosters,
            ),
            *(gathering.total(), gathering.conclusion(), self.error),
        )

    def _watched(self, batches):
        try:
            for batch in batches:
                self.rendered += len(batch) if isinstance(batch, Rendered) else 0
                assert not isinstance(batch, Batch) or batch.roster.course
                yield batch
        except CoursectlError as error:
            self.error = (error.message, *error.hints)
            raise


def outcomes(
    path: Path,
    criteria: Criteria = EVERYBODY,
    renderer: CsvRenderer | JsonRenderer = CSV,
    **arguments: object,
) -> tuple[Outcome, Outcome]:
    """What comes of a file with a second process, and without one."""

    def source() -> list[Export]:
        return [Export(path, "saved.json")]

    halves = GatheringInHalves(
        source(), criteria, renderer=renderer, columns=MEMBER_COLUMNS, now=NOW, **arguments
    )
    return Outcome(halves, renderer), Outcome(
        Gathering(source(), criteria, now=NOW, **arguments), renderer
    )


def saved(folder: Path, text: str) -> Path:
    path = folder / "saved.json"
    path.write_bytes(text.encode())
    return path


def check_shared(two: Outcome, one: Outcome) -> None:
    assert (two.bytes, two.told) == (one.bytes, one.told)
    assert two.rendered


def check_given_up(two: Outcome, one: Outcome) -> None:
    assert (two.bytes, two.told) == (one.bytes, one.told)
    assert not two.rendered


@pytest.mark.parametrize("shape", SHAPES)
def test_two_processes_give_the_bytes_of_one(shape, lines, tmp_path):
    two, one = outcomes(saved(tmp_path, SHAPES[shape](lines)))
    check_shared(two, one)
    assert one.bytes.count(b"\n") == MEMBERS + 1
    assert MEMBERS / 8 < two.rendered < MEMBERS / 2


@pytest.mark.parametrize(
    "renderer",
    [
        CsvRenderer("\t", raw=True),
        CsvRenderer(excel=True),
        JsonRenderer(),
        JsonRenderer(lines=True),
    ],
)
@pytest.mark.parametrize("shape", ["page", "NDJSON"])
def test_they_do_so_in_every_format_with_names_that_look_like_a_joint(
    shape, renderer, lines, tmp_path
):
    named = []
    for number, line in enumerate(lines):
        row = json.loads(line)
        row["real_name"] = HOSTILE[number % len(HOSTILE)]
        row["badges"] = [{"id": 1}, {"id": 2}]
        named.append(json.dumps(row, separators=(",", ":")))
    check_shared(*outcomes(saved(tmp_path, SHAPES[shape](named)), renderer=renderer))


@pytest.mark.parametrize(
    "criteria",
    [
        Criteria(statuses=frozenset({"joined"}), search="an"),
        Criteria(min_completion=50, joined_after=datetime(2026, 1, 1, tzinfo=UTC)),
        Criteria(active=Age(hours=24 * 300)),
    ],
)
def test_criteria_hold_in_both_halves(criteria, lines, tmp_path):
    said = page(lines, fetched_at="2026-11-20T06:00:00Z")
    check_shared(*outcomes(saved(tmp_path, said), criteria))


@pytest.fixture
def given_of_second_halves(monkeypatch) -> list[int]:
    """How many members came ranked of each second half."""
    numbers = []
    honest = second_process._Sorting.given

    def given(self, roster, second):
        numbers.append(second.members)
        return honest(self, roster, second)

    monkeypatch.setattr(second_process._Sorting, "given", given)
    return numbers


@pytest.mark.parametrize(
    "sort",
    [
        Sort("user_completion_rate", descending=True),
        Sort("real_name"),
        Sort("id", descending=True),
        Sort("joined_at"),
        Sort("course"),
    ],
)
@pytest.mark.parametrize("order", ["as ever", "every other one first"])
def test_both_halves_are_put_in_one_order(sort, order, lines, tmp_path, given_of_second_halves):
    given = lines if order == "as ever" else [*lines[1::2], *lines[::2]]
    criteria = Criteria(statuses=frozenset({"joined"}), sort=sort)
    renderer = JsonRenderer() if sort.column == "id" else CSV
    course = {"id": 42, "name": "Safety", "slug": "safety"}
    two, one = outcomes(saved(tmp_path, page(given, course=course)), criteria, renderer)
    check_shared(two, one)
    (number,) = given_of_second_halves
    assert MEMBERS / 8 < number < MEMBERS / 2


def test_all_that_is_put_in_order_may_be_of_the_second_half(
    lines, tmp_path, given_of_second_halves
):
    late = [line.replace("member_", "late_") for line in lines[-999:]]
    criteria = Criteria(search="late_", sort=Sort("user_completion_rate", descending=True))
    check_shared(*outcomes(saved(tmp_path, page([*lines[:-999], *late])), criteria))
    assert given_of_second_halves == [999]


def test_sorted_members_of_no_halves_are_read_by_one_process(
    lines, tmp_path, given_of_second_halves
):
    criteria = Criteria(sort=Sort("username"))
    two, one = outcomes(saved(tmp_path, page([*lines, lines[0]])), criteria)
    assert (two.bytes, two.told) == (one.bytes, one.told)
    assert given_of_second_halves == []


@pytest.mark.parametrize("check", [check_shared, check_given_up])
def test_ids_that_have_to_wait_in_a_file_are_told_of_both_halves(check, lines, tmp_path):
    ends = [line.partition(",")[2] for line in lines]
    scattered = [
        f'{{"id":{(number * 0x9E3779B97F4A7C15) % 2**53},{ends[number % len(ends)]}'
        for number in range(300_000)
    ]
    again = scattered[:1] if check is check_given_up else []
    check(*outcomes(saved(tmp_path, "\n".join(scattered + again))))


def test_nobody_may_be_wanted_of_either_half(lines, tmp_path):
    for criteria in (Criteria(search="nobody of that name"), Criteria(search="member_1013")):
        two, one = outcomes(saved(tmp_path, page(lines)), criteria, JsonRenderer())
        check_given_up(two, one)
        json.loads(two.bytes)


def test_what_criteria_need_and_the_end_tells_is_looked_up_by_one_process(lines, tmp_path):
    check_given_up(
        *outcomes(saved(tmp_path, page_told_behind(lines)), Criteria(active=Age(hours=24 * 300)))
    )


def test_unknown_statuses_are_told_of_both_halves(lines, tmp_path):
    odd = [lines[0].replace("creator", "odd"), *lines[1:], '{"id":0,"join_status":"strange"}']
    two, one = outcomes(saved(tmp_path, page(odd)))
    check_shared(two, one)
    assert len(one.told[0]) == 2


def test_a_count_that_does_not_fit_is_an_error_after_all_rows(lines, tmp_path):
    two, one = outcomes(saved(tmp_path, page(lines, count=MEMBERS + 1)))
    check_shared(two, one)
    assert "expected 25,001 members" in one.told[-1][0]
    check_shared(
        *outcomes(
            saved(tmp_path, page(lines, count=MEMBERS + 1)),
            tolerance=Tolerance(allow_incomplete=True),
        )
    )


@pytest.mark.parametrize("at", [10, 24_000])
@pytest.mark.parametrize("bad", ['{"id":-1}', '{"id":1,', "hello", '{"id":7}{"id":8}'])
@pytest.mark.parametrize("shape", ["page", "NDJSON"])
def test_a_bad_row_in_either_half_is_told_as_ever(shape, bad, at, lines, tmp_path):
    rows = [*lines[:at], bad, *lines[at:]]
    two, one = outcomes(saved(tmp_path, SHAPES[shape](rows)))
    check_given_up(two, one)
    assert one.told[-1]


@pytest.mark.parametrize("at", [10, 24_000])
def test_a_bad_row_may_be_left_out_of_either_half(at, lines, tmp_path):
    rows = [*lines[:at], '{"id":"7"}', *lines[at:]]
    check_given_up(*outcomes(saved(tmp_path, page(rows)), tolerance=Tolerance(skip_invalid=True)))


def test_a_bad_row_right_behind_the_cut_is_told_as_ever(lines, tmp_path):
    path = saved(tmp_path, page(lines))
    two, _ = outcomes(path)
    cut = MEMBERS - two.rendered
    for at in range(cut - 1, cut + 2):
        rows = [*lines[:at], '{"id":-1}', *lines[at:]]
        check_given_up(*outcomes(saved(tmp_path, page(rows))))


def test_a_member_of_both_halves_is_given_once(lines, tmp_path):
    check_given_up(*outcomes(saved(tmp_path, page([*lines, lines[0]]))))
    check_shared(*outcomes(saved(tmp_path, page([*lines, lines[-1]]))))


def test_ids_may_come_in_any_order(lines, tmp_path):
    check_shared(*outcomes(saved(tmp_path, page([*lines[1::2], *lines[::2]]))))


@pytest.mark.parametrize("end", [b"", b"\n", b"]", b"x", b'{"detail":"Not found."}'])
def test_an_end_that_is_cut_off_or_too_long_is_told_as_ever(end, lines, tmp_path):
    path = saved(tmp_path, page(lines))
    path.write_bytes(path.read_bytes()[: -2 if end in (b"", b"\n") else None] + end)
    two, one = outcomes(path)
    assert (two.bytes, two.told) == (one.bytes, one.told)


def test_what_is_no_plain_file_of_members_is_read_by_one_process(lines, tmp_path):
    for text in ("[" + page(lines) + "]", "x" * 6_000_000, " " * 6_000_000):
        check_given_up(*outcomes(saved(tmp_path, text)))
    check_given_up(*outcomes(tmp_path / "missing.json"))


def test_without_a_folder_for_temporary_files_one_process_does(lines, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    check_given_up(*outcomes(saved(tmp_path, page(lines))))


# Whole runs
@pytest.mark.parametrize("format_", ["csv", "json"])
@pytest.mark.parametrize("order", [(), ("--sort", "-user_completion_rate")])
def test_jobs_change_no_byte(format_, order, large):
    asked = ("members", large, "-f", format_, "--status", "joined", *order)
    one = coursectl(*asked, "--jobs", "1")
    two = coursectl(*asked, "--jobs", "2")
    assert (two.code, two.stderr) == (0, "")
    assert two == one


def test_jobs_change_no_figure(large):
    asked = ("summary", large, "--csv", "--as-of", "2026-11-23", "--status", "joined,manager")
    one = coursectl(*asked, "--jobs", "1")
    two = coursectl(*asked, "--jobs", "2")
    assert (two.code, two.stderr) == (0, "")
    assert two == one


def test_there_is_at_least_one_job():
    assert coursectl("members", "demo", "--csv", "--jobs", "0").code == 2
    assert coursectl("members", "demo", "--csv", "--jobs", "9").code == 0


def test_a_second_process_imports_nothing_from_the_folder_it_runs_in(large, tmp_path):
    for name in ("coursectl.py", "pickle.py", "struct.py", "subprocess.py", "array.py"):
        (tmp_path / name).write_text("raise SystemExit('taken from here')")
    main = "from coursectl.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-P", "-c", main, "members", large, "--csv", "--jobs", "2"],
        cwd=tmp_path,
        env=clean_environment(),
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout == coursectl("members", large, "--csv", "--jobs", "1").stdout


# The interpreter of the second one


@pytest.fixture
def nothing_ready() -> Iterator[None]:
    assert not second_interpreter.is_ready()
    yield
    second_interpreter.dismiss()


@pytest.mark.parametrize(
    ("words", "is_ready"),
    [
        (["members", "LARGE", "--csv", "--jobs", "2"], True),
        (["--profile", "work", "summary", "--jobs=2", "LARGE"], True),
        (["members", "LARGE", "--csv", "--jobs", "1"], False),
        (["members", "LARGE", "--csv", "--jobs=1"], False),
        (["members", "LARGE", "--jobs", "2", "--limit", "5"], False),
        (["members", "LARGE", "--jobs", "2", "--pseudonymize"], False),
        (["members", "demo", "--jobs", "2"], False),
        (["members", "no\0file", "x" * 5_000, "--jobs", "2"], False),
        (["members", "LARGE", "LARGE", "--jobs", "2"], False),
        (["report", "LARGE", "--jobs", "2"], False),
        ([], False),
    ],
)
@pytest.mark.usefixtures("nothing_ready")
def test_it_is_started_early_where_the_arguments_look_as_if_it_will_be_of_use(
    words, is_ready, large
):
    sharing.foresee([str(large) if word == "LARGE" else word for word in words])
    assert second_interpreter.is_ready() is is_ready


def test_without_a_word_of_jobs_it_is_started_where_there_are_cores(large, nothing_ready):
    sharing.foresee(["members", str(large), "--csv"])
    cores = sharing._usable_cores()
    assert second_interpreter.is_ready() is (cores > 1)


def test_one_that_was_started_early_does_the_work(lines, tmp_path, nothing_ready):
    second_interpreter.start_early()
    [ready] = second_interpreter._ready
    one, two = outcomes(saved(tmp_path, page(lines)))
    assert one.rendered
    assert (one.bytes, one.told) == (two.bytes, two.told)
    assert not second_interpreter.is_ready()
    assert ready.process.returncode == 0


def test_where_one_that_was_started_early_has_died_one_process_does_all(
    lines, tmp_path, nothing_ready
):
    second_interpreter.start_early()
    [ready] = second_interpreter._ready
    ready.process.kill()
    ready.process.wait()
    check_given_up(*outcomes(saved(tmp_path, page(lines))))


def test_one_for_which_there_is_no_work_is_ended(nothing_ready):
    second_interpreter.start_early()
    [ready] = second_interpreter._ready
    assert sharing.gathering_of([Export.demo()], 2, may_share=True) is Gathering
    assert ready.process.returncode is not None
    assert not second_interpreter.is_ready()


def test_one_whose_first_process_has_gone_ends_by_itself(nothing_ready):
    second_interpreter.start_early()
    [ready] = second_interpreter._ready
    assert ready.process.stdin
    ready.process.stdin.close()
    assert ready.process.wait(30) == 0


def test_without_a_folder_for_temporary_files_none_is_started_early(
    tmp_path, monkeypatch, nothing_ready
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    second_interpreter.start_early()
    assert not second_interpreter.is_ready()


@pytest.mark.parametrize(
    "arguments", [("--sort", "nonsense"), ("--nonsense",), ("-f", "markdown"), ("--active", "3q")]
)
def test_nothing_is_left_of_it_where_the_arguments_are_no_good_or_need_one_process(
    arguments, large
):
    asked = ("members", str(large), *arguments)
    run = subprocess.Popen(
        [*COURSECTL, *asked, "--jobs", "2"],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    out, said = run.communicate()
    with pytest.raises(ProcessLookupError):
        os.killpg(run.pid, 0)
    alone = coursectl(*asked, "--jobs", "1")
    assert (run.returncode, out, said.decode()) == (alone.code, alone.stdout, alone.stderr)


def started(large: Path, folder: Path, **streams: object) -> tuple[subprocess.Popen[bytes], int]:
    """A run whose second process has begun to work, and the id of that."""
    run = subprocess.Popen(
        [*COURSECTL, "members", str(large), "--json", "--jobs", "2"],
        env=clean_environment(TMPDIR=str(folder)),
        stderr=subprocess.PIPE,
        start_new_session=True,
        **streams,
    )
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(OSError):
            for child in children.read_text().split():
                opened = Path(f"/proc/{child}/fd").iterdir()
                if any(each.readlink() == large for each in opened):
                    return run, int(child)
        time.sleep(0.005)
    raise AssertionError("there is no second process")


def is_gone(process: int) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


@linux
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGTERM, 143, b""),
        (signal.SIGINT, 130, b"coursectl: interrupted\n"),
        (signal.SIGKILL, -9, b""),
    ],
)
def test_the_second_process_ends_with_the_first(number, code, said, large, tmp_path):
    run, second = started(large, tmp_path, stdout=subprocess.DEVNULL)
    os.kill(run.pid, number)
    assert (run.communicate()[1], run.returncode) == (said, code)
    assert is_gone(second)
    assert list(tmp_path.iterdir()) == []


@linux
def test_ctrl_c_ends_both_with_a_word_of_one(large, tmp_path):
    run, second = started(large, tmp_path, stdout=subprocess.DEVNULL)
    os.killpg(run.pid, signal.SIGINT)
    assert (run.communicate()[1], run.returncode) == (b"coursectl: interrupted\n", 130)
    assert is_gone(second)


@linux
def test_who_reads_the_first_line_only_leaves_nothing_behind(large, tmp_path):
    run, second = started(large, tmp_path, stdout=subprocess.PIPE)
    assert run.stdout
    assert run.stdout.readline() == b"[\n"
    run.stdout.close()
    assert (run.communicate()[1], run.returncode) == (b"", 0)
    assert is_gone(second)
    assert list(tmp_path.iterdir()) == []


@linux
def test_where_the_second_process_is_killed_the_first_does_all(large, tmp_path):
    run, second = started(large, tmp_path, stdout=subprocess.PIPE)
    os.kill(second, signal.SIGKILL)
    out, said = run.communicate()
    assert (said, run.returncode) == (b"", 0)
    assert out == coursectl("members", large, "--json", "--jobs", "1").stdout


@linux
def test_a_file_that_is_written_meanwhile_is_refused(large, tmp_path):
    path = tmp_path / "changing.json"
    path.write_bytes(large.read_bytes())
    run, _ = started(path, tmp_path, stdout=subprocess.DEVNULL)
    with path.open("ab") as file:
        file.write(b"\n")
    said = run.communicate()[1].decode()
    assert run.returncode == 3
    assert f"{path}: it changed while it was read" in said


@linux
def test_a_file_that_is_replaced_meanwhile_is_read_as_it_was(large, tmp_path):
    path = tmp_path / "changing.json"
    path.write_bytes(large.read_bytes())
    run, _ = started(path, tmp_path, stdout=subprocess.PIPE)
    other = tmp_path / "other.json"
    other.write_text(page(['{"id":1}']))
    other.replace(path)
    out, said = run.communicate()
    assert (said, run.returncode) == (b"", 0)
    assert out == coursectl("members", large, "--json", "--jobs", "1").stdout


@linux
def test_streams_may_be_closed(large):
    command = f"{sys.executable} -m coursectl members {large} --csv --jobs 2"
    for closed in ("<&-", "2>&-", "<&- 2>&-"):
        run = subprocess.run(
            f"{command} {closed}",
            shell=True,
            capture_output=True,
            env=clean_environment(),
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, b"")
        assert run.stdout.count(b"\n") > 170_000
